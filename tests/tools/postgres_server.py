"""A real PostgreSQL on loopback for the tests that need one."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

VARIABLE = "OFFHOOK_TEST_POSTGRES_BIN"
"""Folder of its programs; where Debian puts them, or the path, unless told."""

OWNER = "postgres"
"""It refuses to run as root; then it runs as this user."""


def programs() -> Path:
    """The folder of its programs; skips the test where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    told = os.environ.get(VARIABLE)
    if told:
        return Path(told)
    if not found and on_path is None:
        pytest.skip("PostgreSQL is not installed here (apt-get install postgresql)")
    return found[-1].parent if found else Path(str(on_path)).parent


class PostgresServer:
    """One that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._programs = programs()
        self._data = folder / "data"
        self._as = OWNER if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        if self._as is not None:
            shutil.chown(folder, self._as)
        options = ["-D", str(self._data), "-U", "offhook", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(  # noqa: S603 - a program of the machine's
            [self._programs / "initdb", *options], check=True, user=self._as, cwd=folder, stdout=subprocess.DEVNULL
        )

    @property
    def url(self) -> str:
        return f"postgresql://offhook@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "port": self.port}
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(  # noqa: S603 - same
            [self._programs / "postgres", "-D", str(self._data), *options],
            user=self._as,
            cwd=self._data,
            stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, "PostgreSQL ended at once"
                continue
            return

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
            self._process = None


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
