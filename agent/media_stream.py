"""One of Twilio's media streams, from its websocket's opening to its end: order, bounds, exactly one ending."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from agent.clock import Clock, Timer
from agent.ports import Wire
from agent.twilio import (
    CallPort,
    Connected,
    Digit,
    Malformed,
    MarkReturned,
    Media,
    Phone,
    Started,
    Stopped,
    StreamCounters,
    StreamMessage,
    decode,
)
from fsm.units import NS_PER_S, SAMPLE_RATE_HZ, ms_to_ns, samples_to_ms

log = logging.getLogger(__name__)

PEER_CLOSES = frozenset({1000, 1001, 1005})
"""Close codes of a peer that meant to close, with or without a `stop` before (section 4.4)."""


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What one stream may ask of us."""

    start_ms: int = 5_000
    """From the open websocket to `start`."""
    idle_ms: int = 30_000
    """Without any message; Twilio sends fifty a second, in silence too. Noticed a third late at the most."""
    close_ms: int = 1_000
    """For the peer's half of the closing handshake, once we hung up."""
    malformed: int = 20
    """Messages that break the protocol, before the stream is closed with 1008."""
    media_bytes: int = 32_000
    """Audio in one message: four seconds, where Twilio sends 20 ms."""
    digits_per_s: int = 25
    """Keys in one second; a quick auto-dialler sends ten."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a stream may not become a call, and the code its websocket is closed with."""

    reason: str
    close_code: int = 1008


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended."""

    reason: str
    is_lost: bool = False
    """Nobody meant it; the same call may come again on a new stream."""
    is_ours: bool = False
    """The call itself hung up; Twilio asks what comes next."""
    owes_apology: bool = False
    """The caller may still be on the line, unserved."""
    is_abandoned: bool = False
    """The other side fell silent: the telephone call may still stand."""


class StreamHost(Protocol):
    """Who decides which call a stream belongs to."""

    def join(self, stream: "MediaStream", started: Started, phone: Phone) -> CallPort | Refused:
        """The call that this stream starts or goes on with, or why there is none."""
        ...

    def leave(self, stream: "MediaStream", ending: Ending) -> None:
        """The stream is over, whether or not it had joined; comes once, but not for a stream that was replaced."""


class MediaStream:
    """Listens to one websocket of Twilio's. What is out of order or bounds is counted by its reason and ignored."""

    def __init__(self, wire: Wire, clock: Clock, host: StreamHost, limits: StreamLimits | None = None) -> None:
        self._wire = wire
        self._clock = clock
        self._host = host
        self._limits = limits or StreamLimits()
        self._port: CallPort | None = None
        self._is_connected = False
        self.is_over = False
        """Whether nothing more will be heard of this stream."""
        self._malformed = 0
        self._last_media_ms = 0
        self._next_media_ms = 0
        self._digits_since = clock.now()
        self._digits = 0
        self._messages = 0
        self._messages_at_check = 0
        self._quiet_checks = 0
        self.counters = StreamCounters()
        self.call_sid = ""
        self.hang_up_ending: Ending | None = None
        """How the stream will have ended, once the call hung up and the peer's half of the closing is awaited."""
        self._timer = self._call_after(self._limits.start_ms, self._on_start_overdue)

    # --- the wire ------------------------------------------------------------------------------------------

    def on_open(self) -> None:
        """The handshake is done; Twilio speaks first."""

    def on_message(self, message: str | bytes) -> None:
        """One message; a mistake of ours while it is dealt with ends this call and no other."""
        if self.is_over:
            return
        self._messages += 1
        try:
            self._take(decode(message))
        except Exception:
            log.exception("call %s: ended by a mistake of ours", self.call_sid or "without id")
            self._close(1011, Ending("our_mistake", owes_apology=True))

    def on_close(self, code: int, reason: str) -> None:  # noqa: ARG002 - the reason is the peer's and may say anything
        """The websocket is gone; with no `stop` before and no proper closing the stream is lost."""
        if self.hang_up_ending is not None:
            self._end(self.hang_up_ending)
        elif code in PEER_CLOSES:
            self._end(Ending(f"closed_{code}"))
        else:
            self._end(Ending(f"lost_{code}", is_lost=True, owes_apology=True))

    # --- orders ----------------------------------------------------------------------------------------------

    def close(self, code: int, reason: str) -> None:
        """End the stream at once, from our side."""
        self._close(code, Ending(reason, owes_apology=True))

    def detach(self) -> None:
        """Another stream took over the call: close this one, and tell nobody."""
        self.is_over = True
        self._timer.cancel()
        self._wire.close(1000, "replaced")

    def hang_up(self, failed: bool) -> None:
        """Close the websocket; the ending follows when the peer answers, or after `close_ms`."""
        if self.is_over or self.hang_up_ending is not None:
            return
        self.hang_up_ending = Ending("failed" if failed else "hung_up", is_ours=True, owes_apology=failed)
        self._timer.cancel()
        self._timer = self._call_after(self._limits.close_ms, self._on_close_overdue)
        self._wire.close(1000, "")

    # --- messages --------------------------------------------------------------------------------------------

    def _take(self, message: StreamMessage) -> None:
        if type(message) is Media:  # before all else: fifty a second
            self._take_media(message)
            return
        match message:
            case MarkReturned(name):
                self._take_mark(name)
            case Digit(digit):
                self._take_digit(digit)
            case Malformed(reason):
                self._take_malformed(reason)
            case Connected():
                self._take_connected()
            case Started():
                self._take_start(message)
            case Stopped(reason):
                self._close(1000, self.hang_up_ending or Ending(reason))
            case _:
                self._ignore("unknown event")

    def _take_connected(self) -> None:
        if self._is_connected:
            self._ignore("second connected")
        self._is_connected = True

    def _timely_port(self) -> CallPort | None:
        """The call, if what comes now is for it; what is not is counted."""
        if self._port is None or self.hang_up_ending is not None:
            self._ignore("before start" if self._port is None else "after hang-up")
            return None
        return self._port

    def _take_media(self, media: Media) -> None:
        if (port := self._timely_port()) is None:
            return
        audio = media.audio
        size = len(audio)
        if not 0 < size <= self._limits.media_bytes:
            self._ignore("huge media" if size else "empty media")
            return
        timestamp_ms = media.timestamp_ms
        if timestamp_ms < 0:
            timestamp_ms = self._next_media_ms
        elif timestamp_ms < self._last_media_ms:
            self._ignore("media out of order")
            timestamp_ms = self._last_media_ms
        self._last_media_ms = timestamp_ms
        self._next_media_ms = timestamp_ms + samples_to_ms(size)
        self.counters.frames_in += 1
        self.counters.bytes_in += size
        port.on_media(audio, timestamp_ms)

    def _take_mark(self, name: str) -> None:
        if (port := self._timely_port()) is None:
            return
        if self.counters.marks_in >= self.counters.marks_out:
            self._ignore("mark nobody asked for")
            return
        self.counters.marks_in += 1
        port.on_mark(name)

    def _take_digit(self, digit: str) -> None:
        if (port := self._timely_port()) is None:
            return
        now = self._clock.now()
        if now - self._digits_since >= NS_PER_S:
            self._digits_since, self._digits = now, 0
        self._digits += 1
        if self._digits > self._limits.digits_per_s:
            self._ignore("too many digits")
            return
        port.on_digit(digit)

    def _take_malformed(self, reason: str) -> None:
        self._ignore(f"malformed: {reason}")
        self._malformed += 1
        if self._malformed > self._limits.malformed:
            log.warning("call %s: closed after %d malformed messages, %s", self.call_sid, self._malformed, reason)
            self._close(1008, Ending("malformed", owes_apology=True))

    def _take_start(self, started: Started) -> None:
        if self.call_sid:
            self._ignore("second start")
            return
        if not self._is_connected:
            self._ignore("start before connected")
        if (refusal := _format_refusal(started)) is None:
            self.call_sid = started.call_sid
            self._watch_for_silence()
            port = self._host.join(self, started, Phone(self._wire, started, self.hang_up, self.counters))
            if not isinstance(port, Refused):
                self._port = port
                return
            refusal = port
        log.warning("call %s: stream refused: %s", started.call_sid, refusal.reason)
        self._close(refusal.close_code, Ending(refusal.reason))

    def _ignore(self, reason: str) -> None:
        self.counters.irregular[reason] += 1

    # --- time and the end --------------------------------------------------------------------------------------

    def _call_after(self, duration_ms: int, callback: Callable[[], None]) -> Timer:
        return self._clock.call_at(self._clock.now() + ms_to_ns(duration_ms), callback)

    def _on_start_overdue(self) -> None:
        log.warning("a stream sent no start within %d ms: closed", self._limits.start_ms)
        self._close(1008, Ending("no_start"))

    def _on_close_overdue(self) -> None:
        assert self.hang_up_ending is not None, "only hang_up sets this timer"
        self._end(replace(self.hang_up_ending, is_abandoned=True))

    def _watch_for_silence(self) -> None:
        """Look three times in `idle_ms` whether anything came: cheaper than a timer moved by every frame."""
        self._timer.cancel()
        self._timer = self._call_after(self._limits.idle_ms // 3, self._on_silence_check)

    def _on_silence_check(self) -> None:
        self._quiet_checks = self._quiet_checks + 1 if self._messages == self._messages_at_check else 0
        self._messages_at_check = self._messages
        if self._quiet_checks < 3:
            self._watch_for_silence()
            return
        log.warning("call %s: nothing came for %d ms: closed", self.call_sid, self._limits.idle_ms)
        self._close(1001, Ending("idle", owes_apology=True, is_abandoned=True))

    def _close(self, code: int, ending: Ending) -> None:
        self._wire.close(code, ending.reason)
        self._end(ending)

    def _end(self, ending: Ending) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._timer.cancel()
        self._host.leave(self, ending)


def _format_refusal(started: Started) -> Refused | None:
    if (started.encoding, started.sample_rate_hz, started.channels) == ("audio/x-mulaw", SAMPLE_RATE_HZ, 1):
        return None
    return Refused("expected audio/x-mulaw at 8000 Hz on one channel", 1003)
