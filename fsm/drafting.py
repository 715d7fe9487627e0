"""Drafts: replies prepared while the caller may still go on, and kept from everybody until the turn is theirs to end.

A draft answers words as they were known when it was made. It is adopted if the turn ends with the same words, give or
take a "please", in the very decision that ends it; anything else drops it, and nobody ever knows. Which it is follows
from the state alone, so it is asked in one place, after every decision.
"""

from fsm.asides import is_meant_for_others
from fsm.effects import DraftReply, DropDraft, Effect
from fsm.endpointing import are_words_all_here, last_sound_at, leaning_now
from fsm.events import Event
from fsm.expectations import ENOUGH
from fsm.opening import next_number
from fsm.state import CallState, Draft, Mode
from fsm.units import ms_to_ns
from fsm.values import replace
from fsm.words import ask_the_same, tokens

Change = tuple[CallState, tuple[Effect, ...]]

SENTENCE_ENDS = (".", "!", "?")
"""Marks after which a reply is drafted before the caller is known to be silent."""


def draft_at(state: CallState, now: int) -> int | None:
    """The instant at which the words known now are worth a draft; None while they are not.

    At once where they look whole, or the transcriber thinks that they are: a voice detector needs longer for a silence
    than a transcriber for a last word. The last draft of a turn is kept for words and a silence that are certain.
    """
    profile, said = state.profile, state.utterance
    words = tokens(said.text)
    has_had_one = state.draft is not None or state.drafts >= profile.drafts or words == state.drafted_words
    if not words or has_had_one or not _may_be_answered(state):
        return None
    if state.guess_percent is not None:
        return now
    leaning = leaning_now(state)
    if leaning > 0 or (said.digits and leaning > ENOUGH):
        return None  # more words are to come, or more keys
    is_last = state.drafts + 1 == profile.drafts
    if state.is_talking:
        return now if said.text.endswith(SENTENCE_ENDS) and not is_last else None
    if not (said.is_settled or are_words_all_here(state)):
        return None
    return max(now, last_sound_at(state, now) + ms_to_ns(profile.draft_ms))


def _may_be_answered(state: CallState) -> bool:
    """Whether what is said now is a turn of a conversation with us, and all of it is heard."""
    return not (state.is_deaf or state.is_meeting or is_meant_for_others(state, state.utterance))


def make_draft(state: CallState, _event: Event, _now: int) -> Change:
    """These may be the turn's last words: prepare the answer to them, for us alone."""
    number, text = next_number(state), state.utterance.text
    state = replace(
        state,
        draft=Draft(number, tokens(text)),
        drafts=state.drafts + 1,
        numbered=number,
        drafted_words=tokens(text),
    )
    return state, (DraftReply(number, state.turn + 1, state.utterance.told),)


def keep_or_drop(state: CallState, effects: tuple[Effect, ...], now: int) -> Change:
    """What a decision means for the draft that there is, and for the next one."""
    draft, words = state.draft, tokens(state.utterance.text)
    is_listening = state.mode is Mode.LISTENING
    if draft is not None and not (is_listening and ask_the_same(draft.words, words, state.tables)):
        state = replace(state, draft=None)
        effects = (DropDraft(draft.reply), *effects)
    if not is_listening:
        return state, effects
    if not words and state.drafts:
        state = replace(state, drafts=0, drafted_words=())
    due = draft_at(state, now)
    ends_at = state.deadlines.turn_end_at
    if due is not None and ends_at is not None and ends_at <= due:
        due = None  # the turn is over by then
    return state if due == state.deadlines.draft_at else state.set_deadlines(draft_at=due), effects
