"""What a script expects, as checks of a run that is over."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from fsm.state import Mode
from simulator.runs.plan import Check, Expectation
from simulator.scenario.complaints import shown
from simulator.scenario.expectations.counts import (
    AnsweredBy,
    EndedBy,
    FaultsNoticed,
    LastMode,
    ModelRequests,
    Moves,
    NoTools,
    Queries,
    Rows,
    ToolRan,
    Turns,
    TwilioSays,
)
from simulator.scenario.expectations.other_hands import OtherHands
from simulator.scenario.expectations.timing import Duration, Latency, LongestSilence, Moments, Yields
from simulator.scenario.expectations.words import Heard, NotSaid, NotUnderstood, Said, ToldAs, Understood
from simulator.scenario.model import ScriptFile
from simulator.scenario.model_expect import CallExpectTable, ToolTable
from simulator.scenario.model_steps import StepTable

__all__ = ["expectations_of"]


def expectations_of(script: ScriptFile) -> tuple[Expectation, ...]:
    """What must hold of a run of this script: what it says itself, and that each step has its moment."""
    expect = script.expect
    found = [Expectation("every step has its moment", _moments(script)), *_of_call(expect, "")]
    for name, table in (expect.callers or {}).items():
        found += _of_call(table, name)
    for row in expect.database or []:
        count = 1 if row.rows is None else row.rows
        text = f"database: {count} of {row.table} where {shown(row.where or {})}"
        found.append(Expectation(text, Rows(row.table, tuple((row.where or {}).items()), count)))
    for business, asked in (expect.queries or {}).items():
        found.append(Expectation(f"queries: {asked} of {business}", Queries(business, asked)))
    if expect.model_requests is not None:
        found.append(Expectation(f"model_requests = {expect.model_requests}", ModelRequests(expect.model_requests)))
    return tuple(found)


def _of_call(table: CallExpectTable, caller: str) -> Iterator[Expectation]:
    for key, make in _MAKERS.items():
        value = getattr(table, key)
        if value is not None:
            text = f"{key} = {shown(_raw(value))}"
            yield Expectation(f"{caller}: {text}" if caller else text, make(caller, value))
    for tool in table.tools or []:
        yield Expectation(f"{caller}: tool {tool.name}" if caller else f"tool {tool.name}", _tool(caller, tool))


def _raw(value: Any) -> object:  # noqa: ANN401 - whatever a table holds
    if isinstance(value, list):
        return [_raw(each) for each in value]
    return value.model_dump(exclude_none=True) if hasattr(value, "model_dump") else value


def _tool(caller: str, tool: ToolTable) -> ToolRan:
    arguments, result = json.dumps(tool.arguments or {}), json.dumps(tool.result)
    return ToolRan(caller, tool.name, 1 if tool.times is None else tool.times, arguments, result)


def _latency(caller: str, table: Any) -> Check:  # noqa: ANN401 - a LatencyTable, as all makers take their own
    limits = (("p50", 50, table.p50), ("p95", 95, table.p95), ("max", 100, table.max))
    return Latency(caller, tuple((name, percent, ms) for name, percent, ms in limits if ms is not None))


_MAKERS: dict[str, Callable[[str, Any], Check]] = {
    "heard": lambda caller, phrases: Heard(caller, tuple(phrases)),
    "said": lambda caller, phrases: Said(caller, tuple(phrases)),
    "not_said": lambda caller, phrases: NotSaid(caller, tuple(phrases)),
    "understood": lambda caller, phrases: Understood(caller, tuple(phrases)),
    "not_understood": lambda caller, phrases: NotUnderstood(caller, tuple(phrases)),
    "turns": Turns,
    "no_tools": lambda caller, _: NoTools(caller),
    "mode": LastMode,
    "ended_by": EndedBy,
    "answered_by": AnsweredBy,
    "interruptions": lambda caller, count: Moves(caller, "interruptions", "interruptions", Mode.LISTENING, count),
    "resumed": lambda caller, count: Moves(caller, "resumed", "replies that went on", Mode.SPEAKING, count),
    "latency_ms": _latency,
    "longest_silence_ms": LongestSilence,
    "yields_within_ms": lambda caller, ms: Yields(caller, "yields_within_ms", is_for_good=False, limit_ms=ms),
    "stops_within_ms": lambda caller, ms: Yields(caller, "stops_within_ms", is_for_good=True, limit_ms=ms),
    "faults_noticed": lambda caller, providers: FaultsNoticed(caller, tuple(providers)),
    "twilio_says": lambda caller, phrases: TwilioSays(caller, tuple(phrases)),
    "connected_with": lambda caller, number: OtherHands(caller, "connected_with", (number,)),
    "told_others": lambda caller, phrases: OtherHands(caller, "told_to_others", tuple(phrases)),
    "charged": lambda caller, amount: OtherHands(caller, "charged", (amount,)),
    "duration_ms": lambda caller, span: Duration(caller, span.min, span.max),
    "transcript": lambda caller, told: ToldAs(caller, tuple((each.role, each.text, each.cut) for each in told)),
}
"""By key, how a check is made of what the script says."""


def _moments(script: ScriptFile) -> Moments:
    if script.machine is not None:
        return Moments(())  # nothing that a machine does depends on us
    if script.callers is None:
        return Moments((("caller", _steps(script.caller or [])),))
    return Moments(tuple((caller.name, _steps(caller.script)) for caller in script.callers))


def _steps(tables: list[StepTable]) -> tuple[tuple[str, bool], ...]:
    return tuple((_step_text(table), table.if_late is not None) for table in tables)


def _step_text(table: StepTable) -> str:
    verb = table.verbs[0]
    moment = "".join(f", {each} = {shown(getattr(table, each))}" for each in table.moments)
    value = getattr(table, verb)
    return (verb if value is True else f"{verb} {shown(value)}") + moment
