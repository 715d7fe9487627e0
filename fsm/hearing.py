"""Reducers of the caller's side: voice edges, words, keys, silence. Each is a verb, named in the chart.

A reducer returns the new state, without its mode, and the orders to the shell. `fsm.step` sets mode and instant and
clears the deadlines of the mode that was left.
"""

from collections.abc import Callable
from typing import Any

from fsm.effects import Effect, FinalizeTranscript, HoldPlayout, ResumePlayout
from fsm.endpointing import UNTOLD_GUESS, pause_before, turn_end_at, with_pause
from fsm.events import (
    DigitPressed,
    EarsFailed,
    EarsRestored,
    EndOfTurnScored,
    Event,
    SpeechStarted,
    SpeechStopped,
    TurnEnded,
    TurnLikelyEnded,
    TurnResumed,
    WordsHeard,
)
from fsm.opening import next_filler_at, occupation, reply_at
from fsm.state import CallState
from fsm.units import ms_to_ns
from fsm.utterance import Utterance
from fsm.values import replace
from fsm.words import adds_words, tokens

Change = tuple[CallState, tuple[Effect, ...]]
Reducer = Callable[[CallState, Any, int], Change]
"""`Any`: each reducer takes the event type of its row."""

MAX_DIGITS = 64
"""Keys kept of one turn: a storm of tones is no answer."""

MAX_SEGMENTS = 400
"""Settled segments kept of one turn; more is a transcriber run wild."""


# --- voice edges ---------------------------------------------------------------------------------------------


def note_voice(state: CallState, event: SpeechStarted, now: int) -> Change:
    """The caller sounds: no turn ends meanwhile, and silence is not counted, but noise may not go on for ever."""
    state = replace(with_pause(state, event.at), is_talking=True, onset_at=event.at, guess_percent=None)
    state = state.set_deadlines(
        turn_end_at=turn_end_at(state, now), idle_at=now + ms_to_ns(state.profile.noise_idle_ms)
    )
    return state, ()


def note_silence(state: CallState, event: SpeechStopped, now: int) -> Change:
    """The caller fell silent: from here the waits count, and the words may be settled."""
    state = replace(state, is_talking=False, last_voiced_at=event.last_voiced_at)
    state = state.set_deadlines(turn_end_at=turn_end_at(state, now), idle_at=now + ms_to_ns(state.profile.idle_ms))
    return state, (FinalizeTranscript(),)


def withhold(state: CallState, event: SpeechStarted, now: int) -> Change:
    """The caller sounds while we prepare to speak: nothing of ours may start on top of it, unless it never ends.

    A filler that sounds is cut: the wait for the next one counts from here, not from where this one would have ended.
    """
    has_paused = state.is_music
    state = replace(state, is_talking=True, onset_at=event.at, pause_ms=pause_before(state, event.at), is_music=False)
    filler_at = state.deadlines.filler_at
    if filler_at is not None and (has_paused or occupation(state) is None):
        filler_at = min(filler_at, now + ms_to_ns(state.profile.filler_ms))
    state = state.set_deadlines(release_at=now + ms_to_ns(state.profile.stuck_ms), reply_at=None, filler_at=filler_at)
    return state, (HoldPlayout(state.reply),)


def await_release(state: CallState, event: SpeechStopped, now: int) -> Change:
    """The sound is over; its words would have to come now."""
    state = replace(state, is_talking=False, last_voiced_at=event.last_voiced_at)
    release_at = max(now, event.last_voiced_at + ms_to_ns(state.profile.late_words_ms))
    return state.set_deadlines(release_at=release_at), (FinalizeTranscript(),)


def release(state: CallState, _event: Event, now: int) -> Change:
    """It was no words: our audio may leave, and is awaited from here; the caller has waited since they fell silent."""
    waits = state.deadlines
    silent_since = now if state.is_talking or state.last_voiced_at is None else state.last_voiced_at
    state = state.set_deadlines(
        release_at=None,
        reply_at=waits.reply_at or reply_at(state, now),
        filler_at=waits.filler_at or next_filler_at(state, silent_since),
    )
    return state, (ResumePlayout(state.reply),)


def note_edge(state: CallState, event: SpeechStarted | SpeechStopped, _now: int) -> Change:
    """Remember who sounds; nothing depends on it now."""
    if isinstance(event, SpeechStarted):
        return replace(state, is_talking=True, onset_at=event.at), ()
    return replace(state, is_talking=False, last_voiced_at=event.last_voiced_at), ()


# --- words and keys ------------------------------------------------------------------------------------------


def with_words(utterance: Utterance, event: WordsHeard) -> Utterance:
    """The utterance with an interim segment replaced or a final one settled."""
    if not event.text:
        return replace(utterance, settled=settled(utterance), interim="") if event.speech_final else utterance
    if not event.is_final:
        return replace(utterance, interim=event.text)
    return replace(utterance, settled=(*utterance.settled, event.text)[-MAX_SEGMENTS:], interim="")


def settled(utterance: Utterance) -> tuple[str, ...]:
    """The segments of the utterance once its interim one counts as settled as well."""
    return (*utterance.settled, utterance.interim) if utterance.interim else utterance.settled


