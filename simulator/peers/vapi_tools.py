"""Tools as Vapi runs them: asked of the server they are at, several at once, with words meanwhile (section 4)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from simulator.peers.fetch import HttpAnswer
from simulator.peers.vapi_line import Deliveries, Json, VapiLine
from simulator.peers.vapi_messages import AskedTool, tool_calls
from simulator.peers.vapi_schema import Server, Tool

NO_RESULT = "No result returned."
STARTS = ("Hold on a sec.", "One moment.", "Just a sec.", "Give me a moment.", "This'll just take a sec.")
"""What is said where a tool has no first words of its own."""


@dataclass(frozen=True, slots=True)
class ToolEnd:
    """What became of one tool call; `problem` says what was wrong with its answer, for whoever wrote the server."""

    asked: AskedTool
    text: str
    is_failure: bool = False
    problem: str = ""


class ToolRound:
    """The function calls of one answer. `on_ended` comes once, with their ends in the order they were asked for."""

    def __init__(
        self,
        line: VapiLine,
        deliveries: Deliveries,
        tools: Mapping[str, Tool],
        asked: Sequence[AskedTool],
        say: Callable[[str], None],
        on_ended: Callable[[list[ToolEnd]], None],
    ) -> None:
        self._line = line
        self._deliveries = deliveries
        self._tools = tools
        self._asked = asked
        self._say = say
        self._on_ended = on_ended
        self._ends: dict[str, ToolEnd] = {}

    def start(self, envelope: Callable[..., Json], fallback: Server | None) -> None:
        """Ask each server once; `fallback` is the server of tools that have none of their own."""
        groups: dict[str, tuple[Server, list[AskedTool]]] = {}
        for each in self._asked:
            tool = self._tools.get(each.name)
            server = (tool.server if tool is not None else None) or fallback
            if tool is None or server is None:
                self._end([ToolEnd(each, NO_RESULT, is_failure=True, problem=f"no server has a tool {each.name!r}")])
                continue
            groups.setdefault(server.url, (server, []))[1].append(each)
            self._talk(each, tool)
        for server, asked in groups.values():
            fields = tool_calls(asked, self._tools, self._line.behaviour.layout)
            self._deliveries.ask(server, envelope("tool-calls", **fields), partial(self._answered, asked))

    def _answered(self, asked: Sequence[AskedTool], answer: HttpAnswer) -> None:
        self._end([read_result(each, answer) for each in asked])

    def _end(self, ends: Sequence[ToolEnd]) -> None:
        self._ends |= {each.asked.call_id: each for each in ends}
        if len(self._ends) == len(self._asked):
            self._on_ended([self._ends[each.call_id] for each in self._asked])

    def _talk(self, asked: AskedTool, tool: Tool) -> None:
        """The words at the start, and those for when it takes long."""
        starts = [each.content for each in tool.messages if each.type == "request-start"]
        self._say(starts[0] if starts else self._line.rng.choice(STARTS))
        for each in tool.messages:
            if each.type == "request-response-delayed":
                self._line.after(each.timing_milliseconds, partial(self._say_if_waiting, asked, each.content))

    def _say_if_waiting(self, asked: AskedTool, content: str) -> None:
        if asked.call_id not in self._ends:
            self._say(content)


def words_at_failure(ends: Sequence[ToolEnd], tools: Sequence[Tool]) -> str:
    """What is said instead of a model's answer where one failed; empty where the model is to find words."""
    failed = {each.asked.name for each in ends if each.is_failure}
    told = (said for tool in tools if tool.name in failed for said in tool.messages)
    return next((each.content for each in told if each.type == "request-failed"), "")


def read_result(asked: AskedTool, answer: HttpAnswer) -> ToolEnd:
    """The end of one call as the answer has it, read as strictly as Vapi does."""
    if answer.status != 200 or answer.trouble:
        return ToolEnd(asked, NO_RESULT, is_failure=True, problem=f"expected status 200, got {answer}")
    try:
        results = json.loads(answer.body)["results"]
        (own,) = [each for each in results if each.get("toolCallId") == asked.call_id]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ToolEnd(asked, NO_RESULT, is_failure=True, problem=f"expected one result for {asked.call_id}")
    is_failure = "error" in own
    text = own.get("error" if is_failure else "result")
    if not isinstance(text, str) or "\n" in text or own.get("name") != asked.name:
        return ToolEnd(
            asked,
            NO_RESULT,
            is_failure=True,
            problem=f"expected name {asked.name!r} and text on one line, got {own!r:.80}",
        )
    return ToolEnd(asked, text, is_failure)
