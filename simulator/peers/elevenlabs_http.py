"""Text-to-speech over HTTP as the emulated ElevenLabs does it (protocol page, section 5)."""

import base64
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from agent.clock import Timer
from fsm.units import SAMPLE_RATE_HZ, samples_to_ms
from simulator.peers.base import Answer, Request
from simulator.peers.elevenlabs_audio import DEFAULT_FORMAT, FORMATS, Characters, Frame, Timing
from simulator.peers.elevenlabs_behaviour import VoiceFault
from simulator.peers.elevenlabs_messages import SocketError, read_speed, unsupported_format
from simulator.peers.elevenlabs_studio import Performance, Permit, Studio

TEXT_LIMIT_CHARS = 40_000
"""Of one request to Flash v2.5; other models take less."""


class HttpError(Exception):
    """An error answer: status, and what stands under `detail`."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail

    @property
    def body(self) -> bytes:
        """The answer's body."""
        return orjson.dumps({"detail": self.detail})


def problem(status: int, code: str, message: str, kind: str = "invalid_request") -> HttpError:
    """An error in the present form, `status` being the older name of `code`."""
    return HttpError(status, {"type": kind, "code": code, "message": message, "status": code})


@dataclass(frozen=True, slots=True)
class SpeechOrder:
    """A checked request for speech."""

    text: str
    output_format: str
    speed: float
    is_streaming: bool
    has_timestamps: bool


def read_order(request: Request) -> SpeechOrder:
    """The order in a request; raises `HttpError`."""
    try:
        body = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise _invalid("body", "json_invalid", f"JSON decode error: {error}") from error
    text = body.get("text") if isinstance(body, dict) else None
    if text is None:
        raise _invalid("text", "missing", "Field required")
    if not isinstance(text, str):
        raise _invalid("text", "string_type", "Input should be a valid string")
    if not text.strip():
        raise problem(400, "input_text_empty", "Input text cannot be empty.")
    if len(text) > TEXT_LIMIT_CHARS:
        raise problem(
            400, "max_character_limit_exceeded", f"Text of {len(text)} characters; at most {TEXT_LIMIT_CHARS}."
        )
    output_format = request.query.get("output_format", [DEFAULT_FORMAT])[0]
    if output_format not in FORMATS:
        raise problem(400, "unsupported_output_format", unsupported_format(output_format))
    try:
        speed = read_speed(body.get("voice_settings"))
    except SocketError as error:
        raise problem(400, "invalid_voice_settings", str(error)) from error
    path = request.path
    return SpeechOrder(text, output_format, speed, "/stream" in path, path.endswith("/with-timestamps"))


def _invalid(field: str, kind: str, message: str) -> HttpError:
    location = ["body"] if field == "body" else ["body", field]
    return HttpError(422, [{"type": kind, "loc": location, "msg": message, "input": None}])


