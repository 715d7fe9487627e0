"""The voice of one call at ElevenLabs: what was asked, what came, and until when more must come."""

from collections import Counter, deque

from agent.clock import Clock, Timer
from agent.errors import Fault, FaultKind, Whose
from agent.ports import VoiceListener
from agent.providers.elevenlabs_codec import PROVIDER, Complaint, ElevenLabsSettings, Other, Piece, decode
from agent.providers.elevenlabs_endpoints import Endpoints
from agent.providers.elevenlabs_line import Line, Route
from agent.providers.elevenlabs_utterance import Utterance
from fsm.units import ms_to_ns

KEEP_ALIVE_MS = 15_000
"""Between signs of life for an utterance that waits for more text."""

OVER_LIMIT = 64
"""Utterances remembered as over, so that a late clause does not bring one back."""

WORTH_A_SECOND_TRY = frozenset({FaultKind.CLOSED, FaultKind.UNREACHABLE, FaultKind.OVERLOADED})
"""Faults of a socket after which another one may do at once; a limit that is reached is not among them."""


class ElevenLabsVoice:
    """The voice of one call. An utterance is over once `on_spoken` or `on_voice_failed` was called, or it was dropped.

    A socket lost before an utterance's first audio costs nothing but time: the utterance is sent once more on another,
    and so is one whose endpoint turns out not to be offered, on the other endpoint.
    """

    def __init__(
        self,
        settings: ElevenLabsSettings,
        clock: Clock,
        counts: Counter[str],
        endpoints: Endpoints,
        listener: VoiceListener,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._counts = counts
        self._endpoints = endpoints
        self._listener = listener
        self._utterances: dict[int, Utterance] = {}
        self._over: deque[int] = deque(maxlen=OVER_LIMIT)
        self._timer: Timer | None = None
        self._timer_at: int | None = None
        self._keep_alive: Timer | None = None
        self._is_closed = False
        self._route: Route = endpoints.open_route(self)

    # --- the port ---

    def say(self, utterance: int, text: str) -> None:
        """Speak one more clause of an utterance; clauses arrive whole."""
        known = self._of(utterance)
        if known is None or not text.strip():
            return
        assert not known.is_finished, f"utterance {utterance} was finished and cannot say more"
        known.add(text.strip(), self._clock.now(), self._settings)
        if known.is_sent:
            self._route.say(known, text)
        self._advance()

    def finish(self, utterance: int) -> None:
        """No more text of this utterance comes; `on_spoken` follows its last audio."""
        known = self._of(utterance)
        if known is None or known.is_finished:
            return
        known.finish(self._clock.now(), self._settings)
        if known.is_sent:
            self._route.finish(known)
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
        self._route.close()
        for timer in (self._timer, self._keep_alive):
            if timer is not None:
                timer.cancel()

    # --- the lines ---

    def line_said(self, line: Line, message: str | bytes) -> None:
        """A message came on a socket of ours."""
        if not self._route.holds(line):
            return
        match decode(message):
            case Piece() as piece:
                self._on_piece(line, piece)
            case Complaint(fault):  # its text is whole; that of the close which follows may be cut, or never come
                self._counts[f"complaint_{fault.kind}"] += 1
                self._lose(line, fault)
            case Other(kind):
                self._counts[f"ignored_{kind}"] += 1

    def line_lost(self, line: Line, fault: Fault, *, is_whole: bool) -> None:
        """A socket of ours is gone."""
        if self._route.holds(line):
            self._lose(line, fault, is_whole=is_whole)

    def _on_piece(self, line: Line, piece: Piece) -> None:
        known = self._route.whose(line, piece)
        if known is None:
            self._counts["late_pieces"] += 1
            self._advance()
            return
        alignment = known.take(piece, self._clock.now(), self._settings)
        if piece.audio:
            self._listener.on_audio(known.id, piece.audio, alignment)
        if known.is_over:
            self._spoken(known)
        self._advance()

    def _lose(self, line: Line, fault: Fault, *, is_whole: bool = False) -> None:
        """Leave a socket: what has not sounded yet is sent once more, what is complete was spoken, the rest fails."""
        lost = self._route.leave(line)
        spoken = [known for known in lost if known.has_ended or (is_whole and known.may_be_whole)]
        failed = [known for known in lost if known not in spoken and not self._sends_again(known, fault)]
        for known in (*spoken, *failed):
            known.is_settled = True
        for known in spoken:
            self._counts["without_end_marker"] += not known.has_ended
            self._spoken(known)
        for known in failed:
            self._fail(known, fault)
        self._advance()

    def _sends_again(self, known: Utterance, fault: Fault) -> bool:
        """Whether an utterance is sent once more: to the other endpoint, or on another socket of the same."""
        if self._route.kind != self._endpoints.kind and known.may_move:
            self._counts["moved"] += 1
            known.move()
            return True
        if fault.kind in WORTH_A_SECOND_TRY and known.may_restart:
            self._counts["sent_again"] += 1
            known.restart()
            return True
        return False

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
        """Send what waits for a socket or for room on one, then arm the timer."""
        if self._is_closed:
            return
        if self._route.kind != self._endpoints.kind and not any(known.is_sent for known in self._utterances.values()):
            self._route.close()
            self._route = self._endpoints.open_route(self)
        for known in self._waiting():
            known.is_sent = self._route.begin(known)
            if known.is_sent and not known.is_finished and self._keep_alive is None:
                self._arm_keep_alive()
        self._arm()

    def _waiting(self) -> list[Utterance]:
        return [known for known in self._utterances.values() if known.texts and not (known.is_sent or known.is_settled)]

    def _forget(self, known: Utterance) -> None:
        del self._utterances[known.id]
        self._over.append(known.id)
        self._route.forget(known)

    def _spoken(self, known: Utterance) -> None:
        if self._utterances.get(known.id) is known:  # not dropped while the listener was told of others
            self._forget(known)
            self._listener.on_spoken(known.id)

    def _fail(self, known: Utterance, fault: Fault) -> None:
        if self._utterances.get(known.id) is known:  # as above
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
        room_at = self._route.room_at()
        if room_at is not None and self._waiting():
            deadlines.append(room_at)
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
        self._route.abandon(known)
        self._fail(known, Fault(Whose.PROVIDER, PROVIDER, FaultKind.STALLED, f"no audio for {limit_ms} ms {what}"))

    def _arm_keep_alive(self) -> None:
        self._keep_alive = self._clock.call_at(self._clock.now() + ms_to_ns(KEEP_ALIVE_MS), self._on_keep_alive)

    def _on_keep_alive(self) -> None:
        self._keep_alive = None
        waiting = [known for known in self._utterances.values() if known.is_sent and not known.is_finished]
        for known in waiting:
            self._route.keep_alive(known)
        if waiting:
            self._arm_keep_alive()
