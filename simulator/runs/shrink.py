"""Reduces a run that fails to the smallest script that still fails in the same way (delta debugging)."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from simulator.runs.outcome import Outcome
from simulator.runs.plan import FaultPlan, Plan
from simulator.runs.smaller import smaller
from simulator.scenario import ScriptError, ScriptFile, plan_of, read, write

MOST_RUNS = 400
"""More are not worth the wait; what was found by then is what there is."""

Run = Callable[[Plan, int], Outcome]
Raw = dict[str, Any]
"""A script as its TOML has it."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest script found that still violates `checker`: as a file's text, as a plan, and how its run went."""

    checker: str
    text: str
    plan: Plan
    outcome: Outcome
    events: int
    """Steps of callers and faults."""
    runs: int
    """How many it took to find."""


def shrink(
    plan: Plan,
    seed: int,
    failing: Outcome,
    run: Run,
    *,
    most_runs: int = MOST_RUNS,
    on_progress: Callable[[int, int], None] = lambda _runs, _events: None,
) -> Shrunk:
    """Reduce a failing run of a script: faults, steps, oddities of providers and phones, words.

    `on_progress` is told the number of runs and of events left. Raises ValueError for a run that fails in no way that
    could be kept, ScriptError for a plan whose script cannot be read any more.
    """
    violated = [violation.checker for violation in failing.violations if violation.checker != "script"]
    if not violated:
        raise ValueError(f"{failing.script}, seed {failing.seed}: expected a run that violates something, got none")
    search = _Search(plan, seed, violated[0], run, most_runs, on_progress)
    return search.result(failing)


class _Search:
    """One reduction: the smallest script so far, and how many runs it may still cost."""

    def __init__(
        self,
        plan: Plan,
        seed: int,
        checker: str,
        run: Run,
        most_runs: int,
        on_progress: Callable[[int, int], None],
    ) -> None:
        self.runs = 0
        self._plan = plan
        self._seed = seed
        self._checker = checker
        self._run = run
        self._most_runs = most_runs
        self._on_progress = on_progress
        self._tried: set[str] = set()
        self._raw = _begin(plan, seed, checker)
        self._outcome: Outcome | None = None

    def result(self, failing: Outcome) -> Shrunk:
        """Search, and tell."""
        self._fails(self._raw)
        if self._outcome is None:
            raise ValueError(f"{failing.script}, seed {self._seed}: {self._checker} holds when it is run again")
        while self.runs < self._most_runs and self._one_pass():
            pass
        script = _script(self._raw)
        assert script is not None, "what was run can be written"
        return Shrunk(
            checker=self._checker,
            text=write(script),
            plan=self._planned(script),
            outcome=self._outcome,
            events=events(self._raw),
            runs=self.runs,
        )

    def _one_pass(self) -> bool:
        """Try everything that would make it smaller; whether anything did."""
        found = False
        candidates = smaller(self._raw)
        while self.runs < self._most_runs:
            candidate = next(candidates, None)
            if candidate is None:
                break
            if self._fails(candidate):
                found = True
                candidates = smaller(self._raw)  # from the beginning: the big reductions come first
        return found

    def _fails(self, raw: Raw) -> bool:
        """Whether this script violates the same; if so, it is the smallest so far."""
        script = _script(raw)
        if script is None:
            return False
        text = write(script)
        if text in self._tried:
            return False
        self._tried.add(text)
        try:
            plan = self._planned(script)
        except ScriptError:
            return False  # a step that means nothing without another one
        self.runs += 1
        outcome = self._run(plan, self._seed)
        does_fail = any(violation.checker == self._checker for violation in outcome.violations)
        if does_fail:
            self._raw, self._outcome = raw, outcome
        self._on_progress(self.runs, events(self._raw))
        return does_fail

    def _planned(self, script: ScriptFile) -> Plan:
        plan = plan_of(script, self._plan.name, self._plan.path)
        return replace(plan, is_strict=False)  # an answer that is no longer asked for is no failure here


def _begin(plan: Plan, seed: int, checker: str) -> Raw:
    """The script with the faults of the plan; expectations stay only if it is they that do not hold."""
    script = read(plan.path or plan.name)
    raw: Raw = script.model_dump(exclude_defaults=True, exclude_none=True)
    for key in ("xfail", "tags", "faults", "seed", *(() if checker.startswith("expect") else ("expect",))):
        raw.pop(key, None)
    raw["about"] = f"{plan.name}, seed {seed}: violates {checker}"
    if seed:
        raw["seed"] = seed
    if plan.faults:
        raw["faults"] = [fault_table(fault) for fault in plan.faults]
    return raw


def fault_table(fault: FaultPlan) -> Raw:
    """A fault as a script says it."""
    table: Raw = {"name": fault.name}
    if fault.strength is not None:
        table["strength"] = fault.strength
    if fault.rate_per_min is not None:
        table["rate_per_min"] = fault.rate_per_min
    if fault.at is not None and not fault.at.cue:
        table["at_ms"] = fault.at.delay_ms
    elif fault.at is not None:
        table["at"] = fault.at.cue.lower()
        if fault.at.nth > 1:
            table["nth"] = fault.at.nth
        if fault.at.delay_ms:
            table["plus_ms"] = fault.at.delay_ms
    return table


def events(raw: Raw) -> int:
    """Steps of callers and faults."""
    steps = len(raw.get("caller", ())) + sum(len(caller.get("script", ())) for caller in raw.get("callers", ()))
    return steps + len(raw.get("faults", ()))


def _script(raw: Raw) -> ScriptFile | None:
    """The script, if it is one."""
    try:
        return ScriptFile.model_validate(deepcopy(raw))
    except ValueError:
        return None


def each_step(raw: Raw) -> Iterator[Raw]:
    """Every step of every caller."""
    yield from raw.get("caller", ())
    for caller in raw.get("callers", ()):
        yield from caller.get("script", ())
