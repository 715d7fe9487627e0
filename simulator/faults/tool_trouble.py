"""Tools in trouble: a runner of tools, and what befalls the next ones it is asked to run."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.services import ToolOutcome, ToolRunner
from fsm.units import NS_PER_MS
from simulator.world import World
from tools.tool import EFFECT_LIMIT_MS

Run = Callable[[], Awaitable[ToolOutcome]]
Trouble = Callable[["ToolTrouble", Run], Awaitable[ToolOutcome]]
"""Runs a tool otherwise than asked; `run()` runs it as asked."""
Fits = Callable[[str], bool]
"""Whether it may happen to the tool of that name."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """How a troubled tool ended."""

    result: str
    failed: bool = False
    ends_call: bool = False
    ends_round: bool = False
    expects: str = ""
    profile: str = ""
    language: str = ""


class ToolTrouble:
    """What befalls tools, in the order it was asked for: `befall` is for the next ones, one each.

    `slow_ms` is added to each tool.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.slow_ms = 0.0
        self._coming: list[tuple[Trouble, Fits]] = []

    def befall(self, trouble: Trouble, times: int = 1, fits: Fits = lambda _name: True) -> None:
        """Let it happen to the next tools that fit."""
        self._coming += [(trouble, fits)] * times

    def around(self, runner: ToolRunner) -> ToolRunner:
        """The runner, in trouble."""
        return _Troubled(self, runner)

    async def run(self, name: str, run: Run) -> ToolOutcome:
        """Run the tool called `name`, with what befalls it."""
        trouble = self._next(name)
        if self.slow_ms:
            await self.pause(self.slow_ms)
        return await (run() if trouble is None else trouble(self, run))

    def _next(self, name: str) -> Trouble | None:
        index = next((index for index, (_, fits) in enumerate(self._coming) if fits(name)), None)
        return None if index is None else self._coming.pop(index)[0]

    async def pause(self, duration_ms: float) -> None:
        """Wait, in the world's time."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self.world.now() + round(duration_ms * NS_PER_MS)
        timer = self.world.call_at(due, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()


class _Troubled:
    """A runner whose tools are in trouble."""

    def __init__(self, trouble: ToolTrouble, runner: ToolRunner) -> None:
        self._runner = runner
        self._trouble = trouble

    async def run(self, name: str, arguments_json: str) -> ToolOutcome:
        """The one outcome of a tool."""
        return await self._trouble.run(name, lambda: self._runner.run(name, arguments_json))


# --- what may befall a tool ----------------------------------------------------------------------------------


def slowed(duration_ms: float) -> Trouble:
    """It does what it should, and tells so late."""

    async def slow(tools: ToolTrouble, run: Run) -> ToolOutcome:
        outcome = await run()
        await tools.pause(duration_ms)
        return outcome

    return slow


async def hangs(tools: ToolTrouble, _run: Run) -> ToolOutcome:
    """It does nothing, until the runner gives it up."""
    await tools.pause(EFFECT_LIMIT_MS)
    return Spoilt(json.dumps({"error": "no answer"}), failed=True)


async def breaks(_tools: ToolTrouble, _run: Run) -> ToolOutcome:
    """It does nothing, and says that it broke."""
    return Spoilt(json.dumps({"error": "HTTP 500 from the calendar"}), failed=True)


async def doubled(_tools: ToolTrouble, run: Run) -> ToolOutcome:
    """It is run twice at once."""
    first, second = await asyncio.gather(run(), run())
    return second if first.failed else first


async def babbles(_tools: ToolTrouble, run: Run) -> ToolOutcome:
    """It does what it should, and answers nonsense: no JSON, far too much of it."""
    await run()
    return Spoilt('{"slots": [' + "\x00\ufffd <br> " * 400)
