"""The audio a client may send to Deepgram, brought to 8 kHz mu-law, which `SpeechReader` hears."""

import audioop
from dataclasses import dataclass

from fsm.units import SAMPLE_RATE_HZ

HEADER_LIMIT_BYTES = 65_536
"""A WAV file whose audio has not begun by then is none."""

_WAV_ENCODINGS = {(1, 16): "linear16", (6, 8): "alaw", (7, 8): "mulaw"}


class AudioError(ValueError):
    """The bytes are not what was declared; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How samples are written; channels are interleaved."""

    encoding: str
    sample_rate: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class _Wav:
    audio_format: AudioFormat
    data_at: int
    data_bytes: int


class AudioDecoder:
    """Decodes one mono stream, in any framing; without a format it expects a WAV file."""

    def __init__(self, audio_format: AudioFormat | None) -> None:
        self._format = audio_format
        self._is_plain = audio_format == AudioFormat("mulaw", SAMPLE_RATE_HZ)
        self._held = b""  # an unfinished WAV header, or half a sample
        self._rate_state: tuple[int, tuple[tuple[int, int], ...]] | None = None

    def push(self, data: bytes) -> bytes:
        """The next mu-law audio; raises `AudioError`."""
        if self._is_plain:
            return data
        if self._format is None:
            return self._open_wav(self._held + data)
        return self._convert(self._format, data)

    def _open_wav(self, data: bytes) -> bytes:
        self._held = data
        wav = _read_wav(data)
        if wav is None:
            return b""
        if wav.audio_format.channels != 1:
            raise AudioError(f"expected one live channel, the WAV header says {wav.audio_format.channels}")
        self._format, self._held = wav.audio_format, b""
        return self.push(data[wav.data_at :])

    def _convert(self, audio_format: AudioFormat, data: bytes) -> bytes:
        if audio_format.encoding == "linear16":
            data = self._held + data
            whole = len(data) & ~1
            linear, self._held = data[:whole], data[whole:]
        else:
            linear = _to_linear(data, audio_format.encoding)
        if audio_format.sample_rate != SAMPLE_RATE_HZ:
            linear, self._rate_state = audioop.ratecv(
                linear, 2, 1, audio_format.sample_rate, SAMPLE_RATE_HZ, self._rate_state
            )
        return audioop.lin2ulaw(linear, 2)


def decode_recording(body: bytes, audio_format: AudioFormat | None, *, multichannel: bool) -> list[bytes]:
    """The channels of a whole recording, or their mix alone; raises `AudioError`."""
    if audio_format is None:
        wav = _read_wav(body)
        if wav is None:
            raise AudioError("expected a WAV file, or raw audio declared by 'encoding' and 'sample_rate'")
        audio_format = wav.audio_format
        body = body[wav.data_at : wav.data_at + wav.data_bytes]
    linear = _to_linear(body, audio_format.encoding)
    if audio_format.channels == 1:
        sides = [linear]
    elif audio_format.channels == 2:
        linear = linear[: len(linear) & ~3]
        sides = [audioop.tomono(linear, 2, 1, 0), audioop.tomono(linear, 2, 0, 1)]
    else:
        raise AudioError(f"this emulator hears one or two channels, not {audio_format.channels}")
    if not multichannel and len(sides) == 2:
        sides = [audioop.add(sides[0], sides[1], 2)]
    return [AudioDecoder(AudioFormat("linear16", audio_format.sample_rate)).push(side) for side in sides]


def _to_linear(data: bytes, encoding: str) -> bytes:
    if encoding == "mulaw":
        return audioop.ulaw2lin(data, 2)
    if encoding == "alaw":
        return audioop.alaw2lin(data, 2)
    return data[: len(data) & ~1]


def _read_wav(data: bytes) -> _Wav | None:
    """Where the audio of a WAV file begins and how it is written; `None` while that is not there yet."""
    if data[:4] != b"RIFF"[: len(data)] or data[8:12] != b"WAVE"[: max(0, len(data) - 8)]:
        raise AudioError("expected a WAV file, or raw audio declared by 'encoding' and 'sample_rate'")
    at = 12
    audio_format: AudioFormat | None = None
    while len(data) >= at + 8:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if name == b"data" and audio_format is not None:
            return _Wav(audio_format, at, size)
        if name == b"fmt " and len(data) >= at + 16:
            audio_format = _read_format(data[at : at + 16])
        at += size + size % 2
    if len(data) > HEADER_LIMIT_BYTES:
        raise AudioError(f"no audio within the first {HEADER_LIMIT_BYTES} bytes of the WAV file")
    return None


def _read_format(chunk: bytes) -> AudioFormat:
    numbers = [int.from_bytes(chunk[i:j], "little") for i, j in ((0, 2), (2, 4), (4, 8), (14, 16))]
    tag, channels, sample_rate, bits = numbers
    encoding = _WAV_ENCODINGS.get((tag, bits))
    if encoding is None:
        raise AudioError(f"expected 16-bit PCM, a-law or mu-law, got WAV format {tag} with {bits} bits")
    if not 8_000 <= sample_rate <= 48_000:
        raise AudioError(f"expected 8000 to 48000 samples a second, got {sample_rate}")
    return AudioFormat(encoding, sample_rate, channels)
