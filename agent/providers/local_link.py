"""The server's end of the speech worker: starts it, watches it, starts it again, and never leaves one behind.

Plain calls throughout; the pipes are asyncio's own subprocess transports, the one place outside `net` where the shell
touches bytes of another process.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from agent.clock import Clock, Timer
from agent.errors import SettingsError
from agent.providers.local_protocol import Deframer, Kind, ProtocolError, encode
from fsm.units import NS_PER_S, ms_to_ns

READY_TIMEOUT_MS = 60_000
"""Loading takes about 2 s; a machine that is busy with other things may need much longer."""

STALL_MS = 10_000
"""An answer takes half a second; a worker that owes one and says nothing for so long is stuck."""

RESTARTS = 3
"""So often within `RESTART_WINDOW_S` a lost worker is replaced; more would only burn the machine."""
RESTART_WINDOW_S = 60

MAX_UNSENT_BYTES = 2_000_000
"""What may wait in the pipe of a worker that does not read: minutes of audio. More is dropped and counted."""

LOG_CHARS = 2_000
"""The end of the worker's stderr, kept to explain a death."""


class LinkListener(Protocol):
    """What a link reports. `on_lost` is followed by `on_ready` or by another `on_lost`."""

    def on_ready(self) -> None:
        """A worker, the first or a new one, holds its models and has no streams."""

    def on_message(self, kind: Kind, stream: int, payload: bytes) -> None:
        """The worker said something about a stream."""

    def on_lost(self, reason: str, *, is_restarting: bool) -> None:
        """The worker is gone, with all its streams."""


