"""What became of effects whose process died: asked of the tools that can tell."""

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tools.context import ToolContext
from tools.journal import Entry, FileJournal
from tools.outcome import Fate
from tools.registry import Registry
from tools.tool import Reconcile


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known now of an effect that was unsettled; `fate` None: nothing more, for the reason `why`."""

    entry: Entry
    fate: Fate | None
    why: str = ""

    def __str__(self) -> str:
        entry = self.entry
        what = f"{entry.tool} {entry.arguments} of call {entry.call_id}, begun {entry.begun_at}"
        if self.fate is None:
            return f"unsettled: {what}: {self.why}; look, then: offhook tools settle {entry.key} done|not-done"
        return f"settled: {what}: {self.fate}"


async def settle(
    journal: FileJournal,
    tools: Registry,
    data: Path,
    now: Callable[[], datetime],
    ports: Mapping[type, Any] = MappingProxyType({}),
) -> list[Finding]:
    """Ask the tools about every unsettled effect, and write down what they know. Raises `JournalError`."""
    findings = []
    for entry in journal.unsettled(now()):
        context = ToolContext(entry.call_id, "", data, now, entry.key, ports)
        finding = await _find_out(entry, tools, context)
        if finding.fate is not None:
            journal.settle(entry.key, finding.fate, now().isoformat(), "reconcile")
        findings.append(finding)
    return findings


async def _find_out(entry: Entry, tools: Registry, context: ToolContext) -> Finding:
    if entry.tool not in tools:
        return Finding(entry, None, "this agent has no such tool")
    terms = tools[entry.tool].terms
    if terms.reconcile is None:
        return Finding(entry, None, "the tool cannot tell")
    try:
        async with asyncio.timeout(terms.deadline_ms / 1_000):
            happened = await _ask(terms.reconcile, context, entry)
    except Exception as error:  # a tool may raise anything, and the others are asked all the same
        return Finding(entry, None, f"the tool could not find out ({type(error).__name__})")
    if not isinstance(happened, bool):
        return Finding(entry, None, "the tool could not find out")
    return Finding(entry, Fate.DONE if happened else Fate.NOT_DONE)


async def _ask(reconcile: Reconcile, context: ToolContext, entry: Entry) -> object:
    answer = reconcile(context, json.loads(entry.arguments))
    return await answer if inspect.isawaitable(answer) else answer