def with_whole_turn(utterance: Utterance, text: str) -> Utterance:
    """The utterance as a transcriber tells its turn so far, which may yet change; what was settled stays.

    Its turn began with ours, or later, as in `with_turn`.
    """
    settled = " ".join(utterance.settled)
    if tokens(text)[: len(tokens(settled))] != tokens(settled):
        return replace(utterance, interim=text)
    return replace(utterance, interim=" ".join(text.split()[len(settled.split()) :]))


def with_turn(utterance: Utterance, text: str) -> Utterance:
    """The utterance once the transcriber says that `text` was its whole turn.

    Its turn began with ours; or later, after one that it had ended too early: then what was settled comes before.
    """
    settled = tokens(" ".join(utterance.settled))
    before = () if tokens(text)[: len(settled)] == settled else utterance.settled
    return replace(utterance, settled=(*before, text), interim="")


def with_digit(utterance: Utterance, event: DigitPressed) -> Utterance:
    """The utterance with one more key."""
    return replace(utterance, digits=(utterance.digits + event.digit)[:MAX_DIGITS])


def note_words(state: CallState, event: WordsHeard, now: int) -> Change:
    """More of the caller's turn: ask anew when it is over. Soft words do not put off for ever what nobody answers."""
    utterance = with_words(state.utterance, event)
    is_soft = event.is_faint and (state.is_faint or not state.utterance.words)
    idle_at = now + ms_to_ns(state.profile.noise_idle_ms)
    if is_soft and utterance.overheard:
        idle_at = max(now, min(idle_at, state.overheard_at + ms_to_ns(state.profile.noise_idle_ms)))
    state = replace(
        state,
        utterance=utterance,
        is_faint=is_soft if event.text else state.is_faint,
        words_to=max(state.words_to, event.until),
        guess_percent=state.guess_percent if utterance.words == state.utterance.words else None,
        is_finalizing=state.is_finalizing and utterance.is_settled,
        has_missed_words=state.has_missed_words and not event.text,
        reprompts=state.reprompts if is_soft else 0,
    )
    due = turn_end_at(state, now, speech_final=event.speech_final)
    return state.set_deadlines(turn_end_at=due, idle_at=idle_at), ()


def note_digit(state: CallState, event: DigitPressed, now: int) -> Change:
    """A key counts as part of the answer; more may follow."""
    state = replace(state, utterance=with_digit(state.utterance, event), keyed_at=now, reprompts=0)
    return state.set_deadlines(turn_end_at=turn_end_at(state, now), idle_at=None), ()


def note_guess(state: CallState, event: TurnLikelyEnded, now: int) -> Change:
    """The transcriber thinks that the turn is over: the wait for more is shorter, until it takes that back."""
    said = state.utterance
    if event.text and adds_words(said.words, event.text):
        said = with_whole_turn(said, event.text)
    state = replace(state, utterance=said, guess_percent=event.confidence_percent or UNTOLD_GUESS)
    return state.set_deadlines(turn_end_at=turn_end_at(state, now)), ()


def forget_guess(state: CallState, _event: TurnResumed, now: int) -> Change:
    """The transcriber takes its guess back: the caller goes on, or is about to."""
    state = replace(state, guess_percent=None)
    due = turn_end_at(state, now)
    soonest_at = now + ms_to_ns(state.profile.wait_ms)
    return state.set_deadlines(turn_end_at=None if due is None else max(due, soonest_at)), ()


def note_score(state: CallState, event: EndOfTurnScored, now: int) -> Change:
    """A model judged the silence so far: ask anew when the turn is over."""
    state = replace(state, score_percent=event.probability_percent, scored_to=event.heard_to)
    return state.set_deadlines(turn_end_at=turn_end_at(state, now)), ()


def note_end(state: CallState, event: TurnEnded, now: int) -> Change:
    """The transcriber ends the turn, but what was asked for is not all there: its words count, and more may come."""
    if event.text:
        state = replace(state, utterance=with_turn(state.utterance, event.text))
    return state.set_deadlines(turn_end_at=turn_end_at(state, now)), ()


def note_deafness(state: CallState, event: EarsFailed | EarsRestored, _now: int) -> Change:
    """Whether anybody transcribes."""
    is_deaf = isinstance(event, EarsFailed)
    return replace(state, is_deaf=is_deaf, has_missed_words=state.has_missed_words or is_deaf), ()


def await_ears(state: CallState, event: EarsFailed, now: int) -> Change:
    """Nobody transcribes: words that were not settled yet will be heard again, with those that follow them.

    Those that the transcriber had taken for the whole turn, and it was right so far, are answered all the same.
    """
    is_amid_words = bool(state.utterance.interim) and (state.guess_percent is None or state.is_talking)
    state, _ = note_deafness(state, event, now)
    if not is_amid_words:
        return state, ()
    state = replace(state, utterance=replace(state.utterance, interim=""), is_finalizing=False)
    return state.set_deadlines(turn_end_at=turn_end_at(state, now)), ()
