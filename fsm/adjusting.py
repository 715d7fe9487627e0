"""Guards and reducers of what a tool changes in mid-call: how patient we are, which language we speak."""

from fsm.answering import finish, recite
from fsm.changes import LanguageChanged, LanguageRefused, ProfileChanged
from fsm.effects import ChangeLanguage, DropDraft, Effect
from fsm.endpointing import turn_end_at
from fsm.events import Event, PlayoutFinished
from fsm.guards import is_current
from fsm.hearing import Change
from fsm.occupying import is_away
from fsm.state import CallState, Mode
from fsm.values import replace

# --- guards ------------------------------------------------------------------------------------------------------


def is_known_language(state: CallState, event: LanguageChanged, _now: int) -> bool:
    """We speak it already."""
    return event.language == state.language


def can_go_back(state: CallState, _event: LanguageRefused, _now: int) -> bool:
    """There is a language that we spoke before."""
    return state.language_before is not None


def may_own_up(state: CallState, event: LanguageRefused, now: int) -> bool:
    """The same, and the caller is there to be told so, and silent."""
    is_over = bool(state.ending) or state.is_last_word
    is_theirs = state.is_talking or bool(state.utterance.text) or state.is_meeting
    return can_go_back(state, event, now) and not is_over and not is_theirs and not is_away(state, event, now)


def owes_word(state: CallState, event: PlayoutFinished, now: int) -> bool:
    """The present reply was heard, and that we went back to another language was not told yet."""
    return state.owes_word and is_current(state, event, now)


# --- reducers ----------------------------------------------------------------------------------------------------


def change_profile(state: CallState, event: ProfileChanged, now: int) -> Change:
    """Waits that begin from here on are those of the new profile; so is the one for the end of a turn under way."""
    return _with_end_of_turn(replace(state, profile=event.profile), now), ()


def change_language(state: CallState, event: LanguageChanged, now: int) -> Change:
    """Go on in another language: what the caller says now, as far as it is not settled, other ears will hear anew."""
    dropped: tuple[Effect, ...] = () if state.draft is None else (DropDraft(state.draft.reply),)
    said = replace(state.utterance, interim="") if state.mode is Mode.LISTENING else state.utterance
    state = replace(
        state,
        language=event.language,
        phrases=event.phrases,
        language_before=LanguageChanged(state.language, state.phrases),
        draft=None,
        utterance=said,
        is_finalizing=state.is_finalizing and bool(said.text),
    )
    return _with_end_of_turn(state, now), (*dropped, ChangeLanguage(event.language))


def go_back(state: CallState, _event: Event, _now: int) -> Change:
    """The other language cannot be heard: speak the one before, and say so as soon as somebody listens."""
    before = state.language_before
    assert before is not None, "there is nothing to go back to"
    state = replace(state, language=before.language, phrases=before.phrases, language_before=None, owes_word=True)
    return state, (ChangeLanguage(before.language),)


def own_up(state: CallState, event: LanguageRefused, now: int) -> Change:
    """The same, and the caller is told at once."""
    state, effects = go_back(state, event, now)
    state, said = recite(replace(state, owes_word=False), now, state.phrases.language_refused)
    return state, (*effects, *said)


def keep_word(state: CallState, event: PlayoutFinished, now: int) -> Change:
    """The reply was heard: now the caller is told that we went back."""
    state = finish(replace(state, owes_word=False), event.text, now)
    return recite(state, now, state.phrases.language_refused)


def _with_end_of_turn(state: CallState, now: int) -> CallState:
    """The state in which the end of a turn under way was asked for anew."""
    is_waiting = state.mode is Mode.LISTENING and state.deadlines.turn_end_at is not None
    if not is_waiting or state.is_finalizing:
        return state
    return state.set_deadlines(turn_end_at=turn_end_at(state, now))
