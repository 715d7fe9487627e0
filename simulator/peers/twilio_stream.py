"""A phone on a bidirectional media stream: Twilio's side, which is the websocket's client.

It sends what the caller's microphone gives, plays what the server sends, and knows what was really audible
(protocols/twilio.md, section 4 and "What an emulator must reproduce", 1-9).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from random import Random

from agent.clock import Clock, Timer
from agent.ports import Wire
from fsm.units import FRAME_MS, FRAME_SAMPLES, NS_PER_MS
from simulator.peers import twilio_messages as messages
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_link import Link
from simulator.peers.twilio_messages import Leg
from simulator.peers.twilio_playback import Gap, Playback
from simulator.peers.twilio_player import Handset, Player, Tap
from simulator.peers.twilio_uplink import Uplink

FRAME_NS = FRAME_MS * NS_PER_MS
WARNINGS_KEPT = 100
FRAMES_LOST = 31930
DIGITS = frozenset("0123456789*#ABCD")


class EndedBy(StrEnum):
    """Who ended a stream."""

    PHONE = "phone"
    SERVER = "server"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream ended; `code` is the websocket's close code, or the HTTP status of a refused handshake."""

    by: EndedBy
    code: int = 1000
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StreamWarning:
    """A message that was dropped, and why; `at` is in ns."""

    code: int
    reason: str
    at: int


