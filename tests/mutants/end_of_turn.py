"""Bugs in deciding that the caller's turn is over: evidence, expectations, their bounds."""

from contextlib import AbstractContextManager
from typing import Any

from agent.draft import Draft
from fsm import drafting, endpointing, opening, turns
from fsm.events import Event, ToolsRequested
from fsm.expectations import ANYTHING, SHORT
from fsm.profile import Profile
from fsm.sentences import leaning_of
from fsm.state import CallState
from tests.mutants.mutant import all_of, mutant, swapped

Plan = AbstractContextManager[object]


@mutant("a sentence that ends in 'and' counts as complete", "pause_jump_in")
def unfinished_ignored() -> Plan:
    return swapped(endpointing, "leaning_of", lambda text, language: min(0, leaning_of(text, language)))


@mutant("the wait counts from the arrival of words, not from the caller's last sound", "quick_yes", "late_final")
def wait_anchored_to_arrival() -> Plan:
    return swapped(endpointing, "last_sound_at", lambda _state, now: now)


@mutant("what was asked for makes no difference", "quick_yes", "digits_cut")
def expectation_ignored() -> Plan:
    return swapped(opening, "expected_after", lambda *_: ANYTHING)


@mutant("a number that never comes whole is waited for without end", "digits_given_up")
def expectation_never_released() -> Plan:
    on_scale = endpointing.on_scale

    def for_ever(profile: Profile, leaning: int) -> int:
        return 600_000 if leaning >= SHORT else on_scale(profile, leaning)

    return swapped(endpointing, "on_scale", for_ever)


@mutant("interim words count as all there are, however far behind the transcriber is", "words_that_lag")
def interim_words_trusted_blindly() -> Plan:
    def always_here(state: CallState) -> bool:
        return not state.is_talking

    return all_of(
        swapped(endpointing, "are_words_all_here", always_here), swapped(drafting, "are_words_all_here", always_here)
    )


@mutant("a draft is adopted although the caller said more since", "draft_of_half_a_sentence", "slow_speaker")
def draft_adopted_with_other_words() -> Plan:
    def same(text: str) -> tuple[str, ...]:
        return ("same",) if text else ()

    return all_of(swapped(drafting, "tokens", same), swapped(turns, "tokens", same))


@mutant("what a draft has ready leaves before the turn is over", "draft_of_half_a_sentence", "quick_yes")
def draft_audible_before_its_time() -> Plan:
    on_audio = Draft.on_audio

    def on_audio_aloud(draft: Draft, audio: bytes, alignment: Any) -> None:  # noqa: ANN401 - passed on
        on_audio(draft, audio, alignment)
        draft._owner._line.send_audio(audio)  # type: ignore[attr-defined]  # the call's

    return swapped(Draft, "on_audio", on_audio_aloud)


@mutant("whatever tool a draft asks for runs ahead, although it does more than read", "draft_with_an_effect")
def effect_run_for_a_draft() -> Plan:
    def feed(draft: Draft, event: Event) -> None:
        draft._round.events.append(event)
        if isinstance(event, ToolsRequested):
            for call in event.calls:
                draft._run_ahead(event, call)

    return swapped(Draft, "feed", feed)


@mutant("what a model hears in a silence makes no difference", "end_of_turn_model")
def score_ignored() -> Plan:
    return swapped(endpointing, "_score_leaning", lambda _state, _leaning: 0)
