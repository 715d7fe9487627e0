"""Bugs in deciding that the caller's turn is over: evidence, expectations, their bounds."""

from contextlib import AbstractContextManager

from fsm import endpointing, opening
from fsm.expectations import ANYTHING, SHORT
from fsm.profile import Profile
from fsm.sentences import leaning_of
from tests.mutants.mutant import mutant, swapped

Plan = AbstractContextManager[object]


@mutant("a sentence that ends in 'and' counts as complete", "pause_jump_in")
def unfinished_ignored() -> Plan:
    return swapped(endpointing, "leaning_of", lambda text: min(0, leaning_of(text)))


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
