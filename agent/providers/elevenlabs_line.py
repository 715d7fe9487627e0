"""One socket of a voice: whose it is, and which contexts may still count as open on it."""

from collections.abc import Callable
from typing import Protocol

from agent.errors import Fault
from agent.ports import Wire, WireListener
from agent.providers.elevenlabs_codec import PROVIDER, encode_close
from agent.providers.faults import fault_of_close
from fsm.units import ms_to_ns

CLOSING_WAIT_MS = 2_000
"""A context we closed counts as open until its end marker came, or for so long."""


class LineOwner(Protocol):
    """Who is told what happens on a line; a line that was given up still reports, and is told apart by identity."""

    def line_said(self, line: "Line", message: str | bytes) -> None:
        """A message came."""

    def line_lost(self, line: "Line", fault: Fault) -> None:
        """The socket is gone."""


class Line:
    """One socket. `closing` holds the contexts we closed, with the instants at which they are forgotten."""

    def __init__(self, owner: LineOwner, connect: Callable[[WireListener], Wire]) -> None:
        self.closing: dict[str, int] = {}
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
        self._owner.line_lost(self, fault_of_close(PROVIDER, code, reason, was_open=self._was_open))

    def close_context(self, context_id: str, now: int) -> None:
        """Order no more of a context; what is under way still comes."""
        self.wire.send(encode_close(context_id))
        self.closing[context_id] = now + ms_to_ns(CLOSING_WAIT_MS)

    def closing_count(self, now: int) -> int:
        """Contexts that may still count as open on the other side."""
        for context_id in [one for one, until in self.closing.items() if until <= now]:
            del self.closing[context_id]
        return len(self.closing)
