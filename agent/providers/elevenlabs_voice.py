"""The voice of one call at ElevenLabs: one websocket, one context an utterance."""

from collections import Counter, deque
from collections.abc import Callable

from agent.clock import Clock, Timer
from agent.errors import Fault, FaultKind, Whose
from agent.ports import VoiceListener, Wire, WireListener
from agent.providers.elevenlabs_codec import (
    PROVIDER,
    Complaint,
    ElevenLabsSettings,
    Other,
    Piece,
    decode,
    encode_flush,
    encode_init,
    encode_keep_alive,
    encode_text,
)
from agent.providers.elevenlabs_line import Line
from agent.providers.elevenlabs_utterance import Utterance
from fsm.units import ms_to_ns

CONTEXTS_LIMIT = 5
"""Open contexts a socket may have; one more, and the service closes it (3.3)."""

KEEP_ALIVE_MS = 15_000
"""Between signs of life for a context that waits for more text."""

OVER_LIMIT = 64
"""Utterances remembered as over, so that a late clause does not bring one back."""

WORTH_A_SECOND_TRY = frozenset({FaultKind.CLOSED, FaultKind.UNREACHABLE, FaultKind.OVERLOADED})
"""Faults of a socket after which another one may do at once; a limit that is reached is not among them."""


class ElevenLabsVoice:
    """The voice of one call. An utterance is over once `on_spoken` or `on_voice_failed` was called, or it was dropped.

    A socket lost before an utterance's first audio costs nothing but time: the utterance is sent once more on another.
    """

    def __init__(
        self,
        settings: ElevenLabsSettings,
        clock: Clock,
        counts: Counter[str],
        connect: Callable[[WireListener], Wire],
        listener: VoiceListener,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._counts = counts
        self._connect = connect
        self._listener = listener
        self._utterances: dict[int, Utterance] = {}
        self._over: deque[int] = deque(maxlen=OVER_LIMIT)
        self._timer: Timer | None = None
        self._timer_at: int | None = None
        self._keep_alive: Timer | None = None
        self._is_closed = False
        self.line: Line | None = Line(self, connect)

    # --- the port ---

    def say(self, utterance: int, text: str) -> None:
        """Speak one more clause of an utterance; clauses arrive whole."""
        known = self._of(utterance)
        if known is None or not text.strip():
            return
        assert not known.is_finished, f"utterance {utterance} was finished and cannot say more"
        known.add(text.strip(), self._clock.now(), self._settings)
        if known.is_sent:
            self._send(encode_text(known.context_id, text))
        self._advance()

    def finish(self, utterance: int) -> None:
        """No more text of this utterance comes; `on_spoken` follows its last audio."""
        known = self._of(utterance)
        if known is None or known.is_finished:
            return
        known.finish(self._clock.now(), self._settings)
        if known.is_sent:
            self._end_context(known)
        elif not known.texts:
            known.due_at = self._clock.now()  # nothing to say: spoken in the next pass
        self._advance()

    def drop(self, utterance: int) -> None:
        """Forget the utterance; nothing more of it is delivered."""
        known = self._of(utterance)
        if known is not None:
            self._forget(known)
            self._advance()

    def close(self) -> None:
        """The call is over; release everything."""
        self._is_closed = True
        self._utterances.clear()
        self._leave_line()
        for timer in (self._timer, self._keep_alive):
            if timer is not None:
                timer.cancel()

    # --- the line ---

    def line_said(self, line: Line, message: str | bytes) -> None:
        """A message came on a socket of ours."""
        if line is not self.line:
            return
        match decode(message):
            case Piece() as piece:
                self._on_piece(piece)
            case Complaint(fault):  # its text is whole; that of the close which follows may be cut, or never come
                self._counts[f"complaint_{fault.kind}"] += 1
                self._lose_line(fault)
            case Other(kind):
                self._counts[f"ignored_{kind}"] += 1

    def line_lost(self, line: Line, fault: Fault) -> None:
        """A socket of ours is gone."""
        if line is self.line:
            self._lose_line(fault)

    def _lose_line(self, fault: Fault) -> None:
        """Leave the present socket: what has not sounded yet is sent once more on another, the rest fails."""
        self._leave_line()
        failed: list[Utterance] = []
        for known in [one for one in self._utterances.values() if one.is_sent]:
            known.is_sent = False
            if fault.kind in WORTH_A_SECOND_TRY and known.may_restart:
                self._counts["sent_again"] += 1
                known.restart()
            else:
                known.has_failed = True
                failed.append(known)
        for known in failed:
            self._fail(known, fault)
        self._advance()

    def _leave_line(self) -> None:
        line, self.line = self.line, None
        if line is not None:
            line.wire.close()

    def _on_piece(self, piece: Piece) -> None:
        known = self._owner(piece.context_id)
        if known is None:
            self._counts["late_pieces"] += 1
            if piece.is_final and self.line is not None:
                self.line.closing.pop(piece.context_id, None)
                self._advance()
            return
        alignment = known.take(piece, self._clock.now(), self._settings)
        if piece.audio:
            self._listener.on_audio(known.id, piece.audio, alignment)
        if known.has_ended and not known.is_owed() and known.id in self._utterances:
            self._spoken(known)
        self._advance()

    def _owner(self, context_id: str) -> Utterance | None:
        """The utterance of a context; of an unnamed one, where there is no doubt."""
        sent = [known for known in self._utterances.values() if known.is_sent]
        if not context_id and len(sent) == 1 and self.line is not None and not self.line.closing:
            return sent[0]
        return next((known for known in sent if known.context_id == context_id), None)

    # --- utterances ---

    def _of(self, utterance: int) -> Utterance | None:
        """The utterance, new where it was never heard of; `None` where it is over."""
        if self._is_closed or utterance in self._over:
            return None
        known = self._utterances.get(utterance)
        if known is None:
            known = self._utterances[utterance] = Utterance(utterance)
        return known

    def _advance(self) -> None:
        """Send what waits for a socket or for room on it, then arm the timer."""
        waiting = self._waiting()
        if waiting and self.line is None:
            self.line = Line(self, self._connect)
        for known in waiting:
            if self._open_count() < CONTEXTS_LIMIT:
                self._begin(known)
        self._arm()

    def _waiting(self) -> list[Utterance]:
        return [known for known in self._utterances.values() if known.texts and not (known.is_sent or known.has_failed)]

    def _open_count(self) -> int:
        assert self.line is not None, "asked without a socket"
        sent = sum(known.is_sent and not known.is_finished for known in self._utterances.values())
        return sent + self.line.closing_count(self._clock.now())

    def _begin(self, known: Utterance) -> None:
        known.is_sent = True
        self._send(encode_init(self._settings, known.context_id))
        for text in known.texts:
            self._send(encode_text(known.context_id, text))
        if known.is_finished:
            self._end_context(known)
        elif self._keep_alive is None:
            self._arm_keep_alive()

    def _end_context(self, known: Utterance) -> None:
        assert self.line is not None, "an utterance that is sent has a socket"
        self._send(encode_flush(known.context_id))
        self.line.close_context(known.context_id, self._clock.now())

    def _send(self, message: str) -> None:
        assert self.line is not None, "sent without a socket"
        self.line.wire.send(message)

    def _forget(self, known: Utterance) -> None:
        del self._utterances[known.id]
        self._over.append(known.id)
        if known.is_sent and not known.is_finished and self.line is not None:
            self.line.close_context(known.context_id, self._clock.now())

    def _spoken(self, known: Utterance) -> None:
        self._forget(known)
        if self.line is not None and known.has_ended:
            self.line.closing.pop(known.context_id, None)
        self._listener.on_spoken(known.id)

    def _fail(self, known: Utterance, fault: Fault) -> None:
        if self._utterances.get(known.id) is known:  # not dropped while others were told
            self._forget(known)
            self._listener.on_voice_failed(known.id, fault)

    # --- deadlines ---

    def _arm(self) -> None:
        due = min(self._deadlines(), default=None)
        if due == self._timer_at or self._is_closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = None if due is None else self._clock.call_at(due, self._on_timer)

    def _deadlines(self) -> list[int]:
        deadlines = [known.due_at for known in self._utterances.values() if known.due_at is not None]
        if self.line is not None and self._waiting():  # for room: a context that is closing may be forgotten
            deadlines.extend(self.line.closing.values())
        return deadlines

    def _on_timer(self) -> None:
        self._timer_at = None
        now = self._clock.now()
        for known in [one for one in self._utterances.values() if one.due_at is not None and one.due_at <= now]:
            if known.id in self._utterances:
                self._on_due(known)
        self._advance()

    def _on_due(self, known: Utterance) -> None:
        if known.is_finished and (known.has_ended or not known.is_owed()):
            self._counts["without_end_marker"] += bool(known.texts) and not known.has_ended
            self._spoken(known)
            return
        what = "in mid-utterance" if known.audio_samples else "since the clause was sent"
        limit_ms = self._settings.stall_timeout_ms if known.audio_samples else self._settings.first_audio_timeout_ms
        if not any(other.is_sent for other in self._utterances.values() if other is not known):
            self._leave_line()  # the socket may be as good as dead, and nobody else is on it
        self._fail(known, Fault(Whose.PROVIDER, PROVIDER, FaultKind.STALLED, f"no audio for {limit_ms} ms {what}"))

    def _arm_keep_alive(self) -> None:
        self._keep_alive = self._clock.call_at(self._clock.now() + ms_to_ns(KEEP_ALIVE_MS), self._on_keep_alive)

    def _on_keep_alive(self) -> None:
        self._keep_alive = None
        waiting = [known for known in self._utterances.values() if known.is_sent and not known.is_finished]
        for known in waiting:
            self._send(encode_keep_alive(known.context_id))
        if waiting:
            self._arm_keep_alive()
