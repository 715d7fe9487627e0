"""What one call's code is woken by, put on record: a clock that stands still while it runs, and the wires around it.

Everything that wakes the code of a taped call enters here: a message, a timer, a tool's result. It gets one instant,
which every reading of the clock gives until the next, and one line in the log; so what is decided depends on the lines
alone, and the same code fed with them decides the same to the nanosecond, however late the real timers were.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agent.clock import Clock, Timer
from agent.ports import Exchange, ExchangeListener, Network, Wire, WireListener
from agent.wire_log import WireLog, shown_bytes, told_bytes


class Tape:
    """The clock of one call, and the record of what happens to it."""

    def __init__(self, clock: Clock, log: WireLog) -> None:
        self.log = log
        self._clock = clock
        self._now = clock.now()
        self._depth = 0
        self._numbers = self._timers = 0
        self.streams = 0
        """Streams of the telephone that belong to this call so far."""

    # --- the clock -------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """The instant (ns) of what happened last."""
        return self._now

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """As the real clock's; that it came is on record by number, since of one instant a loop may fire any first."""
        self._timers = number = self._timers + 1
        line = {"in": "timer", "timer": number, "due_ns": when}
        return self._clock.call_at(when, lambda: self.happened(callback, line))

    # --- the record ------------------------------------------------------------------------------------------------

    def number(self) -> int:
        """The next number for a wire or an exchange."""
        self._numbers += 1
        return self._numbers

    def happened(self, act: Callable[[], None], line: dict[str, Any]) -> None:
        """Something woke the call's code: record it, then let `act` deal with it."""
        self.enter(line)
        try:
            act()
        finally:
            self.leave()

    def enter(self, line: dict[str, Any], at: int | None = None) -> None:
        """What `line` tells happened just now (or at instant `at`); `leave` follows once it is dealt with."""
        self._now = max(self._now, self._clock.now() if at is None else at)
        self.log.write({"at_ns": self._now, **line})
        self._depth += 1

    def leave(self) -> None:
        """What happened is dealt with."""
        self._depth -= 1

    @property
    def is_inside(self) -> bool:
        """Whether something that happened is being dealt with."""
        return self._depth > 0

    def did(self, line: dict[str, Any]) -> None:
        """The call's code did something; what others do to its wires is not on record."""
        if self._depth > 0:
            self.log.write({"at_ns": self._now, **line})


class TapedNetwork:
    """A network whose connections are on record."""

    def __init__(self, network: Network, tape: Tape) -> None:
        self._network = network
        self._tape = tape

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> Wire:
        """Dial `url`."""
        taped = _TapedWire(self._tape, listener)
        self._tape.did({"out": "dial", "wire": taped.number, "url": url})
        taped.wire = self._network.open_websocket(url, headers, taped, open_timeout_ms=open_timeout_ms)
        return taped

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,
    ) -> Exchange:
        """Send an HTTP request."""
        taped = _TapedExchange(self._tape, listener)
        line = {"out": "request", "exchange": taped.number, "method": method, "url": url}
        self._tape.did({**line, "body": body.decode(errors="replace")})
        taped.exchange = self._network.request(method, url, headers, body, taped, timeout_ms=timeout_ms)
        return taped


class _TapedWire:
    """Both ends of what lies between our code and a wire: the `Wire` of one, the listener of the other.

    It is open from what was recorded as its opening until our code closed it, or the recorded end.
    """

    wire: Wire

    def __init__(self, tape: Tape, listener: WireListener) -> None:
        self.number = tape.number()
        self.is_open = False
        self._is_closed = False
        self._tape = tape
        self._listener = listener

    def send(self, message: str | bytes) -> None:
        self._tape.did({"out": "send", "wire": self.number, **shown_bytes(message)})
        self.wire.send(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if not self._is_closed:
            self._is_closed, self.is_open = True, False
            self._tape.did({"out": "close", "wire": self.number, "code": code, "reason": reason})
        self.wire.close(code, reason)

    def on_open(self) -> None:
        self._tape.enter({"in": "opened", "wire": self.number})
        self.is_open = not self._is_closed
        try:
            self._listener.on_open()
        finally:
            self._tape.leave()

    def on_message(self, message: str | bytes) -> None:
        self._tape.enter({"in": "message", "wire": self.number, **told_bytes(message)})
        try:
            self._listener.on_message(message)
        finally:
            self._tape.leave()

    def on_close(self, code: int, reason: str) -> None:
        self._tape.enter({"in": "closed", "wire": self.number, "code": code, "reason": reason})
        self._is_closed, self.is_open = True, False
        try:
            self._listener.on_close(code, reason)
        finally:
            self._tape.leave()


class _TapedExchange:
    """What lies between our code and an HTTP request under way."""

    exchange: Exchange

    def __init__(self, tape: Tape, listener: ExchangeListener) -> None:
        self.number = tape.number()
        self._tape = tape
        self._listener = listener

    def cancel(self) -> None:
        self._tape.did({"out": "cancel", "exchange": self.number})
        self.exchange.cancel()

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        line = {"in": "response", "exchange": self.number, "status": status, "headers": dict(headers)}
        self._tape.happened(lambda: self._listener.on_response(status, headers), line)

    def on_data(self, data: bytes) -> None:
        line = {"in": "data", "exchange": self.number, **told_bytes(data)}
        self._tape.happened(lambda: self._listener.on_data(data), line)

    def on_end(self) -> None:
        self._tape.happened(self._listener.on_end, {"in": "end", "exchange": self.number})

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        line = {"in": "failure", "exchange": self.number, "reason": reason, "timed_out": timed_out}
        self._tape.happened(lambda: self._listener.on_failure(reason, timed_out=timed_out), line)
