"""One run of a plan: what is told of it, how it is judged, and that it is a function of plan and seed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.trace_view import read_trace
from simulator.runs.evidence import Evidence
from simulator.runs.outcome import Lane, Outcome, Status, Violation
from simulator.runs.plan import CallerPlan, Expectation, Plan
from simulator.runs.run import gathered, run
from simulator.script import At, HangUp, Pause, Say
from tests.simulator.runs.stories import ASKS, ENCOURAGED, GREETING_END, INTERRUPTED, LONG_ANSWER, plan

ASKED = plan(*ASKS)


@pytest.fixture(scope="module")
def asked() -> Outcome:
    return run(ASKED, 7)


@dataclass(frozen=True)
class Fails:
    """An expectation that never holds."""

    at_ms: int | None = None

    def __call__(self, _evidence: Evidence) -> Iterator[Violation]:
        yield Violation("expect.never", "this cannot be", self.at_ms)


def test_an_ordinary_call_passes(asked: Outcome) -> None:
    assert (asked.status, asked.violations) == (Status.PASSED, ())
    (call,) = asked.calls
    assert (call.mode, call.ended_by) == ("ENDED", "caller")
    (turn,) = call.turns
    assert (turn.caller, turn.agent) == ("What times do you have?", LONG_ANSWER)
    assert sum(turn.parts_ms.values()) == turn.voice_to_voice_ms == call.latencies_ms[0]


def test_the_timeline_tells_the_call(asked: Outcome) -> None:
    spans = asked.calls[0].spans
    lanes = {lane: [span.text for span in spans if span.lane is lane] for lane in Lane}
    assert lanes[Lane.CALLER] == ["What times do you have?"]
    assert lanes[Lane.HEARD][-1] == LONG_ANSWER
    assert lanes[Lane.MODE][-2:] == ["LISTENING", "ENDED"]
    assert lanes[Lane.WORDS][-1] == "What times do you have?"
    assert all(0 <= span.start_ms <= span.end_ms <= asked.calls[0].duration_ms for span in spans)


def test_the_same_seed_gives_the_same_outcome_and_another_does_not(asked: Outcome) -> None:
    assert run(ASKED, 7) == asked
    assert run(ASKED, 8).digest != asked.digest


def test_interruptions_and_false_alarms_are_told_apart() -> None:
    (interrupted,), (encouraged,) = run(INTERRUPTED, 0).calls, run(ENCOURAGED, 0).calls
    assert (interrupted.interruptions, interrupted.resumed) == (1, 0)
    assert (encouraged.interruptions, encouraged.resumed) == (0, 1)
    assert [turn.caller for turn in interrupted.turns] == ["What times do you have?", "Stop."]


def test_what_does_not_hold_fails_with_a_command_that_repeats_it() -> None:
    outcome = run(replace(ASKED, expectations=(Expectation("never", Fails(at_ms=4_200)),)), 3)
    assert outcome.status is Status.FAILED
    assert [violation.checker for violation in outcome.violations] == ["expect.never"]
    assert outcome.rerun == "offhook simulate story --seed 3 --until 4200"


@pytest.mark.parametrize(("expectations", "status"), [((), Status.XPASSED), ((Fails(),), Status.XFAILED)])
def test_what_must_fail_for_now_fails_loudly_once_it_holds(expectations: tuple[Fails, ...], status: Status) -> None:
    told = tuple(Expectation("never", check) for check in expectations)
    assert run(replace(ASKED, expectations=told, xfail="comes later"), 0).status is status


def test_a_script_that_never_ends_is_ended_and_called_wrong() -> None:
    forever = Plan("forever", callers=(CallerPlan(script=(Pause(3_000_000), HangUp(At(3_600_000)))),), longest_ms=5_000)
    outcome = run(replace(forever, waives={"silence": "nobody speaks here"}), 0)
    assert outcome.status is Status.WRONG
    assert "expected the script to end within 5000 ms" in outcome.violations[-1].what


def test_a_run_stopped_on_its_way_is_not_judged_by_its_end() -> None:
    outcome = run(replace(ASKED, expectations=(Expectation("never", Fails()),)), 7, until_ms=8_000)
    assert outcome.status is Status.PASSED
    assert outcome.calls[0].ended_by == "network"


def test_two_callers_are_answered_in_one_world() -> None:
    say = Say("What times do you have?", GREETING_END)
    callers = [CallerPlan(name, (say, HangUp(At(22_000))), at_ms) for name, at_ms in (("ada", 0), ("bob", 700))]
    outcome = run(Plan("two", cast=ASKED.cast, callers=tuple(callers)), 1)
    assert outcome.status is Status.PASSED, outcome.violations
    assert [(call.caller, len(call.turns)) for call in outcome.calls] == [("ada", 1), ("bob", 1)]


def test_traces_can_be_kept(tmp_path: Path) -> None:
    outcome = run(ASKED, 7, keep=tmp_path / "traces")
    lines = read_trace(Path(outcome.calls[0].trace))
    assert lines[0]["call_id"] == outcome.calls[0].call_id


def test_nothing_is_held_when_a_run_is_over() -> None:
    with gathered(ASKED, 7) as evidence:
        assert (evidence.trouble, evidence.leftovers) == ("", ())
        assert evidence.rehearsal.world.pending_count == 0
