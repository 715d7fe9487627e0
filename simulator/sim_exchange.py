"""An HTTP request in memory: the client's `Exchange` and the server's `Answer`, two lanes between them."""

from collections.abc import Callable, Mapping
from functools import partial

from agent.ports import ExchangeListener
from fsm.units import ms_to_ns
from simulator.link import Lane, Link
from simulator.peers.base import PeerExchange


class SimExchange:
    """One request under way: to our code an `Exchange`; `answer` is the peer's end of it."""

    def __init__(self, link: Link, name: str, listener: ExchangeListener, timeout_ms: int) -> None:
        self.link = link
        self.name = name
        self._has_response = False
        self.was_sent = True
        """Whether anything of the request may have reached the other side."""
        self.up = Lane(link, link.up, on_overflow=self.cut)
        self.answer = SimAnswer(self, Lane(link, link.down, on_overflow=self.cut))
        self._listener: ExchangeListener | None = listener
        timed_out = partial(self.fail, f"no answer within {timeout_ms} ms", timed_out=True)
        self._timer = link.world.call_at(link.world.now() + ms_to_ns(timeout_ms), timed_out)
        link.hold(self)

    def __str__(self) -> str:
        if self._listener is None:
            return f"{self.name}: the server has yet to notice that nobody waits for its answer"
        return f"{self.name} waits for {'the rest of its answer' if self._has_response else 'an answer'}"

    def cancel(self) -> None:
        """Give up; no call on the listener follows, and the server notices when the network tells it."""
        if self._end() is not None:
            self.up.carry(self.answer.lose)

    # --- what arrives ----------------------------------------------------------------------------------------

    def respond(self, status: int, headers: Mapping[str, str]) -> None:
        """Status line and headers came; the rest may take its time."""
        self._has_response = True
        self._timer.cancel()
        if self._listener is not None:
            self._listener.on_response(status, headers)

    def receive(self, data: bytes) -> None:
        """A piece of the body came."""
        if self._listener is not None:
            self._listener.on_data(data)

    def complete(self) -> None:
        """The body is complete."""
        if (listener := self._end()) is not None:
            listener.on_end()

    def fail(self, reason: str, *, timed_out: bool = False) -> None:
        """No complete answer will come; the server notices that nobody waits for it."""
        if (listener := self._end()) is not None:
            self.up.carry(self.answer.lose)
            listener.on_failure(reason, timed_out=timed_out)

    def cut(self) -> None:
        """The network lost it: both ends notice by themselves, in a moment."""
        self.up.cut()
        self.answer.cut()
        self.link.world.call_soon(partial(self.fail, "the connection was cut"))
        self.link.world.call_soon(self.answer.lose)

    def release_if_over(self) -> None:
        """Forget the connection once neither end has anything to do."""
        if self._listener is None and self.answer.is_over:
            self.link.release(self)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for the answer."""
        return self._listener is not None

    def _end(self) -> ExchangeListener | None:
        listener, self._listener = self._listener, None
        self._timer.cancel()
        self.release_if_over()
        return listener


class SimAnswer:
    """A server's end of one exchange; an `Answer`. Pieces of the body may be split on their way."""

    def __init__(self, exchange: SimExchange, lane: Lane) -> None:
        self.is_over = False
        self._exchange = exchange
        self._lane = lane
        self._peer: PeerExchange | None = None
        self._is_started = False
        self._splits = exchange.link.model.splits_bodies
        self._chunk_bytes = exchange.link.model.chunk_bytes
        self._rng = exchange.link.rng("split")

    def serve(self, begin: Callable[[], PeerExchange]) -> None:
        """The request came: let the peer begin with it, if anybody still waits for the answer."""
        if not self._exchange.is_wanted:
            self._finish()
            return
        peer = begin()
        if not self.is_over:
            self._peer = peer

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status line and headers."""
        assert not self._is_started, "an answer starts once"
        self._is_started = True
        lowered = {name.lower(): value for name, value in headers.items()}
        if not self.is_over:
            self._lane.carry(self._exchange.respond, (status, lowered))

    def write(self, data: bytes) -> None:
        """Send a piece of the body."""
        assert self._is_started, "an answer starts before its body"
        for piece in self._split(data):
            if not self.is_over:
                self._lane.carry(self._exchange.receive, (piece,), len(piece))

    def end(self) -> None:
        """The body is complete."""
        assert self._is_started, "an answer starts before it ends"
        if not self.is_over:
            self._lane.carry(self._exchange.complete)
            self._finish()

    def abort(self) -> None:
        """Tear the connection down in mid-answer; what was written before still arrives."""
        if not self.is_over:
            self._lane.carry(partial(self._exchange.fail, "the server closed the connection before the answer's end"))
            self._finish()

    def lose(self) -> None:
        """The client went away."""
        peer = self._peer
        if not self.is_over:
            self._finish()
            if peer is not None:
                peer.on_disconnect()

    def cut(self) -> None:
        """Carry nothing more."""
        self._lane.cut()

    def _finish(self) -> None:
        self.is_over = True
        self._peer = None
        self._exchange.release_if_over()

    def _split(self, data: bytes) -> list[bytes]:
        if not self._splits or len(data) < 2:
            return [data] if data else []
        if size := self._chunk_bytes:
            return [data[at : at + size] for at in range(0, len(data), size)]
        at = self._rng.randrange(2 * len(data))  # every other piece stays whole
        return [piece for piece in (data[:at], data[at:]) if piece]
