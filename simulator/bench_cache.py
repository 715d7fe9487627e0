"""What a kept answer costs: from the machine's order to the fact that answers it, out of memory and out of Redis."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from agent.clock import RandomIds
from agent.workshop import Workshop
from simulator.bench_figures import percentile, to_ms
from simulator.bench_tools import ANSWER, run_once
from tools.cache import AnswerCache
from tools.cache_redis import RedisStore, open_redis
from tools.declare import tool
from tools.registry import Registry
from tools.sealing import Seal

GOALS_MS = {"cached": 2.0, "redis": 5.0}
"""p99 of each."""

KEYS = 50
"""So many different answers are kept, and asked for in turn."""

START_S = 10.0


@tool(cache_ms=3_600_000, private=["number"], name="kept")
async def _kept(number: int, day: str = "today") -> object:
    """Answer, once."""
    return {**ANSWER, "number": number, "day": day}


async def measure(runs: int) -> tuple[dict[str, float | None], str]:
    """Percentiles in ms, None where there is no Redis, and why not."""
    figures = _percentiles("cached", await _took_ns(runs, AnswerCache(b"bench", Random(1))))
    async with _redis() as (url, why_not):
        if not url:
            return {**figures, **_percentiles("redis", [])}, why_not
        store = RedisStore(open_redis(url), "bench", Seal(b"s" * 32))
        cache = AnswerCache(b"bench", Random(1), store)
        await cache.open()
        is_up = store.is_up
        took_ns = await _took_ns(runs, cache) if is_up else []
        went_down = is_up and not store.is_up
        await cache.forget("kept")
        await cache.close()
    why_not = "Redis was down for a while: some answers came from memory" if went_down else ""
    return {**figures, **_percentiles("redis", took_ns)}, why_not if is_up else "Redis does not answer at REDIS_URL"


def _percentiles(what: str, took_ns: list[int]) -> dict[str, float | None]:
    return {
        f"{what}_ms_p{percent}": round(to_ms(percentile(took_ns, percent) or 0), 3) if took_ns else None
        for percent in (50, 99)
    }


async def _took_ns(runs: int, cache: AnswerCache) -> list[int]:
    with TemporaryDirectory(prefix="offhook-bench-") as name:
        workshop = Workshop(Registry([_kept]), Path(name), datetime.now, RandomIds(), cache=cache)
        runner = workshop.runner("CA0", "+15550001111")
        for number in range(KEYS):
            await run_once(runner, "kept", number)
        return [(await run_once(runner, "kept", number % KEYS))[0] for number in range(runs)]


@asynccontextmanager
async def _redis() -> AsyncIterator[tuple[str, str]]:
    """The URL of a Redis: that of REDIS_URL, or one of our own on loopback; or why there is none."""
    if url := os.environ.get("REDIS_URL"):
        yield url, ""
        return
    program = shutil.which("redis-server")
    if program is None:
        yield "", "no Redis measured: set REDIS_URL, or install redis-server"
        return
    async with await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0) as probe:
        port = int(probe.sockets[0].getsockname()[1])
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    process = await asyncio.create_subprocess_exec(program, *options, stdout=DEVNULL)
    try:
        async with asyncio.timeout(START_S):
            while not await _listens(port):
                pass
        yield f"redis://127.0.0.1:{port}/0", ""
    finally:
        process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True
