"""What seeds make of situations: ordinary call scripts, always the same ones."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.corpus.draws import timed_ms
from simulator.corpus.reader import corpus
from simulator.corpus.split import Half, half_of, variations
from simulator.corpus.variation import vary
from simulator.scenario import ScriptFile, parse, plan_of, write
from simulator.speech import speak
from tests.simulator.corpus import HERE

NAMES = tuple(corpus().situations)


def script(name: str, seed: int, profile: str | None = None) -> ScriptFile:
    found = corpus()
    return vary(found.named(name), seed, found.shared, profile)


@pytest.mark.parametrize("name", NAMES)
def test_every_situation_is_an_ordinary_call_script_whose_text_means_the_same(name: str) -> None:
    made = script(name, 1, "scheduling")
    assert parse(write(made), HERE) == made
    assert plan_of(made, name).callers[0].script


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 10_000))
def test_the_same_seed_is_the_same_script_and_any_seed_makes_one(name: str, seed: int) -> None:
    made = script(name, seed)
    assert made == script(name, seed)
    plan_of(made, name)


def test_other_seeds_have_other_wordings_times_and_worlds() -> None:
    made = [script("a_question", seed) for seed in range(20)]
    assert len({each.seed for each in made}) == 20
    steps = [each.caller[1] for each in made if each.caller]
    assert len({step.say for step in steps}) >= 3
    assert len({step.into_agent_speech_ms for step in steps}) >= 15
    assert len({step.ms_per_char for step in steps}) >= 5


def test_a_tuning_changes_nothing_but_itself() -> None:
    assert script("stop", 3, "dispatch").model_copy(update={"profile": {}}) == script("stop", 3)


@given(seed=st.integers(0, 10_000))
def test_a_place_lies_within_what_the_agent_says(seed: int) -> None:
    for name, least, most in (("stop_late", 0.70, 0.85), ("stop", 0.25, 0.60)):
        made = script(name, seed)
        assert made.caller is not None
        assert made.model.replies is not None
        length_ms = len(speak(str(made.model.replies[0].say)).audio) / 8
        at_ms = made.caller[1].into_agent_speech_ms
        assert at_ms is not None
        assert least * length_ms - 1 <= at_ms <= most * length_ms


@given(name=st.sampled_from(sorted(corpus().shared.timings)), seed=st.integers())
def test_drawn_times_stay_within_the_bounds_of_their_timing(name: str, seed: int) -> None:
    timing = corpus().shared.timings[name]
    assert timing.least_ms <= timed_ms(timing, Random(seed)) <= timing.most_ms


@pytest.mark.parametrize("seed", range(5))
def test_what_must_not_stop_the_agent_leaves_it_more_than_a_second_to_speak(seed: int) -> None:
    for name, family in corpus().families.items():
        made = script(name, seed)
        if family not in ("backchannels", "tics", "asides") or name.endswith("_in_the_greeting"):
            continue
        longest_ms = max(len(speak(str(reply.say)).audio) // 8 for reply in made.model.replies or [])
        for step in made.caller or []:
            if step.verbs[0] != "say" and step.into_agent_speech_ms is not None:
                assert step.into_agent_speech_ms + 2_000 < longest_ms, name


# --- the halves ----------------------------------------------------------------------------------------------------


def test_the_halves_share_nothing_and_hold_every_situation() -> None:
    held_out, tuning = (set(variations(NAMES, half, 2_000)) for half in Half)
    assert {half_of(*one) for one in held_out} == {Half.HELD_OUT}
    assert {half_of(*one) for one in tuning} == {Half.TUNING}
    assert held_out.isdisjoint(tuning)
    assert {name for name, _ in held_out} == {name for name, _ in tuning} == {*NAMES}
    assert len(held_out) == len(tuning) == 2_000


def test_more_calls_are_the_same_and_others_as_evenly_as_can_be() -> None:
    few, many = variations(NAMES, Half.HELD_OUT, 300), variations(NAMES, Half.HELD_OUT, 1_000)
    assert set(few) <= set(many)
    counts = [sum(name == one for name, _ in many) for one in NAMES]
    assert max(counts) - min(counts) <= 1


@given(name=st.text(max_size=40), seed=st.integers(0))
def test_each_variation_has_one_half(name: str, seed: int) -> None:
    assert half_of(name, seed) in Half


def test_the_halves_are_about_equal() -> None:
    share = sum(half_of(name, seed) is Half.HELD_OUT for name in NAMES for seed in range(50)) / (50 * len(NAMES))
    assert 0.47 < share < 0.53
