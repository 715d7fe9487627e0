"""How often, how, by whom: turns, interruptions, the end of a call, faults the agent noticed, rows and tools."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fsm.state import Mode
from simulator.runs.evidence import CallEvidence, Evidence
from simulator.runs.outcome import Violation
from simulator.runs.telling import ended_by, moves, turns_of
from simulator.scenario.expectations.base import OfCall, end_ms
from simulator.scenario.expectations.phrases import find, text_words, words_of
from tools.business import KNOWN
from tools.store import rows_of


@dataclass(frozen=True, slots=True)
class Turns(OfCall):
    """How often the caller was answered."""

    count: int = 0

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        turns = list(turns_of(call))
        if len(turns) != self.count:
            said = ", ".join(f'"{turn.caller}"' for turn in turns) or "none"
            yield self.violation("turns", f"expected {self.count} turns, got {len(turns)}: {said}", call)


@dataclass(frozen=True, slots=True)
class Moves(OfCall):
    """How often one mode led to another: interruptions and false alarms."""

    name: str = ""
    what: str = ""
    to: Mode = Mode.LISTENING
    count: int = 0

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        at = [call.line_ms(line) for line in moves(call.events, Mode.BARGE_IN, self.to)]
        if len(at) != self.count:
            when = f" (at {', '.join(f'{ms / 1_000:.1f} s' for ms in at)})" if at else ""
            first_too_many = at[self.count] if len(at) > self.count else None
            what = f"expected {self.count} {self.what}, got {len(at)}{when}"
            yield self.violation(self.name, what, call, first_too_many)


@dataclass(frozen=True, slots=True)
class AnsweredBy(OfCall):
    """Who picked up a call that the agent placed."""

    who: str = ""

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        judged = [line["data"] for line in call.notes("answered_by")]
        if not judged or judged[-1]["who"] != self.who:
            told = ", then ".join(f"{one['who']} by {one['by']}" for one in judged) or "nobody in particular"
            yield self.violation("answered_by", f"expected to be answered by a {self.who}, got {told}", call)


@dataclass(frozen=True, slots=True)
class EndedBy(OfCall):
    """Who ended the call."""

    who: str = ""

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        who = ended_by(call)
        if who != self.who:
            got = f"it was ended by the {who}" if who else "it never reached the agent"
            what = f"expected the call to be ended by the {self.who}, but {got}"
            yield self.violation("ended_by", what, call, end_ms(call))


@dataclass(frozen=True, slots=True)
class LastMode(OfCall):
    """The mode in which the call was when it ended."""

    mode: str = ""

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        modes = [line["to"] for line in call.events] or [""]
        before = next((mode for mode in reversed(modes) if mode != Mode.ENDED), "")
        if self.mode not in (modes[-1], before):
            got = before or "no mode at all"
            yield self.violation("mode", f"expected the call to end in {self.mode}, got {got}", call, end_ms(call))


@dataclass(frozen=True, slots=True)
class FaultsNoticed(OfCall):
    """Providers whose failure the agent noticed."""

    providers: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        noticed = [str(line["data"]["fault"]) for line in call.notes("fault")]
        for provider in self.providers:
            if not any(fault.startswith(f"{provider}:") for fault in noticed):
                got = "; ".join(noticed) or "none"
                what = f"expected the agent to notice that {provider} failed, noticed: {got}"
                yield self.violation("faults_noticed", what, call)


@dataclass(frozen=True, slots=True)
class TwilioSays(OfCall):
    """What Twilio's own voice said."""

    phrases: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        words = text_words(call.twilio.said_by_twilio)
        for phrase in self.phrases:
            if find(words_of(phrase), words) is None:
                said = "; ".join(call.twilio.said_by_twilio) or "nothing"
                yield self.violation("twilio_says", f'expected Twilio to say "{phrase}", it said: {said}', call)


# --- tools and rows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool that ran: what it was given and what came of it, decoded."""

    name: str
    arguments: object
    result: object
    at_ms: int

    @property
    def text(self) -> str:
        """As a complaint shows it."""
        return f"{self.name}({json.dumps(self.arguments)}) at {self.at_ms / 1_000:.1f} s"


