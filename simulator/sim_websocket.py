"""A websocket in memory: two ends, two lanes, and the closing handshake between them."""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from agent.ports import WireListener
from fsm.units import ms_to_ns
from simulator.link import Lane, Link
from simulator.peers.base import Refusal
from simulator.world import Scheduled

NO_CODE = 1005
NO_CLOSING_HANDSHAKE = 1006

CLOSE_WAIT_MS = 2_000
"""How long an end waits for the other's half of the closing handshake."""

OPENING_LIMIT_MESSAGES = 2_000
"""Kept while the websocket opens: forty seconds of frames. Later ones are dropped and counted."""


class State(Enum):
    """How far one end has come."""

    OPENING = auto()
    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


_WAITS_FOR = {
    State.OPENING: "waits for the answer to its handshake",
    State.OPEN: "is open, for messages or a close",
    State.CLOSING: "waits for the other's half of the closing handshake",
    State.CLOSED: "is closed",
}


class SimWire:
    """One end of a websocket: a `Wire` to our code, a `PeerWire` to a peer.

    An end that closed by itself is told its own code, as `agent.net` does. `dropped_count`: messages sent in vain.
    """

    def __init__(self, connection: "SimWebsocket", state: State) -> None:
        self.dropped_count = 0
        self.state = state
        self._connection = connection
        self._world = connection.link.world
        self._listener: WireListener | None = None
        self._other: SimWire = self
        self._deliver = self.receive
        self._lane: Lane = connection.up
        self._unsent: deque[str | bytes] = deque()
        self._closing: tuple[int, str] | None = None
        self._timer: Scheduled | None = None

    def join(self, other: "SimWire", lane: Lane) -> None:
        """Send to `other` by `lane`."""
        self._other, self._lane = other, lane
        self._deliver = other.receive  # bound once, not for every message

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done and nobody closed it."""
        return self.state is State.OPEN

    @property
    def waits_for(self) -> str:
        """What this end is at, in words."""
        return _WAITS_FOR[self.state]

    # --- what its owner does ---------------------------------------------------------------------------------

    def send(self, message: str | bytes) -> None:
        """Send a message; kept (bounded) while the websocket opens, dropped and counted once it is closed."""
        if self.state is State.OPEN:
            self._lane.carry(self._deliver, (message,), len(message))
        elif self.state is State.OPENING and len(self._unsent) < OPENING_LIMIT_MESSAGES:
            self._unsent.append(message)
        else:
            self.dropped_count += 1

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Close with a code, or without one; harmless twice. `on_close` follows."""
        told = (NO_CODE if code is None else code, reason)
        if self.state is State.OPENING:
            self.give_up(*told)
        elif self.state is State.OPEN:
            self.state = State.CLOSING
            self._closing = told
            self._lane.carry(self._other.receive_close, told)
            self._arm(CLOSE_WAIT_MS, partial(self.finish, *told))

    def abort(self) -> None:
        """Tear the connection down without a closing handshake; what was sent before still arrives."""
        self.give_up(NO_CLOSING_HANDSHAKE, "")

    def give_up(self, code: int, reason: str) -> None:
        """Leave without a handshake: this end hears of it in a moment, the other when the network tells it."""
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self._lane.carry(self._other.lose)
            self._world.call_soon(partial(self.finish, code, reason))

    # --- what arrives ----------------------------------------------------------------------------------------

    def listen(self, listener: WireListener) -> None:
        """Tell `listener` what happens on this end."""
        self._listener = listener

    def await_answer(self, open_timeout_ms: int) -> None:
        """Give the handshake `open_timeout_ms`."""
        why = f"no answer to the handshake within {open_timeout_ms} ms"
        self._arm(open_timeout_ms, partial(self.give_up, NO_CLOSING_HANDSHAKE, why))

    def opened(self) -> None:
        """The handshake is done: send what was kept, then say so."""
        if self.state is not State.OPENING or self._listener is None:
            return
        self._disarm()
        self.state = State.OPEN
        while self._unsent:
            self.send(self._unsent.popleft())
        self._listener.on_open()

    def refused(self, refusal: Refusal) -> None:
        """The handshake was answered otherwise."""
        if self.state is State.OPENING:
            self.finish(refusal.status, reason_of(refusal))

    def receive(self, message: str | bytes) -> None:
        """A message came; nothing is delivered once this end closed."""
        if self.state is State.OPEN and self._listener is not None:
            self._listener.on_message(message)

    def receive_close(self, code: int, reason: str) -> None:
        """A close frame came: the other's, or the answer to ours."""
        if self.state is State.OPEN:
            self._lane.carry(self._other.receive_close, (code, reason))
            self.finish(code, reason)
        elif self._closing is not None:
            self.finish(*self._closing)

    def lose(self, reason: str = "the connection was lost") -> None:
        """The connection is gone without a close frame."""
        if self._closing is not None:
            self.finish(*self._closing)
        else:
            self.finish(NO_CLOSING_HANDSHAKE, reason)

    def finish(self, code: int, reason: str) -> None:
        """This is the end of this end; once."""
        listener, self._listener = self._listener, None
        self.state = State.CLOSED
        self._unsent.clear()
        self._disarm()
        self._connection.end_finished(self)
        if listener is not None:
            listener.on_close(code, reason)

    def _arm(self, delay_ms: int, callback: Callable[[], None]) -> None:
        self._timer = self._world.call_at(self._world.now() + ms_to_ns(delay_ms), callback)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class SimWebsocket:
    """The two ends of a websocket over a link: `client` dialled, `server` will be granted or not."""

    def __init__(self, link: Link, path: str) -> None:
        self.link = link
        self.path = path
        self.up = Lane(link, link.up, on_overflow=self.cut)
        self.down = Lane(link, link.down, on_overflow=self.cut)
        self.client = SimWire(self, State.OPENING)
        self.server = SimWire(self, State.OPEN)
        self.client.join(self.server, self.up)
        self.server.join(self.client, self.down)
        self._ends = {self.client: None, self.server: None}
        link.hold(self)

    def __str__(self) -> str:
        held = " and ".join(
            f"the {name}'s end {end.waits_for}"
            for name, end in (("client", self.client), ("server", self.server))
            if end in self._ends
        )
        return f"a websocket {self.path}: {held}"

    def cut(self) -> None:
        """The network lost it: both ends notice by themselves, in a moment."""
        self.up.cut()
        self.down.cut()
        for end in tuple(self._ends):
            self.link.world.call_soon(partial(end.lose, "the connection was cut"))

    def end_finished(self, end: SimWire) -> None:
        """One end is over; with both the connection is."""
        self._ends.pop(end, None)
        if not self._ends:
            self.link.release(self)


def reason_of(refusal: Refusal) -> str:
    """Why an upgrade was refused, in one line: the `dg-error` header, else the body."""
    headers = {name.lower(): value for name, value in refusal.headers.items()}
    said = headers.get("dg-error") or refusal.body.decode(errors="replace")
    return " ".join(said.split())[:300] or "no reason given"
