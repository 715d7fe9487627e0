"""Units of time and audio: the only conversions in the project.

Instants and durations are integer nanoseconds; audio is 8 kHz mu-law, one byte a sample.
"""

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

SAMPLE_RATE_HZ = 8_000
SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1_000
NS_PER_SAMPLE = NS_PER_S // SAMPLE_RATE_HZ

FRAME_MS = 20
FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS
"""Samples, and bytes, in one of Twilio's media frames."""

ULAW_SILENCE = 0xFF
"""The mu-law byte of a zero sample."""


def ms_to_ns(duration_ms: int) -> int:
    """Nanoseconds in `duration_ms` milliseconds."""
    return duration_ms * NS_PER_MS


def ns_to_ms(duration_ns: int) -> int:
    """Whole milliseconds in `duration_ns` nanoseconds, rounded to the nearest."""
    return (duration_ns + NS_PER_MS // 2) // NS_PER_MS


def samples_to_ns(samples: int) -> int:
    """How long `samples` of audio sound, in nanoseconds."""
    return samples * NS_PER_SAMPLE


def ns_to_samples(duration_ns: int) -> int:
    """Whole samples that sound within `duration_ns` nanoseconds."""
    return duration_ns // NS_PER_SAMPLE


def samples_to_ms(samples: int) -> int:
    """Whole milliseconds that `samples` of audio sound."""
    return samples // SAMPLES_PER_MS


def ms_to_samples(duration_ms: int) -> int:
    """Samples in `duration_ms` milliseconds of audio."""
    return duration_ms * SAMPLES_PER_MS
