"""How the emulated ElevenLabs behaves: pace, frames, spellings, faults and limits, all settable."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from simulator.delays import Delay


class VoiceFault(StrEnum):
    """Ways to fail in mid-utterance (protocol page, section 4)."""

    CLOSE = "close"
    """Close with `close_code`; 1006 tears the connection down."""
    ERROR_FRAME = "error_frame"
    """An error frame, then nothing more of any context, and the socket stays open."""
    QUOTA = "quota"
    APOLOGY = "apology"
    UNUSUAL_ACTIVITY = "unusual_activity"
    NO_FINAL = "no_final"
    """All audio comes, the final message never does."""
    HANG = "hang"
    """Audio stops; the socket stays open."""


class AlignmentStyle(StrEnum):
    """Where alignments travel (emulator list, item 5)."""

    WITH_AUDIO = "with_audio"
    NONE = "none"
    BEFORE_AUDIO = "before_audio"
    """In a frame without audio, ahead of the audio it is about."""
    LAGGING = "lagging"
    """One frame late."""


VOICES = (
    ("21m00Tcm4TlvDq8ikWAM", "Rachel"),
    ("EXAVITQu4vr4xnSDxMaL", "Sarah"),
    ("JBFqnCBsd6RMkjVDRZzb", "George"),
)
MODELS = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_multilingual_v2", "eleven_v3")
SOCKETLESS_MODELS = ("eleven_v3",)
"""Models that the text-to-speech sockets do not offer (protocol page, 2.1)."""


@dataclass(frozen=True, slots=True)
class ElevenLabsBehaviour:
    """Settings of the emulated ElevenLabs; the defaults are a warm, healthy service with a Flash model.

    Faults (`fault`, `refuse_status`) hold for the first `fail_first_n` sockets and requests, or for all of them when
    that is `None`. `ElevenLabsPeer.behaviour` may be replaced while calls run.
    """

    offers: tuple[Literal["single", "multi"], ...] = ("single", "multi")
    """The sockets there are: `stream-input`, `multi-stream-input`; other servers of the protocol may know only one."""
    refuse_endpoint_at: Literal["upgrade", "frame"] = "upgrade"
    """A socket that is not offered is refused by HTTP, or by an error frame that answers the first message."""
    refuse_endpoint_status: int = 404

    api_key: str | None = None
    """The only key accepted; `None` accepts any that is not empty."""
    refuse_key_at: Literal["upgrade", "frame"] = "upgrade"
    """A bad key is refused by HTTP, or by an error frame after a granted upgrade."""
    refuse_key_status: int = 401
    strict_voices: bool = False
    """Refuse voices that are not in `voices`."""
    voices: tuple[tuple[str, str], ...] = VOICES
    """Ids and names."""

    first_byte_ms: Delay = 150
    """From the trigger of a generation to its first frame."""
    first_byte_jitter_ms: int = 0
    pause_ms: Delay = 40
    """Between generations of one context that follow each other."""
    pace: float = 8.0
    """Seconds of audio sent a second; below 1 it underruns, `inf` sends all at once."""
    frame_min_ms: int = 100
    frame_max_ms: int = 1_000
    stall_after_ms: int | None = None
    """Audio of a generation after which it stalls once."""
    stall_ms: Delay = 2_000

    alignment: AlignmentStyle = AlignmentStyle.WITH_AUDIO
    null_alignment_share: float = 0.0
    """Share of frames whose alignments are null although they should not be."""
    leading_blank: bool = False
    """Alignments of a generation begin with a blank that was not sent."""
    normalise_numbers: bool = False
    """Speak digits as words; then `normalizedAlignment` differs from `alignment`."""
    starts_key: Literal["charStartTimesMs", "charsStartTimesMs"] = "charStartTimesMs"
    durations_key: Literal["charDurationsMs", "charsDurationsMs"] = "charDurationsMs"
    context_key: Literal["contextId", "context_id"] = "contextId"
    final_key: Literal["isFinal", "is_final"] = "isFinal"
    names_contexts: bool = True
    """`False`: messages of the multi-context socket do not say which context they belong to."""
    sends_final: bool = True
    """`False`: there is no final message; the single-context socket ends by its close alone."""
    final_is_false: bool = False
    """Frames before the last say `false` instead of `null`."""
    flush_done: bool = False
    """Send `flush_done` messages, which no schema lists."""

    schedule: tuple[int, ...] = (120, 160, 250, 290)
    try_trigger_min_chars: int = 50
    close_context_flushes: bool = False
    """Speak also what was still buffered when a context is closed."""
    max_contexts: int = 5

    fault: VoiceFault | None = None
    fault_after_ms: int = 300
    """Audio delivered on a socket before `fault` strikes."""
    close_code: int = 1011
    refuse_status: int | None = None
    """Answer upgrades and requests with this status, such as 429 or 503."""
    fail_first_n: int | None = None

    max_concurrent: int | None = None
    """Generations at a time; `None` for no limit. A socket counts only while it generates."""
    max_queued: int = 2
    """Generations that wait when the limit is reached; more are refused."""
    queue_ms: int = 50

    def __post_init__(self) -> None:
        if self.pace <= 0:
            raise ValueError(f"pace: expected more than 0 (inf for no delay), got {self.pace}")
        if not 0 < self.frame_min_ms <= self.frame_max_ms:
            raise ValueError(
                f"frame_min_ms, frame_max_ms: expected 0 < min <= max, got {self.frame_min_ms} and {self.frame_max_ms}"
            )
        if not self.schedule:
            raise ValueError("schedule: expected at least one number of characters, got none")
