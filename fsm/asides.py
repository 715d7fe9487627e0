"""The caller has the floor and speaks to somebody else in the room: that is kept apart, and not answered.

What tells so is how softly it was said, its words, and what we had asked: after a question of ours the words alone
count, since people answer softly, too. In a usual voice only somebody else's name tells: "leave it at the door" may be
for us. A wrong verdict costs little: what was kept apart is told to the model with the
caller's next words, and if none come we ask whether it was meant for us.
"""

import re
from typing import Any

from fsm.answering import recite
from fsm.events import Event, TurnEnded, WordsHeard
from fsm.floor_words import is_aside as is_aside_by_words
from fsm.floor_words import is_backchannel, is_for_us, names_somebody_else
from fsm.guards import is_turn_over
from fsm.hearing import Change, with_turn
from fsm.state import CallState, is_due
from fsm.units import ms_to_ns
from fsm.utterance import Utterance
from fsm.values import replace
from fsm.words import adds_words, tokens

MOST_OVERHEARD = 3
"""Asides kept for the model; of a television that talks and talks only the last."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

LONGEST_REMARK_WORDS = 6
"""With more words somebody tells us something of others: "he will be right there when I come in on Tuesday"."""

# --- questions ---------------------------------------------------------------------------------------------------


def is_meant_for_others(state: CallState, said: Utterance) -> bool:
    """Whether `said` was said to somebody else, as far as can be told."""
    words = said.words
    if not words or said.digits or is_for_us(words, state.tables):
        return False
    if state.is_faint:
        return is_aside_by_words(words, state.tables) or not _has_asked(state)
    is_short = len(tokens(words)) <= LONGEST_REMARK_WORDS and not words.endswith("?")
    return names_somebody_else(words, state.tables) and is_short and not _has_asked(state)


def _has_asked(state: CallState) -> bool:
    """Whether our last words were a question, or one with a word on how to answer it: "it has six digits"."""
    last = state.transcript[-1] if state.transcript else None
    if last is None or last.role != "assistant":
        return False
    return any(sentence.endswith("?") for sentence in _SENTENCE_END.split(last.content.rstrip())[-2:])


def is_aside(state: CallState, event: Event, now: int) -> bool:
    """The caller's turn is over, and was said to somebody else."""
    if isinstance(event, TurnEnded):
        return is_meant_for_others(state, _ended(state, event))
    return is_turn_over(state, event, now) and is_meant_for_others(state, state.utterance)


def is_known_aside(state: CallState, event: WordsHeard, _now: int) -> bool:
    """Words that were kept apart already, told once more."""
    said = state.utterance
    return bool(said.overheard and event.text) and not said.text and not adds_words(said.overheard[-1], event.text)


def is_said_to_others(state: CallState, event: WordsHeard, _now: int) -> bool:
    """Softly, and in words that nobody says to us: they are no part of the turn that is being answered."""
    return event.is_faint and is_aside_by_words(event.text, state.tables)


def may_have_been_meant(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """Nothing came after words that we took for an aside, and nobody asked about them yet."""
    may_ask = state.is_aside_open and state.reprompts < state.profile.reprompts
    return is_due(state.deadlines.idle_at, now) and may_ask


# --- reducers ----------------------------------------------------------------------------------------------------


def set_aside(state: CallState, event: Event, now: int) -> Change:
    """It was not for us: keep it apart, and wait for what is."""
    said = _ended(state, event) if isinstance(event, TurnEnded) else state.utterance
    is_open = not is_backchannel(said.words, state.tables)
    wait_ms = state.profile.aside_wait_ms if is_open else state.profile.idle_ms
    began_at = state.overheard_at if said.overheard else now
    state = replace(
        state,
        utterance=Utterance(overheard=(*said.overheard, said.words)[-MOST_OVERHEARD:]),
        overheard_at=began_at,
        is_aside_open=is_open,
        is_faint=False,
        is_finalizing=False,
        guess_percent=None,
        onset_at=None,
    )
    idle_at = max(now, min(now + ms_to_ns(wait_ms), began_at + ms_to_ns(state.profile.noise_idle_ms)))
    return state.set_deadlines(turn_end_at=None, idle_at=idle_at), ()


def ask_whether_meant(state: CallState, _event: Event, now: int) -> Change:
    """What we took for an aside is all that came: it may have been for us."""
    state = replace(state, reprompts=state.reprompts + 1, is_aside_open=False)
    return recite(state, now, state.phrases.was_that_for_me)


def _ended(state: CallState, event: TurnEnded) -> Utterance:
    said = state.utterance
    return with_turn(said, event.text) if event.text else said
