"""One run: a script's callers, providers and faults in a world of one seed, judged when it is over."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from shlex import quote
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import cast

from agent.trace_view import read_trace
from fsm.units import ms_to_ns, ns_to_ms
from simulator.brain.answers import Brain
from simulator.checkers import check_all
from simulator.faults.strikes import Strikes, prepared
from simulator.rehearsal import Cast, Rehearsal, trace_of
from simulator.runs.digest import digest_of
from simulator.runs.evidence import CallEvidence, Evidence
from simulator.runs.outcome import CallOutcome, Outcome, Status, Violation
from simulator.runs.plan import CallerPlan, Plan
from simulator.runs.rendered import put_databases, put_phrases
from simulator.runs.telling import call_outcome
from simulator.simulated_call import SimulatedCall
from simulator.turn_truth import write_turn_traces
from simulator.world import Endless, Stuck
from tools.tool import EFFECT_LIMIT_MS

RELEASE_MS = 2_000
"""After the last call, until everything it held must be released."""

HANG_UP_MS = 30_000
"""Callers whose script has no end are made to hang up; their calls end within this time."""


def run(
    plan: Plan,
    seed: int,
    *,
    until_ms: int | None = None,
    keep: Path | None = None,
    turn_traces: Path | None = None,
) -> Outcome:
    """Run `plan` once with `seed` and judge it.

    With `until_ms` the world stops so long after its callers could call, and only what was violated up to then counts.
    `keep` is a directory for the traces, `turn_traces` one for who spoke when. The outcome is a function of plan and
    seed.
    """
    with gathered(plan, seed, until_ms=until_ms) as evidence:
        if turn_traces is not None:
            write_turn_traces(evidence, turn_traces)
        violations = tuple(judged(evidence, until_ms))
        wrong = tuple(complaints(evidence)) if until_ms is None else ()
        return Outcome(
            script=plan.name,
            seed=seed,
            status=status_of(plan, evidence, violations, wrong),
            digest=digest_of(evidence),
            violations=(*violations, *(wrong if plan.is_strict else ())),
            calls=tuple(_told(call, evidence, keep) for call in evidence.calls),
            faults=tuple(fault.text for fault in plan.faults),
            simulated_ms=evidence.rehearsal.world.elapsed_ms,
            rerun=rerun_command(plan, seed, violations),
            about=plan.about,
            xfail=plan.xfail,
            events=sum(len(call.events) for call in evidence.calls),
        )


# --- the verdict ---------------------------------------------------------------------------------------------------


def judged(evidence: Evidence, until_ms: int | None = None) -> Iterator[Violation]:
    """What does not hold: trouble of the run itself, then the checkers, then the script's own expectations."""
    if evidence.trouble:
        yield Violation("run", evidence.trouble, ns_to_ms(evidence.ended_at - evidence.began_at))
    for violation in check_all(evidence):
        if until_ms is None or (violation.at_ms is not None and violation.at_ms <= until_ms):
            yield violation
    if until_ms is None:
        for expectation in evidence.plan.expectations:
            yield from expectation.check(evidence)


def complaints(evidence: Evidence) -> Iterator[Violation]:
    """What is wrong with the script itself."""
    if evidence.never_ended:
        yield Violation("script", evidence.never_ended)
    for complaint in getattr(evidence.rehearsal.cast.brain, "complaints", tuple)():
        yield Violation("script", complaint)


def status_of(plan: Plan, evidence: Evidence, violations: Iterable[Violation], wrong: Iterable[Violation]) -> Status:
    """How the run ended."""
    if evidence.trouble:
        return Status.BROKEN
    if plan.xfail:
        return Status.XFAILED if any(violations) else Status.XPASSED
    if any(violations):
        return Status.FAILED
    return Status.WRONG if plan.is_strict and any(wrong) else Status.PASSED


def rerun_command(plan: Plan, seed: int, violations: Iterable[Violation]) -> str:
    """The command that repeats a run, up to its first violation where that has an instant."""
    words = ["offhook simulate", quote(str(plan.path or plan.name)), f"--seed {seed}", *plan.options]
    instants = [violation.at_ms for violation in violations if violation.at_ms is not None]
    return " ".join([*words, f"--until {min(instants)}"] if instants else words)


# --- the run -------------------------------------------------------------------------------------------------------


@contextmanager
def gathered(plan: Plan, seed: int, *, until_ms: int | None = None) -> Iterator[Evidence]:
    """Let it happen, and hold what is known of it; databases and traces exist while this is entered."""
    with TemporaryDirectory(prefix="offhook-") as name:
        evidence = perform(plan, seed, Path(name), until_ms=until_ms)
        try:
            yield evidence
        finally:
            for call in evidence.calls:
                if call.agent is not None:
                    call.agent.on_stream_ended("the run was stopped")  # nothing, for a call that is over


