"""The server under measurement: `offhook serve --open` in a process of its own, that answers questions on its stdin.

Run as `python -m simulator.bench_server`; settings come from the environment. It prints a JSON line once it is ready,
and one for each line it reads: `stats` as it is, `collect` after a garbage collection. The end of stdin ends it.
"""

import asyncio
import gc
import logging
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import orjson

from agent.__main__ import run_on_uvloop
from agent.agent_file import load_agent
from agent.config import load_config, opened
from agent.house import House
from agent.running import keep_what_is_here

SMAPS = Path("/proc/self/smaps_rollup")


def memory_kb() -> tuple[int, str]:
    """Memory that this process alone has written, in KiB, and how it was told.

    Clean pages are left out: those of libraries become private or shared as other programs come and go.
    """
    if SMAPS.exists():
        return written_kb(SMAPS.read_text(encoding="ascii")), "private pages that were written"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1_024 if sys.platform == "darwin" else 1), "peak resident set"


def written_kb(smaps: str) -> int:
    """From the text of `smaps_rollup`."""
    fields = (line.split() for line in smaps.splitlines())
    return sum(int(field[1]) for field in fields if field[0] in {"Private_Dirty:", "Private_Hugetlb:", "Swap:"})


def stats(house: House) -> dict[str, object]:
    """What can only be seen from inside; instants and CPU in ns."""
    used_kb, memory_by = memory_kb()
    return {
        "at": time.monotonic_ns(),
        "cpu_ns": time.process_time_ns(),
        "memory_kb": used_kb,
        "memory_by": memory_by,
        "tasks": len(asyncio.all_tasks()),
        "calls": house.server.active_calls,
    }


def pin(cpu: int) -> None:
    """Stay on one CPU, where the system knows how."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})


async def serve() -> None:
    """Serve until stdin ends."""
    config = replace(opened(load_config(os.environ)), vad="builtin")  # the load knows when that one tells an onset
    async with House(config, load_agent(config.agent)) as house:
        await house.prepared()
        keep_what_is_here()
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        _print({"port": house.server.port})
        while order := (await reader.readline()).strip():
            if order == b"collect":
                gc.collect()
            _print(stats(house))


def _print(answer: dict[str, object]) -> None:
    sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """The process."""
    logging.basicConfig(level=logging.WARNING)
    if cpu := os.environ.get("OFFHOOK_BENCH_CPU"):
        pin(int(cpu))
    run_on_uvloop(serve)


if __name__ == "__main__":
    main()
