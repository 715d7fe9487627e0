"""The single-context socket (protocol page, section 2): one for each utterance, the next one opened ahead of need."""

from collections.abc import Callable

from agent.clock import Clock
from agent.ports import Wire, WireListener
from agent.providers.elevenlabs_codec import (
    ElevenLabsSettings,
    Kind,
    Piece,
    encode_end,
    encode_init,
    encode_keep_alive,
    encode_text,
)
from agent.providers.elevenlabs_line import STREAMS_LIMIT, Line, LineOwner
from agent.providers.elevenlabs_utterance import Utterance
from agent.providers.pool import WarmPolicy, WarmSockets

SPARE_MAX_AGE_MS = 75_000
"""A spare waits so long with the process and then so long with a call; both together stay well below the inactivity
timeout of 180 s. It cannot be kept alive: the first message fixes its settings."""

OWN_SPARE = WarmPolicy(size=1, refills=True, max_age_ms=SPARE_MAX_AGE_MS)


class SingleRoute:
    """A `Route`: a socket for each utterance; to drop one is to close its socket."""

    kind: Kind = "single"

    def __init__(
        self, owner: LineOwner, connect: Callable[[WireListener], Wire], clock: Clock, settings: ElevenLabsSettings
    ) -> None:
        self._owner = owner
        self._settings = settings
        self._live: dict[Line, Utterance] = {}
        self._spares = WarmSockets(clock, connect, OWN_SPARE)
        self._spares.warm()

    def begin(self, known: Utterance) -> bool:
        """Send what there is on a socket of its own; `False` while there are too many."""
        if len(self._live) >= STREAMS_LIMIT:
            return False
        line = Line(self._owner, self._spares.take)
        self._live[line] = known
        line.wire.send(encode_init(self._settings))
        for text in known.texts:
            line.wire.send(encode_text(text))
        if known.is_finished:
            line.wire.send(encode_end())
        return True

    def say(self, known: Utterance, text: str) -> None:
        """Send one more clause."""
        self._wire_of(known).send(encode_text(text))

    def finish(self, known: Utterance) -> None:
        """End the text; end marker and close follow the audio."""
        self._wire_of(known).send(encode_end())

    def keep_alive(self, known: Utterance) -> None:
        """Keep its socket from timing out."""
        self._wire_of(known).send(encode_keep_alive())

    def forget(self, known: Utterance) -> None:
        """Close its socket."""
        for line in [line for line, its in self._live.items() if its is known]:
            self.leave(line)

    def abandon(self, known: Utterance) -> None:
        """Close its socket: nobody else uses it."""
        self.forget(known)

    def holds(self, line: Line) -> bool:
        """Whether an utterance is on it."""
        return line in self._live

    def whose(self, line: Line, piece: Piece) -> Utterance | None:  # noqa: ARG002 - all pieces of a line are of one
        """The utterance of the line."""
        return self._live[line]

    def leave(self, line: Line) -> list[Utterance]:
        """Close a line; the utterance that was on it."""
        line.wire.close()
        return [self._live.pop(line)]

    def room_at(self) -> int | None:
        """There is room once an utterance is over, and not before."""
        return None

    def close(self) -> None:
        """Close all lines and the spare."""
        for line in list(self._live):
            self.leave(line)
        self._spares.close()

    def _wire_of(self, known: Utterance) -> Wire:
        return next(line.wire for line, its in self._live.items() if its is known)
