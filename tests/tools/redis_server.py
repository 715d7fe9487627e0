"""A real Redis on loopback for the tests that need one."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

VARIABLE = "OFFHOOK_TEST_REDIS_SERVER"
"""The program to start; `redis-server` of the path unless told."""


class RedisServer:
    """One that can be stopped and stalled."""

    def __init__(self, folder: Path) -> None:
        program = os.environ.get(VARIABLE) or shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not installed here (apt-get install redis-server)")
        self._program = program
        self._folder = folder
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start it and wait until it listens."""
        options = f"--port {self.port} --bind 127.0.0.1 --save  --appendonly no --daemonize no --loglevel warning"
        self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - a program of the machine's, started at once
            [self._program, *options.split(" "), "--dir", str(self._folder)], stdout=subprocess.DEVNULL
        )
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionError:
                assert self._process.poll() is None, "redis-server ended at once"
                continue
            writer.close()
            await writer.wait_closed()
            return

    def stall(self) -> None:
        """Let it answer nothing, though it listens."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Not started yet; ended at the end."""
    server = RedisServer(folder)
    try:
        yield server
    finally:
        server.stop()
