"""Speech to words on this machine: the engine, and what it needs to read well. Runs in the speech worker only."""

import audioop
import re
from array import array
from collections.abc import Callable

from agent.providers.local_hearing import Heard
from fsm.units import SAMPLE_RATE_HZ

_MAX_GAIN = 8.0
"""Quiet callers are raised by 18 dB at most: more would raise the hiss of a silent line to a voice."""

_LEAD_S = 0.3
"""Silence put before and after what is transcribed."""

Transcribe = Callable[[bytes, bool], Heard]
"""Mu-law, and whether speech is known to be in it, to words."""


def moonshine_ears() -> Transcribe:
    """Moonshine tiny, with the weights inside its package.

    Two handles on it: one only looks for a voice (15 ms for a second of audio), for on noise the other makes words up;
    that one takes the whole segment at once, which reads better than its own cuts at pauses.
    """
    from moonshine_voice import ModelArch, get_model_path  # noqa: PLC0415 - heavy
    from moonshine_voice.transcriber import Transcriber  # noqa: PLC0415 - heavy

    model = get_model_path("tiny-en")
    detector = Transcriber(model, ModelArch.TINY, options={"skip_transcription": "true"})
    reader = Transcriber(model, ModelArch.TINY, options={"vad_threshold": "0"})

    def finds_voice(samples: list[float]) -> bool:
        lines = detector.transcribe_without_streaming(samples, SAMPLE_RATE_HZ).lines
        return any(line.start_time + line.duration > _LEAD_S for line in lines)

    def has_voice(samples: list[float]) -> bool:
        """Looks twice: the first look still remembers the voice of whatever came before, be it another call's."""
        return finds_voice(samples) and finds_voice(samples)

    def transcribe(audio: bytes, known_speech: bool) -> Heard:
        samples = _padded_samples(audio)
        if not known_speech and not has_voice(samples):
            return Heard(has_speech=False, text="")
        lines = reader.transcribe_without_streaming(samples, SAMPLE_RATE_HZ).lines
        return Heard(has_speech=True, text=tidy(" ".join(line.text for line in lines)))

    transcribe(bytes([0xFF]) * SAMPLE_RATE_HZ, True)  # the first use is slow; no caller shall pay for it
    return transcribe


def _padded_samples(audio: bytes) -> list[float]:
    """Samples at an even loudness between stretches of silence.

    Without the silence Moonshine misreads one short word in four (measured: 27 % of words wrong, 14 % with it).
    """
    pcm = audioop.ulaw2lin(audio, 2)
    gain = min(0.8 / max(1, audioop.max(pcm, 2)), _MAX_GAIN / 32_768)
    silence = [0.0] * int(_LEAD_S * SAMPLE_RATE_HZ)
    return [*silence, *(sample * gain for sample in array("h", pcm)), *silence]


EARS: dict[str, Callable[[], Transcribe]] = {"moonshine": moonshine_ears}
"""By name."""


def tidy(text: str) -> str:
    """Words as today's texts spell them; a text without letters or digits is none."""
    text = re.sub(r"\b([ap])(?:\. ?| )m\b\.?", lambda half: f"{half[1].upper()}M", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(to)-(day|morrow|night)\b", r"\1\2", text, flags=re.IGNORECASE)
    text = " ".join(text.split()).rstrip(" ,-")
    return text if re.search(r"\w", text) else ""
