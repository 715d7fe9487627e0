from agent.metrics.panel import Event, Measure, Place
from agent.metrics.tally import Tally, mean_over
from agent.metrics.ticks import Ticks, effects
from tests.agent.metrics.streams import ASIDE, TIC, panel, published, stream

WORKED = stream(
    90,
    agent=[(0, 6), (24, 42), (43, 47), (56, 69), (74, 84)],
    caller=[(10, 20), (45, 52), (60, 61), (70, 75)],
    backchannels=[(32, 34)],
    inserts={60: [TIC], 87: [ASIDE]},
)


def latencies(call: Ticks, measure: Measure) -> list[int | None]:
    return [event.latency_ticks for event in published(call).get(measure, []) if event.is_right]


def verdicts(call: Ticks, measure: Measure) -> list[bool]:
    return [event.is_right for event in published(call).get(measure, [])]


# --- the worked example --------------------------------------------------------------------------------------------


def test_the_worked_example_gives_its_published_numbers() -> None:
    values = panel(WORKED)
    counts = values.pop("counts")
    assert values == {
        "response_latency_mean": 0.8,
        "yield_latency_mean": 0.4,
        "response_rate": 1.0,
        "yield_rate": 1.0,
        "agent_interruption_rate": 0.5,
        "selectivity_backchannel": 1.0,
        "selectivity_vocal_tic": 1.0,
        "selectivity_non_directed": 1.0,
    }
    assert counts == {
        "n_simulations": 1,
        "response_total": 2,
        "yield_total": 1,
        "backchannel_total": 1,
        "vocal_tic_total": 1,
        "non_directed_total": 1,
        "agent_interrupts_count": 1,
    }


def test_each_run_of_the_worked_example_gives_what_is_said_of_it() -> None:
    events = published(WORKED)
    assert [(event.at, event.latency_ticks) for event in events[Measure.RESPONSE]] == [(10, 4), (45, 4)]
    assert events[Measure.BACKCHANNEL] == [Event(Measure.BACKCHANNEL, Place.OVER_AGENT, 32, True)]
    assert events[Measure.YIELD] == [Event(Measure.YIELD, Place.OVER_AGENT, 45, True, 2)]
    assert events[Measure.VOCAL_TIC] == [Event(Measure.VOCAL_TIC, Place.OVER_AGENT, 60, True)]
    assert events[Measure.AGENT_INTERRUPTION] == [Event(Measure.AGENT_INTERRUPTION, Place.TURN, 74, False)]
    assert events[Measure.NON_DIRECTED] == [Event(Measure.NON_DIRECTED, Place.EFFECT_IN_SILENCE, 87, True)]


# --- the small edge cases ------------------------------------------------------------------------------------------


def test_an_answer_in_the_very_next_tick_leaves_no_event_at_all() -> None:
    assert published(stream(20, caller=[(5, 10)], agent=[(10, 20)])) == {}
    assert latencies(stream(20, caller=[(5, 10)], agent=[(11, 20)]), Measure.RESPONSE) == [1]


def test_two_who_start_together_interrupt_each_other() -> None:
    call = stream(20, caller=[(5, 10)], agent=[(5, 8), (14, 20)])
    assert latencies(call, Measure.YIELD) == [3]
    assert len(published(call)[Measure.AGENT_INTERRUPTION]) == 1
    assert latencies(call, Measure.RESPONSE) == [4]


def test_the_longest_yield_is_a_tick_short_of_two_seconds() -> None:
    assert latencies(stream(30, agent=[(5, 19)], caller=[(10, 14)]), Measure.YIELD) == [9]
    assert verdicts(stream(30, agent=[(5, 20)], caller=[(10, 14)]), Measure.YIELD) == [False]


