"""The rows of the chart: who may have the floor after what. Read them top to bottom; nothing else moves the mode.

A row says what happens, never how: guards are questions from `fsm.guards` and `fsm.pickup_guards`, reducers verbs from
`fsm.hearing`, `fsm.answering`, `fsm.meeting`, `fsm.tool_rounds` and `fsm.yielding`. Every pair of mode and event is
decided: by rows, the last of which has no guard, or by a reason in `IGNORED`.

How the floor passes. The caller has it in LISTENING, we have it in SPEAKING. In THINKING nobody sounds: an answer is
on its way, and the caller may still go on. In BARGE_IN both want it: the phone is silenced for a moment or goes on
quietly, and evidence decides. Each interruption, by voice, words or a key, goes through BARGE_IN and ends with the
answer to `HoldPlayout`, because only that tells what had been heard. Where we interrupt ourselves, to end the call, the
same answer comes in SPEAKING.
"""

from typing import Any

from fsm.events import EVENTS
from fsm.state import Mode

CONNECTING, LISTENING, THINKING, SPEAKING, BARGE_IN, ENDED = Mode


def _row(event: str, source: Mode, dest: Mode | None, reducer: str, guard: str | None = None) -> dict[str, Any]:
    """One transition; `dest` None: the mode stays."""
    return {"trigger": event, "source": source, "dest": dest, "conditions": guard, "after": reducer}


