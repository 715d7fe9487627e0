"""A media stream on record: its messages as they come, what our code sends, and what the house does to its call."""

from collections import deque
from typing import Any

from agent.clock import Clock
from agent.media_stream import MediaStream
from agent.ports import Wire
from agent.tape import Tape
from agent.turn_scores import TurnOwner
from agent.twilio import CallPort, Phone
from agent.wire_log import shown_bytes, told_bytes
from fsm.events import EndOfTurnScored
from fsm.state import CallState

EARLY_LIMIT_MESSAGES = 64
"""Kept of a stream that has not joined a call yet; Twilio sends two messages before that."""


class TapedStream:
    """Between a websocket and the `MediaStream` that listens to it; on record once the stream joined a taped call."""

    stream: MediaStream

    def __init__(self, clock: Clock, wire: Wire) -> None:
        self.tape: Tape | None = None
        self.number = 0
        self._clock = clock
        self._wire = wire
        self._is_closed = False
        self._early: deque[tuple[int, dict[str, Any]]] = deque(maxlen=EARLY_LIMIT_MESSAGES)

    @property
    def last_at(self) -> int:
        """When (ns) the message came that is being dealt with."""
        return self._early[-1][0]

    def join(self, tape: Tape) -> None:
        """From the message that is being dealt with on, this stream is the taped call's; so is what it said before."""
        tape.streams += 1
        self.number = tape.streams
        *before, (at, last) = self._early
        for then, line in before:
            tape.log.write({"at_ns": then, **line, "stream": self.number})
        tape.enter({**last, "stream": self.number}, at)
        self.tape = tape
        self._early.clear()

    # --- what the websocket tells ------------------------------------------------------------------------------------

    def on_open(self) -> None:
        """The handshake is done."""
        self._happened({"in": "stream_opened"})
        self.stream.on_open()
        self._dealt_with()

    def on_message(self, message: str | bytes) -> None:
        """One message."""
        self._happened({"in": "stream_message", **told_bytes(message)})
        try:
            self.stream.on_message(message)
        finally:
            self._dealt_with()

    def on_close(self, code: int, reason: str) -> None:
        """The websocket is gone."""
        self._happened({"in": "stream_closed", "code": code, "reason": reason})
        self._is_closed = True
        try:
            self.stream.on_close(code, reason)
        finally:
            self._dealt_with()

    def _happened(self, line: dict[str, Any]) -> None:
        if self.tape is None:
            self._early.append((self._clock.now(), line))
        else:
            self.tape.enter({**line, "stream": self.number})

    def _dealt_with(self) -> None:
        if self.tape is not None:
            self.tape.leave()

    # --- what our code does to it ----------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether nobody closed the websocket."""
        return not self._is_closed

    def send(self, message: str | bytes) -> None:
        """Send a message to the telephone."""
        if self.tape is not None:
            self.tape.did({"out": "phone", "stream": self.number, **shown_bytes(message)})
        self._wire.send(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the websocket."""
        if self.tape is not None and not self._is_closed:
            self.tape.did({"out": "phone_close", "stream": self.number, "code": code, "reason": reason})
        self._is_closed = True
        self._wire.close(code, reason)


class TapedPort:
    """What a stream and the house tell a taped call; what no message of the stream's led to is on record by itself."""

    def __init__(self, port: CallPort, tape: Tape) -> None:
        self._port = port
        self._tape = tape
        self.on_media = port.on_media
        self.on_mark = port.on_mark
        self.on_digit = port.on_digit

    def on_answerer_reported(self, answered_by: str) -> None:
        """Twilio says who picked up."""
        cause = {"in": "answerer", "answered_by": answered_by}
        self._tape.happened(lambda: self._port.on_answerer_reported(answered_by), cause)

    def on_stream_replaced(self, phone: Phone) -> None:
        """The call goes on over a new stream."""
        self._port.on_stream_replaced(phone)

    def on_stream_ended(self, reason: str) -> None:
        """The call is over."""
        if self._tape.is_inside:
            self._port.on_stream_ended(reason)
        else:
            self._tape.happened(lambda: self._port.on_stream_ended(reason), {"in": "stream_ended", "reason": reason})

    def end_politely(self, reason: str) -> None:
        """The house is closing."""
        self._tape.happened(lambda: self._port.end_politely(reason), {"in": "end_politely", "reason": reason})


class TapedOwner:
    """What a model tells a taped call of its silences."""

    def __init__(self, owner: TurnOwner, tape: Tape) -> None:
        self._owner = owner
        self._tape = tape

    @property
    def state(self) -> CallState:
        """Of the call."""
        return self._owner.state

    def feed(self, event: EndOfTurnScored) -> None:
        """A score came."""
        line = {"in": "scored", "percent": event.probability_percent, "heard_to_ns": event.heard_to}
        self._tape.happened(lambda: self._owner.feed(event), line)
