"""The tools of one call under way: coroutines beside the reactor, each answered by exactly one fact."""

import asyncio

from agent.fence import Owner
from agent.services import ToolRunner
from fsm.effects import RunTool
from fsm.events import ToolReturned


class Errands:
    """Runs the tools of one call. A call that ends lets them finish: what they do to the world counts all the same."""

    def __init__(self, runner: ToolRunner, owner: Owner) -> None:
        self._runner = runner
        self._owner = owner
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, order: RunTool) -> None:
        """Run one tool on the running loop; `ToolReturned` follows, in a later pass."""
        task = asyncio.get_running_loop().create_task(self._run(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def under_way(self) -> int:
        """Tools that did not return yet."""
        return len(self._tasks)

    async def _run(self, order: RunTool) -> None:
        try:
            outcome = await self._runner.run(order.call.name, order.call.arguments)
        except Exception as error:  # a runner never raises: one that does is a mistake of ours
            self._owner.on_mistake(error)
            return
        self._owner.feed(
            ToolReturned(
                order.reply,
                order.call.call_id,
                outcome.result,
                outcome.failed,
                ends_call=outcome.ends_call,
                ends_round=outcome.ends_round,
            )
        )
