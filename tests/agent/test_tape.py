"""A tape: the clock stands still while the call's code runs, and all that wakes it is on record."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from agent.ports import Exchange, ExchangeListener, Wire, WireListener
from agent.tape import Tape, TapedNetwork
from agent.wire_log import WireLog
from tests.fakes import ManualClock

LATE_MS = 7


class FakeWire:
    """A wire that keeps what is sent."""

    is_open = True

    def __init__(self, listener: WireListener) -> None:
        self.listener = listener
        self.sent: list[object] = []

    def send(self, message: str | bytes) -> None:
        self.sent.append(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.sent.append((code, reason))


class FakeExchange:
    """A request that keeps whether it was given up."""

    def __init__(self, listener: ExchangeListener) -> None:
        self.listener = listener
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeNetwork:
    """A network whose connections the test plays."""

    def __init__(self) -> None:
        self.wires: list[FakeWire] = []
        self.exchanges: list[FakeExchange] = []

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> Wire:
        assert url
        assert headers
        assert open_timeout_ms
        self.wires.append(FakeWire(listener))
        return self.wires[-1]

    def request(  # the port's signature
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,
    ) -> Exchange:
        assert method
        assert url
        assert headers
        assert body
        assert timeout_ms
        self.exchanges.append(FakeExchange(listener))
        return self.exchanges[-1]


class Diary:
    """Listens to wires and exchanges, and writes down what the tape's clock said."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.heard: list[tuple[int, object]] = []

    def on_open(self) -> None:
        self._note("open")

    def on_message(self, message: str | bytes) -> None:
        self._note(message)

    def on_close(self, code: int, reason: str) -> None:
        self._note((code, reason))

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        self._note((status, dict(headers)))

    def on_data(self, data: bytes) -> None:
        self._note(data)

    def on_end(self) -> None:
        self._note("end")

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        self._note((reason, timed_out))

    def _note(self, what: object) -> None:
        self.heard.append((self.tape.now(), what))


class Studio:
    """A tape over a clock and a network that the test plays."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(1_000)
        self.log = WireLog()
        self.path = folder / "CA1.wires.jsonl"
        self.log.begin(self.path, {}, 0)
        self.tape = Tape(self.clock, self.log)
        self.inner = FakeNetwork()
        self.network = TapedNetwork(self.inner, self.tape)
        self.diary = Diary(self.tape)

    def dial(self) -> Wire:
        """Dial, as something that happened leads to it."""
        wires: list[Wire] = []
        headers = {"authorization": "secret"}

        def act() -> None:
            wires.append(self.network.open_websocket("wss://x", headers, self.diary, open_timeout_ms=100))

        self.tape.happened(act, {"in": "warm"})
        return wires[0]

    @property
    def lines(self) -> list[dict[str, Any]]:
        self.log.close()
        return [orjson.loads(line) for line in self.path.read_bytes().splitlines()][1:]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    yield studio
    studio.log.close()


def test_the_clock_stands_still_between_two_things_that_happen(studio: Studio) -> None:
    wire, tape = studio.dial(), studio.tape
    before = tape.now()
    studio.clock.advance(5)
    assert tape.now() == before
    studio.inner.wires[0].listener.on_open()
    assert tape.now() == before + 5_000_000
    assert studio.diary.heard == [(before + 5_000_000, "open")]
    assert wire.is_open


def test_a_timer_is_on_record_with_the_instant_it_was_due_and_the_one_it_came(studio: Studio) -> None:
    came: list[int] = []
    due = studio.clock.now() + 10
    studio.tape.call_at(due, lambda: came.append(studio.tape.now()))
    cancelled = studio.tape.call_at(due, lambda: came.append(0))
    cancelled.cancel()
    studio.clock.advance(LATE_MS)
    assert came == [due]
    assert studio.lines == [{"at_ns": due, "in": "timer", "timer": 1, "due_ns": due}]


def test_what_comes_and_what_is_done_about_it_are_on_record_and_keys_are_not(studio: Studio) -> None:
    wire = studio.dial()
    listener = studio.inner.wires[0].listener

    class Answering(Diary):
        def on_message(self, message: str | bytes) -> None:
            super().on_message(message)
            wire.send(b"\x01\x02")
            wire.close(1000, "done")
            wire.close()

    studio.diary.on_message = Answering(studio.tape).on_message  # type: ignore[method-assign]  # the test's own listener
    listener.on_open()
    listener.on_message("hello")
    listener.on_close(1000, "done")
    told = [{key: value for key, value in line.items() if key != "at_ns"} for line in studio.lines]
    assert told == [
        {"in": "warm"},
        {"out": "dial", "wire": 1, "url": "wss://x"},
        {"in": "opened", "wire": 1},
        {"in": "message", "wire": 1, "text": "hello"},
        {"out": "send", "wire": 1, "bytes": 2, "digest": told[4]["digest"]},
        {"out": "close", "wire": 1, "code": 1000, "reason": "done"},
        {"in": "closed", "wire": 1, "code": 1000, "reason": "done"},
    ]
    assert studio.inner.wires[0].sent == [b"\x01\x02", (1000, "done"), (1000, "")]
    assert not wire.is_open
    assert b"secret" not in studio.path.read_bytes()


def test_a_request_and_its_answer_are_on_record(studio: Studio) -> None:
    exchanges: list[Exchange] = []

    def ask() -> None:
        exchange = studio.network.request("POST", "https://x", {"k": "secret"}, b"{}", studio.diary, timeout_ms=9)
        exchanges.append(exchange)

    studio.tape.happened(ask, {"in": "warm"})
    listener = studio.inner.exchanges[0].listener
    listener.on_response(200, {"a": "b"})
    listener.on_data(b"data")
    listener.on_data(b"\xff")
    listener.on_end()
    listener.on_failure("late", timed_out=True)
    studio.tape.happened(exchanges[0].cancel, {"in": "warm"})
    told = [{key: value for key, value in line.items() if key != "at_ns"} for line in studio.lines]
    assert told[1:-2] == [
        {"out": "request", "exchange": 1, "method": "POST", "url": "https://x", "body": "{}"},
        {"in": "response", "exchange": 1, "status": 200, "headers": {"a": "b"}},
        {"in": "data", "exchange": 1, "utf8": "data"},
        {"in": "data", "exchange": 1, "base64": "/w=="},
        {"in": "end", "exchange": 1},
        {"in": "failure", "exchange": 1, "reason": "late", "timed_out": True},
    ]
    assert told[-1] == {"out": "cancel", "exchange": 1}
    assert studio.inner.exchanges[0].is_cancelled
    assert [what for _, what in studio.diary.heard][-1] == ("late", True)


def test_what_others_do_to_a_wire_is_not_on_record(studio: Studio) -> None:
    wire = studio.dial()
    wire.send("by somebody else")
    assert studio.inner.wires[0].sent == ["by somebody else"]
    assert not any(line.get("out") == "send" for line in studio.lines)


def test_a_mistake_while_something_is_dealt_with_leaves_the_tape_in_order(studio: Studio) -> None:
    def fail() -> None:
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError):
        studio.tape.happened(fail, {"in": "warm"})
    assert not studio.tape.is_inside
