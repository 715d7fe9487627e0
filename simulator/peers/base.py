"""What a peer stands on. A peer is a message machine: it is told what arrives and when, and writes what it answers.

The same peer is hosted on in-memory wires in virtual time (`simulator.wires`) and on loopback sockets
(`simulator.hosts`). It owns no socket, no task and no clock: time comes from the `Clock` it is given, randomness from
the `random.Random` it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request or a websocket's upgrade; `target` is path and query, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's values by name, blank ones included."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to an upgrade that is not granted."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class PeerWire(Protocol):
    """A peer's end of an open websocket."""

    def send(self, message: str | bytes) -> None:
        """Send a text or binary message; ignored once closed."""

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Close with a code, or without one (`None`)."""

    def abort(self) -> None:
        """Tear the connection down without a closing handshake."""


class PeerSocket(Protocol):
    """A peer's behaviour on one open websocket."""

    def on_message(self, message: str | bytes) -> None:
        """A message came."""

    def on_close(self) -> None:
        """The other side is gone; pending timers are to be cancelled."""


class Answer(Protocol):
    """A peer's end of one HTTP exchange. Writes may come later, from timers."""

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status line and headers."""

    def write(self, data: bytes) -> None:
        """Send a piece of the body."""

    def end(self) -> None:
        """The body is complete."""

    def abort(self) -> None:
        """Tear the connection down in mid-answer."""


class PeerExchange(Protocol):
    """A peer's behaviour during one HTTP exchange."""

    def on_disconnect(self) -> None:
        """The client went away before the answer was complete."""


class Peer(Protocol):
    """One provider: serves websockets and HTTP on one origin."""

    name: str

    def upgrade(self, request: Request) -> Refusal | None:
        """`None` grants the websocket; a refusal is sent instead."""
        ...

    def connect(self, request: Request, wire: PeerWire) -> PeerSocket:
        """Serve a granted websocket; may already send."""
        ...

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        """Serve an HTTP request."""
        ...