def test_a_backchannel_must_not_stop_the_agent_within_less_than_a_second() -> None:
    assert verdicts(stream(30, agent=[(5, 14)], backchannels=[(10, 12)]), Measure.BACKCHANNEL) == [False]
    assert verdicts(stream(30, agent=[(5, 15)], backchannels=[(10, 12)]), Measure.BACKCHANNEL) == [True]


def test_a_sound_out_of_turn_may_stop_the_agent_after_more_than_a_second_only() -> None:
    assert verdicts(stream(30, agent=[(5, 15)], inserts={10: [TIC]}), Measure.VOCAL_TIC) == [False]
    assert published(stream(30, agent=[(5, 16)], inserts={10: [TIC]})) == {}


def test_an_agent_that_stops_with_the_call_has_not_yielded() -> None:
    assert verdicts(stream(14, agent=[(5, 14)], caller=[(10, 14)]), Measure.YIELD) == [False]


def test_a_turn_with_a_tic_that_is_answered_is_a_response_and_an_error() -> None:
    call = stream(30, caller=[(5, 15)], agent=[(20, 30)], inserts={9: [TIC]})
    assert latencies(call, Measure.RESPONSE) == [5]
    assert verdicts(call, Measure.VOCAL_TIC) == [False]


# --- traps ---------------------------------------------------------------------------------------------------------


def test_windows_are_whole_ticks_rounded_down() -> None:
    call = stream(12, agent=[(0, 6)], caller=[(2, 4)], tick_ms=600)  # 2,000 ms are 3 ticks of 600 ms
    assert verdicts(call, Measure.YIELD) == [False]
    assert latencies(stream(12, agent=[(0, 4)], caller=[(2, 4)], tick_ms=600), Measure.YIELD) == [2]


def test_an_answer_to_a_sound_counts_up_to_its_window_s_end_inclusive() -> None:
    assert verdicts(stream(40, agent=[(21, 30)], inserts={10: [ASIDE]}), Measure.NON_DIRECTED) == [False]
    assert verdicts(stream(40, agent=[(22, 30)], inserts={10: [ASIDE]}), Measure.NON_DIRECTED) == [True]
    tic = stream(40, caller=[(5, 10)], agent=[(20, 30)], inserts={7: [TIC]})
    assert verdicts(tic, Measure.VOCAL_TIC) == [False]
    assert verdicts(stream(40, caller=[(5, 10)], agent=[(21, 30)], inserts={7: [TIC]}), Measure.VOCAL_TIC) == [True]


def test_whether_the_agent_speaks_at_the_end_is_looked_up_after_the_last_tick() -> None:
    spoke_in_last_tick = stream(30, caller=[(5, 10)], agent=[(9, 10), (15, 20)])
    assert latencies(spoke_in_last_tick, Measure.RESPONSE) == [5]


def test_only_turns_that_could_be_answered_count_as_speaking_again() -> None:
    nodded = stream(40, caller=[(5, 10)], backchannels=[(15, 17)], agent=[(20, 30)])
    assert latencies(nodded, Measure.RESPONSE) == [10]
    talked_over = stream(40, caller=[(5, 10), (15, 20)], agent=[(18, 30)])
    assert latencies(talked_over, Measure.RESPONSE) == [8]


def test_at_the_end_of_the_call_a_segment_ends_where_a_stop_does_not() -> None:
    assert verdicts(stream(13, agent=[(5, 13)], backchannels=[(10, 12)]), Measure.BACKCHANNEL) == [True]
    assert verdicts(stream(13, agent=[(5, 13)], inserts={10: [TIC]}), Measure.VOCAL_TIC) == [False]


def test_events_are_pooled_before_they_are_divided() -> None:
    one = stream(40, caller=[(0, 5)], agent=[(7, 9)])
    other = stream(60, caller=[(0, 5), (10, 15), (20, 25), (30, 35)], agent=[(40, 50)])
    assert panel(one, other)["response_rate"] == 2 / 5
    assert panel(one, other)["response_latency_mean"] == 0.7  # the mean of means would be another