def tool_runs(call: CallEvidence) -> list[ToolRun]:
    """Every tool that was run."""
    results = {
        line["data"]["call_id"]: line["data"]["result"] for line in call.events if line["event"] == "ToolReturned"
    }
    return [
        ToolRun(
            data["call"]["name"],
            decoded(data["call"]["arguments"]),
            decoded(results.get(data["call"]["call_id"], "null")),
            call.line_ms(line),
        )
        for line, name, data in call.effects
        if name == "RunTool"
    ]


def decoded(text: str) -> object:
    """JSON as values; what is none stays text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def contains(value: object, wanted: object) -> bool:
    """Whether `value` has everything of `wanted`: keys of tables, however deep; else it is equal."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(key in value and contains(value[key], wanted[key]) for key in wanted)
    return value == wanted


@dataclass(frozen=True, slots=True)
class ToolRan(OfCall):
    """A tool ran, exactly so often, with these arguments and this result; `arguments`, `result` are JSON."""

    name: str = ""
    times: int = 1
    arguments: str = "{}"
    result: str = "null"

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold; tools of several callers count together."""
        runs = [run for call in self.calls(evidence) for run in tool_runs(call)]
        fitting = [run for run in runs if self._fits(run)]
        if len(fitting) == self.times:
            return
        wanted = f" with {self.arguments}" if self.arguments != "{}" else ""
        wanted += f" and the result {self.result}" if self.result != "null" else ""
        ran = ", ".join(run.text for run in runs) or "no tool ran"
        what = f"expected {self.name}{wanted} to run {_times(self.times)}, it ran {_times(len(fitting))}; {ran}"
        at_ms = fitting[self.times].at_ms if len(fitting) > self.times else None
        yield Violation("expect.tools", what, at_ms, self.caller)

    def _fits(self, run: ToolRun) -> bool:
        result = decoded(self.result)
        return (
            run.name == self.name
            and contains(run.arguments, decoded(self.arguments))
            and (result is None or contains(run.result, result))
        )


@dataclass(frozen=True, slots=True)
class NoTools(OfCall):
    """No tool ran."""

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        runs = tool_runs(call)
        if runs:
            what = f"expected no tool to run, got {', '.join(run.text for run in runs)}"
            yield self.violation("no_tools", what, call, runs[0].at_ms)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in the business's database; `where` are pairs of column and value."""

    table: str
    where: tuple[tuple[str, Any], ...] = ()
    count: int = 1

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold."""
        return self.wrong_in(evidence.data)

    def wrong_in(self, data: Path) -> Iterator[Violation]:
        """What does not hold of the databases in a directory."""
        rows = list(self._rows(data))
        fitting = [row for row in rows if all(row.get(column) == value for column, value in self.where)]
        if len(fitting) == self.count:
            return
        wanted = " and ".join(f"{column} = {value!r}" for column, value in self.where)
        there = "; ".join(", ".join(f"{key} = {value!r}" for key, value in row.items()) for row in rows[:5])
        yield Violation(
            "expect.database",
            f"expected {self.count} of the rows of {self.table} to have {wanted or 'anything'}, got {len(fitting)}; "
            f"there {'are' if len(rows) != 1 else 'is'} {len(rows)}{': ' + there if there else ''}",
        )

    def _rows(self, data: Path) -> Iterator[dict[str, Any]]:
        for business in KNOWN.values():
            if self.table in business.tables.tables:
                yield from rows_of(business, data, self.table)


@dataclass(frozen=True, slots=True)
class ModelRequests:
    """How often the model was asked."""

    count: int

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold."""
        got = len(evidence.asked)
        if got != self.count:
            yield Violation("expect.model_requests", f"expected the model to be asked {_times(self.count)}, got {got}")


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


@dataclass(frozen=True, slots=True)
class Queries:
    """How often the database of a business was asked."""

    business: str
    count: int

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold."""
        got = evidence.rehearsal.databases.queries[self.business]
        if got != self.count:
            what = f"expected the database of {self.business} to be asked {_times(self.count)}, got {got}"
            yield Violation("expect.queries", what)
