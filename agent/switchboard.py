"""The calls in progress: who may come in, which stream belongs to which call, and how the house is closed."""

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from agent.clock import Clock, Timer
from agent.handover import CONNECTED, OUTCOME, Lendings
from agent.media_stream import Ending, MediaStream, Refused, StreamLimits
from agent.next_document import Next
from agent.ports import Wire, WireListener
from agent.stream_recorder import StreamRecorder, Unrecorded
from agent.twilio import CallPort, Phone, Started
from fsm.units import ms_to_ns

log = logging.getLogger(__name__)

RESERVATION_MS = 5_000
"""A webhook's answer keeps a place this long for its stream, which comes within about a second."""

RESUME_MS = 1_500
"""How long a call waits for a new stream after its own was lost; all it holds is released within 2 s of the loss."""

MAX_RESUMES = 3
"""Streams one call may lose: a fourth means that the way is broken, and the caller is better told so."""

MAX_REMEMBERED = 1_024
"""Calls whose end is remembered until Twilio asks what comes after."""

MAX_PENDING = 64
"""Websockets that may be open at a time without having started a call."""


@dataclass(slots=True, eq=False)
class _Line:
    call_sid: str
    port: CallPort
    stream: MediaStream | None
    grace: Timer | None = None
    resumes: int = 0
    was_asked_for: bool = False

    def stop_grace(self) -> None:
        if self.grace is not None:
            self.grace.cancel()
            self.grace = None


def _admit_anyone(started: Started) -> Refused | None:  # noqa: ARG001 - stands in for a check of the token
    return None


def _ignore(*_: object) -> None:
    """Nobody listens."""


