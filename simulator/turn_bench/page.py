"""The page of the bench: timelines of calls that missed something, and what they missed."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace

from simulator.report.page import page_pieces
from simulator.report.results import Results
from simulator.runs.digest import digest_of
from simulator.runs.one import quiet
from simulator.runs.outcome import Outcome, Status, Violation
from simulator.runs.run import gathered
from simulator.runs.telling import call_outcome
from simulator.turn_bench.facts import Broken, Which
from simulator.turn_bench.figures import Figures
from simulator.turn_bench.measuring import facts_from, planned
from simulator.turn_bench.misses import misses_of

TIMELINES = 100
"""Calls on the page: one for each way in which a situation missed something, the worst situations first."""


def pieces(figures: Mapping[str, Figures], note: str) -> Iterator[str]:
    """The text of the page, piece by piece."""
    with closing(Results(with_timelines=True)) as results:
        for which in _examples(figures):
            results.add(_outcome(which))
        yield from page_pieces(results, note=note)


def _examples(figures: Mapping[str, Figures]) -> list[Which]:
    found = [
        kept[0][0] for one in figures.values() for _, tally in one.worst(TIMELINES) for kept in tally.examples.values()
    ]
    return list(dict.fromkeys(found))[:TIMELINES]


def _outcome(which: Which) -> Outcome:
    """The call again, with its timeline; what it missed stands as what was violated."""
    plan, seed = planned(which)
    with quiet(), gathered(plan, seed) as evidence:
        facts = facts_from(which, evidence)
        assert not isinstance(facts, Broken), "it ran before, and the same seed is the same call"
        (call,) = evidence.calls
        began_ms = call.ms(min(phone.started_at for phone in call.twilio.phones if phone.started_at is not None))
        violations = tuple(
            Violation(miss.kind, miss.what, None if miss.at_ms is None else miss.at_ms + began_ms, call.name)
            for miss in misses_of(facts)
        )
        outcome = call_outcome(call, evidence.struck)
        return Outcome(
            script=f"{which.profile}/{which.name}" if which.profile else which.name,
            seed=which.seed,
            status=Status.FAILED if violations else Status.PASSED,
            digest=digest_of(evidence),
            violations=violations,
            calls=(replace(outcome, caller=call.name),),
            faults=(),
            simulated_ms=evidence.rehearsal.world.elapsed_ms,
            rerun=which.command,
            about=plan.about,
        )
