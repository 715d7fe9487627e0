"""How long `offhook` needs to start."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from simulator.bench_figures import to_ms
from simulator.bench_load import BenchError, Load
from simulator.bench_phone import Phone
from simulator.bench_process import start_offhook


async def help_ms(load: Load, directory: Path, times: int) -> float:
    """`offhook --help`, from the process's start to its end: the median of `times`."""
    taken = []
    for _ in range(times):
        began_at = load.clock.now()
        process = await start_offhook("--help", env={}, cwd=directory)
        await process.wait()
        taken.append(to_ms(load.clock.now() - began_at))
    return median(taken)


async def start_ms(load: Load, env: Mapping[str, str], directory: Path, times: int) -> float:
    """`offhook serve --open`, from the process's start to the first audio at a phone: the median of `times`.

    The server finds no rendered phrases: the first caller is greeted by the voice itself.
    """
    return median([await _start_once_ms(load, env, directory) for _ in range(times)])


async def _start_once_ms(load: Load, env: Mapping[str, str], directory: Path) -> float:
    port = await _free_port()
    with tempfile.TemporaryDirectory(dir=directory) as data:
        began_at = load.clock.now()
        settings = {**env, "OFFHOOK_DATA": data}
        process = await start_offhook("serve", "--open", "--port", str(port), env=settings, cwd=directory)
        try:
            phone = await _first_phone(load, port, process)
            await load.hang_up([phone])
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
    assert phone.first_media_at is not None, "a placed call has heard audio"
    return to_ms(phone.first_media_at - began_at)


async def _first_phone(load: Load, port: int, process: asyncio.subprocess.Process) -> Phone:
    """A call, placed as soon as the server listens."""
    while True:
        try:
            return (await load.place(1, port, gap_ms=0))[0]
        except OSError:
            if process.returncode is not None:
                raise BenchError(f"`offhook serve --open` ended with {process.returncode}; run it to see why") from None
            await load.pause(2)


async def _free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