class Switchboard:
    """Starts, resumes, replaces and ends calls. Plain `def` throughout; time comes from the clock.

    `start_call` makes a call of a stream that was admitted; `admit` checks its token (by default anyone may come in);
    `on_change` is called whenever a call ended, or Twilio asked about one that had;
    `on_abandoned` gets the id of a call that Twilio may still hold although its stream is dead.
    """

    def __init__(
        self,
        clock: Clock,
        start_call: Callable[[Started, Phone], CallPort],
        *,
        max_calls: int,
        admit: Callable[[Started], Refused | None] | None = None,
        limits: StreamLimits | None = None,
    ) -> None:
        self._clock = clock
        self._start_call = start_call
        self._admit = admit or _admit_anyone
        self._limits = limits
        self._lines: dict[str, _Line] = {}
        self._pending: dict[MediaStream, None] = {}
        self._reserved: dict[str, int] = {}
        self._endings: OrderedDict[str, Next] = OrderedDict()
        self._unasked: set[str] = set()
        self.max_calls = max_calls
        self.is_draining = False
        self.on_change: Callable[[], None] = _ignore
        self.on_abandoned: Callable[[str], None] = _ignore
        self.on_expected: Callable[[], None] = _ignore
        """A call was answered and its stream will come in about a second: what it needs may be opened."""
        self.recorder: StreamRecorder = Unrecorded()
        self.counters: Counter[str] = Counter()
        self.lendings = Lendings()

    @property
    def active_calls(self) -> int:
        """Calls in progress, those included that wait for a new stream."""
        return len(self._lines)

    def has(self, call_sid: str) -> bool:
        """Whether this call is in progress."""
        return call_sid in self._lines

    @property
    def is_settled(self) -> bool:
        """No call is in progress or about to be, and none that we ended still waits for its last TwiML."""
        now = self._clock.now()
        return not (self._lines or self._unasked or any(until > now for until in self._reserved.values()))

    @property
    def has_room_to_listen(self) -> bool:
        """Whether one more websocket may be opened that is no call yet."""
        return len(self._pending) < MAX_PENDING

    # --- webhooks --------------------------------------------------------------------------------------------

    def reserve(self, call_sid: str) -> bool:
        """Keep a place for a call that was just answered; False: full, or closing. Asking again is harmless."""
        now = self._clock.now()
        self._reserved = {sid: until for sid, until in self._reserved.items() if until > now and sid != call_sid}
        if call_sid not in self._lines:
            if self.is_draining or len(self._lines) + len(self._reserved) >= self.max_calls:
                self.counters["turned away"] += 1
                return False
            self._reserved[call_sid] = now + ms_to_ns(RESERVATION_MS)
            self.on_expected()
        return True

    def next_for(self, call_sid: str) -> Next:
        """What the caller hears now that Twilio left the stream, whether or not we noticed it yet."""
        line = self._lines.get(call_sid)
        if line is None:
            self._unasked.discard(call_sid)
            self.on_change()
            return self._endings.get(call_sid, Next.APOLOGY)
        if line.stream is not None and line.stream.hang_up_ending is not None:
            line.was_asked_for = True
            return _next_after(line.stream.hang_up_ending)
        if line.resumes < MAX_RESUMES:
            return Next.RESUME
        self._cut(line, Ending("lost_too_often", owes_apology=True))
        return Next.APOLOGY

    def end_reported(self, call_sid: str) -> None:
        """Twilio says that the telephone call is over; a stream that does not know it yet soon does."""
        self._reserved.pop(call_sid, None)
        self._unasked.discard(call_sid)
        self._endings.pop(call_sid, None)
        line = self._lines.get(call_sid)
        if line is not None:
            line.stop_grace()
            line.grace = self._clock.call_at(
                self._clock.now() + ms_to_ns(RESUME_MS), lambda: self._cut(line, Ending("completed"))
            )
        self.on_change()

    def answerer_reported(self, call_sid: str, answered_by: str) -> None:
        """Twilio says who picked up a call that we placed, in its own word."""
        line = self._lines.get(call_sid)
        if line is None:
            log.info("call %s: answered by %.40r, which comes too late or too early", call_sid, answered_by)
            return
        line.port.on_answerer_reported(answered_by)

    # --- streams ---------------------------------------------------------------------------------------------

    def open_stream(self, wire: Wire) -> WireListener:
        """The listener for a websocket that was just opened to us."""
        return self.recorder.open_stream(wire, self._listen)

    def _listen(self, wire: Wire) -> MediaStream:
        stream = MediaStream(wire, self._clock, self, self._limits)
        self._pending[stream] = None
        return stream

    def join(self, stream: MediaStream, started: Started, phone: Phone) -> CallPort | Refused:
        """A new call, or the one that has this id already: the newer stream replaces the older."""
        refused = self._admit(started)
        line = self._lines.get(started.call_sid)
        if refused is None and line is None:
            refused = self._lack_of_room(started.call_sid)
        if refused is not None:
            self.counters["streams refused"] += 1
            return refused
        self._pending.pop(stream, None)
        self._reserved.pop(started.call_sid, None)
        self.recorder.joined(stream, started.call_sid)
        if line is not None:
            return self._resume(line, stream, phone)
        port = self.recorder.started(started.call_sid, self._start_call(started, phone))
        self._lines[started.call_sid] = _Line(started.call_sid, port, stream)
        self.counters["calls"] += 1
        return port

    def leave(self, stream: MediaStream, ending: Ending) -> None:
        """A stream is over: so is its call, unless the stream was lost and a new one may still come."""
        self._pending.pop(stream, None)
        self.recorder.left(stream)
        line = self._lines.get(stream.call_sid)
        if line is None or line.stream is not stream:
            return
        if (lent := self.lendings.of(line.call_sid)) is not None:
            line.stream = None
            over = Ending("not given back", is_abandoned=True)
            line.grace = self._clock.call_at(
                self._clock.now() + ms_to_ns(lent.limit_ms), lambda: self._finish(line, over)
            )
            return
        if ending.is_lost and line.grace is None:
            log.warning(
                "call %s: stream lost (%s); waiting %d ms for a new one", line.call_sid, ending.reason, RESUME_MS
            )
            line.stream = None
            line.grace = self._clock.call_at(
                self._clock.now() + ms_to_ns(RESUME_MS), lambda: self._finish(line, ending)
            )
            return
        self._finish(line, ending)

    def connected(self, call_sid: str) -> None:
        """A person took a call that was lent: for us it is over."""
        lent, line = self.lendings.of(call_sid), self._lines.get(call_sid)
        if lent is not None and line is not None:
            lent.facts[OUTCOME] = CONNECTED
            self.lendings.end(call_sid)
            self._finish(line, Ending("transferred"))

    # --- closing the house -------------------------------------------------------------------------------------

    def end_politely(self, reason: str) -> None:
        """Ask every call to say goodbye."""
        for line in list(self._lines.values()):
            try:
                line.port.end_politely(reason)
            except Exception:
                log.exception("call %s: could not say goodbye", line.call_sid)
                self._cut(line, Ending("our_mistake", owes_apology=True))

    def cut_all(self, reason: str) -> None:
        """End every call and close every stream now."""
        for line in list(self._lines.values()):
            self._cut(line, Ending(reason, owes_apology=True))
        for stream in list(self._pending):
            stream.close(1001, reason)

    # --- inside ----------------------------------------------------------------------------------------------

    def _lack_of_room(self, call_sid: str) -> Refused | None:
        if call_sid in self._reserved and len(self._lines) < self.max_calls:
            return None
        if not self.reserve(call_sid):
            self._remember(call_sid, Next.BUSY)
            return Refused("draining" if self.is_draining else "too many calls", 1013)
        return None

    def _resume(self, line: _Line, stream: MediaStream, phone: Phone) -> CallPort:
        old, line.stream = line.stream, stream
        line.stop_grace()
        line.resumes += self.lendings.of(line.call_sid) is None
        self.counters["streams replaced"] += 1
        if old is not None:
            old.detach()
        line.port.on_stream_replaced(phone)
        self.lendings.end(line.call_sid)
        return line.port

    def _cut(self, line: _Line, ending: Ending) -> None:
        stream = line.stream
        self._finish(line, ending)
        if stream is not None:
            stream.close(1001, ending.reason)

    def _finish(self, line: _Line, ending: Ending) -> None:
        if self._lines.get(line.call_sid) is not line:
            return
        del self._lines[line.call_sid]
        self.lendings.end(line.call_sid)
        line.stop_grace()
        line.stream = None
        self._remember(line.call_sid, _next_after(ending))
        if ending.is_ours and not line.was_asked_for:
            self._unasked.add(line.call_sid)
        try:
            line.port.on_stream_ended(ending.reason)
        except Exception:
            log.exception("call %s: a mistake of ours at its end", line.call_sid)
        self.recorder.ended(line.call_sid)
        if ending.is_abandoned:
            self.on_abandoned(line.call_sid)
        self.on_change()

    def _remember(self, call_sid: str, answer: Next) -> None:
        self._endings[call_sid] = answer
        self._endings.move_to_end(call_sid)
        if len(self._endings) > MAX_REMEMBERED:
            forgotten, _ = self._endings.popitem(last=False)
            self._unasked.discard(forgotten)


def _next_after(ending: Ending) -> Next:
    return Next.APOLOGY if ending.owes_apology else Next.GOODBYE
