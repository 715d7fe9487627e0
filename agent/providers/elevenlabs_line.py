"""One socket of a voice, and the port of the two ways in which a voice uses its sockets."""

from collections.abc import Callable
from typing import Protocol

from agent.errors import Fault
from agent.ports import Wire, WireListener
from agent.providers.elevenlabs_codec import PROVIDER, Kind, Piece
from agent.providers.elevenlabs_utterance import Utterance
from agent.providers.faults import fault_of_close

STREAMS_LIMIT = 5
"""Utterances a voice has under way at a time: so many contexts a socket may have open, or the service closes it (3.3).
"""

WHOLE = frozenset({1000, 1005})
"""Codes of a close that was meant: everything there was to send was sent."""


class LineOwner(Protocol):
    """Who is told what happens on a line; a line that was given up still reports, and is told apart by identity."""

    def line_said(self, line: "Line", message: str | bytes) -> None:
        """A message came."""

    def line_lost(self, line: "Line", fault: Fault, *, is_whole: bool) -> None:
        """The socket is gone; `is_whole`: the other side closed it because it was done."""


class Line:
    """One socket."""

    def __init__(self, owner: LineOwner, connect: Callable[[WireListener], Wire]) -> None:
        self._owner = owner
        self.wire = connect(self)
        self._was_open = self.wire.is_open

    def on_open(self) -> None:
        """The handshake is done; from now on a close is a loss."""
        self._was_open = True

    def on_message(self, message: str | bytes) -> None:
        """Pass on what came."""
        self._owner.line_said(self, message)

    def on_close(self, code: int, reason: str) -> None:
        """Pass on the end, as a fault."""
        fault = fault_of_close(PROVIDER, code, reason, was_open=self._was_open)
        self._owner.line_lost(self, fault, is_whole=self._was_open and code in WHOLE)


class Route(Protocol):
    """How the utterances of one voice travel: which socket each is on, and what is said there."""

    @property
    def kind(self) -> Kind:
        """The endpoint it uses."""
        ...

    def begin(self, known: Utterance) -> bool:
        """Send what there is of an utterance; `False` where there is no room for it yet."""
        ...

    def say(self, known: Utterance, text: str) -> None:
        """Send one more clause of an utterance that was begun."""

    def finish(self, known: Utterance) -> None:
        """No more text of an utterance that was begun comes."""

    def keep_alive(self, known: Utterance) -> None:
        """Keep an utterance that waits for text from timing out."""

    def forget(self, known: Utterance) -> None:
        """Nothing more of an utterance is wanted; harmless where it was not begun."""

    def abandon(self, known: Utterance) -> None:
        """The socket of an utterance may be as good as dead: leave it, unless others use it."""

    def holds(self, line: Line) -> bool:
        """Whether a line is in use; what still comes on any other is late."""
        ...

    def whose(self, line: Line, piece: Piece) -> Utterance | None:
        """The utterance that a piece belongs to; `None` for one of which no more is wanted."""
        ...

    def leave(self, line: Line) -> list[Utterance]:
        """Close a line; the utterances that were on it."""
        ...

    def room_at(self) -> int | None:
        """The instant at which there may be room again by itself."""
        ...

    def close(self) -> None:
        """Close all lines."""
