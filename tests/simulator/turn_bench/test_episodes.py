"""What happened in a call: interruptions, answers, cut-offs, false alarms, read off the truth."""

from agent.metrics.turn_trace import AgentKind, CallerKind, StoppedBy, TurnEntry
from simulator.turn_bench.episodes import Answer, CutOff, FalseAlarm, Interruption, answers, false_alarms, interruptions
from simulator.turn_bench.facts import Finding
from simulator.turn_bench.misses import misses_of
from tests.simulator.turn_bench.traces import facts, said, spoke

CLEARED, HELD, UNDERRUN = StoppedBy.CLEARED, StoppedBy.HELD, StoppedBy.UNDERRUN


def test_a_stop_counts_from_the_callers_first_sound_to_our_last() -> None:
    call = facts([said(5_000, 6_000)], [spoke(1_000, 5_230, 1, CLEARED)])
    assert list(interruptions(call.trace)) == [Interruption(5_000, 230, 230)]


def test_a_hush_and_softer_speech_after_it_are_two_stops() -> None:
    call = facts([said(5_000, 7_000)], [spoke(1_000, 5_230, 1, HELD), spoke(5_410, 5_900, 1, CLEARED)])
    assert list(interruptions(call.trace)) == [Interruption(5_000, 230, 900)]


def test_an_agent_that_ends_by_itself_at_once_is_no_stop_and_one_that_goes_on_a_slow_one() -> None:
    soon = facts([said(5_000, 6_000)], [spoke(1_000, 5_300, 1)])
    late = facts([said(5_000, 6_000)], [spoke(1_000, 6_400, 1)])
    assert list(interruptions(soon.trace)) == [Interruption(5_000, None, None)]
    assert list(interruptions(late.trace)) == [Interruption(5_000, 1_400, 1_400)]


def test_what_the_next_turn_interrupts_is_not_counted_to_this_one() -> None:
    call = facts([said(5_000, 6_000), said(9_000, 9_500)], [spoke(1_000, 5_200, 1, HELD), spoke(9_100, 9_900, 1)])
    assert [one.final_stop_ms for one in interruptions(call.trace)] == [200]


def test_an_answer_counts_from_the_callers_last_sound() -> None:
    call = facts([said(2_000, 4_000)], [spoke(0, 1_500, 0, kind=AgentKind.GREETING), spoke(4_600, 6_000, 1)])
    assert list(answers(call)) == [Answer(4_600, 4_000, 1, 600)]


def test_an_answer_to_an_interruption_is_another_turn_than_what_was_interrupted() -> None:
    call = facts([said(5_000, 6_000)], [spoke(1_000, 5_230, 1, CLEARED), spoke(6_700, 8_000, 2)])
    assert list(answers(call)) == [Answer(6_700, 6_000, 2, 700)]


def test_a_reply_that_goes_on_after_a_false_alarm_answers_nothing() -> None:
    call = facts([said(5_000, 6_000)], [spoke(1_000, 5_230, 1, HELD), spoke(6_300, 9_000, 1)])
    assert list(answers(call)) == []


def test_an_answer_within_what_is_said_is_a_cut_off() -> None:
    call = facts([said(2_000, 6_000)], [spoke(4_000, 5_000, 1, CLEARED), spoke(6_500, 7_000, 2)])
    assert list(answers(call)) == [CutOff(4_000, (2_000, 6_000))]


def test_an_answer_that_left_before_the_last_sound_arrived_is_a_cut_off_although_nobody_heard_it_so() -> None:
    call = facts([said(2_000, 6_000)], [spoke(6_100, 7_000, 1)])
    assert list(answers(call)) == [CutOff(6_100, (2_000, 6_000))]


def test_who_begins_when_the_caller_could_not_have_been_heard_yet_cuts_nobody_off() -> None:
    call = facts([said(2_000, 6_000)], [spoke(2_299, 2_500, 1, CLEARED), spoke(6_700, 7_000, 2)])
    assert list(answers(call)) == [Answer(6_700, 6_000, 2, 700)]
    later = facts([said(2_000, 6_000)], [spoke(2_300, 2_500, 1, CLEARED), spoke(6_700, 7_000, 2)])
    assert list(answers(later)) == [CutOff(2_300, (2_000, 6_000))]


