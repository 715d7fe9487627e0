"""The reports that end Vapi's calls, kept as traces beside those of our own: `offhook trace` reads both.

Their notes: `vapi_said` (who said what), `vapi_tool` (what a tool was asked and answered), `vapi_report` (how it
ended), `vapi_summary`. Protocol page "vapi", section 2.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from agent.scrubbing import SAID_AT_VAPI
from agent.trace import Trace, open_trace
from agent.vapi.messages import VapiMessage, table
from fsm.state import CallState
from fsm.units import NS_PER_S
from tools.tool import json_without

MAX_MESSAGES = 2_000
"""Contributions of one call that are kept, the first ones."""

ROLES = {"bot": "assistant", "assistant": "assistant", "user": "user"}


class Reports:
    """Keeps each report once, and tells `after_call` of its call. `hides_words` is as for traces of our own calls."""

    def __init__(
        self,
        traces: Path,
        agent: str,
        state: CallState,
        *,
        hides_words: bool,
        after_call: Callable[[str], None] = lambda _call_id: None,
    ) -> None:
        self._after_call = after_call
        self._traces = traces
        self._agent = agent
        self._state = state
        self._hides_words = hides_words

    def keep(self, report: VapiMessage, counts: Counter[str], private: frozenset[str], wall_clock: str) -> bool:
        """Write it down, whole or not at all; whether it was new. Raises OSError where it cannot be."""
        if (self._traces / f"{report.call_id}.jsonl").exists():
            return False
        hides_words = self._hides_words
        trace, path = open_trace(self._traces, f".{report.call_id}", 0, is_redacted=hides_words, private=private)
        if path is None:
            raise OSError(f"no trace can be written in {self._traces}")
        try:
            self._write(trace, report, counts, private, wall_clock)
        finally:
            trace.close()
        if trace.errors:
            path.unlink(missing_ok=True)
            raise OSError(f"{path} could not be written whole")
        path.rename(self._traces / f"{report.call_id}.jsonl")
        self._after_call(report.call_id)
        return True

    def _write(
        self, trace: Trace, report: VapiMessage, counts: Counter[str], private: frozenset[str], wall_clock: str
    ) -> None:
        body = report.body
        started_at = body.get("startedAt")
        trace.header(
            call_id=report.call_id,
            agent=self._agent,
            wall_clock=started_at if isinstance(started_at, str) else wall_clock,
            state=self._state,
        )
        trace.note(0, "vapi", caller=report.caller)
        last_at, turns = 0, 0
        for at, note, data in _contributions(body, private):
            last_at = max(last_at, at)
            turns += data.get("role") == "user"
            trace.note(at, note, **data)
        artifact, analysis = table(body.get("artifact")), table(body.get("analysis"))
        trace.note(
            last_at,
            "vapi_report",
            reason=_text(body.get("endedReason")) or "unknown",
            ended_at=_text(body.get("endedAt")),
            cost=body["cost"] if isinstance(body.get("cost"), int | float) else None,
            recording=_without_query(artifact.get("recordingUrl") or body.get("recordingUrl")),
            success=_text(analysis.get("successEvaluation")),
            **counts,
        )
        summary, found = analysis.get("summary") or body.get("summary"), analysis.get("structuredData")
        if summary or found:
            result = json_without(private, orjson.dumps(found).decode()) if found else ""
            trace.note(last_at, "vapi_summary", text=_text(summary), result=result)
        trace.note(last_at, "released", turns=turns)


def _contributions(body: Mapping[str, Any], private: frozenset[str]) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Who said what, and what tools were asked, with the instant (ns since the call began)."""
    artifact = table(body.get("artifact"))
    listed = artifact.get("messages") or body.get("messages") or artifact.get("messagesOpenAIFormatted")
    for each in (listed if isinstance(listed, list) else [])[:MAX_MESSAGES]:
        said = table(each)
        seconds = said.get("secondsFromStart")
        at = round(seconds * NS_PER_S) if isinstance(seconds, int | float) and 0 < seconds < 1e6 else 0
        role, text = said.get("role"), _text(said.get("message")) or _text(said.get("content"))
        if role in ROLES and text:
            yield at, SAID_AT_VAPI, {"role": ROLES[role], "text": text}
        calls = said.get("toolCalls") or said.get("tool_calls")
        for call in map(table, calls if isinstance(calls, list) else []):
            function = table(call.get("function"))
            arguments = json_without(private, _json(function.get("arguments")))
            yield at, "vapi_tool", {"tool": _text(function.get("name")), "arguments": arguments}
        if role in ("tool_call_result", "tool"):
            result = json_without(private, _json(said.get("result", said.get("content"))))
            yield at, "vapi_tool", {"tool": _text(said.get("name")), "result": result}


def _text(told: object) -> str:
    return told if isinstance(told, str) else ""


def _json(told: object) -> str:
    return told if isinstance(told, str) else orjson.dumps(told).decode()


def _without_query(url: object) -> str:
    """A recording's URL without what lets anybody fetch it."""
    try:
        return urlsplit(url)._replace(query="", fragment="").geturl() if isinstance(url, str) else ""
    except ValueError:
        return ""
