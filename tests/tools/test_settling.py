"""After a crash the tools are asked what became of their effects."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tools.test_journal import ENTRY, NOW
from tests.tools.virtual import elapse, run
from tools.context import ToolContext
from tools.declare import tool
from tools.journal import FileJournal
from tools.outcome import Fate
from tools.registry import Registry
from tools.settling import Finding, settle
from tools.tool import Arguments, Reconcile, Tool

GONE = replace(ENTRY, pid=2**22 + 1, arguments='{"euros":5}')


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    kept = FileJournal(tmp_path / "effects.db")
    kept.begin(GONE)
    return kept


def pay(reconcile: Reconcile | None) -> Tool:
    @tool(kind="effect", deadline_ms=500, reconcile=reconcile)
    def pay(euros: int) -> None:
        """Pay."""

    return pay


def findings(journal: FileJournal, *tools: Tool) -> list[Finding]:
    return run(settle(journal, Registry(tools), Path("data"), lambda: NOW))


async def _soon(happened: bool) -> bool:
    await elapse(0.1)
    return happened


@pytest.mark.parametrize(("happened", "fate"), [(True, Fate.DONE), (False, Fate.NOT_DONE)])
@pytest.mark.parametrize("is_async", [True, False])
def test_what_the_tool_knows_is_written_down(journal: FileJournal, happened: bool, fate: Fate, is_async: bool) -> None:
    asked: list[tuple[ToolContext, Arguments]] = []

    def tell(context: ToolContext, arguments: Arguments) -> Any:  # noqa: ANN401 - as `Reconcile`
        asked.append((context, arguments))
        return _soon(happened) if is_async else happened

    (found,) = findings(journal, pay(tell))
    assert str(found) == f'settled: pay {{"euros":5}} of call call-1, begun 2026-11-23T09:00:00: {fate}'
    ((context, arguments),) = asked
    assert (context.key, context.call_id, context.data, arguments) == ("i.1", "call-1", Path("data"), {"euros": 5})
    (entry,) = journal.entries()
    assert (entry.fate, entry.settled_by) == (fate, "reconcile")
    assert findings(journal, pay(tell)) == [], "it is asked once"


async def _hang(_context: ToolContext, _arguments: Arguments) -> bool:
    await elapse(5)
    return True


def _break(_context: ToolContext, _arguments: Arguments) -> bool:
    raise ConnectionError


@pytest.mark.parametrize(
    ("tools", "why"),
    [
        ([], "this agent has no such tool"),
        ([pay(None)], "the tool cannot tell"),
        ([pay(lambda _context, _arguments: None)], "the tool could not find out;"),
        ([pay(_break)], "the tool could not find out (ConnectionError)"),
        ([pay(_hang)], "the tool could not find out (TimeoutError)"),
    ],
)
def test_what_nobody_knows_stays_unsettled_and_says_what_to_do(
    journal: FileJournal, tools: list[Tool], why: str
) -> None:
    (found,) = findings(journal, *tools)
    assert why in str(found)
    assert "offhook tools settle i.1 done|not-done" in str(found)
    assert journal.unsettled(NOW) == [GONE]


def test_a_booking_that_was_made_is_found_in_the_business_own_database(tmp_path: Path) -> None:
    from tools.appointments.schema import PRACTICE  # noqa: PLC0415 - only this test looks at a real tool
    from tools.catalog import CATALOG  # noqa: PLC0415 - only this test looks at a real tool
    from tools.runner import Runner  # noqa: PLC0415 - same
    from tools.store import rows_of  # noqa: PLC0415 - same

    now = datetime.fromisoformat("2026-11-23T09:00")
    context = ToolContext("call-1", "", tmp_path, lambda: now)
    run(Runner(CATALOG, context).run("book_appointment", '{"slot_id": "2026-11-24T10:00", "name": "Ada"}'))
    journal = FileJournal(tmp_path / "effects.db")
    (deed,) = rows_of(PRACTICE, tmp_path, "appointments_deeds")
    booked = replace(GONE, tool="book_appointment", arguments='{"slot_id":"2026-11-24T10:00"}', key=str(deed["key"]))
    journal.begin(booked)
    journal.begin(replace(booked, key="j.1", call_id="call-2"))
    found = run(settle(journal, CATALOG, tmp_path, lambda: now))
    assert [each.fate for each in found] == [Fate.DONE, Fate.NOT_DONE]
