"""What can be wrong with what the model answers in a script, beyond the shape of each answer."""

import re
from collections.abc import Iterator, Sequence

from agent.agent_file import Agent
from simulator.scenario.answers import calls_of
from simulator.scenario.complaints import Complaint, Path, nearest, shown
from simulator.scenario.known_tools import known_tools
from simulator.scenario.model import ScriptFile
from simulator.scenario.model_answers import AnswerTable, ReplyTable


def model_complaints(script: ScriptFile, agent: Agent | None) -> Iterator[Complaint]:
    """Everything that is wrong with `[model]`; without an agent, nothing is known of tools."""
    model = script.model
    known = known_tools(script, agent)
    tools = tuple(known) if known is not None and script.groq.get("check_tool_calls", True) else None
    if model.replies and len(script.callers or ()) > 1:
        what = "replies: several callers have no order to be answered in; use [[model.answers]]"
        yield Complaint(("model", "replies"), what)
    for kind, tables in (("replies", model.replies or []), ("answers", model.answers or [])):
        for index, table in enumerate(tables):
            yield from _reply_complaints(table, ("model", kind, index))
            if tools is not None:
                yield from _call_complaints(table, ("model", kind, index), tools)
    yield from _answer_complaints(model.answers or [], None if script.faults else tools)  # a fault may call others


def _reply_complaints(table: ReplyTable, path: Path) -> Iterator[Complaint]:
    if table.say is None and not calls_of(table):
        yield Complaint(path, "expected say, call or calls: an answer says something or asks for a tool")
    if table.call is not None and table.calls is not None:
        yield Complaint((*path, "calls"), "expected call or calls, got both")
    for key in ("arguments", "raw_arguments"):
        if getattr(table, key) is not None and table.call is None:
            yield Complaint((*path, key), f"{key}: goes with call only")
    if table.arguments is not None and table.raw_arguments is not None:
        yield Complaint((*path, "raw_arguments"), "expected arguments or raw_arguments, got both")


def _call_complaints(table: ReplyTable, path: Path, tools: Sequence[str]) -> Iterator[Complaint]:
    if table.call is not None and table.call not in tools:
        yield Complaint((*path, "call"), f"{no_tool(table.call, tools)}{ON_PURPOSE}")
    for index, call in enumerate(table.calls or []):
        if call.call not in tools:
            yield Complaint((*path, "calls", index, "call"), f"{no_tool(call.call, tools)}{ON_PURPOSE}")


ON_PURPOSE = " (if that is meant: [groq] check_tool_calls = false)"


def _answer_complaints(answers: Sequence[AnswerTable], tools: Sequence[str] | None) -> Iterator[Complaint]:
    for index, answer in enumerate(answers):
        path: Path = ("model", "answers", index)
        if _takes_all(answer) and any(not later.after_tool for later in answers[index + 1 :]):
            yield Complaint(path, "fits whatever is asked, so none after it is ever given; set asked, or times")
        if answer.asked is not None:
            yield from _regex_complaints(answer.asked, (*path, "asked"))
        if answer.after_tool is not None and tools is not None and answer.after_tool not in tools:
            yield Complaint((*path, "after_tool"), no_tool(answer.after_tool, tools))


def _takes_all(answer: AnswerTable) -> bool:
    return answer.asked is None and answer.after_tool is None and answer.times is None


def _regex_complaints(pattern: str, path: Path) -> Iterator[Complaint]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield Complaint(path, f"{path[-1]}: expected a regular expression, got {shown(pattern)}: {error}")


def no_tool(name: str, tools: Sequence[str]) -> str:
    """The complaint about a tool that an agent does not have."""
    return f'the agent has no tool "{name}"{nearest(name, tools)}' if tools else "the agent has no tools"