class Link:
    """One worker process, replaced when it is lost."""

    def __init__(self, clock: Clock, command: Sequence[str], listener: LinkListener) -> None:
        self._clock = clock
        self._command = tuple(command)
        self._listener = listener
        self._process: _Process | None = None
        self._spawning: asyncio.Task[None] | None = None
        self._starts_at: deque[int] = deque(maxlen=RESTARTS + 1)
        self._watch: Timer | None = None
        self._owing: set[int] = set()
        self._early: list[bytes] = []
        """Messages for a worker that is being started."""
        self._ready: asyncio.Future[Mapping[str, object]] | None = None
        self._is_closed = False
        self.overflow_count = 0
        """Messages dropped because the worker did not read."""

    def start(self) -> None:
        """Start the worker if there is none; returns at once, harmless twice."""
        if self._is_closed or self._process is not None or self._spawning is not None:
            return
        self._ready = self._ready or asyncio.get_running_loop().create_future()
        self._spawn()

    async def wait_ready(self) -> Mapping[str, object]:
        """Start, and return the worker's facts (engines, load time); raises `SettingsError` if it cannot run here."""
        self.start()
        if self._ready is None:
            raise SettingsError("the speech worker was already closed")
        return await asyncio.shield(self._ready)

    def send(self, kind: Kind, stream: int, payload: bytes = b"", *, answered: bool = False) -> None:
        """Tell the worker; `answered`: it owes an answer about this stream, and is replaced if it is stuck over it."""
        if self._is_closed:
            return
        if self._unsent_bytes() > MAX_UNSENT_BYTES:
            self.overflow_count += 1
            return
        message = encode(kind, stream, payload)
        if self._process is None:
            self._early.append(message)
        else:
            self._process.write(message)
        if answered:
            self._owing.add(stream)
            self._watch_answers()

    def forget(self, stream: int) -> None:
        """No answer about the stream is awaited any more."""
        self._owing.discard(stream)

    def close(self) -> None:
        """End the worker; it sees its input end and goes."""
        self._is_closed = True
        self._disarm()
        if self._process is not None:
            self._process.end()
        if self._ready is not None and not self._ready.done():
            self._fail_ready("it was closed while it loaded")

    async def wait_closed(self) -> None:
        """Return once the worker process was reaped; one that does not go is killed after a second."""
        if self._spawning is not None:
            await asyncio.wait({self._spawning})
        process = self._process
        if process is None:
            return
        process.end()
        try:
            async with asyncio.timeout(1):
                await process.gone.wait()
        except TimeoutError:
            process.kill()
            await process.gone.wait()

    # --- the process -------------------------------------------------------------------------------------

    def _spawn(self) -> None:
        self._starts_at.append(self._clock.now())
        self._spawning = asyncio.get_running_loop().create_task(self._connect(), name="speech worker")

    async def _connect(self) -> None:
        process = _Process(self)
        try:
            await asyncio.get_running_loop().subprocess_exec(lambda: process, *self._command)
        except OSError as error:
            self._spawning = None
            self._lose(f"cannot be started: {error}")
            return
        self._spawning = None
        self._process = process
        self._arm(READY_TIMEOUT_MS, "did not load its models")
        for message in self._early:
            process.write(message)
        self._early.clear()
        if self._is_closed:
            process.end()

    def on_message(self, kind: Kind, stream: int, payload: bytes) -> None:
        """A message of the worker: about itself, or for the listener."""
        match kind:
            case Kind.READY:
                self._disarm()
                self._watch_answers()
                assert self._ready is not None, "a worker without a start"
                if not self._ready.done():
                    self._ready.set_result(json.loads(payload))
                self._listener.on_ready()
            case Kind.FAULT if stream == 0:
                self._give_up(payload.decode(errors="replace"))
            case _:
                if kind in (Kind.SETTLED, Kind.SPOKEN, Kind.FAULT):
                    self._owing.discard(stream)
                self._disarm()
                self._watch_answers()
                self._listener.on_message(kind, stream, payload)

    def on_gone(self, process: "_Process") -> None:
        """The process ended and was reaped."""
        if process is not self._process:
            return
        self._process = None
        self._disarm()
        if not self._is_closed:
            self._lose(f"ended with {process.return_code}{process.last_words()}")

    def _lose(self, reason: str) -> None:
        self._owing.clear()
        self._early.clear()
        now = self._clock.now()
        recent = sum(now - at < RESTART_WINDOW_S * NS_PER_S for at in self._starts_at)
        if recent > RESTARTS:
            self._give_up(f"{reason}; given up after {RESTARTS} restarts within {RESTART_WINDOW_S} s")
            return
        self._spawn()
        self._listener.on_lost(f"the speech worker {reason}", is_restarting=True)

    def _give_up(self, reason: str) -> None:
        self._is_closed = True
        if self._process is not None:
            self._process.end()
        self._fail_ready(reason)
        self._listener.on_lost(f"the speech worker {reason}", is_restarting=False)

    def _fail_ready(self, reason: str) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(SettingsError(f"local speech does not work here: the speech worker {reason}"))
            self._ready.exception()  # seen by whoever waits; nobody need wait

    def _unsent_bytes(self) -> int:
        return sum(map(len, self._early)) if self._process is None else self._process.unsent_bytes

    def _watch_answers(self) -> None:
        if self._owing and self._process is not None and self._watch is None:
            self._arm(STALL_MS, "is stuck")

    def _arm(self, timeout_ms: int, reason: str) -> None:
        process = self._process
        assert process is not None, "watching nobody"
        self._watch = self._clock.call_at(self._clock.now() + ms_to_ns(timeout_ms), lambda: process.kill(reason))

    def _disarm(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


class _Process(asyncio.SubprocessProtocol):
    """One run of the worker."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._transport: asyncio.SubprocessTransport | None = None
        self._input: asyncio.WriteTransport | None = None
        self._deframer = Deframer()
        self._log = ""
        self._killed_for = ""
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio's, and are not instances of their classes
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._input = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))

    @property
    def unsent_bytes(self) -> int:
        return 0 if self._input is None else self._input.get_write_buffer_size()

    @property
    def return_code(self) -> int | None:
        return None if self._transport is None else self._transport.get_returncode()

    def last_words(self) -> str:
        """Why it was killed, or else the last line it wrote to its log."""
        if self._killed_for:
            return f" because it {self._killed_for}"
        lines = self._log.strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    def write(self, message: bytes) -> None:
        if self._input is not None and not self._input.is_closing():
            self._input.write(message)

    def end(self) -> None:
        if self._input is not None:
            self._input.close()

    def kill(self, reason: str = "") -> None:
        self._killed_for = reason
        if self._transport is not None and self._transport.get_returncode() is None:
            self._transport.kill()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._log = (self._log + data.decode(errors="replace"))[-LOG_CHARS:]
            return
        try:
            for kind, stream, payload in self._deframer.feed(data):
                self._link.on_message(kind, stream, payload)
        except ProtocolError as error:
            self.kill(f"spoke gibberish ({error})")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._transport is not None:
            self._transport.close()
        self.gone.set()
        self._link.on_gone(self)
