"""What a simulation withholds: the real clock, unseeded randomness, threads, processes and sockets.

Each is found where Python keeps it (a module or a class) and has a stand-in that asks `Guarded.check` first. The
stand-ins stand there only while a World runs (`simulator.guard`).
"""

import datetime
import os
import random
import secrets
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from types import FrameType, ModuleType
from typing import Any

from simulator.asking import caller_frame

Asks = Callable[[tuple[Any, ...], Mapping[str, Any]], bool]
"""Whether a call with these arguments asks for what is withheld; `Random(7)` does not."""

Check = Callable[["Guarded", FrameType], None]
"""Raises where whoever calls from this frame may not have it."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """One thing that is withheld: `owner.name`, called `what` in a refusal, whose `hint` says what to use instead.

    From libraries it is withheld only if `whoever`: they may look at the clock for themselves, as logging does, but
    nobody starts a thread or opens a socket.
    """

    owner: Any
    name: str
    what: str
    hint: str
    whoever: bool = False
    asks: Asks = lambda _args, _options: True


CLOCK = "take the time from the Clock you were given, or in a tool from its ToolContext (`context.now()`)"
RANDOMNESS = "draw from a random.Random with a seed, or take ids from the port you were given"
MACHINE = "give the tool a port that the simulation can stand in for"


def _without(position: int, name: str) -> Asks:
    """True where the argument that would settle it is missing or None."""

    def asks(args: tuple[Any, ...], options: Mapping[str, Any]) -> bool:
        given = args[position] if len(args) > position else options.get(name)
        return given is None

    return asks


def _clocks() -> list[Guarded]:
    names = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
    found = [name + suffix for name in names for suffix in ("", "_ns") if hasattr(time, name + suffix)]
    told = [Guarded(time, name, f"time.{name}", CLOCK) for name in found]
    told += [Guarded(time, n, f"time.{n}", CLOCK, asks=_without(0, "")) for n in ("localtime", "gmtime", "ctime")]
    told += [Guarded(time, n, f"time.{n}", CLOCK, asks=_without(p, "")) for n, p in (("asctime", 0), ("strftime", 1))]
    sleeping = "await asyncio.sleep, which takes no real time in a simulation"
    return [*told, Guarded(time, "sleep", "time.sleep", sleeping, whoever=True)]


def _randomness() -> list[Guarded]:
    shared = [
        name for name, value in vars(random).items() if isinstance(getattr(value, "__self__", None), random.Random)
    ]
    told = [Guarded(random, name, f"random.{name}", RANDOMNESS) for name in shared]
    told += [
        Guarded(random.Random, "__init__", "a random.Random without a seed", RANDOMNESS, asks=_without(1, "x")),
        Guarded(random.Random, "seed", "a seed from the machine", RANDOMNESS, asks=_without(1, "a")),
        Guarded(os, "urandom", "os.urandom", RANDOMNESS),
        Guarded(uuid, "uuid1", "uuid.uuid1", RANDOMNESS),
        Guarded(uuid, "uuid4", "uuid.uuid4", RANDOMNESS),
    ]
    names = ("token_bytes", "token_hex", "token_urlsafe", "choice", "randbelow", "randbits")
    return told + [Guarded(secrets, name, f"secrets.{name}", RANDOMNESS) for name in names]


def _machine() -> list[Guarded]:
    processes = [name for name in ("fork", "forkpty", "system", "posix_spawn", "posix_spawnp") if hasattr(os, name)]
    look_ups = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")
    return [
        Guarded(threading.Thread, "start", "a thread", MACHINE, whoever=True),
        Guarded(socket.socket, "__init__", "a socket", MACHINE, whoever=True),
        *[Guarded(socket, name, "a name look-up", MACHINE, whoever=True) for name in look_ups],
        Guarded(subprocess.Popen, "__init__", "a process", MACHINE, whoever=True),
        *[Guarded(os, name, "a process", MACHINE, whoever=True) for name in processes],
    ]


GUARDED: tuple[Guarded, ...] = (*_clocks(), *_randomness(), *_machine())


def stand_in(guarded: Guarded, check: Check) -> Callable[..., Any]:
    """What stands at `guarded` while a World runs: checks, then does what the real one does."""
    real: Callable[..., Any] = getattr(guarded.owner, guarded.name)
    asks = guarded.asks

    @wraps(real)
    def asked(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the real one takes and gives
        if asks(args, options):
            check(guarded, caller_frame())
        return real(*args, **options)

    return asked


# --- the present day: a built-in type, so it cannot be changed, only stood in for -----------------------------------


class _Day(type):
    """The type of stand-ins for `datetime` and `date`: in everything but the present like the real ones."""

    real: Any
    check: Check

    def __call__(cls, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
        return cls.real(*args, **options)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass.real if isinstance(subclass, _Day) else subclass, cls.real)

    def __getattr__(cls, name: str) -> Any:  # noqa: ANN401 - as the real one
        return getattr(cls.real, name)

    def _present(cls, name: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
        what = f"{cls.real.__name__}.{name}"
        cls.check(Guarded(cls.real, name, what, CLOCK), caller_frame(2))
        return getattr(cls.real, name)(*args, **options)

    def now(cls, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
        return cls._present("now", *args, **options)

    def utcnow(cls) -> Any:  # noqa: ANN401 - as the real one
        return cls._present("utcnow")

    def today(cls) -> Any:  # noqa: ANN401 - as the real one
        return cls._present("today")


def day_stand_ins(check: Check) -> dict[int, Any]:
    """What stands for `datetime.datetime`, `datetime.date` and the module itself, by the identity of the real one.

    They are put into the modules that hold the real ones, never into the library's `datetime` itself: pickling and
    other libraries compare types by identity.
    """
    kinds = {
        kind.__name__: _Day(kind.__name__, (), {"real": kind, "check": staticmethod(check)})
        for kind in (datetime.datetime, datetime.date)
    }
    module = ModuleType("datetime", datetime.__doc__)
    vars(module).update({**vars(datetime), **kinds})
    return {id(datetime.datetime): kinds["datetime"], id(datetime.date): kinds["date"], id(datetime): module}
