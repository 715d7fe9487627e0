"""The calls that Vapi has under way with us: who runs their tools, and what was answered already."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from agent.vapi.messages import WantedTool
from fsm.events import ToolCall
from fsm.transcript import STILL_RUNNING, Message
from tools.outcome import Outcome
from tools.runner import Runner

MAX_ANSWERS = 64
"""Tool calls whose answers one call keeps for whoever asks again; also rounds of tools that its history keeps."""

MAX_CALLS = 1_000
"""Calls remembered, those that are over too: their late and repeated messages must not begin anything."""

QUIET_S = 900
"""A call of which nothing was heard for so long is taken for over: not every assistant tells us of its end."""

REPORT_S = 30
"""So long after its end a call's report is expected; Vapi makes its analysis meanwhile."""

Run = asyncio.Task[Outcome]


@dataclass(frozen=True, slots=True)
class ToolRound:
    """What our own brain asked tools for in one go, after the caller's `heard`-th contribution."""

    heard: int
    calls: tuple[ToolCall, ...]
    runs: tuple[Run, ...]

    def messages(self, said: str = "") -> Iterator[Message]:
        """As a model is told of it, with what was `said` before the tools."""
        yield Message("assistant", said, tool_calls=self.calls)
        for call, run in zip(self.calls, self.runs, strict=True):
            yield Message("tool", run.result().result if _has_ended(run) else STILL_RUNNING, tool_call_id=call.call_id)

    def outcomes(self) -> list[Outcome]:
        """Those that are there."""
        return [run.result() for run in self.runs if _has_ended(run)]


class VapiCall:
    """One call. The id of a tool call runs once: whoever sends it again gets the same answer, or waits for it.

    `rounds` is what Vapi's history of the call does not have: the tools that our own brain used. `answering` is the
    answer under way. A call `has_place` once we took it on, and `tells_end` where Vapi will tell us of its end.
    """

    def __init__(self, call_id: str, caller: str, runner: Runner) -> None:
        self.call_id = call_id
        self.caller = caller
        self.is_over = False
        self.has_place = False
        self.tells_end = False
        self.is_reported = False
        self.heard_at_s = 0.0
        self.counts: Counter[str] = Counter()
        self.rounds: list[ToolRound] = []
        self.answering: asyncio.Task[None] | None = None
        self._runner = runner
        self._runs: OrderedDict[str, Run] = OrderedDict()

    def run(self, wanted: WantedTool, *, may_begin: bool = True) -> Run | None:
        """The one run of a tool call, under way or done; None: it was never asked for, and does not begin any more.

        One that failed is run again where it is sent again: the runner knows what was done, and does nothing twice.
        """
        known = self._runs.get(wanted.call_id)
        if known is not None and not (known.done() and (not _has_ended(known) or known.result().failed)):
            self.counts["repeated_tool_calls"] += 1
            return known
        if self.is_over or not may_begin:
            return None
        run = self._runs[wanted.call_id] = self._begin(self._runner.run(wanted.name, wanted.arguments), wanted.name)
        while len(self._runs) > MAX_ANSWERS:
            self._runs.popitem(last=False)
        return run

    def use_tools(self, heard: int, calls: tuple[ToolCall, ...]) -> ToolRound:
        """Our brain asks for tools. They run to their end, whatever becomes of the answer that asked."""
        runs = tuple(self._begin(self._runner.run(call.name, call.arguments), call.name) for call in calls)
        self.rounds.append(ToolRound(heard, calls, runs))
        del self.rounds[:-MAX_ANSWERS]
        return self.rounds[-1]

    def unfinished(self) -> list[Run]:
        """Tools of our brain that did not return yet."""
        return [run for each in self.rounds for run in each.runs if not run.done()]

    def end(self) -> None:
        """It is over: what runs comes to its end, nothing new begins."""
        self.is_over = True
        if self.answering is not None:
            self.answering.cancel()

    def _begin(self, work: Coroutine[Any, Any, Outcome], name: str) -> Run:
        self.counts["tool_calls"] += 1
        return asyncio.create_task(work, name=f"vapi tool {name}")


class VapiCalls:
    """Calls by id; the longest unused are forgotten beyond `MAX_CALLS`. `now_s` is the time since whenever."""

    def __init__(self, new_runner: Callable[[str, str], Runner], now_s: Callable[[], float]) -> None:
        self._new_runner = new_runner
        self._now_s = now_s
        self._calls: OrderedDict[str, VapiCall] = OrderedDict()

    @property
    def active(self) -> int:
        """Calls that have a place."""
        return sum(self._is_active(call) for call in self._calls.values())

    @property
    def awaited(self) -> int:
        """Those of whose end we will be told, and were not."""
        return sum(call.tells_end and self._is_active(call) for call in self._calls.values())

    @property
    def unreported(self) -> int:
        """Calls that ended just now and whose report is still to come."""
        ended = (call for call in self._calls.values() if call.is_over and call.has_place and call.tells_end)
        return sum(not call.is_reported and not self._is_quiet(call, REPORT_S) for call in ended)

    def known(self, call_id: str) -> VapiCall | None:
        """A call that was heard of before."""
        return self._calls.get(call_id)

    def of(self, call_id: str, caller: str) -> VapiCall:
        """The call of an id; its runner is made when it is first heard of, and asks ahead what is asked ahead."""
        call = self._calls.get(call_id)
        if call is None:
            call = self._calls[call_id] = VapiCall(call_id, caller, self._new_runner(call_id, caller))
        call.heard_at_s = self._now_s()
        self._calls.move_to_end(call_id)
        while len(self._calls) > MAX_CALLS:
            self._calls.popitem(last=False)[1].end()
        return call

    def end_all(self) -> None:
        """The house closes."""
        for call in self._calls.values():
            call.end()

    def _is_active(self, call: VapiCall) -> bool:
        return call.has_place and not call.is_over and not self._is_quiet(call, QUIET_S)

    def _is_quiet(self, call: VapiCall, since_s: float) -> bool:
        return call.heard_at_s < self._now_s() - since_s


def _has_ended(run: Run) -> bool:
    """Whether it came to an outcome; a runner never raises, but its task can be cancelled with the loop."""
    return run.done() and not run.cancelled() and run.exception() is None
