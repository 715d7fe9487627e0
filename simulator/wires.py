"""The network in memory and in virtual time: reaches peers, and our own server, by their origin.

Everything is delivered by the World's heap, in order, never within the call that sent it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from agent.ports import ExchangeListener, Wire, WireListener
from simulator.link import Link, LinkModel
from simulator.peers.base import Answer, Peer, PeerExchange, PeerSocket, Refusal, Request
from simulator.sim_exchange import SimExchange
from simulator.sim_websocket import NO_CLOSING_HANDSHAKE, SimWebsocket, SimWire
from simulator.world import World

__all__ = ["Link", "LinkModel", "Route", "SimAcceptor", "SimNetwork"]

Accept = Callable[[Request, Wire], WireListener | Refusal]
"""Takes a websocket that was dialled to us, or refuses it. `on_open` follows; the wire may be used at once."""

Handle = Callable[[Request], tuple[int, Mapping[str, str], bytes]]
"""Answers an HTTP request with status, headers and body."""

DEFAULT_PORTS = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class SimAcceptor:
    """Our own server as the network sees it: how it takes websockets and answers requests; 404 for what it lacks."""

    accept: Accept | None = None
    handler: Handle | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """What answers at an origin, and the network in between."""

    target: Peer | SimAcceptor
    link: LinkModel = field(default_factory=LinkModel)


class SimNetwork:
    """The `Network` port in memory. `routes` maps origins ("http://deepgram.sim") to what answers there.

    An origin is matched by host and port whatever the scheme; one that nobody answers at is unreachable.
    """

    def __init__(self, world: World, routes: Mapping[str, Peer | SimAcceptor | Route]) -> None:
        self._world = world
        self._routes: dict[str, tuple[Peer | SimAcceptor, Link]] = {}
        for origin, told in routes.items():
            route = told if isinstance(told, Route) else Route(told)
            place = _place(origin)
            assert place not in self._routes, f"two routes lead to {place}"
            self._routes[place] = (route.target, Link(world, place, route.link))
        world.explain(self._open_ones)

    def link(self, origin: str) -> Link:
        """The network to `origin`: its counts, and what may be done to it (`stall`, `cut`, `take_down`)."""
        return self._routes[_place(origin)][1]

    def leave(self) -> None:
        """The scenario is over: no link is cut any more."""
        for _, link in self._routes.values():
            link.leave()

    @property
    def open_count(self) -> int:
        """Websockets and requests that at least one end still holds."""
        return sum(link.open_count for _, link in self._routes.values())

    def _open_ones(self) -> Iterator[str]:
        for place, (_, link) in self._routes.items():
            yield from (f"to {place}: {connection}" for connection in link.open_connections)

    # --- the port ----------------------------------------------------------------------------------------------

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> SimWire:
        """Dial `url` (`ws` or `wss`)."""
        target, link = self._find(url)
        upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
        request = _request("GET", url, {**upgrade, **headers}, b"")
        websocket = SimWebsocket(link, request.path)
        websocket.client.listen(listener)
        websocket.client.await_answer(open_timeout_ms)
        extra_ms = link.model.handshake_ms
        if target is None or link.is_down:
            unreachable = partial(websocket.client.give_up, NO_CLOSING_HANDSHAKE, self._why_not(link))
            websocket.server.finish(NO_CLOSING_HANDSHAKE, "")
            websocket.up.carry(unreachable)
        else:
            websocket.up.carry(_answer_upgrade, (target, request, websocket), extra_ms=extra_ms)
        return websocket.client

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,
    ) -> SimExchange:
        """Send an HTTP request; `timeout_ms` bounds the wait for the response's headers."""
        target, link = self._find(url)
        request = _request(method, url, headers, body)
        exchange = SimExchange(link, f"{method} {request.path}", listener, timeout_ms)
        if target is None or link.is_down:
            exchange.was_sent = False
            exchange.up.carry(partial(exchange.fail, self._why_not(link)))
        else:
            link.counts["requests"] += 1
            begin = partial(_begin_exchange, target, request, exchange.answer)
            exchange.up.carry(exchange.answer.serve, (begin,), len(body))
        return exchange

    def warm(self, url: str) -> None:
        """Nothing: connections in memory are always open."""

    def _find(self, url: str) -> tuple[Peer | SimAcceptor | None, Link]:
        place = _place(url)
        if place in self._routes:
            return self._routes[place]
        return None, Link(self._world, place, LinkModel())

    def _why_not(self, link: Link) -> str:
        if link.name in self._routes:
            return f"cannot connect to {link.name}: it is down"
        return f"cannot connect to {link.name}: this simulation reaches only {', '.join(self._routes) or 'nothing'}"


def _answer_upgrade(target: Peer | SimAcceptor, request: Request, websocket: SimWebsocket) -> None:
    """The upgrade came to its target; whatever it sends at once follows the handshake's answer."""
    client, server, counts = websocket.client, websocket.server, websocket.link.counts
    verdict: list[Refusal] = []
    websocket.down.carry(lambda: client.refused(verdict[0]) if verdict else client.opened())
    if isinstance(target, SimAcceptor):
        listener = target.accept(request, server) if target.accept else _NOTHING_HERE
    else:
        listener = target.upgrade(request) or _PeerListener(target.connect(request, server))
    if isinstance(listener, Refusal):
        verdict.append(listener)
        counts["refusals"] += 1
        server.finish(listener.status, "")
        return
    counts["websockets"] += 1
    server.listen(listener)
    listener.on_open()


def _begin_exchange(target: Peer | SimAcceptor, request: Request, answer: Answer) -> PeerExchange:
    if not isinstance(target, SimAcceptor):
        return target.exchange(request, answer)
    nothing_here = (_NOTHING_HERE.status, _NOTHING_HERE.headers, _NOTHING_HERE.body)
    status, headers, body = target.handler(request) if target.handler else nothing_here
    answer.start(status, headers)
    answer.write(body)
    answer.end()
    return _Answered()


class _PeerListener:
    """A peer's socket as the listener of its wire."""

    def __init__(self, socket: PeerSocket) -> None:
        self._socket = socket
        self.on_message = socket.on_message  # straight there: it is called for every frame

    def on_open(self) -> None:
        """Peers are told by `connect`."""

    def on_close(self, _code: int, _reason: str) -> None:
        self._socket.on_close()


class _Answered:
    """An exchange that was answered at once."""

    def on_disconnect(self) -> None:
        """Nothing is under way."""


_NOTHING_HERE = Refusal(404, {"content-type": "text/plain"}, b"nothing is served here")


def _place(url: str) -> str:
    """Host, and port unless it is a scheme's own."""
    parts = urlsplit(url)
    assert parts.hostname, f"expected an absolute URL such as http://deepgram.sim, got {url!r}"
    port = None if parts.port in DEFAULT_PORTS else parts.port
    return parts.hostname if port is None else f"{parts.hostname}:{port}"


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    parts = urlsplit(url)
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    told = {"host": parts.netloc} | {name.lower(): value for name, value in headers.items()}
    return Request(method, target, told, body)