def test_a_caller_who_begins_in_the_last_tick_is_an_artefact_of_the_end() -> None:
    assert published(stream(20, agent=[(10, 20)], caller=[(19, 20)])) == {}
    assert verdicts(stream(20, agent=[(10, 20)], caller=[(18, 20)]), Measure.YIELD) == [False]


def test_a_tie_between_answer_and_next_turn_is_an_answer() -> None:
    assert verdicts(stream(30, caller=[(5, 10), (15, 20)], agent=[(15, 16)]), Measure.RESPONSE) == [True]
    assert verdicts(stream(30, caller=[(5, 10), (15, 20)], agent=[(16, 17)]), Measure.RESPONSE) == [False]


def test_backchannel_goes_before_tic_and_tic_before_aside() -> None:
    both = {10: [TIC, ASIDE]}
    assert set(published(stream(30, agent=[(5, 25)], backchannels=[(10, 12)], inserts=both))) == {Measure.BACKCHANNEL}
    assert Measure.VOCAL_TIC in published(stream(30, agent=[(5, 25)], caller=[(10, 12)], inserts=both))
    assert Measure.VOCAL_TIC in published(stream(30, caller=[(10, 12)], inserts=both))


def test_a_backchannel_into_silence_counts_only_for_a_tic_it_carries() -> None:
    assert published(stream(30, backchannels=[(10, 12)])) == {}
    assert verdicts(stream(30, backchannels=[(10, 12)], inserts={11: [TIC]}), Measure.VOCAL_TIC) == [True]


def test_effects_go_on_over_equal_inserts_and_end_with_the_caller_s_voice() -> None:
    spans = [
        (one.start, one.end)
        for one in effects(
            stream(20, caller=[(7, 9)], inserts={5: [TIC], 6: [TIC], 7: [TIC], 9: [TIC, ASIDE], 10: [ASIDE]})
        )
    ]
    assert spans == [(5, 7), (9, 10), (9, 11)]


def test_two_equal_inserts_in_one_tick_are_two_effects() -> None:
    assert len(effects(stream(20, inserts={5: [TIC, TIC], 6: [TIC]}))) == 2


def test_what_was_never_asked_is_null() -> None:
    values = panel(stream(10))
    assert all(value is None for key, value in values.items() if key != "counts")
    assert values["counts"]["n_simulations"] == 1


def test_the_mean_over_domains_leaves_nulls_out_and_sums_counts() -> None:
    answered = panel(stream(40, caller=[(0, 5), (10, 15)], agent=[(7, 9)]))
    silent = panel(stream(40))
    mean = mean_over([answered, silent])
    assert mean["response_rate"] == answered["response_rate"]
    assert mean["yield_rate"] is None
    assert mean["counts"]["n_simulations"] == 2


# --- what the published numbers hide -------------------------------------------------------------------------------


def test_excluded_turns_are_told_apart_by_when_the_agent_began() -> None:
    tally = Tally(200)
    tally.add(stream(40, caller=[(5, 10)], agent=[(10, 20)]))
    tally.add(stream(40, caller=[(5, 10)], agent=[(8, 20)]))
    tally.add(stream(40, caller=[(5, 10)], agent=[(12, 20)]))
    hidden = tally.hidden_values()
    assert hidden["excluded_turns"] == 2
    assert hidden["excluded_agent_began_at_end"] == 1
    assert hidden["excluded_agent_began_before_end"] == 1


def test_sounds_that_the_agent_talked_through_count_for_us() -> None:
    tally = Tally(200)
    tally.add(stream(30, agent=[(5, 15)], inserts={10: [TIC]}))
    tally.add(stream(30, agent=[(5, 25)], inserts={10: [TIC]}))
    assert tally.values()["selectivity_vocal_tic"] == 0.0
    assert tally.hidden_values()["selectivity_vocal_tic_with_talked_through"] == 0.5
    assert tally.hidden_values()["vocal_tic_talked_through"] == 1