class SpeechExchange:
    """One order on its way: waits for its turn, then plays frames or answers at once when all are there."""

    def __init__(
        self, order: SpeechOrder, answer: Answer, studio: Studio, headers: Mapping[str, str], *, is_faulty: bool
    ) -> None:
        self._order = order
        self._answer = answer
        self._studio = studio
        self._headers = dict(headers)
        self._fault = studio.behaviour.fault if is_faulty else None
        self._performance: Performance | None = None
        self._frames: deque[tuple[int, Frame]] = deque()
        self._began_at = 0
        self._delivered_ms = 0
        self._timer: Timer | None = None
        self._is_open = True
        self._has_started = False
        self._permit: Permit | None = None

    def begin(self) -> None:
        """Wait for a free generation; raises `HttpError` when too many wait already."""
        permit = self._studio.ask_to_generate(self._perform)
        if permit is None:
            raise problem(429, "concurrent_limit_exceeded", "Too many concurrent requests.", "rate_limit_error")
        self._permit = permit
        self._studio.counts["open_requests"] += 1

    def on_disconnect(self) -> None:
        """The client went away."""
        if self._is_open:
            self._studio.counts["cancelled"] += 1
            self._release()

    def _perform(self) -> None:
        order = self._order
        self._performance = self._studio.perform(order.text, order.output_format, order.speed)
        self._began_at = self._studio.clock.now()
        frames = self._performance.frames
        if order.is_streaming:
            self._frames.extend(frames)
        else:
            whole = Frame(self._performance.rendering.audio, self._performance.rendering.samples, None, None)
            self._frames.append((frames[-1][0], whole))
        self._wait()

    def _wait(self) -> None:
        self._timer = self._studio.clock.call_at(self._began_at + self._frames[0][0], self._deliver)

    def _deliver(self) -> None:
        at_ns, frame = self._frames.popleft()
        if not self._has_started:
            self._start(at_ns)
        behaviour = self._studio.behaviour
        if self._fault not in (None, VoiceFault.NO_FINAL) and self._delivered_ms >= behaviour.fault_after_ms:
            self._break_off()
            return
        for part in self._parts(self._body_of(frame)):
            self._answer.write(part)
        self._delivered_ms += samples_to_ms(frame.samples)
        if self._frames:
            self._wait()
        else:
            self._release()
            self._answer.end()

    def _start(self, latency_ns: int) -> None:
        self._has_started = True
        order = self._order
        kind = "application/json" if order.has_timestamps else _media_type(order.output_format)
        self._headers["content-type"] = kind
        self._headers["tts-latency-ms"] = str(latency_ns // 1_000_000)
        self._headers["character-cost"] = str((len(order.text) + 1) // 2)
        self._answer.start(200, self._headers)

    def _break_off(self) -> None:
        """Every fault is the same here: the body stops in the middle."""
        self._studio.counts["faults"] += 1
        if self._fault is VoiceFault.HANG:
            return
        self._release()
        self._answer.abort()

    def _body_of(self, frame: Frame) -> bytes:
        if not self._order.has_timestamps:
            return frame.audio
        assert self._performance is not None
        audio = base64.b64encode(frame.audio).decode()
        if self._order.is_streaming:
            sent, spoken = _seconds(frame.sent), _seconds(frame.spoken)
        else:
            rendering = self._performance.rendering
            sent = _all_seconds(rendering.sent, rendering.samples)
            spoken = _all_seconds(rendering.spoken, rendering.samples)
        line = orjson.dumps({"audio_base64": audio, "alignment": sent, "normalized_alignment": spoken})
        return line + b"\n" if self._order.is_streaming else line

    def _parts(self, body: bytes) -> list[bytes]:
        """`body` cut at random, also within a line: borders of reads mean nothing."""
        if not self._order.is_streaming or len(body) < 2:
            return [body]
        cuts = sorted(self._studio.rng.sample(range(1, len(body)), k=min(3, len(body) - 1)))
        return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    def _release(self) -> None:
        self._is_open = False
        self._studio.counts["open_requests"] -= 1
        self._frames.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._permit is not None:
            self._permit.release()


def _media_type(output_format: str) -> str:
    return "audio/basic" if output_format.startswith("ulaw") else "audio/pcm"


def _seconds(timing: Timing | None) -> dict[str, list[object]] | None:
    """Over HTTP times are seconds, and ends instead of durations."""
    if timing is None:
        return None
    ends = [start + duration for start, duration in zip(timing.starts_ms, timing.durations_ms, strict=True)]
    return _alignment(timing.chars, [start / 1_000 for start in timing.starts_ms], [end / 1_000 for end in ends])


def _all_seconds(characters: Characters, samples: int) -> dict[str, list[object]]:
    starts = [start / SAMPLE_RATE_HZ for start in characters.starts_samples]
    return _alignment(tuple(characters.chars), starts, [*starts[1:], samples / SAMPLE_RATE_HZ])


def _alignment(chars: tuple[str, ...], starts: list[float], ends: list[float]) -> dict[str, list[object]]:
    return {
        "characters": list(chars),
        "character_start_times_seconds": list(starts),
        "character_end_times_seconds": list(ends),
    }
