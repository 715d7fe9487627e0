"""An asyncio event loop on the World, for the coroutines of tools.

Its callbacks are entries of the World's heap, first in first out at each instant. Sockets, threads and processes do not
exist here: asking for one raises `NotInSimulation`, which names who asked.
"""

import asyncio
import logging
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar, TypeVarTuple, cast

from fsm.units import NS_PER_S
from simulator.asking import NotInSimulation, asker_of_ours, caller_frame, name_of, refusal
from simulator.guarded import MACHINE
from simulator.world import Scheduled, Waiter, World

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
__all__ = ["NotInSimulation", "WorldLoop"]

ExceptionHandler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]

_LOG = logging.getLogger(__name__)


class _WorldTimer(asyncio.TimerHandle):
    """A callback of the loop together with its entry on the heap."""

    entry: Scheduled | None = None

    def cancel(self) -> None:
        if self.entry is not None:
            self.entry.cancel()
        super().cancel()


def _absent(what: str) -> Any:  # noqa: ANN401  # stands where methods of many signatures are expected
    """A method of the loop that refuses, whatever it is given."""

    def refuse(_loop: asyncio.AbstractEventLoop, *_args: object, **_options: object) -> NoReturn:
        _refuse(what)

    return refuse


class WorldLoop(asyncio.AbstractEventLoop):
    """The loop of one World: the running loop whenever that World runs.

    What a plain callback raises comes out of the World's run; what a task raises is the task's, as everywhere. An open
    task counts as waiting: a World gone quiet with a task in it is stuck.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_closed = False
        self._is_stopping = False
        self._is_debug = False
        self._handler: ExceptionHandler | None = None
        self._task_factory: Any = None
        self._generators: weakref.WeakKeyDictionary[AsyncGenerator[Any, Any], None] = weakref.WeakKeyDictionary()
        self._waiters: dict[asyncio.Task[Any], Waiter] = {}
        self._thread = threading.get_ident()
        world.surround(self.running)

    # --- time and callbacks ------------------------------------------------------------------------------------

    def time(self) -> float:
        """The World's present instant, in seconds."""
        return self._world.now() / NS_PER_S

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run `callback` at this instant, after what is already scheduled for it."""
        return self._schedule(self._world.now(), callback, args, context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run `callback` after `delay` seconds."""
        return self._schedule(self._world.now() + round(delay * NS_PER_S), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run `callback` at the instant `when` of `time()`."""
        return self._schedule(round(when * NS_PER_S), callback, args, context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As `call_soon`, on the World's own thread only."""
        if threading.get_ident() != self._thread:
            _refuse("other threads")
        return self.call_soon(callback, *args, context=context)

    def _schedule(
        self, when: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.TimerHandle:
        if self._is_closed:
            raise RuntimeError("Event loop is closed")
        handle = _WorldTimer(when / NS_PER_S, callback, args, self, context)
        handle.entry = self._world.call_at(when, handle._run)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing to do: the heap's entry was cancelled with its handle."""

    # --- futures and tasks -------------------------------------------------------------------------------------

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,  # noqa: ANN401  # eager_start and what later Pythons add
    ) -> asyncio.Task[T]:
        """Run a coroutine; the World is stuck when it goes quiet before the coroutine is done."""
        if self._is_closed:
            coro.close()
            raise RuntimeError("Event loop is closed")
        if self._task_factory is not None:
            task: asyncio.Task[T] = self._task_factory(self, coro, context=context, **options)
        else:
            task = asyncio.Task(coro, loop=self, context=context, **options)
        if name is not None:
            task.set_name(name)
        self._waiters[task] = self._world.waiting(task.get_name(), partial(_where, task))
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._waiters.pop(task).done()

    def set_task_factory(self, factory: Any) -> None:  # noqa: ANN401  # typeshed's protocol differs by version
        """Make tasks with `factory(loop, coro, **options)`; `None` for plain ones."""
        self._task_factory = factory

    def get_task_factory(self) -> Any:  # noqa: ANN401  # as above
        """What makes tasks; `None` for plain ones."""
        return self._task_factory

    # --- running -----------------------------------------------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be the thread's running loop meanwhile; the World enters this around every run."""
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("another event loop runs on this thread: a World cannot run inside a coroutine")
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._adopt, finalizer=self._finalize)
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run the World until `future` is done; its result, or what it raised."""
        awaited = asyncio.ensure_future(cast("Awaitable[T]", future), loop=self)
        ended: list[object] = []
        awaited.add_done_callback(ended.append)  # comes after the callbacks that were there before
        self._world.run(lambda: bool(ended))
        return awaited.result()

    def run_forever(self) -> None:
        """Run the World until `stop`."""
        self._is_stopping = False
        self._world.run(lambda: self._is_stopping)

    def stop(self) -> None:
        """End `run_forever` after this callback."""
        self._is_stopping = True

    def is_running(self) -> bool:
        """Whether the World runs."""
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._is_closed

    def close(self) -> None:
        """Take no more callbacks."""
        assert not self.is_running(), "a running loop cannot be closed"
        self._is_closed = True

    async def shutdown_asyncgens(self) -> None:
        """Close the asynchronous generators that were left half-way."""
        for generator in list(self._generators):
            await generator.aclose()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # asyncio's signature
        """Nothing to do: there is none."""

    def _adopt(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators[generator] = None

    def _finalize(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators.pop(generator, None)
        if not self._is_closed:
            self.create_task(generator.aclose())

    # --- what only a machine has -------------------------------------------------------------------------------

    run_in_executor = set_default_executor = _absent("threads")
    getaddrinfo = getnameinfo = _absent("name look-ups")
    create_connection = create_server = create_unix_connection = create_unix_server = _absent("sockets")
    create_datagram_endpoint = connect_accepted_socket = start_tls = sendfile = _absent("sockets")
    sock_accept = sock_connect = sock_recv = sock_recv_into = sock_recvfrom = _absent("sockets")
    sock_recvfrom_into = sock_sendall = sock_sendto = sock_sendfile = _absent("sockets")
    add_reader = remove_reader = add_writer = remove_writer = _absent("file descriptors")
    connect_read_pipe = connect_write_pipe = _absent("pipes")
    subprocess_exec = subprocess_shell = _absent("processes")
    add_signal_handler = remove_signal_handler = _absent("signals")

    # --- trouble -----------------------------------------------------------------------------------------------

    def get_debug(self) -> bool:
        """Whether asyncio keeps more to tell."""
        return self._is_debug

    def set_debug(self, enabled: bool) -> None:
        """Let asyncio keep more to tell."""
        self._is_debug = enabled

    def get_exception_handler(self) -> ExceptionHandler | None:
        """What is told of unhandled exceptions; `None` for the default."""
        return self._handler

    def set_exception_handler(self, handler: ExceptionHandler | None) -> None:
        """Tell `handler(loop, context)` of unhandled exceptions."""
        self._handler = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Pass trouble on to the handler."""
        if self._handler is None:
            self.default_exception_handler(context)
        else:
            self._handler(self, context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Let a callback's exception out of the World's run; log the rest, as asyncio does."""
        if "handle" in context and isinstance(context.get("exception"), BaseException):
            raise context["exception"]
        _LOG.error("%s", context.get("message"), exc_info=context.get("exception"))


def _refuse(what: str) -> NoReturn:
    raise refusal(what, asker_of_ours(_outside(caller_frame())), MACHINE)


def _outside(frame: FrameType) -> FrameType:
    """The nearest frame that is not this file's."""
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _where(task: asyncio.Task[Any]) -> str:
    """What a task is at: the innermost line of its coroutines, and what that waits for."""
    coro: Any = task.get_coro()
    line = "its beginning"
    while (frame := getattr(coro, "cr_frame", None)) is not None:
        line = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}, in {frame.f_code.co_qualname}"
        coro = coro.cr_await
    awaited = getattr(task, "_fut_waiter", None)
    of = f"task {awaited.get_name()!r}" if isinstance(awaited, asyncio.Task) else "a future that nobody has set"
    return f"{name_of(task.get_coro())} to return, which waits at {line}" + (f", for {of}" if awaited else "")
