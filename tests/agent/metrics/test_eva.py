from fractions import Fraction

import pytest

from agent.metrics.eva import EvaScores, EvaTurn, is_abandoned, score_of, turn_score, turns_of
from tests.agent.metrics.traces import agent, call, turn

PUBLISHED = [
    EvaTurn(0, agent=[(0, 1_000)]),
    EvaTurn(1, caller=[(2_000, 3_000)], agent=[(3_400, 5_000)]),
    EvaTurn(2, caller=[(6_000, 7_000)], agent=[(10_500, 12_300)], has_tool=True),
    EvaTurn(3, caller=[(12_000, 13_000)], agent=[(14_000, 16_000)], caller_cut=True),
    EvaTurn(4, caller=[(17_000, 19_000)], agent=[(18_000, 18_600), (19_900, 21_000)], agent_cut=True),
]


def test_the_published_example_scores_as_published() -> None:
    turns = [turn_score(turn, PUBLISHED[turn.number - 1]) for turn in PUBLISHED[1:]]
    assert turns == [Fraction(9, 10), Fraction(3, 4), Fraction(85, 100), Fraction(35, 100)]
    assert float(score_of(PUBLISHED)) == 0.7125


@pytest.mark.parametrize(
    ("latency_ms", "has_tool", "score"),
    [
        (-500, False, 0),
        (0, False, 0.5),
        (300, False, 0.8),
        (500, False, 1),
        (2_000, False, 1),
        (2_750, False, 0.5),
        (3_500, False, 0),
        (9_000, False, 0),
        (3_000, True, 1),
        (4_000, True, 0.5),
        (5_000, True, 0),
    ],
)
def test_latency_is_worth_most_in_the_middle(latency_ms: int, has_tool: bool, score: float) -> None:
    turn = EvaTurn(1, caller=[(0, 5_000)], agent=[(5_000 + latency_ms, 20_000)], has_tool=has_tool)
    assert float(turn_score(turn, None)) == score


def test_an_agent_that_cuts_in_gets_half_at_most() -> None:
    turn = EvaTurn(1, caller=[(0, 2_000)], agent=[(1_999, 2_000), (2_600, 3_000)], agent_cut=True)
    assert float(turn_score(turn, None)) == 0.4998


def test_cutting_in_three_times_is_worth_nothing() -> None:
    turn = EvaTurn(1, caller=[(0, 9_000)], agent=[(100, 110), (500, 510), (900, 910)], agent_cut=True)
    assert turn_score(turn, None) == 0


def test_a_turn_that_both_cut_gets_the_worse_score() -> None:
    before = EvaTurn(0, agent=[(0, 3_000)])
    turn = EvaTurn(1, caller=[(1_500, 5_000)], agent=[(4_900, 5_000)], agent_cut=True, caller_cut=True)
    assert turn_score(turn, before) == Fraction(1, 4)


def test_a_flag_whose_value_is_unknown_falls_back_on_latency() -> None:
    turn = EvaTurn(1, caller=[(0, 2_000)], agent=[(3_000, 4_000)], caller_cut=True)
    assert turn_score(turn, None) == 1


def test_a_fallback_turn_counts_as_nothing_even_if_nobody_spoke_in_it() -> None:
    turns = [*PUBLISHED[:2], EvaTurn(9, is_fallback=True)]
    assert score_of(turns) == Fraction(45, 100)


def test_a_call_without_turns_scores_nothing() -> None:
    assert score_of([EvaTurn(0, agent=[(0, 1_000)])]) == 0


def test_turns_begin_where_the_caller_begins_after_the_agent_has_spoken() -> None:
    trace = call(
        caller=[turn(2_000, 3_000), turn(3_500, 4_000), turn(5_000, 5_500), turn(9_000, 10_000)],
        agent=[agent(0, 1_000, 0), agent(6_000, 7_000, 1), agent(7_150, 8_000, 1), agent(11_000, 12_000, 2)],
    )
    turns = turns_of(trace)
    assert [one.caller for one in turns] == [[], [(2_000, 4_000), (5_000, 5_500)], [(9_000, 10_000)]]
    assert [one.agent for one in turns] == [[(0, 1_000)], [(6_000, 8_000)], [(11_000, 12_000)]]


def test_who_cut_whom_is_told_by_what_was_open() -> None:
    trace = call(
        caller=[turn(2_000, 3_000), turn(5_000, 7_000)],
        agent=[agent(0, 1_000, 0), agent(4_000, 5_300, 1), agent(6_500, 8_000, 2)],
    )
    turns = turns_of(trace)
    assert [(one.caller_cut, one.agent_cut) for one in turns] == [(False, False), (False, False), (True, True)]


def test_tools_and_fallbacks_are_found_by_the_numbers_of_turns() -> None:
    trace = call(
        caller=[turn(2_000, 3_000), turn(6_000, 7_000)],
        agent=[agent(0, 1_000, 0), agent(4_000, 5_000, 1), agent(8_000, 9_000, 2)],
        turns=[{"turn": 1, "tool": True}, {"turn": 2, "fallback": True}, {"turn": 3, "fallback": True}],
    )
    turns = turns_of(trace)
    assert [one.has_tool for one in turns] == [False, True, False, False]
    assert [one.is_fallback for one in turns] == [False, False, True, True]


def test_a_caller_who_was_left_without_an_answer_makes_the_call_worthless() -> None:
    left = call(caller=[turn(2_000, 3_000)], agent=[agent(0, 1_000, 0)], ended_by="inactivity")
    assert is_abandoned(left)
    answered = call(caller=[turn(2_000, 3_000)], agent=[agent(3_500, 4_500, 1)], ended_by="inactivity")
    assert not is_abandoned(answered)


def test_side_numbers_take_whole_indices() -> None:
    scores = EvaScores()
    for latency_ms in (100, 500, 2_749, 2_750):
        scores.add(call(caller=[turn(2_000, 3_000)], agent=[agent(0, 900, 0), agent(3_000 + latency_ms, 9_000, 1)]))
    values = scores.values()
    assert (values["latency_ms_p50"], values["latency_ms_p90"]) == (2_749, 2_750)
    assert (values["early"], values["on_time"], values["late"]) == (1, 2, 1)
    assert values["pass_rate"] == 0.25