class TwilioPhone:
    """The media stream of one call. A listener of the websocket it is attached to.

    `playback` tells what was received, played and cleared; `warnings` why messages were dropped (a clean server
    causes none); `warning_counts` counts them by code, the 31930 of lost frames included.
    """

    def __init__(  # noqa: PLR0913 - its surroundings, each by name
        self,
        clock: Clock,
        rng: Random,
        leg: Leg,
        handset: Handset,
        *,
        behaviour: TwilioBehaviour | None = None,
        tap: Tap | None = None,
        on_started: Callable[[], None] = lambda: None,
        on_ended: Callable[[StreamEnd], None] = lambda _end: None,
    ) -> None:
        self.leg = leg
        self.end: StreamEnd | None = None
        self.warnings: list[StreamWarning] = []
        self.warning_counts: Counter[int] = Counter()
        self.lost_marks = 0
        self.clears = 0
        self.frames_sent = 0
        self._clock, self._rng = clock, rng
        self._behaviour = behaviour = behaviour or TwilioBehaviour()
        self._handset, self._tap = handset, tap
        self._on_started, self._on_ended = on_started, on_ended
        self._up = Uplink(clock, rng, behaviour)
        self._down = Link(clock, rng, delay_ms=behaviour.one_way_ms)
        self._player: Player | None = None
        self._is_open = False
        self._read = messages.reader(leg.stream_sid)
        self._chunk = 0
        self._frames_to_drop = 0
        self._timer: Timer | None = None

    # --- what the person and the network do -------------------------------------------------------------

    def attach(self, wire: Wire) -> None:
        """Use `wire`, whose listener this phone is."""
        self._up.attach(wire)

    def press(self, digit: str) -> None:
        """Press a key: one of `0-9*#A-D`; nothing happens outside a started stream."""
        assert digit in DIGITS, f"a phone has no key {digit!r}"
        if self.is_streaming:
            self._up.send(messages.dtmf(self.leg, self._up.next_sequence(), digit))

    def drop_frames(self, frames: int) -> None:
        """Lose the caller's next `frames` on the way, as when the server reads too slowly (31930)."""
        self._frames_to_drop += frames

    def hold(self, duration_ms: int) -> None:
        """Let nothing reach the server for so long, then all of it at once."""
        self._up.hold(duration_ms)

    def go_dead(self) -> None:
        """Let nothing reach the server any more, neither `stop` nor a close: a connection that is only half lost."""
        self._up.die()

    def revive(self) -> None:
        """Let through again what comes from now on."""
        self._up.die(is_dead=False)

    def send_raw(self, message: str | bytes) -> None:
        """Send what no phone would."""
        self._up.send(message)

    @property
    def behaviour(self) -> TwilioBehaviour:
        """How it behaves; replaced, it holds from then on, but for the delays of the link."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: TwilioBehaviour) -> None:
        self._behaviour = behaviour

    def hang_up(self) -> None:
        """End the stream properly: `stop` (unless the behaviour leaves it out), then close."""
        if self._player is not None and self.is_streaming and self._behaviour.sends_stop:
            self._player.play()
            self._up.send(messages.stop(self.leg, self._up.next_sequence()))
        self._leave(partial(self._up.close, self._behaviour.close_after_ms))

    def vanish(self) -> None:
        """Lose the connection: no `stop`, no closing handshake where the wire can do without."""
        self._leave(self._up.abort)

    # --- the websocket ----------------------------------------------------------------------------------

    def on_open(self) -> None:
        """The handshake is done: `connected`, and `start` when its time has come."""
        self._is_open = True
        if self.end is not None:
            return
        self._up.send(messages.connected())
        wait_ms = self._behaviour.start_after_ms
        if wait_ms == 0:
            self._start()
        elif wait_ms is not None:
            self._timer = self._clock.call_at(self._clock.now() + wait_ms * NS_PER_MS, self._start)

    def on_message(self, message: str | bytes) -> None:
        """A message left the server."""
        if self._down.is_prompt:
            self._receive(message)
        else:
            self._down.carry(partial(self._receive, message))

    def on_close(self, code: int, reason: str) -> None:
        """The server closed the websocket, or never opened it."""
        self._down.carry(partial(self._closed, code, reason))

    # --- what is true -----------------------------------------------------------------------------------

    @property
    def is_streaming(self) -> bool:
        """Whether the stream has started and not ended."""
        return self._player is not None and self.end is None

    @property
    def started_at(self) -> int | None:
        """The instant (ns) of `start`, from which audio is counted."""
        return None if self._player is None else self._player.started_at

    @property
    def playback(self) -> Playback:
        """What was received, played and cleared; up to date as of the last 20 ms."""
        return Playback() if self._player is None else self._player.playback

    @property
    def underruns(self) -> list[Gap]:
        """Gaps in the middle of a stretch of audio: the buffer ran dry and nothing said that it should."""
        return [gap for gap in self.playback.gaps if not gap.after_mark]

    # --- the caller's voice -----------------------------------------------------------------------------

    def _start(self) -> None:
        self._player = Player(self._clock, self._echo)
        self._up.send(messages.start(self.leg, self._up.next_sequence()))
        self._timer = self._clock.call_at(self._player.started_at + (self._chunk + 1) * FRAME_NS, self._on_frame_due)
        self._on_started()

    def _on_frame_due(self) -> None:
        now = self._clock.now()
        assert self._player is not None, "frames begin with the stream"
        started_at = self._player.started_at
        while self.end is None and (due := started_at + (self._chunk + 1) * FRAME_NS) <= now:
            self._one_frame()
        if self.end is None:
            self._timer = self._clock.call_at(due, self._on_frame_due)

    def _one_frame(self) -> None:
        spoken = self._handset.next_frame()
        assert len(spoken) == FRAME_SAMPLES, f"a frame is {FRAME_SAMPLES} bytes, the microphone gave {len(spoken)}"
        if self.end is not None or (player := self._player) is None:
            return  # the person hung up instead of speaking
        player.play()
        self._sound(player, spoken)
        if (self._frames_to_drop or self._behaviour.drop_rate) and self._is_dropped():
            self.warning_counts[FRAMES_LOST] += 1
            return
        timestamp_ms = self._behaviour.first_timestamp_ms + (self._chunk - 1) * FRAME_MS
        self.frames_sent += 1
        self._up.send(messages.media(self.leg, self._up.next_sequence(), self._chunk, timestamp_ms, spoken))

    def _sound(self, player: Player, spoken: bytes) -> None:
        """Let the person hear what the phone gave while they gave `spoken`: whole frames."""
        heard = player.playback.take(len(spoken)).ljust(len(spoken), messages.SILENT_FRAME[:1])
        began_at = player.started_at + self._chunk * FRAME_NS
        self._chunk += len(spoken) // FRAME_SAMPLES
        self._handset.on_audible(heard, began_at)
        if self._tap is not None:
            self._tap(spoken, heard, began_at)

    def _is_dropped(self) -> bool:
        if self._frames_to_drop:
            self._frames_to_drop -= 1
            return True
        rate = self._behaviour.drop_rate
        return rate > 0 and self._rng.random() < rate

    # --- the server's voice -----------------------------------------------------------------------------

    def _receive(self, message: str | bytes) -> None:
        if self.end is not None:
            return
        if self._player is None:
            self._warn(messages.INVALID, "nothing may be sent before start: the streamSid is not known yet")
            return
        if type(order := self._read(message)) is messages.Media:  # before all else: fifty a second
            self._player.push(order.audio)
            return
        match order:
            case messages.Mark(name):
                self._player.mark(name)
            case messages.Clear():
                self.clears += 1
                self._player.clear()
            case messages.Rejected(code, reason):
                self._warn(code, reason)

    def _echo(self, name: str) -> None:
        if self.end is not None:
            return
        rate = self._behaviour.lost_mark_rate
        if rate > 0 and self._rng.random() < rate:
            self.lost_marks += 1
        else:
            echo = messages.mark(self.leg, self._up.next_sequence(), name)
            self._up.send(echo, self._behaviour.mark_delay_ms)

    def _warn(self, code: int, reason: str) -> None:
        self.warning_counts[code] += 1
        if len(self.warnings) < WARNINGS_KEPT:
            self.warnings.append(StreamWarning(code, reason, self._clock.now()))

    # --- the end ----------------------------------------------------------------------------------------

    def _closed(self, code: int, reason: str) -> None:
        self._up.drop()
        if self.end is None:
            self._finish(StreamEnd(EndedBy.SERVER if self._is_open else EndedBy.REFUSED, code, reason))

    def _leave(self, how: Callable[[], None]) -> None:
        if self.end is None:
            self._finish(StreamEnd(EndedBy.PHONE))
            how()

    def _finish(self, end: StreamEnd) -> None:
        self.end = end
        if self._timer is not None:
            self._timer.cancel()
        if self._player is not None:
            self._player.stop()
            while self._player.playback.has_sounded:
                self._sound(self._player, messages.SILENT_FRAME)
        self._on_ended(end)
