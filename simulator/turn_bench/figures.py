"""The figures of a profile: many calls pooled, each figure divided once."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from agent.metrics.panel import YIELD_WINDOW_MS
from agent.metrics.percentiles import nearest_rank, rate
from agent.metrics.score import Score
from simulator.turn_bench.episodes import CutOff, answers, false_alarms, interruptions
from simulator.turn_bench.facts import Broken, CallFacts, Which
from simulator.turn_bench.goals import GOALS
from simulator.turn_bench.misses import Miss, misses_of

EXAMPLES_KEPT = 3
FAILURES_KEPT = 50


@dataclass(slots=True)
class SituationTally:
    """The calls of one situation: how many, how many missed something, what, and a few to look at."""

    calls: int = 0
    bad_calls: int = 0
    misses: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[tuple[Which, Miss]]] = field(default_factory=dict)

    def add(self, which: Which, misses: list[Miss]) -> None:
        """Count a call."""
        self.calls += 1
        self.bad_calls += bool(misses)
        for miss in misses:
            self.misses[miss.kind] += 1
            kept = self.examples.setdefault(miss.kind, [])
            if len(kept) < EXAMPLES_KEPT:
                kept.append((which, miss))


@dataclass(slots=True)
class Figures:
    """Add calls in any order, then ask for `values`."""

    score: Score = field(default_factory=Score)
    calls: int = 0
    failures: list[Broken] = field(default_factory=list)
    """Calls that are broken, or in which a checker found something: the first of them."""
    broken_calls: int = 0
    turns: int = 0
    cut_offs: int = 0
    stop_ms: list[int] = field(default_factory=list)
    final_stop_ms: list[int] = field(default_factory=list)
    way_ms: int = 0
    voice_to_voice_ms: list[int] = field(default_factory=list)
    draft_voice_to_voice_ms: list[int] = field(default_factory=list)
    opening_voice_to_voice_ms: list[int] = field(default_factory=list)
    plain_voice_to_voice_ms: list[int] = field(default_factory=list)
    answered: int = 0
    drafts_made: int = 0
    drafts_adopted: int = 0
    cough_dead_air_ms: list[int] = field(default_factory=list)
    coughs: int = 0
    heard_error_words: list[int] = field(default_factory=list)
    clear_ms: list[int] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    parts_ms: dict[str, list[int]] = field(default_factory=dict)
    missed_steps: int = 0
    simulated_ms: int = 0
    situations: dict[str, SituationTally] = field(default_factory=dict)

    def add(self, one: CallFacts | Broken) -> list[Miss]:
        """Count a call; what was wrong with it."""
        self.calls += 1
        tally = self.situations.setdefault(one.which.name, SituationTally())
        if isinstance(one, Broken):
            self.broken_calls += 1
            self._keep_failure(one.which, one.what)
            misses = [Miss("broken", one.what)]
        else:
            self._add(one)
            misses = misses_of(one)
        tally.add(one.which, misses)
        return misses

    def _add(self, facts: CallFacts) -> None:
        self.score.add(facts.trace)
        self.way_ms = facts.way_ms
        self.turns += len(facts.trace.caller_turns)
        self._add_stops(facts)
        self._add_answers(facts)
        self.drafts_made += facts.drafts_made
        self.drafts_adopted += facts.drafts_adopted
        for told in facts.trace.turns:
            self.heard_error_words += told.heard_error_words
        self.clear_ms += facts.clear_ms
        self.findings.update(finding.checker for finding in facts.findings)
        for finding in facts.findings[:1]:
            self._keep_failure(facts.which, f"{finding.checker}: {finding.what}")
        for turn in facts.parts_ms:
            for name, part_ms in turn:
                self.parts_ms.setdefault(name, []).append(part_ms)
        self.missed_steps += facts.missed
        self.simulated_ms += facts.simulated_ms

    def _add_stops(self, facts: CallFacts) -> None:
        for one in interruptions(facts.trace):
            if one.first_stop_ms is not None and one.final_stop_ms is not None:
                self.stop_ms.append(one.first_stop_ms)
                self.final_stop_ms.append(one.final_stop_ms)
        for alarm in false_alarms(facts):
            if alarm.is_of_a_body:
                self.coughs += 1
                self.cough_dead_air_ms += [alarm.dead_air_ms] if alarm.dead_air_ms else []

    def _add_answers(self, facts: CallFacts) -> None:
        for one in answers(facts):
            if isinstance(one, CutOff):
                self.cut_offs += 1
                continue
            self.answered += 1
            at_the_server_ms = one.voice_to_voice_ms - 2 * facts.way_ms
            self.voice_to_voice_ms.append(at_the_server_ms)
            if one.turn in facts.adopted_turns:
                self.draft_voice_to_voice_ms.append(at_the_server_ms)
            is_opening = one.turn in facts.opening_turns
            (self.opening_voice_to_voice_ms if is_opening else self.plain_voice_to_voice_ms).append(at_the_server_ms)

    def _keep_failure(self, which: Which, what: str) -> None:
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(Broken(which, what))

    # --- what they say -----------------------------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Everything by name; null where there was nothing to measure."""
        score = self.score.values()
        native, ours = score["native_20"], score["ours"]
        at_server = [value - 2 * self.way_ms for value in self.stop_ms]
        final_at_server = [value - 2 * self.way_ms for value in self.final_stop_ms]
        return {
            "calls": self.calls,
            **{key: score[key] for key in ("yield_rate", *SELECTIVITIES)},
            **_percentiles("stop_ms", at_server),
            **_percentiles("final_stop_ms", final_at_server),
            **_percentiles("stop_ear_ms", self.stop_ms),
            **_percentiles("final_stop_ear_ms", self.final_stop_ms),
            "reply_stopped_rate": rate(sum(stop <= YIELD_WINDOW_MS for stop in self.final_stop_ms), len(self.stop_ms)),
            "cough_dead_air_ms": self._dead_air_ms(95),
            "cough_dead_air_ms_max": self._dead_air_ms(100),
            "coughs": self.coughs,
            "coughs_that_silenced": len(self.cough_dead_air_ms),
            "false_cutoff_rate": rate(self.cut_offs, self.turns),
            "false_cutoffs": self.cut_offs,
            "caller_turns": self.turns,
            "answered_turns": self.answered,
            **_percentiles("voice_to_voice_ms", self.voice_to_voice_ms),
            **_percentiles("draft_voice_to_voice_ms", self.draft_voice_to_voice_ms),
            "opening_share": rate(len(self.opening_voice_to_voice_ms), self.answered),
            **_percentiles("opening_voice_to_voice_ms", self.opening_voice_to_voice_ms),
            **_percentiles("plain_voice_to_voice_ms", self.plain_voice_to_voice_ms),
            "ledger": {name: _percentiles("p", parts, joint="") for name, parts in self.parts_ms.items()},
            "heard_error_words_p95": nearest_rank(self.heard_error_words, 95),
            "heard_error_words_max": max(self.heard_error_words, default=None),
            "drafts_dropped_per_turn": rate(self.drafts_made - self.drafts_adopted, self.turns),
            "drafts_made": self.drafts_made,
            "drafts_adopted": self.drafts_adopted,
            "clear_ms_p99": nearest_rank(self.clear_ms, 99),
            "ledger_violations": sum(self.findings[name] for name in ("ledger", "latency-true")),
            "silence_violations": self.findings["silence"],
            "violations": self.findings.total() + self.broken_calls,
            "checkers": dict(sorted(self.findings.items())),
            "broken_calls": self.broken_calls,
            "failures": [{"what": one.what, "command": one.which.command} for one in self.failures],
            "missed_steps": self.missed_steps,
            "simulated_s": self.simulated_ms // 1_000,
            "counts": score["counts"],
            "native_20": {key: native[key] for key in ("yield_rate", *SELECTIVITIES, "counts")},
            "talked_through_counted": {key: ours["tau_200"][f"{key}_with_talked_through"] for key in SELECTIVITIES[1:]},
        }

    def goals(self) -> dict[str, Any]:
        """Each figure that has a goal: whether it is met, and by how much it is missed; null where not measured."""
        values = self.values()
        return {
            goal.figure: {
                "value": values[goal.figure],
                "goal": str(goal),
                "is_met": None if values[goal.figure] is None else goal.is_met(values[goal.figure]),
                "missed_by": None if values[goal.figure] is None else goal.missed_by(values[goal.figure]),
            }
            for goal in GOALS
        }

    def _dead_air_ms(self, percent: int) -> int | None:
        """Of coughs and their like that silenced the agent; 0 if none did, null if nobody coughed."""
        if not self.coughs:
            return None
        return nearest_rank(self.cough_dead_air_ms, percent) or 0

    def worst(self, count: int) -> list[tuple[str, SituationTally]]:
        """The situations that missed most, those with the largest share of bad calls first."""
        bad = [(name, tally) for name, tally in self.situations.items() if tally.bad_calls]
        return sorted(bad, key=lambda one: (-one[1].bad_calls / one[1].calls, one[0]))[:count]


SELECTIVITIES = ("selectivity_backchannel", "selectivity_vocal_tic", "selectivity_non_directed")


def _percentiles(name: str, values: list[int], joint: str = "_p") -> dict[str, int | None]:
    return {f"{name}{joint}{percent}": nearest_rank(values, percent) for percent in (50, 95)}
