"""Who is told what streams tell their calls, where that is recorded."""

from collections.abc import Callable
from typing import Protocol

from agent.media_stream import MediaStream
from agent.ports import Wire, WireListener
from agent.twilio import CallPort


class StreamRecorder(Protocol):
    """Somebody who keeps what streams tell their calls."""

    def open_stream(self, wire: Wire, listen: Callable[[Wire], MediaStream]) -> WireListener:
        """The listener for a websocket that was just opened to us, around the one that `listen` makes."""
        ...

    def joined(self, stream: MediaStream, call_sid: str) -> None:
        """A stream was let in, and starts its call or goes on with it."""

    def started(self, call_sid: str, port: CallPort) -> CallPort:
        """A call was started; what is told it from now on."""
        ...

    def left(self, stream: MediaStream) -> None:
        """A stream is over."""

    def ended(self, call_sid: str) -> None:
        """A call is over and released."""


class Unrecorded:
    """Nobody keeps anything."""

    def open_stream(self, wire: Wire, listen: Callable[[Wire], MediaStream]) -> WireListener:
        """The stream itself."""
        return listen(wire)

    def joined(self, stream: MediaStream, call_sid: str) -> None:
        """No matter."""

    def started(self, _call_sid: str, port: CallPort) -> CallPort:
        """The call itself."""
        return port

    def left(self, stream: MediaStream) -> None:
        """No matter."""

    def ended(self, call_sid: str) -> None:
        """No matter."""
