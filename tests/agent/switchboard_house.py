"""A switchboard with its clock, its calls and the wires into it."""

from agent.media_stream import MediaStream, Refused
from agent.switchboard import Switchboard
from agent.twilio import Started
from tests.agent import stream_fakes as twilio_says
from tests.agent.stream_fakes import CallFactory, RecordingWire
from tests.fakes import ManualClock


class House:
    """Lets in whoever has a good token."""

    def __init__(self, max_calls: int = 2) -> None:
        self.clock = ManualClock()
        self.calls = CallFactory()
        self.bad_tokens: set[str] = set()
        self.board = Switchboard(self.clock, self.calls, max_calls=max_calls, admit=self._admit)
        self.abandoned: list[str] = []
        self.board.on_abandoned = self.abandoned.append
        self.changes = 0
        self.board.on_change = self._changed

    def open(self) -> tuple[MediaStream, RecordingWire]:
        wire = RecordingWire()
        stream = self.board.open_stream(wire)
        assert isinstance(stream, MediaStream)
        stream.on_open()
        return stream, wire

    def ring(
        self,
        call: str,
        stream: str = "MZ1",
        token: str = "good",  # noqa: S107 - no password
    ) -> tuple[MediaStream, RecordingWire]:
        listener, wire = self.open()
        listener.on_message(twilio_says.connected())
        listener.on_message(twilio_says.start(call, stream, token=token))
        return listener, wire

    def _admit(self, started: Started) -> Refused | None:
        return Refused("bad token") if started.parameters.get("token") != "good" else None

    def _changed(self) -> None:
        self.changes += 1
