"""`offhook bench call`: what a call costs and how quick it is, on loopback, with providers that take no time.

Two processes: the server, and this one with the phones and the providers' peers, each on a CPU of its own where the
system can pin them. Instants of both are of the system's one monotonic clock. What this process needs to notice a
message counts against the server.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.bench_capacity import capacity, climb, limited_by
from simulator.bench_figures import percentile, to_ms
from simulator.bench_load import Load
from simulator.bench_machine import cpu_times, disturbance
from simulator.bench_peers import USUAL_SENTENCES
from simulator.bench_plan import TALKATIVE, Figures, Plan
from simulator.bench_process import ServerProcess, Stats
from simulator.bench_starts import help_ms, start_ms
from simulator.bench_words import AGENT_TOML

WARM_UP_CALLS = 2

RELEASE_MS = 2_500
"""After this, calls that ended have released what they held."""

ARRIVAL_MS = 2_000
"""How long the running calls are watched after others arrived."""


async def measure(plan: Plan) -> Figures:
    """Measure everything. Raises `BenchError` where there is nothing to be measured."""
    figures = Figures()
    before = cpu_times()
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as name:
        directory = Path(name)
        async with Load() as load:
            env = settings(load, directory)
            figures.help_ms = await help_ms(load, directory, plan.helps)
            figures.start_ms = await start_ms(load, env, directory, plan.starts)
            with _pinned(figures) as pins:
                async with ServerProcess({**env, **pins}, directory / "server.log") as server:
                    await _measure_server(plan, load, server, figures)
                    figures.notes += [f"the server said: {line}" for line in server.complaints[:5]]
    if remark := disturbance(before, cpu_times()):
        figures.notes.append(remark)
    return figures


def settings(load: Load, directory: Path) -> dict[str, str]:
    """The environment of a measured server: the benchmark's agent, with the load's peers as providers."""
    agent = directory / "bench.toml"
    agent.write_text(AGENT_TOML, encoding="utf-8")
    return {
        **load.env,
        "OFFHOOK_HOST": "127.0.0.1",
        "OFFHOOK_PORT": "0",
        "OFFHOOK_MAX_CALLS": "10000",
        "OFFHOOK_DATA": str(directory),
        "OFFHOOK_AGENT": str(agent),
    }


@contextmanager
def _pinned(figures: Figures) -> Iterator[dict[str, str]]:
    """Keep this process on one CPU meanwhile; the settings that keep the server on another."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cpus) < 2:
        figures.notes.append("nothing was pinned to a CPU: server and load may have shared one")
        yield {}
        return
    os.sched_setaffinity(0, cpus[1:2])
    try:
        yield {"OFFHOOK_BENCH_CPU": str(cpus[0])}
    finally:
        os.sched_setaffinity(0, cpus)


async def _measure_server(plan: Plan, load: Load, server: ServerProcess, figures: Figures) -> None:
    base = await _warm_up(load, server)
    await load.place(plan.calls, server.port)
    await load.hush()
    figures.cpu_percent_listening = await _cpu_listening(plan, load, server)
    figures.cpu_percent_speaking = await _cpu_speaking(plan, load, server)
    await _measure_talk(plan, load, figures)
    await load.hush()
    after = await server.stats(collect=True)
    figures.memory_kb_per_call = (after.memory_kb - base.memory_kb) / plan.calls
    figures.tasks_per_call = (after.tasks - base.tasks) / plan.calls
    figures.notes.append(f"memory is told by {after.memory_by}")
    figures.max_gap_ms = await _max_gap_ms(plan, load, server)
    await _measure_capacity(plan, load, server, figures)


async def _warm_up(load: Load, server: ServerProcess) -> Stats:
    """Let a few calls come, talk and go; how the server is then."""
    phones = await load.place(WARM_UP_CALLS, server.port)
    load.peers.sentences = 0
    for phone in phones:
        phone.say()
    await load.until(lambda: all(phone.answers for phone in phones), "the first answers")
    await load.hush()
    await load.hang_up(phones)
    await load.pause(RELEASE_MS)
    return await server.stats(collect=True)


async def _cpu_listening(plan: Plan, load: Load, server: ServerProcess) -> float:
    before = await server.stats()
    await load.pause(plan.listening_ms)
    return (await server.stats()).cpu_percent_since(before) / len(load.phones)


async def _cpu_speaking(plan: Plan, load: Load, server: ServerProcess) -> float:
    """Everyone says something in the same instant; from the end of that, the answers included."""
    load.peers.sentences = plan.speaking_ms // 1_000
    for phone in load.phones:
        phone.say()
    await load.until(lambda: all(phone.is_waiting for phone in load.phones), "everyone to have spoken")
    before = await server.stats()
    await load.until(lambda: not any(phone.is_waiting for phone in load.phones), "answers to everyone")
    await load.pause(plan.speaking_ms)
    after = await server.stats()
    await load.hush()
    return after.cpu_percent_since(before) / len(load.phones)


async def _measure_talk(plan: Plan, load: Load, figures: Figures) -> None:
    load.forget()
    load.peers.sentences = 0
    load.talk_by(TALKATIVE)
    await load.pause(plan.talking_ms)
    shares = load.turns.shares_ns()
    clears = [clear for phone in load.phones for clear in phone.clears_ns]
    figures.share_ms_p50, figures.share_ms_p99 = _percentile_ms(shares, 50), _percentile_ms(shares, 99)
    figures.clear_ms_p99 = _percentile_ms(clears, 99)
    missing = sum(phone.missing_answers for phone in load.phones), sum(phone.missing_clears for phone in load.phones)
    figures.notes.append(
        f"share and clear are of {len(shares)} answers and {len(clears)} interruptions in {len(load.phones)} calls; "
        f"{missing[0]} answers and {missing[1]} clears never came; the load was {load.late_ms_p99:.1f} ms late (p99)"
    )


def _percentile_ms(values_ns: list[int], percent: float) -> float | None:
    found = percentile(values_ns, percent)
    return None if found is None else to_ms(found)


async def _max_gap_ms(plan: Plan, load: Load, server: ServerProcess) -> float:
    """The longest pause in the agent's speech of running calls while others arrive at once."""
    running = list(load.phones)
    load.peers.sentences = USUAL_SENTENCES
    for phone in running:
        phone.forget()
        phone.say()
    await load.until(lambda: all(phone.answers for phone in running), "answers to everyone")
    await load.pause(500)
    load.forget()
    arrived = await load.place_at_once(plan.arrivals, server.port)
    await load.pause(ARRIVAL_MS)
    gap_ns = max(phone.earpiece.max_gap_ns for phone in running)
    await load.hush()
    await load.hang_up(arrived)
    return to_ms(gap_ns)


async def _measure_capacity(plan: Plan, load: Load, server: ServerProcess, figures: Figures) -> None:
    figures.steps = await climb(load, server, plan.steps, plan.step_ms)
    best = capacity(figures.steps)
    figures.calls_per_core = best.calls if best is not None else 0
    figures.load_late_ms_p99 = (best or figures.steps[-1]).load_late_ms_p99
    figures.limited_by = limited_by(figures.steps)