ROWS: list[dict[str, Any]] = [
    # CONNECTING: the stream is being opened
    _row("CallStarted", CONNECTING, LISTENING, "await_hello", "is_placed"),
    _row("CallStarted", CONNECTING, THINKING, "greet"),
    _row("Tick", CONNECTING, ENDED, "leave_unanswered", "is_connect_overdue"),
    _row("Tick", CONNECTING, None, "rearm"),
    _row("HangUpRequested", CONNECTING, ENDED, "leave_unanswered"),
    _row("CallEnded", CONNECTING, ENDED, "close_call"),
    # LISTENING: the floor is the caller's
    _row("SpeechStarted", LISTENING, None, "note_meeting", "is_meeting"),
    _row("SpeechStarted", LISTENING, None, "note_voice"),
    _row("SpeechStopped", LISTENING, None, "note_meeting", "is_meeting"),
    _row("SpeechStopped", LISTENING, None, "note_silence"),
    _row("WordsHeard", LISTENING, None, "note_meeting", "is_meeting"),
    _row("WordsHeard", LISTENING, None, "meet_again", "tells_machine"),
    _row("WordsHeard", LISTENING, None, "ignore", "is_late_agreement"),
    _row("WordsHeard", LISTENING, None, "note_words"),
    _row("BeepHeard", LISTENING, None, "note_meeting", "is_meeting"),
    _row("BeepHeard", LISTENING, None, "meet_again", "may_be_machine"),
    _row("BeepHeard", LISTENING, None, "ignore"),
    _row("AnswererReported", LISTENING, None, "note_meeting", "is_meeting"),
    _row("AnswererReported", LISTENING, None, "meet_again", "reports_machine"),
    _row("AnswererReported", LISTENING, None, "note_report"),
    _row("DigitPressed", LISTENING, None, "ignore", "is_meeting"),
    _row("DigitPressed", LISTENING, None, "note_digit"),
    _row("TurnLikelyEnded", LISTENING, None, "ignore", "is_meeting"),
    _row("TurnLikelyEnded", LISTENING, None, "note_guess"),
    _row("TurnResumed", LISTENING, None, "ignore", "is_meeting"),
    _row("TurnResumed", LISTENING, None, "forget_guess"),
    _row("EndOfTurnScored", LISTENING, None, "ignore", "is_meeting"),
    _row("EndOfTurnScored", LISTENING, None, "note_score"),
    _row("TurnEnded", LISTENING, None, "note_meeting", "is_meeting"),
    _row("TurnEnded", LISTENING, None, "meet_again", "tells_machine"),
    _row("TurnEnded", LISTENING, None, "note_end", "lacks_an_answer"),
    _row("TurnEnded", LISTENING, THINKING, "say_goodbye", "goes_round"),
    _row("TurnEnded", LISTENING, THINKING, "answer", "has_words"),
    _row("TurnEnded", LISTENING, None, "ignore"),
    _row("CallerReturned", LISTENING, None, "free"),
    _row("Tick", LISTENING, THINKING, "say_goodbye", "is_call_too_long"),
    _row("Tick", LISTENING, ENDED, "leave_without_message", "is_met_in_vain"),
    _row("Tick", LISTENING, THINKING, "leave_message", "is_machine_listening"),
    _row("Tick", LISTENING, THINKING, "greet_answerer", "is_person_waiting"),
    _row("Tick", LISTENING, None, "note_meeting", "is_meeting"),
    _row("Tick", LISTENING, THINKING, "say_goodbye", "has_gone_round"),
    _row("Tick", LISTENING, THINKING, "answer", "is_turn_over"),
    _row("Tick", LISTENING, None, "make_draft", "is_draft_due"),
    _row("Tick", LISTENING, None, "await_final", "is_final_awaited"),
    _row("Tick", LISTENING, THINKING, "ask_pardon", "is_unheard"),
    _row("Tick", LISTENING, ENDED, "give_up_deaf", "is_deaf_for_good"),
    _row("Tick", LISTENING, THINKING, "reprompt", "is_idle"),
    _row("Tick", LISTENING, THINKING, "say_goodbye", "is_abandoned"),
    _row("Tick", LISTENING, None, "rearm"),
    _row("ToolReturned", LISTENING, None, "note_result"),
    _row("EarsFailed", LISTENING, None, "note_deafness", "is_meeting"),
    _row("EarsFailed", LISTENING, None, "await_ears"),
    _row("EarsRestored", LISTENING, None, "note_deafness"),
    _row("HangUpRequested", LISTENING, THINKING, "say_goodbye"),
    _row("CallEnded", LISTENING, ENDED, "close_call"),
    # THINKING: an answer is on its way, nothing of it is audible
    _row("SpeechStarted", THINKING, None, "note_edge", "is_away"),
    _row("SpeechStarted", THINKING, None, "note_edge", "is_last_word"),
    _row("SpeechStarted", THINKING, None, "withhold"),
    _row("SpeechStopped", THINKING, None, "note_edge", "is_away"),
    _row("SpeechStopped", THINKING, None, "await_release"),
    _row("WordsHeard", THINKING, None, "ignore", "is_away"),
    _row("WordsHeard", THINKING, None, "ignore", "agrees_while_keying"),
    _row("WordsHeard", THINKING, None, "ignore", "is_last_word"),
    _row("WordsHeard", THINKING, LISTENING, "meet_again", "tells_machine"),
    _row("WordsHeard", THINKING, LISTENING, "resume_turn", "adds_words"),
    _row("WordsHeard", THINKING, None, "settle_asked"),
    _row("BeepHeard", THINKING, LISTENING, "meet_again", "may_be_machine"),
    _row("BeepHeard", THINKING, None, "ignore"),
    _row("AnswererReported", THINKING, LISTENING, "meet_again", "reports_machine"),
    _row("AnswererReported", THINKING, None, "note_report"),
    _row("DigitPressed", THINKING, None, "ignore", "is_away"),
    _row("DigitPressed", THINKING, None, "ignore", "is_last_word"),
    _row("DigitPressed", THINKING, LISTENING, "resume_turn"),
    _row("TurnResumed", THINKING, None, "ignore", "is_away"),
    _row("TurnResumed", THINKING, LISTENING, "take_back", "may_go_on"),
    _row("TurnResumed", THINKING, None, "ignore"),
    _row("TurnEnded", THINKING, None, "ignore", "is_away"),
    _row("TurnEnded", THINKING, None, "ignore", "is_last_word"),
    _row("TurnEnded", THINKING, THINKING, "answer_again", "adds_words"),
    _row("TurnEnded", THINKING, None, "settle_asked"),
    _row("ReplyAudioStarted", THINKING, SPEAKING, "start_speaking", "is_current"),
    _row("ReplyAudioStarted", THINKING, None, "ignore"),
    _row("PlayoutFinished", THINKING, ENDED, "end_call", "ends_call"),
    _row("PlayoutFinished", THINKING, LISTENING, "finish_reply", "is_current"),
    _row("PlayoutFinished", THINKING, None, "ignore"),
    _row("ToolsRequested", THINKING, None, "run_tools", "may_use_tools"),
    _row("ToolsRequested", THINKING, THINKING, "apologise", "may_apologise"),
    _row("ToolsRequested", THINKING, None, "ignore"),
    _row("ToolReturned", THINKING, None, "continue_reply", "completes_round"),
    _row("ToolReturned", THINKING, None, "note_result"),
    _row("ReplyFailed", THINKING, None, "await_retry", "may_retry_later"),
    _row("ReplyFailed", THINKING, THINKING, "retry_reply", "may_retry"),
    _row("ReplyFailed", THINKING, THINKING, "apologise", "may_apologise"),
    _row("ReplyFailed", THINKING, ENDED, "give_up", "is_current"),
    _row("ReplyFailed", THINKING, None, "ignore"),
    _row("CallerOccupied", THINKING, None, "occupy", "may_occupy"),
    _row("CallerOccupied", THINKING, None, "ignore"),
    _row("CallerReturned", THINKING, None, "free"),
    _row("Tick", THINKING, ENDED, "give_up_away", "is_away_for_good"),
    _row("Tick", THINKING, THINKING, "say_goodbye", "is_call_too_long"),
    _row("Tick", THINKING, THINKING, "retry_reply", "is_retry_due"),
    _row("Tick", THINKING, THINKING, "retry_reply", "is_answer_overdue"),
    _row("Tick", THINKING, THINKING, "apologise", "is_reply_overdue"),
    _row("Tick", THINKING, ENDED, "give_up", "is_hopeless"),
    _row("Tick", THINKING, None, "release", "is_release_due"),
    _row("Tick", THINKING, None, "fill", "is_filler_due"),
    _row("Tick", THINKING, None, "rearm"),
    _row("EarsFailed", THINKING, None, "note_deafness"),
    _row("EarsRestored", THINKING, None, "note_deafness"),
    _row("HangUpRequested", THINKING, None, "ignore", "is_away"),
    _row("HangUpRequested", THINKING, None, "insist", "is_ending"),
    _row("HangUpRequested", THINKING, THINKING, "say_goodbye"),
    _row("CallEnded", THINKING, ENDED, "close_call"),
    # SPEAKING: the floor is ours
    _row("SpeechStarted", SPEAKING, None, "note_edge", "is_last_word"),
    _row("SpeechStarted", SPEAKING, None, "note_edge", "is_protected"),
    _row("SpeechStarted", SPEAKING, BARGE_IN, "react"),
    _row("SpeechStopped", SPEAKING, None, "note_edge"),
    _row("WordsHeard", SPEAKING, None, "ignore", "is_last_word"),
    _row("WordsHeard", SPEAKING, None, "keep_words", "is_protected"),
    _row("WordsHeard", SPEAKING, BARGE_IN, "claim", "claims_floor"),
    _row("WordsHeard", SPEAKING, None, "overhear"),
    _row("BeepHeard", SPEAKING, BARGE_IN, "hush_for_machine", "may_be_machine"),
    _row("BeepHeard", SPEAKING, None, "ignore"),
    _row("AnswererReported", SPEAKING, BARGE_IN, "hush_for_machine", "reports_machine"),
    _row("AnswererReported", SPEAKING, None, "note_report"),
    _row("TurnEnded", SPEAKING, None, "ignore", "is_last_word"),
    _row("TurnEnded", SPEAKING, None, "keep_words", "is_protected"),
    _row("TurnEnded", SPEAKING, BARGE_IN, "claim", "claims_floor"),
    _row("TurnEnded", SPEAKING, None, "overhear"),
    _row("DigitPressed", SPEAKING, None, "ignore", "is_last_word"),
    _row("DigitPressed", SPEAKING, None, "keep_digit", "keys_must_wait"),
    _row("DigitPressed", SPEAKING, BARGE_IN, "claim"),
    _row("PassageReached", SPEAKING, BARGE_IN, "reopen", "is_owed_the_floor"),
    _row("PassageReached", SPEAKING, None, "note_passage", "is_current"),
    _row("PassageReached", SPEAKING, None, "ignore"),
    _row("PlayoutHeld", SPEAKING, THINKING, "say_goodbye", "is_leaving"),
    _row("PlayoutHeld", SPEAKING, ENDED, "end_call", "ends_call"),
    _row("PlayoutHeld", SPEAKING, LISTENING, "abandon_playout", "is_current"),
    _row("PlayoutHeld", SPEAKING, None, "ignore"),
    _row("PlayoutDrained", SPEAKING, THINKING, "await_retry", "failed_for_now"),
    _row("PlayoutDrained", SPEAKING, THINKING, "retry_reply", "failed_retryably"),
    _row("PlayoutDrained", SPEAKING, THINKING, "apologise", "failed_for_good"),
    _row("PlayoutDrained", SPEAKING, ENDED, "give_up", "failed_hopelessly"),
    _row("PlayoutDrained", SPEAKING, THINKING, "await_more", "is_current"),
    _row("PlayoutDrained", SPEAKING, None, "ignore"),
    _row("PlayoutFinished", SPEAKING, ENDED, "end_call", "ends_call"),
    _row("PlayoutFinished", SPEAKING, LISTENING, "await_person", "was_screened"),
    _row("PlayoutFinished", SPEAKING, LISTENING, "finish_reply", "is_current"),
    _row("PlayoutFinished", SPEAKING, None, "ignore"),
    _row("ToolsRequested", SPEAKING, None, "run_tools", "may_use_tools"),
    _row("ToolsRequested", SPEAKING, None, "refuse_tools", "is_current"),
    _row("ToolsRequested", SPEAKING, None, "ignore"),
    _row("ToolReturned", SPEAKING, None, "continue_reply", "completes_round"),
    _row("ToolReturned", SPEAKING, None, "note_result"),
    _row("ReplyFailed", SPEAKING, None, "note_failure", "is_current"),
    _row("ReplyFailed", SPEAKING, None, "ignore"),
    _row("CallerOccupied", SPEAKING, None, "occupy", "may_occupy"),
    _row("CallerOccupied", SPEAKING, None, "ignore"),
    _row("CallerReturned", SPEAKING, None, "free"),
    _row("Tick", SPEAKING, None, "insist", "is_ending_too_late"),
    _row("Tick", SPEAKING, None, "hush_to_leave", "is_call_too_long"),
    _row("Tick", SPEAKING, None, "hush_for_good", "is_speech_endless"),
    _row("Tick", SPEAKING, None, "rearm"),
    _row("EarsFailed", SPEAKING, None, "note_deafness"),
    _row("EarsRestored", SPEAKING, None, "note_deafness"),
    _row("HangUpRequested", SPEAKING, None, "insist", "is_ending"),
    _row("HangUpRequested", SPEAKING, None, "hush_to_leave"),
    _row("CallEnded", SPEAKING, ENDED, "close_call"),
    # BARGE_IN: both want the floor, the phone is silent or goes on quietly
    _row("SpeechStarted", BARGE_IN, None, "weigh_voice"),
    _row("SpeechStopped", BARGE_IN, None, "weigh_silence"),
    _row("BeepHeard", BARGE_IN, None, "hush_for_machine", "may_be_machine"),
    _row("BeepHeard", BARGE_IN, None, "ignore"),
    _row("AnswererReported", BARGE_IN, None, "hush_for_machine", "reports_machine"),
    _row("AnswererReported", BARGE_IN, None, "note_report"),
    _row("WordsHeard", BARGE_IN, None, "claim", "claims_floor"),
    _row("WordsHeard", BARGE_IN, SPEAKING, "carry_on", "only_agrees"),
    _row("WordsHeard", BARGE_IN, None, "weigh_words"),
    _row("TurnEnded", BARGE_IN, None, "claim", "claims_floor"),
    _row("TurnEnded", BARGE_IN, None, "weigh_words"),
    _row("DigitPressed", BARGE_IN, None, "keep_digit", "keys_must_wait"),
    _row("DigitPressed", BARGE_IN, None, "claim"),
    _row("PassageReached", BARGE_IN, SPEAKING, "shield", "begins_passage"),
    _row("PassageReached", BARGE_IN, None, "ignore"),
    _row("PlayoutHeld", BARGE_IN, THINKING, "say_goodbye", "must_leave"),
    _row("PlayoutHeld", BARGE_IN, ENDED, "end_call", "was_last_heard_out"),
    _row("PlayoutHeld", BARGE_IN, LISTENING, "meet_again", "is_machine_after_all"),
    _row("PlayoutHeld", BARGE_IN, LISTENING, "take_answer", "was_heard_out"),
    _row("PlayoutHeld", BARGE_IN, LISTENING, "yield_floor", "floor_is_claimed"),
    _row("PlayoutHeld", BARGE_IN, None, "note_heard", "is_current"),
    _row("PlayoutHeld", BARGE_IN, None, "ignore"),
    _row("PlayoutDucked", BARGE_IN, ENDED, "end_call", "was_last_heard_out"),
    _row("PlayoutDucked", BARGE_IN, LISTENING, "take_answer", "was_heard_out"),
    _row("PlayoutDucked", BARGE_IN, None, "note_ducked", "is_current"),
    _row("PlayoutDucked", BARGE_IN, None, "ignore"),
    _row("ToolsRequested", BARGE_IN, None, "hold_tools", "is_current"),
    _row("ToolsRequested", BARGE_IN, None, "ignore"),
    _row("ToolReturned", BARGE_IN, None, "note_result"),
    _row("ReplyFailed", BARGE_IN, None, "note_failure", "is_current"),
    _row("ReplyFailed", BARGE_IN, None, "ignore"),
    _row("CallerOccupied", BARGE_IN, None, "occupy", "may_occupy"),
    _row("CallerOccupied", BARGE_IN, None, "ignore"),
    _row("CallerReturned", BARGE_IN, None, "free"),
    _row("Tick", BARGE_IN, SPEAKING, "see_out", "is_ending_too_late"),
    _row("Tick", BARGE_IN, None, "hush_to_leave", "is_call_too_long"),
    _row("Tick", BARGE_IN, None, "claim", "is_verdict_sustained"),
    _row("Tick", BARGE_IN, SPEAKING, "carry_on", "is_false_alarm"),
    _row("Tick", BARGE_IN, None, "duck", "is_hush_over"),
    _row("Tick", BARGE_IN, None, "rearm"),
    _row("EarsFailed", BARGE_IN, None, "note_deafness"),
    _row("EarsRestored", BARGE_IN, None, "note_deafness"),
    _row("HangUpRequested", BARGE_IN, SPEAKING, "see_out", "is_ending"),
    _row("HangUpRequested", BARGE_IN, None, "hush_to_leave"),
    _row("CallEnded", BARGE_IN, ENDED, "close_call"),
]

