"""Where the time of an answer went: a fold over the stages of a trace, whose parts add up to the whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fsm.units import ns_to_ms

PARTS = ("endpointing", "stt_final", "own", "llm", "tools", "first_clause", "tts", "send", "phone")
"""In the order in which they happen; `own` is what we need ourselves between two providers."""

_WAITS_FOR = {
    "caller_silent": "endpointing",
    "final_asked": "stt_final",
    "turn_ended": "own",
    "asked": "llm",
    "first_token": "first_clause",
    "tools_requested": "tools",
    "tools_returned": "own",
    "first_clause": "tts",
    "first_audio": "send",
    "sent": "phone",
    "heard": "",
}
"""Which part the time after a stage belongs to: what is waited for then. What fails is waited for up to its failure."""

_BEHIND_THE_VOICE = frozenset({"first_token", "tools_requested", "tools_returned", "asked"})
"""Stages that change nothing for a caller once the same reply has words for its voice."""


@dataclass(slots=True)
class TurnLedger:
    """The latency of one turn, in ns: from the caller's last sound to our first sound at the phone."""

    turn: int
    begins_at: int
    ends_at: int | None = None
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))

    @property
    def voice_to_voice_ms(self) -> int | None:
        """The whole, in ms; None while nothing of the answer was heard."""
        return None if self.ends_at is None else ns_to_ms(self.ends_at - self.begins_at)

    def parts_ms(self) -> dict[str, int]:
        """The parts in ms, rounded so that they add up to the whole to the millisecond."""
        rounded, total_ns, total_ms = {}, 0, 0
        for name in PARTS:
            total_ns += self.parts[name]
            rounded[f"{name}_ms"] = ns_to_ms(total_ns) - total_ms
            total_ms += rounded[f"{name}_ms"]
        return rounded


class Ledger:
    """Takes the stages of one call in order; `turns` are the turns that were answered audibly."""

    def __init__(self) -> None:
        self._open: TurnLedger | None = None
        self._last_at = 0
        self._awaited = ""
        self._voiced_reply: int | None = None
        self.turns: list[TurnLedger] = []

    def note(self, at: int, stage: str, turn: int, reply: int) -> None:
        """Stage `stage` of `reply` in `turn` was reached at instant `at` (ns); unknown ones change nothing."""
        if stage not in _WAITS_FOR:
            return
        if stage == "caller_silent":
            self._open, self._last_at, self._voiced_reply = TurnLedger(turn, at), at, None
        ledger = self._open
        if ledger is None or ledger.turn != turn:
            return
        if stage in _BEHIND_THE_VOICE and reply == self._voiced_reply:
            return
        if stage == "first_clause":
            self._voiced_reply = reply
        if at > self._last_at:
            ledger.parts[self._awaited] += at - self._last_at
            self._last_at = at
        self._awaited = _WAITS_FOR[stage]
        if stage == "heard":
            ledger.ends_at = self._last_at
            self.turns.append(ledger)
            self._open = None


def ledger_of(lines: Iterable[Mapping[str, Any]]) -> list[TurnLedger]:
    """The latency ledger of a trace, one entry an audibly answered turn."""
    ledger = Ledger()
    for line in lines:
        if line.get("kind") == "stage":
            ledger.note(line["at_ns"], line["stage"], line["turn"], line["reply"])
    return ledger.turns
