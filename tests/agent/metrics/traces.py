"""Turn-traces by hand."""

import json
from collections.abc import Sequence
from typing import Any

from agent.metrics.turn_trace import TurnTrace

END_MS = 40_000


def turn(start_ms: int, end_ms: int, **more: object) -> dict[str, Any]:
    """A contribution of the caller's."""
    return {"kind": "turn", "start_ms": start_ms, "end_ms": end_ms, **more}


def sound(kind: str, start_ms: int, end_ms: int, **more: object) -> dict[str, Any]:
    """Another sound of theirs."""
    return {"kind": kind, "start_ms": start_ms, "end_ms": end_ms, **more}


def agent(start_ms: int, end_ms: int, number: int, **more: object) -> dict[str, Any]:
    """A stretch of the agent's in the turn of this number."""
    return {"turn": number, "start_ms": start_ms, "end_ms": end_ms, **more}


def call(
    *, caller: Sequence[dict[str, Any]] = (), agent: Sequence[dict[str, Any]] = (), end_ms: int = END_MS, **more: object
) -> TurnTrace:
    """A call of these sounds."""
    value = {"format": "turn-trace/1", "end_ms": end_ms, "caller": list(caller), "agent": list(agent), **more}
    return TurnTrace.model_validate_json(json.dumps(value))


def shifted(trace: TurnTrace, by_ms: int) -> TurnTrace:
    """The same call, everything `by_ms` later."""
    value = trace.model_dump(mode="json")
    value["end_ms"] += by_ms
    for entry in [*value["caller"], *value["agent"]]:
        _shift(entry, by_ms)
        for insert in entry.get("inserts", ()):
            _shift(insert, by_ms)
    return TurnTrace.model_validate_json(json.dumps(value))


def _shift(entry: dict[str, Any], by_ms: int) -> None:
    entry["start_ms"] += by_ms
    entry["end_ms"] += by_ms
    entry["voiced_ms"] = [[start + by_ms, end + by_ms] for start, end in entry.get("voiced_ms", ())]
