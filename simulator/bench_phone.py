"""A phone for load: Twilio's end of one media stream, with a caller who speaks to order or by habit.

It sends ready-made frames and looks only into what it measures. The careful one is `simulator.peers.twilio`.
"""

import asyncio
from binascii import b2a_base64
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import cast

import orjson

from agent.clock import Clock
from fsm.units import FRAME_MS, ms_to_ns
from simulator.bench_figures import Earpiece
from simulator.bench_turns import Turn, Turns
from simulator.bench_wire import CLOSE, PING, PONG, TEXT, FrameReader, client_frame, upgrade_request
from simulator.bench_words import WAIT_MS, Tag, Utterance

FRAME_NS = ms_to_ns(FRAME_MS)

PATIENCE_NS = ms_to_ns(5_000)
"""A caller who gets no answer for so long counts it as missing, and speaks again."""

CLEAR_PATIENCE_NS = ms_to_ns(1_000)
"""A `clear` that has not come for so long is missing."""

NEARLY_OVER_NS = ms_to_ns(100)
"""With less than this to play, an interruption may find the phone silent, and needs no `clear`."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How a caller talks: after `pause_ms` of silence, and into `barge_percent` of the agent's answers."""

    pause_ms: int = 700
    barge_percent: int = 0


@dataclass(frozen=True, slots=True)
class Sounds:
    """What every phone sends: frames in base64, quiet ones whole, voiced ones without their tag."""

    quiet: tuple[bytes, ...]
    utterance: Utterance


