"""The caller's turn as a whole: it is over, or not yet, or not after all, or it was none.

Reducers as those of `fsm.hearing`, which gather what the turn consists of.
"""

from fsm.effects import CancelReply, FinalizeTranscript, StartReply
from fsm.endpointing import PAUSES_KEPT, breath_over_at
from fsm.events import DigitPressed, Event, TurnEnded, TurnResumed, WordsHeard
from fsm.guards import is_turn_over
from fsm.hearing import Change, note_digit, note_words, settled, with_turn
from fsm.opening import close_reply, open_reply
from fsm.sentences import is_thinking
from fsm.state import CallState
from fsm.transcript import Message
from fsm.units import ms_to_ns
from fsm.utterance import Utterance
from fsm.values import replace
from fsm.words import adds_words, ask_the_same, tokens


def only_thinks(state: CallState, event: Event, now: int) -> bool:
    """The caller fell silent after a mere "um": they have begun to think, and said nothing yet."""
    said = state.utterance
    if isinstance(event, TurnEnded):
        said = with_turn(said, event.text) if event.text else said
    elif not is_turn_over(state, event, now):
        return False
    return not said.digits and is_thinking(said.words, state.tables)


def wait_for_more(state: CallState, _event: Event, now: int) -> Change:
    """There is nothing to answer yet: if nothing follows, we ask as after any silence."""
    kept = replace(state.utterance, settled=(), interim="")
    state = replace(state, utterance=kept, is_finalizing=False, guess_percent=None, onset_at=None)
    return state.set_deadlines(turn_end_at=None, idle_at=now + ms_to_ns(state.profile.idle_ms)), ()


def await_final(state: CallState, _event: Event, now: int) -> Change:
    """The silence is long enough but the words may still change: have them settled, within bounds."""
    state = replace(state, is_finalizing=True)
    state = state.set_deadlines(turn_end_at=now + ms_to_ns(state.profile.final_grace_ms))
    return state, (FinalizeTranscript(),)


def breathe_first(state: CallState, event: TurnEnded, _now: int) -> Change:
    """The transcriber ends the turn, and we have hardly fallen silent for it: the answer waits for that moment."""
    if event.text:
        state = replace(state, utterance=with_turn(state.utterance, event.text))
    return state.set_deadlines(turn_end_at=breath_over_at(state)), ()


def answer(state: CallState, event: Event, now: int) -> Change:
    """The caller's turn is over: ask the model."""
    said = state.utterance
    if isinstance(event, TurnEnded) and event.text:
        said = with_turn(said, event.text)
    assert said.text, "an answer to nothing"
    state = replace(
        state,
        turn=state.turn + 1,
        transcript=(*state.transcript, Message("user", said.told)),
        asked=said,
        asked_at=now,
        utterance=Utterance(),
        is_finalizing=False,
        guess_percent=None,
        is_faint=False,
        is_aside_open=False,
        pause_ms=0,
        attempts=0,
        rounds=0,
        reprompts=0,
    )
    known, words = state.draft, tokens(said.text)
    draft = known if known is not None and ask_the_same(known.words, words, state.tables) else None
    state = open_reply(replace(state, draft=None if draft else known), now, is_recital=False, draft=draft)
    return state, (StartReply(state.reply, state.turn, is_drafted=draft is not None),)


def settle_asked(state: CallState, event: WordsHeard | TurnEnded, _now: int) -> Change:
    """Words that are being answered were settled: what comes next follows them, and does not replace them."""
    is_settled = isinstance(event, TurnEnded) or event.is_final or event.speech_final
    if is_settled and state.asked.interim and not adds_words(state.asked.text, event.text):
        state = replace(state, asked=replace(state.asked, settled=settled(state.asked), interim=""))
    return state, ()


def resume_turn(state: CallState, event: WordsHeard | DigitPressed, now: int) -> Change:
    """The caller goes on although we took the turn as over: it is still theirs, and gets one answer, to all of it."""
    number = state.reply
    state = reopen_turn(state)
    if state.pause_ms:
        state = replace(state, pauses_ms=(*state.pauses_ms, state.pause_ms)[-PAUSES_KEPT:], pause_ms=0)
    change = note_words(state, event, now) if isinstance(event, WordsHeard) else note_digit(state, event, now)
    return change[0], (CancelReply(number), *change[1])


def take_back(state: CallState, _event: TurnResumed, now: int) -> Change:
    """The transcriber takes the end of the turn back: it is still the caller's. If no more comes, it ends again."""
    number = state.reply
    state = reopen_turn(state)
    state = state.set_deadlines(
        turn_end_at=now + ms_to_ns(state.profile.unfinished_wait_ms),
        idle_at=now + ms_to_ns(state.profile.noise_idle_ms),
    )
    return state, (CancelReply(number),)


def answer_again(state: CallState, event: TurnEnded, now: int) -> Change:
    """The turn ended again, with more words: the answer starts over."""
    number = state.reply
    state, effects = answer(reopen_turn(state), event, now)
    return state, (CancelReply(number), *effects)


def reopen_turn(state: CallState) -> CallState:
    """The state as if the turn had not been taken as over, unless something of it was answered or done already."""
    state = replace(close_reply(state), is_finalizing=False, ending="", failure="")
    last = state.transcript[-1] if state.transcript else None
    if last is None or last.role != "user" or state.is_recital:
        return state
    kept = state.transcript[:-1]
    return replace(
        state, transcript=kept, reply_from=len(kept), turn=state.turn - 1, utterance=state.asked, asked=Utterance()
    )
