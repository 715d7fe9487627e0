"""What a recorded call's model answered, and how long it and the voice took, as a call script says it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import orjson

from fsm.effects import ContinueReply, StartReply
from fsm.events import CallEnded, PlayoutDrained, PlayoutFinished, PlayoutHeld, ReplyFailed, Stage, ToolsRequested
from fsm.units import NS_PER_MS
from simulator.replay.recorded import Line, Recorded

NOTHING_KNOWN = "Let me see."
"""For a request that was given up before anything of its answer was on record."""

MORE = "And there is a little more to say about that, if you would like to hear it."
"""Goes on where the caller interrupted an answer of which the trace knows no more than what was heard."""

SPREAD_MS = 40
"""Delays within so many ms of their median are told as the median."""

DELAYS_LIMIT = 24


@dataclass(frozen=True, slots=True)
class Answer:
    """One request and what became of it; `said` and `calls` are empty where the model failed."""

    line: int
    said: str
    calls: tuple[tuple[str, str], ...] = ()
    failure: str = ""

    def as_reply(self) -> str | dict[str, Any]:
        """As a script says it: a text, or a table."""
        if not self.calls:
            return self.said
        said = {"say": self.said} if self.said else {}
        tables = [_call(name, arguments) for name, arguments in self.calls]
        return {**said, **tables[0]} if len(tables) == 1 else {**said, "calls": tables}


def answers_of(recorded: Recorded) -> list[Answer]:
    """What the model answered, request by request."""
    requests = [
        (decision.line, effect.reply)
        for decision in recorded.decisions
        for effect in decision.effects
        if isinstance(effect, StartReply | ContinueReply)
    ]
    ends = [line for line, _ in requests[1:]] + [len(recorded.lines) + 1]
    return [_answer(recorded, line, end, reply) for (line, reply), end in zip(requests, ends, strict=True)]


def _answer(recorded: Recorded, line: int, end: int, reply: int) -> Answer:
    """The answer to the request of line `line`; the next request stands in line `end`."""
    for decision in recorded.decisions:
        event = decision.event
        if not line <= decision.line <= end or getattr(event, "reply", None) != reply:
            continue
        if isinstance(event, ToolsRequested):
            return Answer(line, event.said, tuple((call.name, call.arguments) for call in event.calls))
        if isinstance(event, ReplyFailed) and event.stage is Stage.MODEL:
            return Answer(line, "", failure=event.kind)
    noted = _noted(recorded.lines[line - 1 : end], reply)
    if noted is not None:
        return Answer(line, noted)
    return Answer(line, _heard(recorded, line, reply) or NOTHING_KNOWN)


def _noted(lines: Sequence[Line], reply: int) -> str | None:
    for line in lines:
        if line["kind"] == "note" and line["note"] in ("model_said", "model_cut") and line["data"]["reply"] == reply:
            text = str(line["data"]["text"])
            return text if line["note"] == "model_said" else f"{text} {MORE}"
    return None


def _heard(recorded: Recorded, line: int, reply: int) -> str:
    """What was heard of a reply, for traces that do not tell what was said."""
    heard, is_whole = "", False
    for decision in recorded.decisions:
        event = decision.event
        if decision.line < line or isinstance(event, CallEnded) or getattr(event, "reply", None) != reply:
            continue
        if isinstance(event, PlayoutFinished):
            heard, is_whole = event.text, True
        elif isinstance(event, PlayoutHeld | PlayoutDrained):
            heard = event.heard or heard
    return heard if is_whole or not heard else f"{heard} {MORE}"


def _call(name: str, arguments: str) -> dict[str, Any]:
    try:
        decoded = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        decoded = None
    if not isinstance(decoded, dict) or any(value is None for value in decoded.values()):
        return {"call": name, "raw_arguments": arguments}
    return {"call": name, "arguments": decoded} if decoded else {"call": name}


def behaviours_of(recorded: Recorded) -> dict[str, dict[str, Any]]:
    """How long model, voice and transcriber took: tables of a script."""
    tables = {
        "groq": {"first_token_ms": _delay(_between(recorded.lines, "asked", ("first_token", "tools_requested")))},
        "elevenlabs": {"first_byte_ms": _delay(_between(recorded.lines, "first_clause", ("first_audio",)))},
        "deepgram": {"finalize_delay_ms": _delay(_settling(recorded))},
    }
    return {name: kept for name, table in tables.items() if (kept := {k: v for k, v in table.items() if v is not None})}


def _between(lines: Sequence[Line], begin: str, ends: Sequence[str]) -> Iterator[int]:
    """How long (ms) it took from one stage to the next of another, each time."""
    since: dict[int, int] = {}
    for line in lines:
        if line["kind"] != "stage":
            continue
        if line["stage"] == begin:
            since[line["reply"]] = line["at_ns"]
        elif line["stage"] in ends and line["reply"] in since:
            yield (line["at_ns"] - since.pop(line["reply"])) // NS_PER_MS


def _settling(recorded: Recorded) -> Iterator[int]:
    """How long (ms) the transcriber took to settle its words, once it was asked."""
    asked: int | None = None
    for decision in recorded.decisions:
        if asked is not None and getattr(decision.event, "is_final", False):
            yield (decision.at - asked) // NS_PER_MS
            asked = None
        if any(type(effect).__name__ == "FinalizeTranscript" for effect in decision.effects):
            asked = decision.at


def _delay(delays: Iterator[int]) -> int | dict[str, Any] | None:
    """The delays as a script says them: their median where they are alike, else all of them, to be drawn from."""
    kept = [max(0, delay) for delay in delays][:DELAYS_LIMIT]
    if not kept:
        return None
    middle = round(median(kept))
    if all(abs(delay - middle) <= SPREAD_MS for delay in kept):
        return middle
    return {"one_of": sorted(kept)}
