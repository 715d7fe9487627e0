"""Processes that a benchmark starts: the server under measurement, and `offhook` commands that are timed."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from simulator.bench_load import BenchError

START_S = 20.0
ANSWER_S = 10.0
STOP_S = 10.0

OFFHOOK = (sys.executable, "-m", "agent")
"""What the installed `offhook` runs."""


@dataclass(frozen=True, slots=True)
class Stats:
    """One look into the server; see `simulator.bench_server.stats`."""

    at: int
    cpu_ns: int
    memory_kb: int
    memory_by: str
    tasks: int
    calls: int

    def cpu_percent_since(self, before: "Stats") -> float:
        """Of one core."""
        return 100 * (self.cpu_ns - before.cpu_ns) / (self.at - before.at)


class ServerProcess:
    """`simulator.bench_server` in a process of its own, while it is entered. Raises `BenchError` where it fails."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self.port = 0
        self._env = env
        self._log = log
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "simulator.bench_server",
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                env=environ(self._env),
            )
        try:
            self.port = int((await self._read(START_S))["port"])
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """End it by the end of its stdin; by force if that does not do."""
        process = self._process
        assert process is not None, "left before it was entered"
        assert process.stdin is not None, "it was started with a pipe"
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def stats(self, *, collect: bool = False) -> Stats:
        """Look into it now; `collect`: after a garbage collection."""
        assert self._process is not None, "enter it first"
        assert self._process.stdin is not None, "it was started with a pipe"
        self._process.stdin.write(b"collect\n" if collect else b"stats\n")
        return Stats(**await self._read(ANSWER_S))

    @property
    def complaints(self) -> list[str]:
        """What it logged: warnings and worse."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()

    async def _read(self, limit_s: float) -> dict[str, Any]:
        assert self._process is not None, "enter it first"
        assert self._process.stdout is not None, "it was started with a pipe"
        try:
            async with asyncio.timeout(limit_s):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            raise BenchError(
                f"the server under measurement gives no answer; it said: {' | '.join(self.complaints[-5:])}"
            )
        answer: dict[str, Any] = orjson.loads(line)
        return answer


def environ(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a measured process: ours, without settings that are not the benchmark's."""
    prefixes = ("OFFHOOK_", "TWILIO_", "DEEPGRAM_", "GROQ_", "ELEVENLABS_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(prefixes)}, **env}


async def start_offhook(*arguments: str, env: Mapping[str, str], cwd: Path) -> Process:
    """Start an `offhook` command whose output nobody reads, in a directory without a `.env`."""
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", ""))))
    return await asyncio.create_subprocess_exec(
        *OFFHOOK,
        *arguments,
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
        env={**environ(env), "PYTHONPATH": path},
        cwd=cwd,
    )
