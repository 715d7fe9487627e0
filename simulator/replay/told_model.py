"""What a recorded call's model answered, and how long it and the voice took, as a call script says it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import orjson

from fsm.effects import ContinueReply, RunTool, StartReply
from fsm.events import (
    CallEnded,
    PlayoutDrained,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    ReplyFailed,
    Stage,
    ToolReturned,
    ToolsRequested,
)
from fsm.units import NS_PER_MS
from simulator.replay.recorded import Line, Recorded

NOTHING_KNOWN = "Let me see."
"""For a request that was given up before anything of its answer was on record."""

MORE = "And there is a little more to say about that, if you would like to hear it."
"""Goes on where the caller interrupted an answer of which the trace knows no more than what was heard."""

ASKED_WORDS = 4
"""So many of the caller's last words tell which answer is meant."""

SPREAD_MS = 40
"""Delays within so many ms of their median are told as the median."""

DELAYS_LIMIT = 24

SLOW_TOOL_MS = 500
"""A tool that takes longer gives a caller time to say something."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request; `said` and `calls` are empty where the model failed.

    `asked` are the caller's words that were answered, `after` the tool whose result was. `is_stale`: the caller went on
    before anything of it was heard or done.
    """

    said: str
    calls: tuple[tuple[str, str], ...] = ()
    failure: str = ""
    asked: str = ""
    after: str = ""
    is_stale: bool = False

    def as_table(self) -> dict[str, Any]:
        """As a script says it."""
        told = {"after_tool": self.after} if self.after else {"asked": _pattern(self.asked)} if self.asked else {}
        said = {"say": self.said} if self.said or not self.calls else {}
        tables = [_call(name, arguments) for name, arguments in self.calls]
        calls = tables[0] if len(tables) == 1 else {"calls": tables} if tables else {}
        return {**told, "times": 1, **said, **calls}


def _pattern(asked: str) -> str:
    """A regular expression for the end of what was asked: the same words, however they end."""
    words = " ".join(asked.split()[-ASKED_WORDS:]).rstrip(".,?!")
    return f"{re.sub(_SPECIAL, _ESCAPED, words)}[.,?!]*$"


_SPECIAL, _ESCAPED = r"([\\.^$*+?{}\[\]|()])", r"\\\1"


def answers_of(recorded: Recorded) -> list[Answer]:
    """What the model answered, request by request."""
    requests = [
        (decision.line, effect)
        for decision in recorded.decisions
        for effect in decision.effects
        if isinstance(effect, StartReply | ContinueReply)
    ]
    ends = [*(line for line, _ in requests[1:]), len(recorded.lines) + 1][: len(requests)]
    return [
        replace(
            _answer(recorded, line, end, request.reply),
            asked="" if isinstance(request, ContinueReply) else _asked(recorded.lines[:line], request.turn),
            after=_tool_before(recorded, line, request.reply) if isinstance(request, ContinueReply) else "",
        )
        for (line, request), end in zip(requests, ends, strict=True)
    ]


def _asked(lines: Sequence[Line], turn: int) -> str:
    """What the model was told of a turn, in the last of these lines that says so."""
    told = (line["data"].get("text", "") for line in reversed(lines) if line.get("note") == f"turn {turn}")
    return str(next(told, ""))


def _tool_before(recorded: Recorded, line: int, reply: int) -> str:
    """The tool whose result a reply went on with."""
    requested = [
        decision.event.calls[-1].name
        for decision in recorded.decisions
        if decision.line < line and isinstance(decision.event, ToolsRequested) and decision.event.reply == reply
    ]
    return requested[-1] if requested else ""


def _answer(recorded: Recorded, line: int, end: int, reply: int) -> Answer:
    """The answer to the request of line `line`; the next request stands in line `end`."""
    for decision in recorded.decisions:
        event = decision.event
        if not line <= decision.line <= end or getattr(event, "reply", None) != reply:
            continue
        if isinstance(event, ToolsRequested):
            return Answer(event.said, tuple((call.name, call.arguments) for call in event.calls))
        if isinstance(event, ReplyFailed) and event.stage is Stage.MODEL:
            return Answer("", failure=event.kind)
    is_stale = not any(
        isinstance(decision.event, ReplyAudioStarted) and decision.event.reply == reply
        for decision in recorded.decisions
        if decision.line >= line
    )
    noted = _noted(recorded.lines[line - 1 : end], reply)
    return Answer(noted or _heard(recorded, line, reply) or NOTHING_KNOWN, is_stale=is_stale)


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


def has_slow_tool(recorded: Recorded) -> bool:
    """Whether a tool took longer than it will here, or never returned."""
    waiting: dict[str, int] = {}
    for decision in recorded.decisions:
        event = decision.event
        asked_at = waiting.pop(event.call_id, decision.at) if isinstance(event, ToolReturned) else decision.at
        if decision.at - asked_at > SLOW_TOOL_MS * NS_PER_MS:
            return True
        waiting |= {effect.call.call_id: decision.at for effect in decision.effects if isinstance(effect, RunTool)}
    return bool(waiting)


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