class Phone(asyncio.Protocol):
    """One call. `tick` sends the next frame; with a `habit` the caller talks by it, else when told to `say`."""

    def __init__(self, number: int, clock: Clock, turns: Turns, sounds: Sounds, port: int) -> None:
        self.number = number
        self.habit: Habit | None = None
        self.earpiece = Earpiece()
        self.clears_ns: list[int] = []
        """From the frame that completes an onset to our `clear`, each interruption."""
        self.missing_answers = 0
        self.missing_clears = 0
        self.answers = 0
        self.first_media_at: int | None = None
        self.is_open = False
        self._clock = clock
        self._turns = turns
        self._sounds = sounds
        self._port = port
        self._rng = Random(f"caller {number}")
        self._transport: asyncio.Transport | None = None
        self._frames = FrameReader()
        self._is_streaming = False
        self._stream_id = f"MZ{number:032x}"
        self._sent = 0
        self._sequence = 2
        self._marks: deque[tuple[int, bytes]] = deque()
        self._turn_number = 0
        self._turn: Turn | None = None
        self._say_frame: int | None = None
        self._tail = b""
        self._decidable_at: int | None = None
        self._barge_at: int | None = None
        self._silent_since = 0
        self._asked_at: int | None = None

    # --- what the caller does ----------------------------------------------------------------------------------

    @property
    def is_speaking(self) -> bool:
        """Whether the caller is in mid-utterance."""
        return self._say_frame is not None

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is owed."""
        return self._asked_at is not None

    @property
    def has_lost_patience(self) -> bool:
        """Whether an answer is owed for so long that it will not come."""
        return self._asked_at is not None and self._clock.now() - self._asked_at >= PATIENCE_NS

    def forget(self) -> None:
        """Measure from here."""
        self.earpiece.forget()
        self.clears_ns.clear()
        self.answers = self.missing_answers = self.missing_clears = 0
        self._turn = None

    def say(self) -> None:
        """Begin an utterance with the next frame."""
        self._turn_number += 1
        self._tail = b2a_base64(Tag(self.number, self._turn_number).tail, newline=False)
        self._say_frame = 0
        self._barge_at = None

    def hang_up(self) -> None:
        """End the call."""
        if self._is_streaming:
            self._is_streaming = False
            self._send({"event": "stop", "stop": {"accountSid": "AC0", "callSid": f"CA{self.number:032x}"}})
        elif self._transport is not None:
            self._transport.close()

    def tick(self, slot_at: int) -> None:
        """Send the frame that ends at `slot_at` (ns), and do what the caller would do now."""
        if not self._is_streaming or self._transport is None or self._transport.is_closing():
            return
        while self._marks and self._marks[0][0] <= slot_at:
            self._transport.write(self._marks.popleft()[1])
        if self._say_frame is None and self.habit is not None:
            self._talk(self.habit, slot_at)
        self._send_frame(slot_at)

    def _talk(self, habit: Habit, now: int) -> None:
        if self.earpiece.plays_until > now:
            if self._barge_at is not None and now >= self._barge_at:
                self.say()
            return
        if self._asked_at is not None:
            if not self.has_lost_patience:
                return
            self.missing_answers += 1
            self._asked_at = None
        if now - max(self.earpiece.plays_until, self._silent_since) >= ms_to_ns(habit.pause_ms):
            self.say()

    def talk_by(self, habit: Habit | None) -> None:
        """Take up a habit, or drop it, and begin somewhere within a usual turn."""
        self.habit = habit
        self._silent_since = self._clock.now() + ms_to_ns(self._rng.randint(0, 4_000))

    # --- frames ------------------------------------------------------------------------------------------------

    def _send_frame(self, slot_at: int) -> None:
        assert self._transport is not None, "frames come after the handshake"
        index = self._say_frame
        if index is None:
            payload = self._sounds.quiet[self._sent % len(self._sounds.quiet)]
        else:
            payload = self._sounds.utterance.frames[index] + self._tail
            self._note_voice(index, slot_at)
        self._sequence += 1
        self._sent += 1
        body = b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d","timestamp":"%d",' % (
            self._sequence,
            self._sent,
            (self._sent - 1) * FRAME_MS,
        ) + b'"payload":"%b"},"streamSid":"%b"}' % (payload, self._stream_id.encode())
        self._transport.write(client_frame(TEXT, body))

    def _note_voice(self, index: int, slot_at: int) -> None:
        utterance = self._sounds.utterance
        if index == utterance.onset_frame and self.earpiece.plays_until > slot_at + NEARLY_OVER_NS:
            self._decidable_at = self._clock.now()
        self._say_frame = index + 1
        if self._say_frame == len(utterance.frames):
            self._say_frame = None
            began_at = slot_at - len(utterance.frames) * FRAME_NS
            due_at = began_at + utterance.voiced_ns + ms_to_ns(WAIT_MS)
            self._turn = self._turns.begin(Tag(self.number, self._turn_number), due_at)
            self._asked_at = slot_at
            self.earpiece.expect()

    # --- the wire ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the form, not the class
        self.is_open = True
        self._transport.write(upgrade_request("/media", self._port))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The call is over."""
        self.is_open = False
        self._is_streaming = False

    def data_received(self, data: bytes) -> None:
        """The answer to the handshake, then messages."""
        now = self._clock.now()
        if not self._is_streaming and data.startswith(b"HTTP/1.1 "):
            head, _, data = data.partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"the server refused the stream: {head[:60]!r}")
            self._start()
        for opcode, payload in self._frames.feed(data):
            if opcode == TEXT:
                self._take(payload, now)
            else:
                self._take_control(opcode, payload)

    def _take_control(self, opcode: int, payload: bytes) -> None:
        assert self._transport is not None, "frames come after the handshake"
        if opcode == PING:
            self._transport.write(client_frame(PONG, payload))
        elif opcode == CLOSE:
            self._is_streaming = False
            self._transport.write(client_frame(CLOSE, payload))
            self._transport.close()

    def _start(self) -> None:
        self._is_streaming = True
        call_sid = f"CA{self.number:032x}"
        media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "AC" + "0" * 32,
            "streamSid": self._stream_id,
            "callSid": call_sid,
            "tracks": ["inbound"],
            "mediaFormat": media_format,
            "customParameters": {},
        }
        self._send({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": self._stream_id})

    def _send(self, message: dict[str, object]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(client_frame(TEXT, orjson.dumps(message)))

    def _take(self, message: bytes, now: int) -> None:
        head = message[:24]
        if b'"media"' in head:
            end = message.rindex(b'"')
            begin = message.rindex(b'"', 0, end) + 1
            self._take_media((end - begin) * 3 // 4 - message.count(b"=", end - 2, end), now)
        elif b'"mark"' in head:
            self._take_mark(message, now)
        elif b'"clear"' in head:
            self._take_clear(now)

    def _take_media(self, samples: int, now: int) -> None:
        if self.first_media_at is None:
            self.first_media_at = now
        turn = self._turn
        if turn is not None and turn.heard_at is None and turn.audio_at is not None:
            turn.heard_at = now
        if self.earpiece.take(now, samples) and self._asked_at is not None:
            self._asked_at = None
            self.answers += 1
            if self.habit is not None and self._rng.randrange(100) < self.habit.barge_percent:
                self._barge_at = now + ms_to_ns(self._rng.randint(500, 1_500))
        if self._decidable_at is not None and now - self._decidable_at > CLEAR_PATIENCE_NS:
            self._decidable_at = None
            self.missing_clears += 1

    def _take_mark(self, message: bytes, now: int) -> None:
        name = orjson.loads(message)["mark"]["name"]
        self._sequence += 1
        echo = {
            "event": "mark",
            "sequenceNumber": str(self._sequence),
            "streamSid": self._stream_id,
            "mark": {"name": name},
        }
        self._marks.append((max(now, self.earpiece.plays_until), client_frame(TEXT, orjson.dumps(echo))))

    def _take_clear(self, now: int) -> None:
        if self._decidable_at is not None:
            self.clears_ns.append(now - self._decidable_at)
            self._decidable_at = None
        self.earpiece.clear(now)
        assert self._transport is not None, "messages come after the handshake"
        while self._marks:
            self._transport.write(self._marks.popleft()[1])
