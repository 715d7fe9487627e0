"""Figures of many calls: pooled, divided once, null where nothing was measured, each beside its goal."""

from agent.metrics.turn_trace import CallerKind, StoppedBy
from simulator.turn_bench.facts import Broken, Finding, Which
from simulator.turn_bench.figures import Figures
from simulator.turn_bench.goals import GOALS, Goal
from tests.simulator.turn_bench.traces import facts, said, spoke

KEYS = (
    "yield_rate selectivity_backchannel selectivity_vocal_tic selectivity_non_directed stop_ms_p50 stop_ms_p95 "
    "cough_dead_air_ms false_cutoff_rate voice_to_voice_ms_p50 voice_to_voice_ms_p95 draft_voice_to_voice_ms_p50 "
    "heard_error_words_p95 drafts_dropped_per_turn calls"
).split()

YIELDS = facts([said(5_000, 6_000)], [spoke(1_000, 5_230, 1, StoppedBy.CLEARED), spoke(6_700, 8_000, 2)])
TALKS_ON = facts([said(5_000, 6_000)], [spoke(1_000, 9_000, 1)])


def test_every_figure_that_is_asked_for_is_there_and_null_before_anything_was_measured() -> None:
    values = Figures().values()
    assert set(KEYS) <= values.keys()
    assert {key for key in KEYS if values[key] is not None} == {"calls"}


def test_figures_are_pooled_and_told_at_the_server_and_at_the_ear() -> None:
    figures = Figures()
    for one in (YIELDS, YIELDS, YIELDS, TALKS_ON):
        figures.add(one)
    values = figures.values()
    assert (values["calls"], values["yield_rate"], values["false_cutoff_rate"]) == (4, 0.75, 0.0)
    assert (values["stop_ms_p50"], values["stop_ear_ms_p50"], values["stop_ms_p95"]) == (80, 230, 3_850)
    assert values["voice_to_voice_ms_p50"] == 550
    assert values["reply_stopped_rate"] == 0.75


def test_answers_that_were_drafts_have_a_figure_of_their_own() -> None:
    figures = Figures()
    caller, agent = [said(2_000, 4_000)], [spoke(4_400, 6_000, 1)]
    figures.add(facts(caller, agent, adopted_turns=frozenset({1}), drafts_made=3, drafts_adopted=1))
    figures.add(facts([said(2_000, 4_000)], [spoke(4_900, 6_000, 1)], drafts_made=1))
    values = figures.values()
    assert (values["draft_voice_to_voice_ms_p50"], values["voice_to_voice_ms_p95"]) == (250, 750)
    assert (values["drafts_dropped_per_turn"], values["drafts_adopted"]) == (1.5, 1)


def test_answers_that_begin_with_an_opening_and_the_others_are_told_apart() -> None:
    figures = Figures()
    caller, agent = [said(2_000, 4_000)], [spoke(4_400, 6_000, 1)]
    figures.add(facts(caller, agent, opening_turns=frozenset({1})))
    figures.add(facts(caller, [spoke(4_900, 6_000, 1)]))
    values = figures.values()
    assert (values["opening_share"], values["opening_voice_to_voice_ms_p50"]) == (0.5, 250)
    assert (values["plain_voice_to_voice_ms_p50"], values["voice_to_voice_ms_p50"]) == (750, 250)


def test_dead_air_is_that_of_coughs_that_silenced_us() -> None:
    figures = Figures()
    cough = said(5_000, 5_400, CallerKind.VOCAL_TIC)
    talked_through = facts([cough], [spoke(1_000, 9_000, 1)], body_sounds_ms=(5_000,))
    figures.add(talked_through)
    assert figures.values()["cough_dead_air_ms"] == 0
    held = [spoke(1_000, 5_200, 1, StoppedBy.HELD), spoke(5_800, 9_000, 1)]
    figures.add(facts([cough], held, body_sounds_ms=(5_000,)))
    values = figures.values()
    assert (values["cough_dead_air_ms"], values["coughs"], values["coughs_that_silenced"]) == (600, 2, 1)


def test_each_goal_is_met_or_missed_by_so_much() -> None:
    figures = Figures()
    for one in (YIELDS, TALKS_ON):
        figures.add(one)
    goals = figures.goals()
    assert set(goals) == {goal.figure for goal in GOALS}
    assert goals["yield_rate"] == {"value": 0.5, "goal": "at least 0.99", "is_met": False, "missed_by": 0.49}
    assert goals["false_cutoff_rate"] == {"value": 0.0, "goal": "at most 0.03", "is_met": True, "missed_by": 0.0}
    assert goals["cough_dead_air_ms"] == {"value": None, "goal": "at most 700 ms", "is_met": None, "missed_by": None}


def test_a_goal_at_its_limit_is_met() -> None:
    assert Goal("x", 3, "x").is_met(3)
    assert Goal("x", 3, "x", is_at_least=True).is_met(3)
    assert Goal("x", 3, "x").missed_by(5) == Goal("x", 7, "x", is_at_least=True).missed_by(5) == 2


def test_checkers_and_broken_calls_count_as_violations() -> None:
    figures = Figures()
    figures.add(facts([], [], findings=(Finding("silence", "2,100 ms"), Finding("ledger", "1 ms off"))))
    figures.add(Broken(Which("stop", 2), "stuck"))
    values = figures.values()
    assert (values["violations"], values["silence_violations"], values["ledger_violations"]) == (3, 1, 1)
    assert (values["checkers"], values["broken_calls"]) == ({"ledger": 1, "silence": 1}, 1)
    assert [failure["what"] for failure in values["failures"]] == ["silence: 2,100 ms", "stuck"]
    assert values["failures"][1]["command"] == "offhook bench turns --only stop --seed 2"


def test_the_worst_situations_come_first_each_with_calls_to_look_at() -> None:
    figures = Figures()
    figures.add(YIELDS)
    figures.add(TALKS_ON)
    figures.add(Broken(Which("wait", 7, "dispatch"), "stuck"))
    (worst, tally), (second, _) = figures.worst(5)
    assert (worst, second) == ("wait", "stop")
    ((which, miss),) = tally.examples["broken"]
    assert miss.what == "stuck"
    assert which.command == "offhook bench turns --only wait --seed 7 --profile dispatch"