_UNOPENED = "the stream has not started: nobody can be heard yet"
_OVER = "the call is over"
_STALE = "stale: belongs to a reply that is over"
_OURS = "we have the floor: whether the caller takes it is decided by sound and words"
_IMPOSSIBLE = "cannot happen: one stream starts once"

IGNORED: dict[tuple[Mode, str], str] = {
    **{
        (CONNECTING, event.__name__): _UNOPENED
        for event in EVENTS
        if event.__name__ not in {"CallStarted", "Tick", "HangUpRequested", "CallEnded"}
    },
    **{(mode, "CallStarted"): _IMPOSSIBLE for mode in (LISTENING, THINKING, SPEAKING, BARGE_IN)},
    (LISTENING, "CallerOccupied"): "the caller has the floor: whatever the tool wants, they are talking with us",
    (THINKING, "TurnLikelyEnded"): "the turn is over already: words that were not known yet say so themselves",
    (THINKING, "EndOfTurnScored"): "the turn is over already",
    **{
        (mode, event): _OURS
        for mode in (SPEAKING, BARGE_IN)
        for event in ("TurnLikelyEnded", "TurnResumed", "EndOfTurnScored")
    },
    **{
        (LISTENING, event): _STALE
        for event in (
            "ReplyAudioStarted",
            "PassageReached",
            "PlayoutHeld",
            "PlayoutDucked",
            "PlayoutDrained",
            "PlayoutFinished",
            "ToolsRequested",
            "ReplyFailed",
        )
    },
    (THINKING, "PlayoutHeld"): "withheld before it began: nothing more was heard than is known",
    (THINKING, "PlayoutDucked"): _STALE,
    (THINKING, "PassageReached"): "nothing sounds: nobody can interrupt it",
    (THINKING, "PlayoutDrained"): "it was already dry",
    (SPEAKING, "PlayoutDucked"): "what had been heard matters only while the floor is in dispute",
    (SPEAKING, "ReplyAudioStarted"): "the next part of what is being said",
    **{
        (BARGE_IN, event): "in dispute: what comes of the reply is told once it goes on"
        for event in ("ReplyAudioStarted", "PlayoutDrained", "PlayoutFinished")
    },
    **{(ENDED, event.__name__): _OVER for event in EVENTS},
}
"""Pairs without a row, and why nothing follows from them."""
