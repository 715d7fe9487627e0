"""What our own part of a tool costs: from the machine's order to the fact that answers it, for tools that do nothing.

Everything on the way is real: arguments checked, an effect written into a journal on disk, the answer cut to size.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.clock import LoopClock, RandomIds
from agent.errands import Errands
from agent.workshop import Workshop
from fsm.effects import RunTool
from fsm.events import Event, ToolCall
from simulator.bench_figures import percentile, to_ms
from tools.declare import tool
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import Kind

GOAL_MS = 1.0
"""Of all kinds together, p99."""

WARM_UP = 50
"""Runs of each tool that are not counted: the first ones open the journal and fill caches."""

ANSWER = {"slots": [{"slot_id": "2026-11-24T10:00", "spoken": "Tuesday November 24 at 10 AM"}] * 3}
"""As long as what tools of a voice agent usually answer."""


@tool(kind=Kind.PURE, name="plain")
def _plain(number: int, day: str = "today") -> object:
    """Answer at once."""
    return {**ANSWER, "number": number, "day": day}


@tool(kind=Kind.PURE, name="waiting")
async def _waiting(number: int, day: str = "today") -> object:
    """Answer at once, in a task of its own."""
    return {**ANSWER, "number": number, "day": day}


@tool(kind=Kind.EFFECT, name="effect")
def _effect(number: int, day: str = "today") -> object:
    """Change nothing, and have it written down."""
    return {**ANSWER, "number": number, "day": day}


@tool(kind=Kind.EFFECT, name="waiting_effect")
async def _waiting_effect(number: int, day: str = "today") -> object:
    """The same, in a task of its own."""
    return {**ANSWER, "number": number, "day": day}


TOOLS = Registry([_plain, _waiting, _effect, _waiting_effect])


@dataclass(slots=True)
class ToolFigures:
    """Durations in ns by tool: as they passed, and of them what this thread was at work."""

    took_ns: dict[str, list[int]] = field(default_factory=dict)
    worked_ns: dict[str, list[int]] = field(default_factory=dict)

    def values(self) -> dict[str, float]:
        """Percentiles in ms: of all kinds together, and of each; CPU time knows no neighbours on the machine."""
        return {**_percentiles(self.took_ns, "overhead_ms"), **_percentiles(self.worked_ns, "overhead_cpu_ms")}


def _percentiles(by_tool: dict[str, list[int]], figure: str) -> dict[str, float]:
    together = [each for durations in by_tool.values() for each in durations]
    told = {"": together, **{f"{name}_": durations for name, durations in by_tool.items()}}
    return {
        f"{name}{figure}_p{percent}": round(to_ms(percentile(durations, percent) or 0), 3)
        for name, durations in told.items()
        for percent in (50, 99)
    }


class _Owner:
    """Whoever ordered a tool, and waits for what comes of it."""

    def __init__(self) -> None:
        self.returned: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()

    @property
    def owner(self) -> "_Owner":
        return self

    def feed(self, _event: Event) -> None:
        self.returned.set_result((time.perf_counter_ns(), time.thread_time_ns()))

    def on_mistake(self, error: Exception) -> None:
        self.returned.set_exception(error)


async def measure(runs: int) -> ToolFigures:
    """Run each tool `runs` times, one after the other."""
    figures = ToolFigures({name: [] for name in TOOLS.names}, {name: [] for name in TOOLS.names})
    with TemporaryDirectory(prefix="offhook-bench-") as name:
        workshop = Workshop(TOOLS, Path(name), datetime.now, RandomIds())
        for number in range(-WARM_UP, runs):
            runner = workshop.runner(f"CA{number}", "+15550001111")
            for tool_name in TOOLS.names:
                took_ns, worked_ns = await run_once(runner, tool_name, number)
                if number >= 0:
                    figures.took_ns[tool_name].append(took_ns)
                    figures.worked_ns[tool_name].append(worked_ns)
    return figures


async def run_once(runner: Runner, tool_name: str, number: int) -> tuple[int, int]:
    """Order a tool with an argument `number` and await its answer: how long it took and was at work, in ns."""
    call = ToolCall(f"call_{number}", tool_name, f'{{"number": {number}}}')
    owner = _Owner()
    began_at, at_work = time.perf_counter_ns(), time.thread_time_ns()
    Errands(runner, LoopClock(asyncio.get_running_loop()), owner).run(RunTool(1, call))  # type: ignore[arg-type]  # of an owner, what errands use
    ended_at, worked = await owner.returned
    return ended_at - began_at, worked - at_work
