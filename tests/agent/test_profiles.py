"""The named profiles: complete, readable, and what they say they are."""

import tomllib
from dataclasses import asdict, replace

import pytest
from hypothesis import given

from agent.profiles import FOLDER, SLOWED, complaints_of, named_profile, patient, profile_names, profiles_of, values_of
from fsm.profile import Profile
from simulator.strategies import profiles


def test_each_use_case_has_its_own() -> None:
    assert profile_names() == ["default", "dispatch", "payments", "scheduling", "support"]
    assert len({named_profile(name) for name in profile_names()}) == len(profile_names())


def test_the_default_one_tells_every_value_as_it_is_without_a_profile() -> None:
    told = tomllib.loads((FOLDER / "default.toml").read_text(encoding="utf-8"))
    assert told == asdict(Profile())


def test_they_go_from_aggressive_to_conservative() -> None:
    waits = {name: named_profile(name).wait_ms for name in profile_names()}
    assert min(waits.values()) == waits["dispatch"] == 300
    assert max(waits.values()) == waits["payments"] == 800


@pytest.mark.parametrize("name", ["default", "dispatch", "payments", "scheduling", "support"])
def test_every_value_has_a_comment_that_says_what_it_trades(name: str) -> None:
    for line in (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines():
        assert not line or line.startswith("#") or len(line.partition("#")[2].split()) > 3, line


def test_values_without_a_base_leave_the_others_alone() -> None:
    assert values_of({"wait_ms": 500}) == {"wait_ms": 500}
    assert values_of({"base": "support", "wait_ms": 500}) == {**asdict(named_profile("support")), "wait_ms": 500}
    assert values_of("payments") == asdict(named_profile("payments"))


def test_of_two_values_that_contradict_each_other_the_one_that_was_told_is_blamed() -> None:
    (error,) = complaints_of({"wait_ms": 2_000}, {})
    assert error.key == "wait_ms"
    (error,) = complaints_of({"base": "support", "unfinished_wait_ms": 300}, {})
    assert error.key == "unfinished_wait_ms"
    assert complaints_of({"wait_ms": 1_200}, {"unfinished_wait_ms": 1_500}) == []


@given(profiles())
def test_a_patient_one_waits_twice_as_long_within_the_ranges(own: Profile) -> None:
    slow = patient(own)
    assert own.wait_ms <= slow.wait_ms <= 2 * own.wait_ms
    assert replace(slow, **{name: getattr(own, name) for name in SLOWED}) == own


def test_what_a_call_may_change_to_lies_over_its_own_profile() -> None:
    own = Profile(wait_ms=500, idle_ms=5_000)
    known = profiles_of(own, {"brisk": {"wait_ms": 300}, "patient": "support"})
    assert list(known) == ["usual", "patient", "brisk"]
    assert known["usual"] == own
    assert known["brisk"] == replace(own, wait_ms=300)
    assert known["patient"] == named_profile("support"), "an agent's file goes before what every agent has"
