"""What tools may not do in a simulation, how they are told, and that everything is as before afterwards."""

# ruff: noqa: F401 - the tools below are text, and need what they name

import builtins
import datetime as calendar
import logging
import os
import random
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import shuffle
from time import monotonic
from types import ModuleType

import pytest

from simulator import guard as guard_module
from simulator.asking import NotInSimulation, is_library
from simulator.guard import Guard
from simulator.guarded import GUARDED
from simulator.loop import WorldLoop
from simulator.world import World

HERE = r"test_guard\.py:\d+"


@dataclass
class Ticket:
    number: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Stamped:
    at: float = field(default_factory=lambda: 1 + monotonic())


def watched() -> World:
    world = World("guarded")
    world.surround(Guard(world).watch)
    return world


def in_simulation(tool: Callable[[], object]) -> object:
    """What a tool gives that runs within a world."""
    world, given = watched(), []
    world.call_soon(lambda: given.append(tool()))
    world.run_until_idle()
    return given[0]


def local_datetime() -> object:
    import datetime as late  # noqa: PLC0415 - a tool that imports when it runs

    return late.datetime.now(late.UTC)


def local_from_datetime() -> object:
    from datetime import datetime as late  # noqa: PLC0415 - as above

    return late.now(UTC)


CLOCKS = {
    "time.time()": "time.time",
    "monotonic()": "time.monotonic",
    "time.perf_counter_ns()": "time.perf_counter_ns",
    "time.localtime()": "time.localtime",
    "time.strftime('%H:%M')": "time.strftime",
    "datetime.now(UTC)": "datetime.now",
    "calendar.datetime.today()": "datetime.today",
    "date.today()": "date.today",
    "Stamped()": "time.monotonic",
}
RANDOMNESS = {
    "random.random()": "random.random",
    "shuffle([1, 2])": "random.shuffle",
    "random.Random()": "a random.Random without a seed",
    "random.Random(1).seed()": "a seed from the machine",
    "os.urandom(2)": "os.urandom",
    "uuid.uuid4()": "uuid.uuid4",
    "Ticket()": "uuid.uuid4",
    "secrets.token_hex()": "secrets.token_hex",
}
MACHINE = {
    "threading.Thread(target=print).start()": "a thread",
    "socket.socket()": "a socket",
    "socket.getaddrinfo('localhost', 80)": "a name look-up",
    "subprocess.run(['true'])": "a process",
    "time.sleep(0)": "time.sleep",
    # by way of a library, as an HTTP client does
    "urllib.request.urlopen('http://127.0.0.1:9/')": "a name look-up",
    "ThreadPoolExecutor().submit(print)": "a thread",
}


def tool_of(source: str) -> Callable[[], object]:
    """A tool whose only line is `source`, in this file."""
    code = compile(source, __file__, "eval")
    return lambda: eval(code, globals())  # noqa: S307 - the tables above


@pytest.mark.parametrize(("source", "what"), [*CLOCKS.items(), *RANDOMNESS.items(), *MACHINE.items()])
def test_a_tool_is_refused_by_name_and_line(source: str, what: str) -> None:
    where = r"test_guard\.py:\d+, in [\w.]*<\w+>"
    with pytest.raises(NotInSimulation, match=rf"a callback asked for {re.escape(what)} at {where}: a simulation has"):
        in_simulation(tool_of(source))
    if source not in MACHINE:
        tool_of(source)()  # which nobody refuses outside


@pytest.mark.parametrize("tool", [local_datetime, local_from_datetime])
def test_what_is_imported_only_when_the_tool_runs_is_refused_too(tool: Callable[[], object]) -> None:
    with pytest.raises(NotInSimulation, match=rf"datetime\.now at {HERE}, in {tool.__name__}"):
        in_simulation(tool)
    assert isinstance(tool(), datetime)


