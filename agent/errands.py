"""The tools of one call under way: coroutines beside the reactor, each answered by exactly one fact."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import partial

from agent.clock import Clock
from agent.fence import Owner
from agent.services import ToolOutcome, ToolRunner
from fsm.effects import RunTool
from fsm.events import Event, ToolCall, ToolReturned
from fsm.expectations import Expected

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Ahead:
    """A tool that runs before it is ordered."""

    task: "asyncio.Task[ToolOutcome | None] | None" = None
    order: RunTool | None = None
    """Who wants its outcome, once somebody does."""
    outcome: ToolOutcome | None = None
    is_done: bool = False


class Errands:
    """Runs the tools of one call. A call that ends lets them finish: what they do to the world counts all the same.

    `changes` tells what a tool's outcome means for the rest of the call; that is told before what it returned.
    """

    def __init__(
        self,
        runner: ToolRunner,
        clock: Clock,
        owner: Owner,
        changes: Callable[[ToolOutcome], Iterable[Event]] = lambda _outcome: (),
    ) -> None:
        self._runner = runner
        self._changes = changes
        self._clock = clock
        self._owner = owner
        self._tasks: set[asyncio.Task[ToolOutcome | None]] = set()
        self._ahead: dict[tuple[int, str], _Ahead] = {}

    def run(self, order: RunTool) -> None:
        """Run one tool on the running loop, unless it runs ahead; `ToolReturned` follows, in a later pass."""
        ahead = self._ahead.pop((order.reply, order.call.call_id), None)
        if ahead is None:
            self._begin(self._run(order))
        elif not ahead.is_done:
            ahead.order = order
        else:  # by a timer, which is on record: a recorded call is woken by what woke it
            self._clock.call_at(self._clock.now(), partial(self._tell_later, order, ahead))

    def run_ahead(self, reply: int, call: ToolCall, on_outcome: Callable[[ToolOutcome], None]) -> None:
        """Run a tool that nobody ordered yet: one that only reads, for a reply that is a draft."""
        ahead = self._ahead[reply, call.call_id] = _Ahead()
        ahead.task = self._begin(self._go_ahead(ahead, call, on_outcome))

    def forget(self, reply: int) -> None:
        """Nobody will order what still runs ahead for `reply`, or did."""
        for key in [key for key in self._ahead if key[0] == reply]:
            ahead = self._ahead.pop(key)
            if ahead.task is not None:
                ahead.task.cancel()

    @property
    def under_way(self) -> int:
        """Tools that did not return yet."""
        return len(self._tasks)

    def _begin(self, work: Coroutine[None, None, ToolOutcome | None]) -> asyncio.Task[ToolOutcome | None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, order: RunTool) -> ToolOutcome | None:
        return self._tell(order, await self._outcome(order.call))

    async def _go_ahead(
        self, ahead: _Ahead, call: ToolCall, on_outcome: Callable[[ToolOutcome], None]
    ) -> ToolOutcome | None:
        ahead.outcome = await self._outcome(call)
        ahead.is_done = True
        if ahead.order is not None:
            return self._tell(ahead.order, ahead.outcome)
        if ahead.outcome is not None:
            on_outcome(ahead.outcome)
        return ahead.outcome

    async def _outcome(self, call: ToolCall) -> ToolOutcome | None:
        try:
            return await self._runner.run(call.name, call.arguments)
        except Exception as error:  # a runner never raises: one that does is a mistake of ours
            self._owner.on_mistake(error)
            return None

    def _tell_later(self, order: RunTool, ahead: _Ahead) -> None:
        self._tell(order, ahead.outcome)

    def _tell(self, order: RunTool, outcome: ToolOutcome | None) -> ToolOutcome | None:
        if outcome is not None:
            for change in self._changes(outcome):
                self._owner.feed(change)
            self._owner.feed(
                ToolReturned(
                    order.reply,
                    order.call.call_id,
                    outcome.result,
                    outcome.failed,
                    ends_call=outcome.ends_call,
                    ends_round=outcome.ends_round,
                    expects=self._expected(order, outcome.expects),
                )
            )
        return outcome

    def _expected(self, order: RunTool, told: str) -> str:
        try:
            return str(Expected.parse(told)) if told else ""
        except ValueError as error:  # the tool's mistake: what it answered counts all the same
            log.warning("tool %s: what it says to expect is unknown: %s", order.call.name, error)
            return ""
