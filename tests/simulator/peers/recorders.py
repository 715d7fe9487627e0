"""A client's view of a peer: what was written, and when."""

from collections.abc import Mapping
from typing import Any

import orjson

from fsm.units import ns_to_ms
from tests.fakes import ManualClock


class RecordedAnswer:
    """The client's end of an HTTP exchange."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.status = 0
        self.headers: dict[str, str] = {}
        self.writes: list[tuple[int, bytes]] = []
        self.is_ended = False
        self.is_aborted = False
        self.ended_ms: int | None = None

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        assert self.status == 0, "started twice"
        self.status, self.headers = status, dict(headers)

    def write(self, data: bytes) -> None:
        assert self.status, "body before the status"
        assert not self.is_ended
        self.writes.append((ns_to_ms(self._clock.now()), data))

    def end(self) -> None:
        assert self.status
        assert not self.is_ended
        self.is_ended, self.ended_ms = True, ns_to_ms(self._clock.now())

    def abort(self) -> None:
        self.is_aborted = True

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.writes)

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the peer sent
        return orjson.loads(self.body)


class RecordedWire:
    """The client's end of a websocket."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.messages: list[tuple[int, dict[str, Any]]] = []
        self.closed: tuple[int | None, str] | None = None
        self.is_aborted = False

    def send(self, message: str | bytes) -> None:
        if self.closed is None and not self.is_aborted:
            self.messages.append((ns_to_ms(self._clock.now()), orjson.loads(message)))

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        if self.closed is None:
            self.closed = (code, reason)

    def abort(self) -> None:
        self.is_aborted = True
