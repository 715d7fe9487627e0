"""Bugs in deciding: endpointing, interruptions, deadlines, fences."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from agent.alarm import Alarm
from agent.mouth import Mouth
from agent.playout import Playout
from agent.providers.elevenlabs_voice import ElevenLabsVoice
from agent.reply import Reply
from fsm import (
    answering,
    barge_in,
    endpointing,
    floor_guards,
    floor_words,
    guards,
    hearing,
    opening,
    turns,
    words,
    yielding,
)
from fsm.chart import Branch
from fsm.effects import EndCall
from fsm.events import Event, SpeechStarted, TurnEnded, WordsHeard
from fsm.state import CallState, Deadlines, Mode
from tests.mutants.mutant import all_of, guard_for, in_chart, mutant, reducer_for, swapped

Plan = AbstractContextManager[object]


def always(*_: object) -> bool:
    return True


def never(*_: object) -> bool:
    return False


@mutant("what a reply asks for after it was cancelled is done", "dead_reply_tool")
def turn_fence_dropped() -> Plan:
    return all_of(guard_for(guards.is_current, always), swapped(Reply, "cancel", lambda _reply: None))


@mutant("the model goes on after its reply was cancelled", "drained_in_mid_answer", "dead_reply_tool")
def late_tokens_accepted() -> Plan:
    return swapped(Reply, "cancel", lambda _reply: None)


@mutant("audio of a reply that was cancelled is played", "dead_turn_audio", "tts_wrong_context", "booking")
def late_audio_accepted() -> Plan:
    def on_audio(mouth: Mouth, _utterance: int, audio: bytes, alignment: Any) -> None:  # noqa: ANN401 - passed on
        mouth.playout.push(audio, alignment)
        mouth._pace.move()

    return all_of(swapped(Mouth, "on_audio", on_audio), swapped(ElevenLabsVoice, "drop", lambda _voice, _number: None))


@mutant("a late repetition of the transcriber's counts as an interruption", "late_final")
def late_final_interrupts() -> Plan:
    return all_of(swapped(barge_in, "adds_words", always), swapped(words, "adds_words", always))


@mutant("nobody can interrupt the greeting", "greeting_deaf")
def greeting_deaf() -> Plan:
    def change(mode: Mode, event: type[Event], row: Branch) -> Branch:
        is_way_in = mode is Mode.SPEAKING and event in (SpeechStarted, WordsHeard, TurnEnded)
        if is_way_in and row.guard is guards.is_last_word:
            return replace(row, guard=lambda state, _event, _now: state.is_last_word or state.turn == 0)
        return row

    return in_chart(change=change)


@mutant("an mm-hmm is taken for a turn", "mhm_kills_reply", "booking")
def backchannel_is_a_turn() -> Plan:
    return swapped(barge_in, "bid_of", lambda _text, *, is_settled, language: floor_words.Bid.FLOOR)


@mutant("the phone stays silent until it is decided", "a_hush_is_short")
def hush_never_bounded() -> Plan:
    return guard_for(floor_guards.is_hush_over, never)


@mutant("noise stops the agent for as long as it lasts", "noise_over_the_answer", "noise_that_nobody_denies")
def noise_taken_for_a_voice() -> Plan:
    return guard_for(floor_guards.is_noise, never)


@mutant("an um is answered", "um_alone")
def um_taken_for_a_turn() -> Plan:
    return guard_for(turns.only_thinks, never)


@mutant("quiet words count as if they had been cleared", "ducks_over_an_mm_hmm", "mhm_kills_reply")
def ducked_is_not_heard() -> Plan:
    duck = Playout.duck

    def duck_and_forget(playout: Playout, now: int, by_db: int) -> str:
        playout.cleared_samples += playout.in_flight_samples(now)
        return duck(playout, now, by_db)

    return swapped(Playout, "duck", duck_and_forget)


@mutant("a yes that comes early is no answer", "yes_before_the_question_is_over")
def early_yes_lost() -> Plan:
    return swapped(answering, "answers_the_end", never)


@mutant("words to somebody else in the room take the floor", "aside_to_a_child")
def asides_interrupt() -> Plan:
    claims_floor = barge_in.claims_floor

    def claims_any_words(state: CallState, text: str, now: int, *, is_settled: bool, is_faint: bool = False) -> bool:
        return bool(text and not is_faint) or claims_floor(state, text or "stop", now, is_settled=is_settled)

    return swapped(barge_in, "claims_floor", claims_any_words)


@mutant("one word is not enough to interrupt", "stop_ignored", "no_clear")
def single_words_ignored() -> Plan:
    claims_floor = barge_in.claims_floor

    def claims_with_three(state: CallState, text: str, now: int, **evidence: bool) -> bool:
        return len(text.split()) >= 3 and claims_floor(state, text, now, **evidence)

    return all_of(swapped(barge_in, "claims_floor", claims_with_three), swapped(barge_in, "is_sustained", never))


@mutant("keys do not wait for more keys", "keys_with_a_pause")
def digits_not_waited_for() -> Plan:
    def end_at(state: CallState, now: int, *, speech_final: bool = False) -> int | None:
        hurried = replace(state.profile, digit_wait_ms=300)
        return turn_end_at(replace(state, profile=hurried), now, speech_final=speech_final)

    turn_end_at = endpointing.turn_end_at
    return swapped(hearing, "turn_end_at", end_at)


@mutant("the agent speaks on while the caller speaks", "goes_on_before_the_answer")
def first_audio_not_withheld() -> Plan:
    def withhold(state: CallState, event: SpeechStarted, _now: int) -> Any:  # noqa: ANN401 - a reducer's change
        return replace(state, is_talking=True, onset_at=event.at), ()

    return reducer_for(hearing.withhold, withhold)


@mutant("deadlines of the mode that was left stay set", "booking", "mhm_kills_reply")
def deadline_not_cleared() -> Plan:
    return swapped(Deadlines, "only", lambda deadlines, _mode: deadlines)


@mutant("a reply is awaited for ever", "tool_in_progress_forever", "tool_hangs")
def deadline_never_set() -> Plan:
    return all_of(guard_for(guards.is_answer_overdue, never), guard_for(guards.is_reply_overdue, never))


@mutant("the timer is armed once and never moved forward", "booking", "mhm_kills_reply")
def timer_not_moved() -> Plan:
    set_anew = Alarm.set

    def set_once(alarm: Alarm, due: int | None) -> None:
        if alarm._timer is None:
            set_anew(alarm, due)

    return swapped(Alarm, "set", set_once)


@mutant("the verdict on a sound comes whenever something else does", "holds_until_words", "cough_dead_air")
def verdict_too_late() -> Plan:
    at = barge_in.verdict_at
    return swapped(barge_in, "verdict_at", lambda state, now: at(state, now) + 2_500_000_000)


@mutant("the reply that was interrupted is asked for as if it had been heard", "cleared_is_not_heard", "no_clear")
def cuts_not_recorded() -> Plan:
    close_reply = opening.close_reply

    def close_whole(state: CallState, *args: Any, **options: Any) -> CallState:  # noqa: ANN401 - passed on
        closed = close_reply(state, *args, **options)
        return replace(closed, transcript=tuple(replace(message, cut=False) for message in closed.transcript))

    return swapped(yielding, "close_reply", close_whole)


@mutant("the call ends with the goodbye's first word", "booking")
def hangs_up_before_the_goodbye_was_heard() -> Plan:
    def change(mode: Mode, event: type[Event], row: Branch) -> Branch:
        if mode is Mode.THINKING and event.__name__ == "ReplyAudioStarted" and row.guard is guards.is_current:
            speak = row.reducer

            def speak_and_leave(state: CallState, event: Any, now: int) -> Any:  # noqa: ANN401 - a reducer's change
                after, effects = speak(state, event, now)
                return after, (*effects, *((EndCall(state.ending),) if state.ending else ()))

            return replace(row, reducer=speak_and_leave)
        return row

    return in_chart(change=change)


@mutant("an order depends on how many calls there were before", "cough_dead_air")
def state_outside_the_state() -> Plan:
    count = [0]
    at = barge_in.verdict_at

    def drifting(state: CallState, now: int) -> int:
        count[0] += 1
        return at(state, now) + count[0] * 1_000_000

    return swapped(barge_in, "verdict_at", drifting)


@mutant("a reply that fails is asked for again without end", "model_gone", "llm_500")
def retry_without_bound() -> Plan:
    return swapped(guards, "can_ask_again", lambda state: not state.is_recital)
