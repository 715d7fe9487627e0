"""What plays a tape: the clock, network, telephone, tools and phrases of a call that was recorded.

They only say what came and note what is done; `simulator.replay.shell` compares it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.clock import Timer
from agent.phrases import RenderedPhrase
from agent.ports import Alignment, Exchange, ExchangeListener, Wire, WireListener
from agent.wire_log import bytes_told, shown_bytes

Done = dict[str, Any]


class NobodyError(Exception):
    """Something came for which nobody waits any more; the message says what is missing."""


@dataclass(slots=True, eq=False)
class _Pending:
    """A timer of the call's, due at instant `when` (ns)."""

    when: int
    callback: Callable[[], None] | None

    def cancel(self) -> None:
        """Forget the callback."""
        self.callback = None


class Deck:
    """The clock of a replayed call, and the one list of what its code does. Instants in ns, the recorded clock's."""

    def __init__(self, began_at: int) -> None:
        self.began_at = began_at
        self.at = began_at
        self.done: list[Done] = []
        self._timers: dict[int, _Pending] = {}
        self._timers_made = self._numbers = 0

    def now(self) -> int:
        """The recorded instant of what is being dealt with."""
        return self.at

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Wait for the record to say that this timer came."""
        self._timers_made += 1
        pending = self._timers[self._timers_made] = _Pending(when, callback)
        return pending

    def fire(self, number: int, due_ns: int) -> None:
        """The timer of this number comes; NobodyError unless it waits for `due_ns` (since the call began)."""
        pending = self._timers.pop(number, None)
        if pending is None or pending.callback is None or pending.when != self.began_at + due_ns:
            raise NobodyError(f"no timer {number} waits for {due_ns / 1e6:.3f} ms")
        pending.callback()

    def number(self) -> int:
        """The next number for a wire or an exchange."""
        self._numbers += 1
        return self._numbers

    def did(self, line: Done) -> None:
        """The call's code did something."""
        self.done.append(line)


class DeckClock:
    """A clock whose timers never come: what they led to is on the tape by itself."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    def now(self) -> int:
        """The recorded instant."""
        return self._deck.at

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """A timer that never comes."""
        return _Pending(when, callback)


class DeckNetwork:
    """The `Network` port of a replayed call: connections open, answer and end when the tape says so."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._wires: dict[int, _DeckWire] = {}
        self._exchanges: dict[int, _DeckExchange] = {}

    def open_websocket(
        self,
        url: str,
        headers: Mapping[str, str],  # noqa: ARG002 - of the port; they hold keys and are not on the tape
        listener: WireListener,
        *,
        open_timeout_ms: int,  # noqa: ARG002 - of the port; the tape knows what became of it
    ) -> Wire:
        """Dial `url`."""
        wire = _DeckWire(self._deck, listener)
        self._wires[wire.number] = wire
        self._deck.did({"out": "dial", "wire": wire.number, "url": url})
        return wire

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],  # noqa: ARG002 - as above
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,  # noqa: ARG002 - as above
    ) -> Exchange:
        """Send an HTTP request."""
        exchange = _DeckExchange(self._deck, listener)
        self._exchanges[exchange.number] = exchange
        line = {"out": "request", "exchange": exchange.number, "method": method, "url": url}
        self._deck.did({**line, "body": body.decode(errors="replace")})
        return exchange

    def wire(self, number: int) -> "_DeckWire":
        """The wire that was dialled as this number; NobodyError where none was."""
        if number not in self._wires:
            raise NobodyError(f"no wire {number} was dialled")
        return self._wires[number]

    def exchange(self, number: int) -> "_DeckExchange":
        """The exchange that was begun as this number; NobodyError where none was."""
        if number not in self._exchanges:
            raise NobodyError(f"no request {number} was sent")
        return self._exchanges[number]