def test_a_reprompt_is_no_answer() -> None:
    call = facts([said(2_000, 4_000)], [spoke(13_000, 14_000, 1, kind=AgentKind.REPROMPT)])
    assert list(answers(call)) == []


def test_a_cough_that_silences_costs_dead_air_until_we_go_on() -> None:
    tic = said(5_000, 5_400, CallerKind.VOCAL_TIC)
    call = facts([tic], [spoke(1_000, 5_200, 1, HELD), spoke(5_950, 9_000, 1)], body_sounds_ms=(5_000,))
    assert list(false_alarms(call)) == [FalseAlarm(5_000, CallerKind.VOCAL_TIC, True, 750)]


def test_a_cough_that_is_talked_through_costs_nothing_and_one_in_silence_is_none() -> None:
    tics = [said(5_000, 5_400, CallerKind.VOCAL_TIC), said(12_000, 12_400, CallerKind.VOCAL_TIC)]
    assert list(false_alarms(facts(tics, [spoke(1_000, 9_000, 1)]))) == [
        FalseAlarm(5_000, CallerKind.VOCAL_TIC, False, 0)
    ]


def test_dead_air_ends_where_the_caller_speaks_up() -> None:
    caller = [said(5_000, 5_400, CallerKind.BACKCHANNEL), said(7_000, 8_000)]
    call = facts(caller, [spoke(1_000, 5_200, 1, HELD)])
    assert [one.dead_air_ms for one in false_alarms(call)] == [1_800]


def test_what_the_callers_next_turn_silenced_is_no_dead_air_of_the_sound_before_it() -> None:
    caller = [said(5_000, 5_400, CallerKind.VOCAL_TIC), said(6_000, 7_000)]
    call = facts(caller, [spoke(1_000, 5_200, 1, HELD), spoke(5_500, 6_200, 1, CLEARED), spoke(8_000, 9_000, 2)])
    assert [one.dead_air_ms for one in false_alarms(call)] == [300]


def test_each_miss_is_told_with_its_instant() -> None:
    caller = [said(1_000, 2_000), said(5_000, 5_400, CallerKind.BACKCHANNEL), said(14_000, 20_000)]
    agent = [spoke(3_000, 5_200, 1, HELD), spoke(6_200, 13_000, 1), spoke(17_000, 18_000, 2)]
    call = facts(
        caller,
        agent,
        turns=(TurnEntry(turn=1, heard_error_words=(0, 2)),),
        findings=(Finding("silence", "2,100 ms of silence", 900),),
    )
    assert [(miss.kind, miss.at_ms) for miss in misses_of(call)] == [
        ("heard_error", None),
        ("checker_silence", 900),
        ("slow_answer", 3_000),
        ("stopped_for_backchannel", 5_000),
        ("dead_air", 5_000),
        ("cut_off", 17_000),
    ]


def test_a_good_call_misses_nothing() -> None:
    caller = [said(1_000, 2_000), said(5_000, 5_400, CallerKind.BACKCHANNEL), said(8_000, 9_000)]
    agent = [spoke(2_400, 8_250, 1, CLEARED), spoke(9_500, 10_000, 2)]
    assert misses_of(facts(caller, agent)) == []


def test_a_stop_that_never_comes_is_a_miss() -> None:
    call = facts([said(5_000, 6_000)], [spoke(1_000, 9_000, 1)])
    assert [miss.kind for miss in misses_of(call)] == ["no_yield", "slow_stop"]


def test_a_stop_is_judged_at_the_server() -> None:
    at_the_limit, above = (facts([said(5_000, 6_000)], [spoke(1_000, end, 1, CLEARED)]) for end in (5_500, 5_501))
    assert misses_of(at_the_limit) == []
    assert [miss.kind for miss in misses_of(above)] == ["slow_stop"]
    assert UNDERRUN not in {one.stopped_by for one in at_the_limit.trace.agent}
