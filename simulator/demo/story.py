"""The demonstration call: what is said, and everything that is known of it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from simulator.caller import Caller
from simulator.peers.twilio import TwilioCall
from simulator.script import AfterAgentFinished, Backchannel, HangUp, IfLate, IntoAgentSpeech, Say, Script

SCRIPT: Script = (
    Say("Hello, I need an appointment on Tuesday morning, please.", AfterAgentFinished()),
    Backchannel("mm-hmm", IntoAgentSpeech(1_200)),
    Say("Ten o'clock is fine.", AfterAgentFinished()),
    Say("My name is Ada Lovelace.", AfterAgentFinished()),
    Say("Wait, where are you exactly?", IntoAgentSpeech(1_500)),
    Say("No, that is all. Goodbye.", AfterAgentFinished()),
    HangUp(AfterAgentFinished(silence_ms=2_500, timeout_ms=12_000, if_late=IfLate.HANG_UP)),
)
"""Books an appointment, says "mm-hmm" once, interrupts once, says goodbye."""


KEPT_WIRES = {"OFFHOOK_TRACE_WIRES": "kept"}
"""The demonstration's calls can be replayed whole."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the demonstration was asked for."""

    data: Path
    record: Path
    seed: int = 0
    now: datetime | None = None
    """The business's time at which the call begins; None: the real one."""


@dataclass(frozen=True, slots=True)
class Performance:
    """A demonstration call that is over."""

    caller: Caller
    call: TwilioCall
    started_at: int
    ended_at: int
    data: Path
    recording: Path
    notes: tuple[str, ...] = ()

    @property
    def trace(self) -> Path:
        """Where the trace lies."""
        return self.data / "traces" / f"{self.call.record.sid}.jsonl"


def demo_settings(providers: Mapping[str, str], data: Path) -> dict[str, str]:
    """The environment of the demonstration's server: `providers` are its base URLs and keys."""
    return {**providers, "OFFHOOK_DATA": str(data), "OFFHOOK_HOST": "127.0.0.1", "OFFHOOK_PORT": "0"}
