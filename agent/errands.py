"""The tools of one call under way: coroutines beside the reactor, each answered by exactly one fact."""

import asyncio
import logging
from collections.abc import Coroutine

from agent.fence import Owner
from agent.services import ToolOutcome, ToolRunner
from fsm.effects import RunTool
from fsm.events import ToolCall, ToolReturned
from fsm.expectations import Expected

log = logging.getLogger(__name__)


class Errands:
    """Runs the tools of one call. A call that ends lets them finish: what they do to the world counts all the same."""

    def __init__(self, runner: ToolRunner, owner: Owner) -> None:
        self._runner = runner
        self._owner = owner
        self._tasks: set[asyncio.Task[ToolOutcome | None]] = set()
        self._ahead: dict[tuple[int, str], asyncio.Task[ToolOutcome | None]] = {}

    def run(self, order: RunTool) -> None:
        """Run one tool on the running loop, unless it runs ahead; `ToolReturned` follows, in a later pass."""
        ahead = self._ahead.pop((order.reply, order.call.call_id), None)
        self._begin(self._run(order) if ahead is None else self._take(order, ahead))

    def run_ahead(self, reply: int, call: ToolCall) -> None:
        """Run a tool that nobody ordered yet: one that only reads, for a reply that is a draft."""
        self._ahead[reply, call.call_id] = self._begin(self._outcome(call))

    def forget(self) -> None:
        """Nobody will order what still runs ahead, or did."""
        for task in self._ahead.values():
            task.cancel()
        self._ahead.clear()

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

    async def _take(self, order: RunTool, ahead: asyncio.Task[ToolOutcome | None]) -> ToolOutcome | None:
        return self._tell(order, await ahead)

    async def _outcome(self, call: ToolCall) -> ToolOutcome | None:
        try:
            return await self._runner.run(call.name, call.arguments)
        except Exception as error:  # a runner never raises: one that does is a mistake of ours
            self._owner.on_mistake(error)
            return None

    def _tell(self, order: RunTool, outcome: ToolOutcome | None) -> ToolOutcome | None:
        if outcome is not None:
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
