"""A failing run becomes the smallest script that fails the same way."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.twilio import Phone
from simulator.runs.outcome import Outcome, Status, Violation
from simulator.runs.plan import FaultPlan, Moment, Plan
from simulator.runs.run import run
from simulator.runs.shrink import shrink
from simulator.runs.swarm import swarm
from simulator.scenario import load
from simulator.script import Say

SCRIPT = """
about = "A long talk"
seed = 3
caller = [
  { say = "Good morning, this is Ada Lovelace calling." },
  { say = "What times do you have on Tuesday?", loudness = 0.9 },
  { say = "Please stop reading all of this to me.", into_agent_speech_ms = 1530 },
  { cough = true },
  { say = "Thank you.", delay_ms = 200 },
]
[phone]
one_way_ms = 40
jitter_ms = 5
[groq]
first_token_ms = 120
[model]
replies = ["Good morning.", "At nine, ten, eleven, two, three and four.", "All right.", "Goodbye."]
[expect]
turns = 4
"""

FAULTS = (
    FaultPlan("stt_jitter", 210),
    FaultPlan("frames_lost", 1.5, at=Moment("SPEAKING", 2, 340)),
    FaultPlan("tts_jitter", 350),
    FaultPlan("llm_500", 2, rate_per_min=4.0),
    FaultPlan("unknown_event", 9, at=Moment(delay_ms=6_120)),
)

Judge = Callable[[Plan], bool]


@pytest.fixture
def script(tmp_path: Path) -> Plan:
    path = tmp_path / "talk.toml"
    path.write_text(SCRIPT)
    return load(path)


def outcome(plan: Plan, *violations: Violation) -> Outcome:
    status = Status.FAILED if violations else Status.PASSED
    return Outcome(plan.name, 3, status, "", violations, (), (), 0, "")


class Pretended:
    """Runs that fail where `judge` says so, without a world."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.runs = 0

    def __call__(self, plan: Plan, _seed: int) -> Outcome:
        self.runs += 1
        return outcome(plan, *([Violation("silence", "too long")] if self.judge(plan) else []))


def texts(plan: Plan) -> str:
    return " ".join(step.text for caller in plan.callers for step in caller.script if isinstance(step, Say))


def test_what_does_not_matter_is_left_out_and_what_does_is_made_simpler(script: Plan) -> None:
    def fails(plan: Plan) -> bool:
        lossy = any(fault.name == "frames_lost" and (fault.strength or 2) >= 0.5 for fault in plan.faults)
        return lossy and "stop" in texts(plan)

    told: list[tuple[int, int]] = []
    plan = script.with_faults(*FAULTS)
    pretended = Pretended(fails)
    smallest = shrink(
        plan, 3, pretended(plan, 3), pretended, on_progress=lambda runs, events: told.append((runs, events))
    )
    raw = tomllib.loads(smallest.text)
    assert raw["faults"] == [{"name": "frames_lost"}]
    assert [step["say"] for step in raw["caller"]] == ["stop"]
    assert not raw.keys() & {"phone", "groq", "expect", "model"}
    assert raw["seed"] == 3
    assert (smallest.events, smallest.checker) == (2, "silence")
    assert smallest.runs == len(told) == pretended.runs - 1
    assert [events for _, events in told] == sorted((events for _, events in told), reverse=True)


def test_it_stops_at_the_bound_with_the_smallest_found_so_far(script: Plan) -> None:
    plan = script.with_faults(*FAULTS)
    pretended = Pretended(lambda _plan: True)
    smallest = shrink(plan, 3, pretended(plan, 3), pretended, most_runs=4)
    assert smallest.runs == 4
    assert smallest.events < len(FAULTS) + 5


def test_a_run_that_fails_in_no_way_or_not_again_is_refused(script: Plan) -> None:
    with pytest.raises(ValueError, match="expected a run that violates something"):
        shrink(script, 3, outcome(script), Pretended(lambda _plan: True))
    failing = outcome(script, Violation("silence", "too long"))
    with pytest.raises(ValueError, match="silence holds when it is run again"):
        shrink(script, 3, failing, Pretended(lambda _plan: False))


def test_a_violated_expectation_keeps_what_was_expected(script: Plan) -> None:
    failing = outcome(script, Violation("expect.turns", "expected 4 turns"))

    def expects(plan: Plan, _seed: int) -> Outcome:
        is_expected = any("turns" in expectation.text for expectation in plan.expectations)
        return outcome(plan, *([Violation("expect.turns", "expected 4 turns")] if is_expected else []))

    smallest = shrink(script, 3, failing, expects)
    assert tomllib.loads(smallest.text)["expect"] == {"turns": 4}


def test_a_clear_that_was_forgotten_is_shown_in_ten_events(script: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real thing, with a mistake of ours: the phone is never silenced."""
    monkeypatch.setattr(Phone, "clear", lambda _phone: None)
    plan = swarm(script, 8)
    plan = replace(plan, faults=(*plan.faults, *FAULTS[:3]))
    failing = run(plan, 8)
    assert failing.violations
    smallest = shrink(plan, 8, failing, run, most_runs=40)
    assert smallest.events <= 10
    written = Path(str(plan.path)).with_name("smallest.toml")
    written.write_text(smallest.text)
    assert smallest.checker in [violation.checker for violation in run(load(written), 8).violations]
    assert re.search(rf"seed 8: violates {smallest.checker}", smallest.text)
