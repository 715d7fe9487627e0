"""HTTP/1.1 as a client speaks it: requests as bytes, and one connection whose answers arrive by callback.

A request on a connection that is open already leaves within the call that asks for it. llhttp (`httptools`) parses.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Protocol, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

HEAD_LIMIT_BYTES = 64 * 1024
"""Largest head of an answer."""

PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}

_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections lead."""

    host: str
    port: int
    is_secure: bool


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, taken apart: `target` is what a request line asks for, `authority` what a `Host` header says."""

    origin: Origin
    authority: str
    target: str


@lru_cache(maxsize=256)
def address_of(url: str) -> Address:
    """Raises `ValueError` where it is no URL of `http`, `https`, `ws` or `wss`, fit to be sent as it is."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("expected a URL of http, https, ws or wss with a host")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    port = parts.port or PORTS[parts.scheme]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(target) or not _TARGET.fullmatch(host):
        raise ValueError("expected a URL whose blanks and special characters are escaped")
    named = f"[{host}]" if ":" in host else host
    authority = named if port == PORTS[parts.scheme] else f"{named}:{port}"
    return Address(Origin(host, port, is_secure=parts.scheme in {"https", "wss"}), authority, target)


@lru_cache(maxsize=1)
def _usual_headers() -> tuple[tuple[str, str], ...]:
    return (
        ("User-Agent", f"offhook/{metadata.version('offhook')}"),  # providers' edges refuse some stock agents
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),  # a compressed stream of tokens would be held back to fill a block
    )


def encode_request(method: str, address: Address, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole request; `headers` replace the usual ones of the same name.

    Raises `ValueError` for a method or a header that would break it, and never quotes a value, which may be a key.
    HEAD and CONNECT are not for us: what follows their answers depends on the question.
    """
    if not _TOKEN.fullmatch(method) or method in {"HEAD", "CONNECT"}:
        raise ValueError("expected a method such as GET or POST")
    given = {name.lower() for name in headers}
    lines = [f"{method} {address.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in _usual_headers() if name.lower() not in given]
    if "host" not in given:
        lines.append(f"Host: {address.authority}")
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or _UNSENDABLE.search(value):
            raise ValueError(f"the header {name!r} holds a line break or another character that cannot be sent")
        lines.append(f"{name}: {value}")
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


class AnswerTaker(Protocol):
    """Who waits for an answer. `on_end`, `on_switched` and `on_lost` exclude each other and come last, once.

    What these raise is a mistake of ours and ends the connection; takers that call others fence them.
    """

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Status and headers, names in lower case."""

    def on_data(self, data: bytes) -> None:
        """A piece of the body."""

    def on_end(self) -> None:
        """The body is complete."""

    def on_switched(self, transport: asyncio.Transport, rest: bytes) -> None:
        """Status 101: the connection is the taker's now, and `rest` came on it already."""

    def on_lost(self, reason: str) -> None:
        """The connection ended first, or what came is no answer."""


class ConnectionOwner(Protocol):
    """Who keeps connections."""

    def on_idle(self, connection: "HttpConnection") -> None:
        """An answer is complete, and the connection may be used again."""

    def on_gone(self, connection: "HttpConnection") -> None:
        """The connection has ended, or is another protocol's now."""


class HttpConnection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, origin: Origin, owner: ConnectionOwner) -> None:
        self.origin = origin
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._answer: _Answer | None = None
        self.idle_timer: asyncio.TimerHandle | None = None
        """Its owner's: when it has not been used for too long."""

    @property
    def is_usable(self) -> bool:
        """Whether a request may be sent."""
        return self._answer is None and self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes, taker: AnswerTaker) -> None:
        """Send a request, now."""
        assert self._answer is None, "one request at a time"
        assert self._transport is not None, "a request needs a connection"
        self._answer = _Answer(taker)
        self._transport.write(request)

    def abort(self) -> None:
        """End it now, and tell nobody but the owner."""
        self._answer = None
        if self._transport is not None:
            self._transport.abort()

    # --- the transport's ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the form, not the class

    def data_received(self, data: bytes) -> None:
        """The next bytes of an answer; what comes unasked ends the connection."""
        answer = self._answer
        if answer is None or self._transport is None:
            self.abort()
            return
        try:
            answer.parser.feed_data(data)
        except HttpParserUpgrade as switch:
            self._switch(answer, self._transport, data[switch.args[0] :])
            return
        except HttpParserError as error:
            if self._answer is answer and not answer.is_complete:
                self._lose(answer, f"what came is no HTTP answer: {error}")
        if self._answer is answer:  # else it was aborted, maybe in a callback of the parser's
            self._look_at(answer, len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended: that is the end of an answer without a length, and of no other."""
        answer, self._answer = self._answer, None
        self._owner.on_gone(self)
        if answer is None:
            return
        if answer.ends_with_connection and exc is None:
            answer.taker.on_end()
        else:
            answer.taker.on_lost(f"the connection was lost: {exc}" if exc else "the connection was lost")

    def _look_at(self, answer: "_Answer", size: int) -> None:
        """What the bytes that were parsed make of the answer."""
        if answer.is_complete:
            self._answer = None
            if answer.keeps_alive and answer.is_alone:
                self._owner.on_idle(self)
            else:
                self.abort()
            answer.taker.on_end()
        elif not answer.has_head:
            answer.head_bytes += size
            if answer.head_bytes > HEAD_LIMIT_BYTES:
                self._lose(answer, f"an answer whose head has more than {HEAD_LIMIT_BYTES} bytes")

    def _lose(self, answer: "_Answer", reason: str) -> None:
        self.abort()
        answer.taker.on_lost(reason)

    def _switch(self, answer: "_Answer", transport: asyncio.Transport, rest: bytes) -> None:
        self._answer = self._transport = None
        self._owner.on_gone(self)
        answer.taker.on_switched(transport, rest)


class _Answer:
    """One answer as llhttp tells of it."""

    def __init__(self, taker: AnswerTaker) -> None:
        self.taker = taker
        self.parser = HttpResponseParser(self)
        self.head_bytes = 0
        self.has_head = False
        self.is_complete = False
        self.keeps_alive = False
        self.is_alone = True
        self.ends_with_connection = False
        self._headers: dict[str, str] = {}

    def on_message_begin(self) -> None:
        self.is_alone = not self.is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if self.is_complete:
            return
        if status < 200 and status != 101:
            self._headers = {}  # "continue", "early hints": the answer is still to come
            return
        self.has_head = True
        sized = "content-length" in self._headers or "transfer-encoding" in self._headers
        self.ends_with_connection = not sized
        self.taker.on_response(status, self._headers)

    def on_body(self, data: bytes) -> None:
        if not self.is_complete:
            self.taker.on_data(data)

    def on_message_complete(self) -> None:
        if self.has_head and not self.is_complete:
            self.is_complete = True
            self.keeps_alive = self.parser.should_keep_alive()