def perform(
    plan: Plan, seed: int, data: Path, *, until_ms: int | None = None, on_fresh_databases: bool = True
) -> Evidence:
    """Let it happen in the directory `data`; without fresh databases, on those that an earlier run left there."""
    armed = prepared(plan)
    put_phrases(data, armed.cast)
    if on_fresh_databases:
        put_databases(data)
    strikes = Strikes(armed.faults)
    rehearsal = Rehearsal(data, replace(armed.cast, seed=seed, brain=_fresh(armed.cast)), strikes)
    rehearsal.prepare()
    stage = _Stage(rehearsal, armed, rehearsal.world.now())
    strikes.begin(rehearsal)
    trouble = stage.play(until_ms)
    strikes.stop()
    ended_at = rehearsal.world.now()
    leftovers: Iterable[str] = ()
    if not trouble and until_ms is None:
        rehearsal.world.run_for(RELEASE_MS)
        rehearsal.world.run_for(0 if stage.are_tools_over() else EFFECT_LIMIT_MS)
        leftovers = rehearsal.close()
    return Evidence(
        plan=plan,
        seed=seed,
        data=data,
        rehearsal=rehearsal,
        calls=tuple(evidence_of(data, rehearsal, caller, call) for caller, call in stage.placed),
        leftovers=tuple(leftovers),
        trouble=trouble,
        never_ended=stage.never_ended,
        struck=tuple(strikes.struck),
        began_at=stage.began_at,
        ended_at=ended_at,
        is_partial=until_ms is not None,
    )


def _fresh(told: Cast) -> Brain:
    """A brain that has answered nothing yet."""
    fresh = getattr(told.brain, "fresh", None)
    return cast("Brain", fresh() if fresh is not None else deepcopy(told.brain))


@dataclass(slots=True)
class _Stage:
    """The callers of a plan, from the first arrival to the last goodbye."""

    rehearsal: Rehearsal
    plan: Plan
    began_at: int
    never_ended: str = ""
    placed: list[tuple[CallerPlan, SimulatedCall]] = field(default_factory=list)
    _on_the_line: SimulatedCall | None = None
    """Somebody who had not hung up when last asked."""

    def play(self, until_ms: int | None) -> str:
        """Let all calls happen; why they could not come to their end, if so."""
        for caller in self.plan.callers:
            self.rehearsal.at(caller.arrives_ms, partial(self._place, caller))
        world = self.rehearsal.world
        try:
            if until_ms is not None:
                world.run_until(self.began_at + ms_to_ns(until_ms))
                return ""
            limit = world.call_at(self.began_at + ms_to_ns(self.plan.longest_ms), self._end_it)
            world.run(self._is_over, limit_ns=ms_to_ns(self.plan.longest_ms + HANG_UP_MS))
            limit.cancel()
        except (Stuck, Endless) as error:
            return str(error)
        except Exception as error:  # whatever broke: the run is what is judged
            return f"{type(error).__name__}: {error}"
        return ""

    def _place(self, caller: CallerPlan) -> None:
        call = self.rehearsal.call(
            caller.script,
            behaviour=caller.phone,
            line_noise_level=caller.line_noise_level,
            number=caller.number,
            patience_ms=caller.patience_ms,
            outgoing=caller.outgoing,
        )
        self.placed.append((caller, call))

    def _is_over(self) -> bool:
        """Whether all have called and hung up, those that a fault brought as well; asked before every callback."""
        if self._on_the_line is not None and self._on_the_line.ended_at is None:
            return False
        self._on_the_line = next((call for call in self.rehearsal.calls if call.ended_at is None), None)
        return self._on_the_line is None and len(self.placed) == len(self.plan.callers)

    def are_tools_over(self) -> bool:
        """Whether no tool runs any more: those of a call that is over may, for as long as their runner lets them."""
        return not any(call.errands.under_way for call in self.rehearsal.answered.values())

    def _end_it(self) -> None:
        """The script has no end of its own: hang up, and say so."""
        still = [(caller, call) for caller, call in self.placed if call.ended_at is None]
        if still:
            names = ", ".join(caller.name for caller, _ in still)
            self.never_ended = (
                f"expected the script to end within {self.plan.longest_ms} ms, but {names} was still on the line then; "
                "let the caller hang up, or set longest_s"
            )
        for call in self.rehearsal.calls:
            call.twilio.hang_up()


def evidence_of(data: Path, rehearsal: Rehearsal, caller: CallerPlan, call: SimulatedCall) -> CallEvidence:
    """What is known of one call."""
    call_sid = call.twilio.record.sid
    agent = rehearsal.answered.get(call_sid)
    path = trace_of(data, call)
    return CallEvidence(
        name=caller.name,
        simulated=call,
        agent=agent,
        lines=tuple(read_trace(path)) if path.exists() else (),
        trace_began_at=rehearsal.answered_at.get(call_sid, call.started_at),
    )


def _told(call: CallEvidence, evidence: Evidence, keep: Path | None) -> CallOutcome:
    kept = ""
    path = trace_of(evidence.data, call.simulated)
    if keep is not None and path.exists():
        keep.mkdir(parents=True, exist_ok=True)
        target = keep / f"{evidence.plan.name}-{evidence.seed}-{call.name}.jsonl"
        copyfile(path, target)
        kept = str(target)
    return call_outcome(call, evidence.struck, kept)
