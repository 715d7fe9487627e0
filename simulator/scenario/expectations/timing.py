"""How long: latency, silence, yielding, the call; and whether the moments of the script came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.ledger import ledger_of
from fsm.units import NS_PER_MS
from simulator.checkers.facts import FOR_EVER, Facts, facts_of
from simulator.runs.evidence import CallEvidence, Evidence
from simulator.runs.outcome import Violation
from simulator.runs.telling import longest_silence_ms
from simulator.scenario.expectations.base import OfCall, end_ms
from simulator.script import HangUp, Step


@dataclass(frozen=True, slots=True)
class Latency(OfCall):
    """Voice to voice; limits are (name, percentile, ms)."""

    limits: tuple[tuple[str, int, int], ...] = ()

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold, over all answered turns of the calls it is about."""
        latencies = sorted(
            (ms, turn.turn, call.name)
            for call in self.calls(evidence)
            for turn in ledger_of(call.lines)
            if (ms := turn.voice_to_voice_ms) is not None
        )
        if not latencies:
            yield Violation(
                "expect.latency_ms", "expected answers with a latency, no turn was answered", None, self.caller
            )
            return
        for name, percent, limit_ms in self.limits:
            got_ms = percentile([ms for ms, _, _ in latencies], percent)
            if got_ms > limit_ms:
                ms, turn, caller = latencies[-1]
                worst = f"; the slowest was turn {turn} of {caller}: {ms} ms"
                what = f"expected {name} of {limit_ms} ms or less from voice to voice, got {got_ms} ms{worst}"
                yield Violation("expect.latency_ms", what, None, self.caller)


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that so many percent do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


@dataclass(frozen=True, slots=True)
class LongestSilence(OfCall):
    """Neither side is silent for longer."""

    limit_ms: int = 0

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        got_ms = longest_silence_ms(call)
        if got_ms > self.limit_ms:
            what = f"expected no silence over {self.limit_ms} ms, got one of {got_ms} ms"
            yield self.violation("longest_silence_ms", what, call)


@dataclass(frozen=True, slots=True)
class Yields(OfCall):
    """An interrupted agent is silent at the phone soon after the caller's first sound: at first, or for good."""

    name: str = ""
    is_for_good: bool = False
    limit_ms: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold."""
        for call in self.calls(evidence):
            if call.agent is not None:
                yield from self._judge(call, facts_of(evidence, call))

    def _judge(self, call: CallEvidence, facts: Facts) -> Iterator[Violation]:
        spans = facts.audible_spans()
        for said in call.caller.said:
            if not (said.takes_floor and said.over_agent):
                continue
            ends = [end for begin, end in self._stretches(spans, facts) if begin <= said.started_at < end]
            took_ms = (ends[0] - said.started_at) // NS_PER_MS if ends else 0
            if took_ms > self.limit_ms:
                at_ms = call.ms(said.started_at)
                what = (
                    f"expected the agent to fall silent{' for good' if self.is_for_good else ''} within "
                    f'{self.limit_ms} ms of "{said.text or said.kind}" at {at_ms / 1_000:.1f} s, it took {took_ms} ms'
                )
                yield self.violation(self.name, what, call, at_ms)

    def _stretches(self, spans: list[tuple[int, int]], facts: Facts) -> list[tuple[int, int]]:
        """What sounds without a silence; for good: from each reply's first sound to its last."""
        if not self.is_for_good:
            return spans
        found = []
        for reply in facts.replies.values():
            over_at = reply.cancelled_at or reply.over_at or FOR_EVER
            own = [span for span in spans if reply.born_at <= span[0] <= over_at + facts.way_ns]
            if own:
                found.append((own[0][0], own[-1][1]))
        return found


@dataclass(frozen=True, slots=True)
class Duration(OfCall):
    """How long the call was."""

    least_ms: int | None = None
    most_ms: int | None = None

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        got_ms = end_ms(call)
        if got_ms is None:
            yield self.violation("duration_ms", "expected the call to end, it did not", call)
        elif self.least_ms is not None and got_ms < self.least_ms:
            what = f"expected a call of {self.least_ms} ms at least, got {got_ms} ms"
            yield self.violation("duration_ms", what, call, got_ms)
        elif self.most_ms is not None and got_ms > self.most_ms:
            what = f"expected a call of {self.most_ms} ms at most, got {got_ms} ms"
            yield self.violation("duration_ms", what, call, self.most_ms)


@dataclass(frozen=True, slots=True)
class Moments:
    """Every step of the script had its moment. `steps` by caller: (words for it, whether it may miss it)."""

    steps: tuple[tuple[str, tuple[tuple[str, bool], ...]], ...]

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold."""
        told = dict(self.steps)
        for call, plan in zip(evidence.calls, evidence.plan.callers, strict=False):
            if plan.name in told:
                yield from self._of(call, plan.script, told[plan.name])

    def _of(
        self, call: CallEvidence, script: Sequence[Step], told: tuple[tuple[str, bool], ...]
    ) -> Iterator[Violation]:
        for missed in call.caller.missed:
            index = _index(script, missed.step)
            if index is None or index >= len(told) or told[index][1] or isinstance(missed.step, HangUp):
                continue
            at_ms = call.ms(missed.at)
            did = {"go-ahead": "it was done all the same", "skip": "it was left out"}.get(missed.then, "they hung up")
            heard = [utterance.text for utterance in call.caller.agent_speech][-1:] or ["nothing"]
            what = (
                f"expected the moment of step {index + 1} ({told[index][0]}) to come, but at {at_ms / 1_000:.1f} s "
                f'{did}; the agent had said last: "{heard[0]}"'
            )
            yield Violation("expect.moments", what, at_ms, call.name)
        undone = [step for step in call.caller.undone if not isinstance(step, HangUp)]
        if undone:
            index = _index(script, undone[0])
            words = told[index][0] if index is not None and index < len(told) else "?"
            number = 0 if index is None else index + 1
            what = f"expected the script to be done, but the call was over before step {number} ({words})"
            yield Violation("expect.moments", what, end_ms(call), call.name)


def _index(script: Sequence[Step], step: Step | None) -> int | None:
    return next((index for index, each in enumerate(script) if each is step), None)
