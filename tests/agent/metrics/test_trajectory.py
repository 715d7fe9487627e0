"""A trajectory gives the four arrays it was made of, and runs can be split as one likes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.panels import Panels
from agent.metrics.ticks import Insert, InsertType, Ticks
from agent.metrics.trajectory import ticks_of

INSERTS = st.one_of(st.none(), st.tuples(st.sampled_from(list(InsertType)), st.sampled_from(["um", "hold on"])))
ACTIONS = st.sampled_from([None, "wait", "keep_talking", "stop_talking", "generate_message", "backchannel"])
TICKS = st.tuples(st.booleans(), st.booleans(), ACTIONS, INSERTS, INSERTS)
CALLS = st.lists(TICKS, min_size=1, max_size=40)

Tick = tuple[bool, bool, str | None, Insert | None, Insert | None]


def as_written(call: list[Tick]) -> dict[str, Any]:
    return {"id": "s", "ticks": [_tick(tick) for tick in call]}


def _tick(tick: Tick) -> dict[str, Any]:
    caller, agent, action, source, speech = tick
    user = {
        "contains_speech": caller,
        "turn_taking_action": None if action is None else {"action": action, "info": "why"},
        "source_effects": {"burst_noise_file": None, "speech_insert": _insert(source)},
        "speech_effects": {"dynamic_muffling_enabled": True, "speech_insert": _insert(speech)},
    }
    return {"tick_id": 7, "user_chunk": user, "agent_chunk": {"contains_speech": agent, "content": "words"}}


def _insert(insert: Insert | None) -> dict[str, str] | None:
    names = {InsertType.VOCAL_TIC: "vocal_tic", InsertType.NON_DIRECTED: "non_directed_phrase"}
    return None if insert is None else {"type": names[insert[0]], "text": insert[1], "is_muffled": "no"}


def read(call: list[Tick]) -> Ticks:
    ticks = ticks_of(as_written(call), 200)
    assert ticks is not None
    return ticks


@given(CALLS)
def test_the_four_arrays_are_those_that_were_written(call: list[Tick]) -> None:
    ticks = read(call)
    assert list(ticks.caller) == [tick[0] for tick in call]
    assert list(ticks.agent) == [tick[1] for tick in call]
    assert list(ticks.actions) == [tick[2] for tick in call]
    assert [list(one) for one in ticks.inserts] == [[one for one in tick[3:] if one is not None] for tick in call]


@given(st.lists(CALLS, min_size=1, max_size=6), st.data())
def test_calls_split_over_runs_and_domains_give_the_same_pooled_numbers(calls: list[list[Tick]], data: Any) -> None:  # noqa: ANN401 - hypothesis names no type for it
    together, split = Panels(200), Panels(200)
    for call in calls:
        together.add("one", read(call))
        split.add(data.draw(st.sampled_from(["a", "b"])), read(call))
    pooled = split.values()
    assert {key: pooled[key] for key in together.pooled.values()} == together.pooled.values()
    assert sum(domain["counts"]["n_simulations"] for domain in pooled["domains"].values()) == len(calls)
    assert together.values()["mean_over_domains"] == together.pooled.values()