class _DeckWire:
    """One websocket of the tape."""

    def __init__(self, deck: Deck, listener: WireListener) -> None:
        self.number = deck.number()
        self.is_open = False
        self._is_closed = False
        self._deck = deck
        self._listener = listener

    def send(self, message: str | bytes) -> None:
        self._deck.did({"out": "send", "wire": self.number, **shown_bytes(message)})

    def close(self, code: int = 1000, reason: str = "") -> None:
        if not self._is_closed:
            self._is_closed, self.is_open = True, False
            self._deck.did({"out": "close", "wire": self.number, "code": code, "reason": reason})

    def opened(self) -> None:
        self.is_open = not self._is_closed
        self._listener.on_open()

    def message(self, line: Mapping[str, Any]) -> None:
        self._listener.on_message(bytes_told(line))

    def closed(self, code: int, reason: str) -> None:
        self._is_closed, self.is_open = True, False
        self._listener.on_close(code, reason)


class _DeckExchange:
    """One HTTP request of the tape; after `cancel` its listener hears nothing."""

    def __init__(self, deck: Deck, listener: ExchangeListener) -> None:
        self.number = deck.number()
        self.listener = listener
        self._deck = deck

    def cancel(self) -> None:
        self._deck.did({"out": "cancel", "exchange": self.number})

    def data(self, line: Mapping[str, Any]) -> None:
        data = bytes_told(line)
        self.listener.on_data(data if isinstance(data, bytes) else data.encode())


class DeckPhone:
    """The telephone's end of one media stream; our code sees a `Wire`."""

    def __init__(self, deck: Deck, number: int) -> None:
        self.number = number
        self._deck = deck
        self._is_closed = False

    @property
    def is_open(self) -> bool:
        """Whether nobody closed it."""
        return not self._is_closed

    def send(self, message: str | bytes) -> None:
        """Something is sent to the telephone."""
        self._deck.did({"out": "phone", "stream": self.number, **shown_bytes(message)})

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Our code closes the stream."""
        if not self._is_closed:
            self._deck.did({"out": "phone_close", "stream": self.number, "code": code, "reason": reason})
        self._is_closed = True

    def closed(self) -> None:
        """The other side did."""
        self._is_closed = True


class DeckPhrases:
    """Rendered phrases, as they were when they were asked for; the tape is read ahead of the replay by one step."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._known: dict[str, RenderedPhrase | None] = {}
        self._asked: set[str] = set()

    def learn(self, line: Mapping[str, Any]) -> None:
        """What a line of the tape says of a phrase holds from now on."""
        told = line.get("phrase")
        self._known[str(line["text"])] = None if told is None else _phrase(told)
        self._asked.discard(str(line["text"]))

    def get(self, text: str) -> RenderedPhrase | None:
        """The sound of `text` then."""
        if text not in self._asked:
            self._asked.add(text)
            self._deck.did({"out": "phrase", "text": text})
        return self._known.get(text)


def _phrase(told: Mapping[str, Any]) -> RenderedPhrase:
    audio = bytes_told(told)
    assert isinstance(audio, bytes), "a phrase is audio"
    chars = told["chars"]
    return RenderedPhrase(audio, None if chars is None else Alignment(chars, tuple(told["starts_samples"])))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a tool ended, as recorded."""

    result: str
    failed: bool
    ends_call: bool
    ends_round: bool
    expects: str = ""
    profile: str = ""
    language: str = ""


TOLD = ("result", "failed", "ends_call", "ends_round")
ADDED = ("expects", "profile", "language")
"""What older recordings do not tell."""


class DeckTools:
    """The tools of a replayed call: they return what they returned then, and do nothing."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, str, asyncio.Future[Outcome]]] = []

    async def run(self, name: str, arguments_json: str) -> Outcome:
        """Wait for the tape to say how it ended."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting = (name, arguments_json, future)
        self._waiting.append(waiting)
        try:
            return await future
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def returned(self, line: Mapping[str, Any]) -> None:
        """A tool ended; NobodyError where none like it runs."""
        name, arguments = line["name"], line["arguments"]
        for waiting in self._waiting:
            if waiting[:2] == (name, arguments):
                self._waiting.remove(waiting)
                result, failed, ends_call, ends_round = (line[key] for key in TOLD)
                added = {key: line.get(key, "") for key in ADDED}
                waiting[2].set_result(Outcome(result, failed, ends_call, ends_round, **added))
                return
        raise NobodyError(f"no tool {name}({arguments}) runs")

    def close(self) -> None:
        """No more comes: whoever still waits need not."""
        for _, _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
