"""The multi-context socket (protocol page, section 3): one for the whole call, one context an utterance."""

from collections.abc import Callable

from agent.clock import Clock
from agent.ports import Wire, WireListener
from agent.providers.elevenlabs_codec import (
    ElevenLabsSettings,
    Kind,
    Piece,
    encode_close,
    encode_flush,
    encode_init,
    encode_keep_alive,
    encode_text,
)
from agent.providers.elevenlabs_line import STREAMS_LIMIT, Line, LineOwner
from agent.providers.elevenlabs_utterance import Utterance
from fsm.units import ms_to_ns

CLOSING_WAIT_MS = 2_000
"""A context we closed counts as open until its end marker came, or for so long."""


class MultiRoute:
    """A `Route`: all utterances on one socket, told apart by their contexts.

    A server that does not name contexts is understood as long as only one of them is open; therefore its socket is
    left when an utterance is dropped.
    """

    kind: Kind = "multi"

    def __init__(
        self, owner: LineOwner, connect: Callable[[WireListener], Wire], clock: Clock, settings: ElevenLabsSettings
    ) -> None:
        self._owner = owner
        self._connect = connect
        self._clock = clock
        self._settings = settings
        self._live: dict[str, Utterance] = {}
        self._closing: dict[str, int] = {}  # contexts we closed, and when they are forgotten
        self._names_contexts = True
        self._line: Line | None = Line(owner, connect)

    def begin(self, known: Utterance) -> bool:
        """Open a context and send what there is; `False` while too many are open."""
        if self._line is None:
            self._line = Line(self._owner, self._connect)
        if self._open_count() >= STREAMS_LIMIT:
            return False
        self._live[known.context_id] = known
        self._send(encode_init(self._settings, known.context_id))
        for text in known.texts:
            self.say(known, text)
        if known.is_finished:
            self.finish(known)
        return True

    def say(self, known: Utterance, text: str) -> None:
        """Send one more clause."""
        self._send(encode_text(text, known.context_id))

    def finish(self, known: Utterance) -> None:
        """Close the context; its end marker follows its audio."""
        self._send(encode_flush(known.context_id))
        self._close_context(known.context_id)

    def keep_alive(self, known: Utterance) -> None:
        """Keep a context from timing out."""
        self._send(encode_keep_alive(known.context_id))

    def forget(self, known: Utterance) -> None:
        """Close its context, if that is still open, and ignore what comes of it."""
        if self._live.pop(known.context_id, None) is None:
            return
        if known.has_ended:
            self._closing.pop(known.context_id, None)
        elif not self._names_contexts and not self._live:
            self.close()
        elif not known.is_finished:
            self._close_context(known.context_id)

    def abandon(self, known: Utterance) -> None:
        """Leave the socket, unless other utterances are on it."""
        if self._live.keys() == {known.context_id}:
            self.close()

    def holds(self, line: Line) -> bool:
        """Whether it is the present socket."""
        return line is self._line

    def whose(self, line: Line, piece: Piece) -> Utterance | None:  # noqa: ARG002 - there is only one
        """The utterance of the context; of an unnamed one, where there is no doubt."""
        self._names_contexts &= bool(piece.context_id)
        context_id = piece.context_id or self._only_context()
        known = self._live.get(context_id)
        if known is None and piece.is_final:
            self._closing.pop(context_id, None)
        return known

    def leave(self, line: Line) -> list[Utterance]:
        """Close the socket; all utterances that were under way."""
        assert line is self._line, "only the present socket can be left"
        lost = list(self._live.values())
        self.close()
        return lost

    def room_at(self) -> int | None:
        """When the next closed context is forgotten."""
        return min(self._closing.values(), default=None)

    def close(self) -> None:
        """Close the socket, if there is one."""
        line, self._line = self._line, None
        self._live.clear()
        self._closing.clear()
        if line is not None:
            line.wire.close()

    def _close_context(self, context_id: str) -> None:
        self._send(encode_close(context_id))
        self._closing[context_id] = self._clock.now() + ms_to_ns(CLOSING_WAIT_MS)

    def _open_count(self) -> int:
        """Contexts that may count as open on the other side."""
        self._forget_closed()
        return len(self._closing) + sum(not known.is_finished for known in self._live.values())

    def _only_context(self) -> str:
        """The context that is open, if it is the only one."""
        self._forget_closed()
        contexts = list(self._live.keys() | self._closing.keys())
        return contexts[0] if len(contexts) == 1 else ""

    def _forget_closed(self) -> None:
        now = self._clock.now()
        for context_id in [one for one, until in self._closing.items() if until <= now]:
            del self._closing[context_id]

    def _send(self, message: str) -> None:
        assert self._line is not None, "sent without a socket"
        self._line.wire.send(message)
