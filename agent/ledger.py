"""Where the time of an answer went: a fold over the stages of a trace, whose parts add up to the whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fsm.units import ns_to_ms

PARTS = ("endpointing", "stt_final", "own", "llm", "tools", "first_clause", "tts", "send", "phone")
"""In the order in which they happen; `own` is what we need ourselves between two providers."""

_PART_OF = {
    "final_asked": "endpointing",
    "turn_ended": "endpointing",
    "asked": "own",
    "first_token": "llm",
    "tools_requested": "llm",
    "tools_returned": "tools",
    "first_clause": "first_clause",
    "first_audio": "tts",
    "sent": "send",
    "heard": "phone",
}
"""Which part the time before a stage belongs to."""


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
        self._is_final_asked = False
        self.turns: list[TurnLedger] = []

    def note(self, at: int, stage: str, turn: int) -> None:
        """Stage `stage` of turn `turn` was reached at instant `at` (ns)."""
        if stage == "caller_silent":
            self._open = TurnLedger(turn, at)
            self._last_at = at
            self._is_final_asked = False
            return
        ledger = self._open
        if ledger is None or stage not in _PART_OF or ledger.turn != turn:
            return
        part = "stt_final" if stage == "turn_ended" and self._is_final_asked else _PART_OF[stage]
        self._is_final_asked = self._is_final_asked or stage == "final_asked"
        ledger.parts[part] += max(0, at - self._last_at)
        self._last_at = max(at, self._last_at)
        if stage == "heard":
            ledger.ends_at = self._last_at
            self.turns.append(ledger)
            self._open = None


def ledger_of(lines: Iterable[Mapping[str, Any]]) -> list[TurnLedger]:
    """The latency ledger of a trace, one entry an audibly answered turn."""
    ledger = Ledger()
    for line in lines:
        if line.get("kind") == "stage":
            ledger.note(line["at_ns"], line["stage"], line["turn"])
    return ledger.turns
