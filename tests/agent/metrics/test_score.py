from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.own import OwnFigures
from agent.metrics.score import Score
from agent.metrics.turn_trace import AgentKind, CallerKind, StoppedBy, TurnTrace
from tests.agent.metrics.traces import agent, call, shifted, sound, turn


@st.composite
def traces(draw: st.DrawFn) -> TurnTrace:
    """Any call: both sides make sounds of any length, after gaps of any length."""
    value: dict[str, list[dict[str, Any]]] = {"caller": [], "agent": []}
    ends = [0]
    for side, kinds in (("caller", list(CallerKind)), ("agent", list(AgentKind))):
        at_ms = 0
        for number in range(draw(st.integers(0, 6))):
            start_ms = at_ms + draw(st.integers(0, 3_000))
            at_ms = start_ms + draw(st.integers(1, 3_000))
            entry: dict[str, Any] = {"kind": draw(st.sampled_from(kinds)), "start_ms": start_ms, "end_ms": at_ms}
            if side == "agent":
                entry |= {"turn": number, "stopped_by": draw(st.sampled_from(list(StoppedBy)))}
            elif draw(st.booleans()):
                entry["inserts"] = [{"type": "vocal_tic", "text": "um", "start_ms": start_ms, "end_ms": at_ms}]
            value[side].append(entry)
        ends.append(at_ms)
    return call(caller=value["caller"], agent=value["agent"], end_ms=max(ends) + draw(st.integers(0, 5_000)))


def scored(*calls: TurnTrace) -> dict[str, Any]:
    score = Score()
    for trace in calls:
        score.add(trace)
    return score.values()


@given(st.lists(traces(), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_calls_changes_no_number(calls: list[TurnTrace], random: Random) -> None:
    mixed = list(calls)
    random.shuffle(mixed)
    assert scored(*mixed) == scored(*calls)


@given(traces(), st.integers(0, 20))
def test_whole_ticks_of_silence_before_a_call_change_no_number(trace: TurnTrace, ticks: int) -> None:
    assert scored(shifted(trace, 200 * ticks)) == scored(trace)


@given(traces())
def test_every_share_is_one_and_counts_add_up(trace: TurnTrace) -> None:
    values = scored(trace)
    for panel in (values, values["native_20"]):
        for key in ("response_rate", "yield_rate", "selectivity_backchannel", "selectivity_vocal_tic"):
            assert panel[key] is None or 0 <= panel[key] <= 1
        if panel["yield_latency_mean"] is not None:
            assert 0 < panel["yield_latency_mean"] < 2
    assert 0 <= values["eva"]["score_mean"] <= 1
    tau = values["ours"]["tau_200"]
    assert sum(tau["yields_stopped_by"].values()) == round(
        (values["yield_rate"] or 0) * values["counts"]["yield_total"]
    )


@given(st.lists(traces(), min_size=1, max_size=4))
def test_counts_of_many_calls_are_the_sums_of_each(calls: list[TurnTrace]) -> None:
    together = scored(*calls)["counts"]
    alone = [scored(one)["counts"] for one in calls]
    assert together == {key: sum(counts[key] for counts in alone) for key in together}


def test_coarse_and_fine_ticks_are_never_mixed() -> None:
    trace = call(caller=[turn(1_000, 2_050)], agent=[agent(0, 1_130, 0), agent(2_310, 3_000, 1)])
    values = scored(trace)
    assert values["response_latency_mean"] is None  # the answer begins in the very next tick of 200 ms
    assert values["native_20"]["response_latency_mean"] == 0.24
    assert values["yield_latency_mean"] == 0.2
    assert values["native_20"]["yield_latency_mean"] == 0.14


def test_a_call_that_had_no_time_for_anything_is_a_call_all_the_same() -> None:
    values = scored(call(end_ms=0))
    assert values["counts"]["n_simulations"] == 1
    assert values["response_rate"] is None
    assert values["voice_to_voice"]["turns"] == 0


# --- our own figures -----------------------------------------------------------------------------------------------


def own(*calls: TurnTrace) -> dict[str, Any]:
    figures = OwnFigures()
    for trace in calls:
        figures.add(trace)
    return dict(figures.values())


def test_an_agent_that_begins_before_the_caller_is_done_cuts_them_off() -> None:
    hesitating = turn(1_000, 4_000, voiced_ms=[[1_000, 2_000], [3_000, 4_000]])
    values = own(call(caller=[hesitating, turn(9_000, 9_500)], agent=[agent(2_600, 3_200, 1), agent(5_000, 8_000, 2)]))
    assert (values["false_cutoffs"], values["false_cutoff_rate"]) == (1, 0.5)


def test_two_who_begin_together_cut_nobody_off() -> None:
    values = own(call(caller=[turn(1_000, 4_000)], agent=[agent(1_299, 1_800, 1)]))
    assert (values["false_cutoffs"], values["started_together"]) == (0, 1)


def test_going_on_after_a_pause_is_no_new_beginning() -> None:
    held = [agent(0, 1_200, 1, stopped_by="held"), agent(1_800, 4_000, 1)]
    assert own(call(caller=[turn(1_000, 3_000)], agent=held))["false_cutoffs"] == 0


def test_the_first_and_the_final_silence_after_an_interruption_are_told_apart() -> None:
    stretches = [agent(0, 1_150, 1, stopped_by="held"), agent(1_400, 1_900, 1, stopped_by="cleared")]
    values = own(call(caller=[turn(1_000, 3_000)], agent=stretches))
    assert (values["stop_ms_p50"], values["final_stop_ms_p50"]) == (150, 900)
    assert values["interrupted_speech_ended_by"]["held"] == 1


def test_an_agent_that_ends_by_itself_has_no_stop_latency() -> None:
    values = own(call(caller=[turn(1_000, 3_000)], agent=[agent(0, 1_150, 1)]))
    assert values["stop_ms_p50"] is None
    assert values["interrupted_speech_ended_by"]["finished"] == 1


def test_dead_air_lasts_from_the_stop_until_somebody_speaks() -> None:
    cough = sound("vocal_tic", 1_000, 1_300)
    goes_on = call(caller=[cough], agent=[agent(0, 1_100, 1, stopped_by="held"), agent(1_700, 4_000, 1)])
    talks_through = call(caller=[cough], agent=[agent(0, 4_000, 1)])
    never = call(caller=[cough], agent=[agent(0, 1_100, 1, stopped_by="cleared")], end_ms=3_100)
    values = own(goes_on, talks_through, never)
    assert (values["false_alarms"], values["false_alarms_that_silenced"]) == (3, 2)
    assert (values["dead_air_ms_p50"], values["dead_air_ms_max"]) == (600, 2_000)


def test_fillers_and_answers_are_timed_apart() -> None:
    values = own(call(caller=[turn(0, 1_000)], agent=[agent(1_400, 1_800, 1, kind="filler"), agent(2_500, 4_000, 1)]))
    assert values["to_filler_ms"] == {"p50": 400, "p95": 400}
    assert values["to_content_ms"] == {"p50": 1_500, "p95": 1_500}


def test_what_turns_tell_of_themselves_is_pooled() -> None:
    told = [
        {"turn": 1, "drafts_dropped": 2, "heard_error_words": [0, 1]},
        {"turn": 2},
        {"turn": 3, "drafts_dropped": 1},
    ]
    values = own(call(turns=told))
    assert values["drafts_dropped_per_turn"] == 1.5
    assert own(call(turns=[{"turn": 1}]))["drafts_dropped_per_turn"] is None
    assert (values["heard_error_words_p95"], values["heard_error_words_max"]) == (1, 1)
