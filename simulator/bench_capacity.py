"""How many talking calls one core holds: more and more of them, until frames come late."""

from collections.abc import Sequence

from simulator.bench_figures import jitter_p99_ms
from simulator.bench_load import Load
from simulator.bench_plan import USUAL, Step
from simulator.bench_process import ServerProcess

JITTER_LIMIT_MS = 10.0
SETTLE_MS = 1_500
"""New calls are greeted before anything is measured."""

LOAD_LATE_LIMIT_MS = 5.0
BUSY_PERCENT = 85.0
"""From here on a server has no time left for bursts."""


async def climb(load: Load, server: ServerProcess, numbers: Sequence[int], step_ms: int) -> list[Step]:
    """Try rising numbers of calls; a number that fails is tried once more, and if it fails again it is the last."""
    steps: list[Step] = []
    for number in numbers:
        await load.place(number - len(load.phones), server.port, gap_ms=10)
        load.talk_by(USUAL)
        for _ in range(2):
            await load.pause(SETTLE_MS)
            steps.append(await _step(load, server, step_ms))
            if steps[-1].holds:
                break
        else:
            return steps
    return steps


async def _step(load: Load, server: ServerProcess, step_ms: int) -> Step:
    load.forget()
    before = await server.stats()
    await load.pause(step_ms)
    after = await server.stats()
    jitter_ms = jitter_p99_ms(phone.earpiece for phone in load.phones) or 0.0
    underruns = sum(phone.earpiece.underruns for phone in load.phones)
    return Step(
        len(load.phones),
        jitter_ms,
        underruns,
        sum(phone.missing_answers for phone in load.phones),
        load.late_ms_p99,
        after.cpu_percent_since(before),
        holds=jitter_ms < JITTER_LIMIT_MS and underruns == 0 and any(phone.answers for phone in load.phones),
    )


def capacity(steps: Sequence[Step]) -> Step | None:
    """The last step that held; None where none did."""
    return next((step for step in reversed(steps) if step.holds), None)


def limited_by(steps: Sequence[Step]) -> str:
    """What kept the number of calls from being larger."""
    last = steps[-1]
    if last.holds:
        return f"nothing: {last.calls} calls is the largest number that was tried"
    if last.load_late_ms_p99 > LOAD_LATE_LIMIT_MS:
        return f"the load: its own frames were {last.load_late_ms_p99:.1f} ms late (p99) at {last.calls} calls"
    if last.cpu_percent > BUSY_PERCENT:
        return f"the server's CPU: {last.cpu_percent:.0f} % of its core at {last.calls} calls"
    what = f"{last.underruns} underruns" if last.underruns else f"jitter of {last.jitter_ms_p99:.1f} ms (p99)"
    return f"{what} at {last.calls} calls, with {last.cpu_percent:.0f} % of the core in use"
