"""Asserts that a run holds, and says what to type where it does not."""

from simulator.runs.outcome import Outcome
from simulator.runs.plan import Plan
from simulator.runs.run import run
from simulator.strategies.pasting import imports_of, source_of


def hold(plan: Plan, seed: int = 0) -> Outcome:
    """Run `plan` with `seed` and assert that every checker, and every expectation of its own, holds.

    The AssertionError says what failed at which moment, the seed, and how to run it again: the command for a plan that
    is a script's, a test to be pasted for one that was drawn.
    """
    outcome = run(plan, seed)
    assert not outcome.status.is_failure, report(plan, outcome)
    return outcome


def report(plan: Plan, outcome: Outcome) -> str:
    """What a person needs who has to mend it."""
    lines = [f"{plan.name} does not hold with seed {outcome.seed}:"]
    for found in outcome.violations:
        at = "" if found.at_ms is None else f" at {found.at_ms / 1_000:.3f} s"
        lines.append(f"  {found.checker}{at}{f', {found.caller}' if found.caller else ''}: {found.what}")
    if plan.path is not None:
        return "\n".join([*lines, f"rerun: {outcome.rerun}"])
    return "\n".join([*lines, "rerun, as a test:", "", *as_test(plan, outcome.seed).splitlines()])


def as_test(plan: Plan, seed: int) -> str:
    """A test that runs this plan with this seed."""
    return "\n".join(
        [
            *imports_of(plan),
            "from simulator.strategies import hold",
            "",
            "",
            "def test_a_call_that_did_not_hold() -> None:",
            f"    hold({source_of(plan, '    ')}, seed={seed})",
        ]
    )
