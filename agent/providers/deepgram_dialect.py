"""What the ears of a call need to know of the websocket they speak to: where it is, and what is said on it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agent.ports import SpeechListener
from agent.providers.deepgram_audio import UnsettledAudio
from agent.providers.pool import WarmPolicy


class Dialect(Protocol):
    """How one endpoint is spoken to, and what it says; one a call. Orders are empty where there is none."""

    def take(self, message: str | bytes, starts_at: int) -> str:
        """Act on a message of the connection whose time 0 stands at `starts_at` in the call's audio (samples).

        What the server complains of before it closes, if it does.
        """
        ...

    def finalize(self) -> str:
        """The order to settle the words it holds back."""
        ...

    def end_turn(self) -> str:
        """The order to begin another turn, since ours took the present one as over."""
        ...

    def keep_alive(self, quiet_ticks: int) -> str | bytes:
        """What goes out, or what counts as heard, after so many seconds without audio."""
        ...


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a dialect works with: the call's audio, whom to tell, and what it counts."""

    audio: UnsettledAudio
    listener: SpeechListener
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of Deepgram's websockets: where it is, how it is spoken to, how patiently.

    `is_silent_in_silence`: without a voice it says nothing for long, and is not deaf for that.
    """

    url: str
    headers: Mapping[str, str]
    new_dialect: Callable[[Hearing], Dialect]
    warm: WarmPolicy
    close_stream: str
    send_every_frames: int
    open_timeout_ms: int
    stall_timeout_ms: int
    close_timeout_ms: int
    is_silent_in_silence: bool