def test_a_task_is_named_and_the_run_ends_though_the_tool_swallows_its_errors() -> None:
    world = watched()
    loop = WorldLoop(world)
    reached: list[str] = []

    async def book() -> str:
        try:
            return str(time.time())
        except Exception:
            reached.append("swallowed")
            return "failed"

    task = loop.create_task(book(), name="tool book")
    world.call_at(world.now() + 1_000_000_000, lambda: reached.append("a second later"))
    told = rf"task 'tool book' \(.*book\) asked for time\.time at {HERE}, in .*book: a simulation has none; take the"
    with pytest.raises(NotInSimulation, match=told):
        world.run_until_idle()
    assert reached == ["swallowed"], "the run ends at once"
    world.run_until_idle()
    assert task.done()


def test_libraries_may_look_at_the_clock_for_themselves(caplog: pytest.LogCaptureFixture) -> None:
    def tool() -> object:
        logging.getLogger("tool").warning("stamped by logging")
        with tempfile.TemporaryDirectory() as directory:
            return Path(directory).name

    assert in_simulation(tool)
    assert "stamped by logging" in caplog.text


def test_what_is_the_same_every_time_is_not_refused() -> None:
    moment = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def tool() -> object:
        assert isinstance(moment, datetime)
        assert isinstance(datetime(2026, 1, 1, tzinfo=UTC), calendar.date)
        assert issubclass(datetime, date)
        assert type(datetime.fromisoformat("2026-01-01")) is type(moment)
        assert datetime.resolution == moment.resolution
        match moment:
            case datetime():
                pass
        time.strftime("%H", time.gmtime(0))
        return random.Random(7).random(), uuid.UUID(int=5), uuid.uuid5(uuid.NAMESPACE_DNS, "a"), moment.now

    assert in_simulation(tool) == tool()


def test_everything_is_as_before_also_after_a_refusal() -> None:
    before = [getattr(guarded.owner, guarded.name) for guarded in GUARDED]
    mine, importing = dict(globals()), builtins.__import__
    for source in ("None", "datetime.now(UTC)"):
        with suppress(NotInSimulation):
            in_simulation(tool_of(source))
    assert [getattr(guarded.owner, guarded.name) for guarded in GUARDED] == before
    assert dict(globals()) == mine
    assert builtins.__import__ is importing
    assert guard_module._WATCHING == {}


def test_nothing_is_refused_between_runs_and_on_other_threads() -> None:
    world = watched()
    world.run_for(10)
    assert time.time() > 0
    asked, answered = threading.Event(), threading.Event()
    seen: list[float] = []

    def bystander() -> None:
        asked.wait(5)
        seen.append(time.time())
        answered.set()

    thread = threading.Thread(target=bystander)
    thread.start()

    def let_it_look() -> None:
        asked.set()
        assert answered.wait(5)

    world.call_soon(let_it_look)
    world.run_until_idle()
    thread.join()
    assert seen


def test_a_module_that_was_loaded_anew_is_looked_through_again() -> None:
    def loaded() -> ModuleType:
        module = ModuleType("tool_of_a_user")
        module.__file__ = __file__
        exec(compile("from time import time as clock\ndef tool(): return clock()", __file__, "exec"), vars(module))  # noqa: S102 - as an import does
        sys.modules["tool_of_a_user"] = module
        return module

    try:
        for _ in range(2):
            with pytest.raises(NotInSimulation, match=r"time\.time at .* in tool:"):
                in_simulation(loaded().tool)
    finally:
        del sys.modules["tool_of_a_user"]


def test_worlds_within_worlds_keep_their_guards() -> None:
    inner = watched()
    inner.call_soon(lambda: None)

    def tool() -> object:
        inner.run_until_idle()
        return time.time()

    with pytest.raises(NotInSimulation):
        in_simulation(tool)
    assert time.time() > 0


def test_what_is_ours_and_what_is_a_library() -> None:
    assert is_library(logging.__file__)
    assert is_library(pytest.__file__)
    assert is_library("<frozen importlib._bootstrap>")
    assert not is_library(__file__)
    assert not is_library(guard_module.__file__)
    assert not is_library("tool.py")
