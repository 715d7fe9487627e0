"""Effects are written down before they run, so that nobody wonders what was done when a process dies."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tools.virtual import elapse, run
from tools.context import NotDone, ToolContext
from tools.declare import tool
from tools.journal import Entry, FileJournal, JournalError
from tools.outcome import Fate
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import PEOPLE_LIMIT_MS, Tool

NOW = datetime.fromisoformat("2026-11-23T09:00")
CONTEXT = ToolContext("call-1", "+15550100", Path("nowhere"), lambda: NOW)
ENTRY = Entry("i.1", "i", "pay", "{}", "call-1", NOW.isoformat(), "gone", 1)


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    return FileJournal(tmp_path / "data" / "effects.db")


def paying(answer: object = "paid", seen: list[ToolContext] | None = None) -> Tool:
    @tool(kind="effect", private=["card"], on_failure="I could not confirm that.")
    def pay(context: ToolContext, euros: int, card: str) -> object:
        """Pay."""
        if seen is not None:
            seen.append(context)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return pay


def pay(journal: FileJournal, wanted: Tool, card: str = "4242", call_id: str = "call-1") -> dict[str, str]:
    runner = Runner(Registry([wanted]), replace(CONTEXT, call_id=call_id), journal=journal)
    told = json.loads(run(runner.run("pay", json.dumps({"euros": 5, "card": card}))).result)
    return told if isinstance(told, dict) else {"answer": told}


def test_an_effect_is_written_down_with_its_key_and_its_end_and_without_what_is_private(journal: FileJournal) -> None:
    seen: list[ToolContext] = []
    pay(journal, paying(seen=seen))
    (entry,) = journal.entries()
    assert seen[0].key == entry.key == f"{entry.intent}.1"
    assert (entry.tool, entry.arguments) == ("pay", '{"card":"<4 chars>","euros":5}')
    assert (entry.call_id, entry.fate, entry.run, entry.pid) == ("call-1", Fate.DONE, journal.run, os.getpid())
    assert b"4242" not in b"".join(path.read_bytes() for path in journal.path.parent.iterdir())


@pytest.mark.parametrize(
    ("answer", "fate"), [("paid", Fate.DONE), (NotDone("no"), Fate.NOT_DONE), (KeyError(), Fate.UNSURE)]
)
def test_its_fate_is_what_the_tool_told(journal: FileJournal, answer: object, fate: Fate) -> None:
    pay(journal, paying(answer))
    assert [entry.fate for entry in journal.entries()] == [fate]
    assert len(journal.unsettled(NOW)) == (fate is Fate.UNSURE)


def test_what_was_done_is_not_done_again_in_another_life_of_the_process(journal: FileJournal) -> None:
    pay(journal, paying())
    seen: list[ToolContext] = []
    later = FileJournal(journal.path)
    assert "done already" in pay(later, paying(seen=seen))["note"]
    assert not seen
    pay(later, paying(seen=seen), call_id="call-2")
    pay(later, paying(seen=seen), card="4343")
    assert len(seen) == 2, "another call, and another card, are other intents"


def test_what_may_have_been_done_is_not_repeated(journal: FileJournal) -> None:
    pay(journal, paying(KeyError()))
    seen: list[ToolContext] = []
    assert "may have been done" in pay(FileJournal(journal.path), paying(seen=seen))["error"]
    assert not seen


def test_what_was_refused_may_be_tried_again_under_another_key(journal: FileJournal) -> None:
    pay(journal, paying(NotDone("no funds")))
    assert pay(FileJournal(journal.path), paying()) == {"answer": "paid"}
    assert [(entry.key.rpartition(".")[2], entry.fate) for entry in journal.entries()] == [
        ("1", Fate.NOT_DONE),
        ("2", Fate.DONE),
    ]


def test_keys_are_no_way_to_a_short_secret(tmp_path: Path) -> None:
    keys = set()
    for name in ("a", "b"):
        one = FileJournal(tmp_path / name)
        pay(one, paying())
        keys.add(one.entries()[0].key)
    assert len(keys) == 2, "the same intent has another name in another house"


def test_an_effect_that_cannot_be_written_down_does_not_run(
    journal: FileJournal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.path.parent.write_text("a file where the directory should be")
    seen: list[ToolContext] = []
    told = pay(journal, paying(seen=seen))
    assert not seen
    assert "Nothing was changed" in told["error"]
    assert told["say"] == "I could not confirm that."
    assert f"pay was not run: the journal of effects, {journal.path}, cannot be" in caplog.text


def test_an_effect_whose_end_cannot_be_written_down_has_ended_and_stays_open(
    journal: FileJournal, caplog: pytest.LogCaptureFixture
) -> None:
    @tool(kind="effect")
    def pay_all() -> str:
        """Pay all."""
        with closing(sqlite3.connect(journal.path, isolation_level=None)) as database:
            database.execute("ALTER TABLE effects RENAME TO elsewhere")
        return "paid"

    runner = Runner(Registry([pay_all]), CONTEXT, journal=journal)
    assert run(runner.run("pay_all", "{}")).result == '"paid"'
    assert "tool pay_all ended (done)" in caplog.text


def test_a_slow_effect_is_under_way_until_it_ended(journal: FileJournal) -> None:
    @tool(kind="effect", deadline_ms=100)
    async def ring() -> str:
        """Ring."""
        await elapse(5)
        return "rung"

    async def story() -> None:
        runner = Runner(Registry([ring]), CONTEXT, journal=journal)
        assert (await runner.run("ring", "{}")).failed
        assert [entry.fate for entry in journal.entries()] == [None]
        assert journal.unsettled(NOW) == [], "it is under way"
        await elapse(6)
        assert [entry.fate for entry in journal.entries()] == [Fate.DONE]

    run(story())


@pytest.mark.parametrize(
    ("entry", "age_ms", "is_unsettled"),
    [
        (ENTRY, 0, True),  # its process had the number 1, which lives, yet in a container that may be us: see below
        (replace(ENTRY, pid=os.getpid()), 0, True),  # another life of ours
        (replace(ENTRY, pid=os.getppid()), 0, False),  # a neighbour that lives
        (replace(ENTRY, pid=os.getppid()), PEOPLE_LIMIT_MS + 1, True),  # nobody takes so long
        (replace(ENTRY, pid=2**22 + 1), 0, True),  # a neighbour that died
        (replace(ENTRY, fate=Fate.UNSURE), 0, True),
        (replace(ENTRY, fate=Fate.DONE), 0, False),
    ],
)
def test_who_is_still_at_it_is_told_by_its_process_and_its_age(
    journal: FileJournal, entry: Entry, age_ms: int, is_unsettled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if entry.pid == 1:
        monkeypatch.setattr(os, "getpid", lambda: 1)
    journal.begin(entry)
    assert bool(journal.unsettled(NOW + timedelta(milliseconds=age_ms))) is is_unsettled


def test_instants_with_and_without_a_zone_can_be_compared(journal: FileJournal) -> None:
    journal.begin(replace(ENTRY, pid=os.getppid(), begun_at="2026-11-23T10:00:00+01:00"))
    assert journal.unsettled(NOW.replace(tzinfo=UTC)) == []
    assert len(journal.unsettled(NOW + timedelta(hours=1))) == 1


def test_what_was_found_out_is_written_down_once(journal: FileJournal) -> None:
    journal.begin(ENTRY)
    assert journal.settle("i.1", Fate.DONE, "2026-11-23T10:00", "hand")
    assert not journal.settle("i.1", Fate.NOT_DONE, "2026-11-23T11:00", "hand"), "it is settled"
    assert not journal.settle("none", Fate.DONE, "2026-11-23T10:00", "hand")
    (entry,) = journal.entries()
    assert (entry.fate, entry.settled_by, entry.is_settled) == (Fate.DONE, "hand", True)
    assert journal.unsettled(NOW) == []


def test_where_there_is_no_journal_nothing_was_done_and_none_is_made(journal: FileJournal) -> None:
    assert journal.entries() == journal.unsettled(NOW) == []
    assert not journal.path.parent.exists()


def test_a_damaged_journal_says_which(journal: FileJournal) -> None:
    journal.path.parent.mkdir()
    journal.path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match=r"effects\.db, cannot be read"):
        journal.entries()


DIES = """
import asyncio, os, sys
from datetime import datetime
from pathlib import Path
from tools.context import ToolContext
from tools.declare import tool
from tools.journal import FileJournal
from tools.registry import Registry
from tools.runner import Runner

done = Path(sys.argv[1], "done")

@tool(kind="effect")
def pay(euros: int) -> str:
    "Pay."
    with done.open("a") as file:
        file.write("paid\\n")
    os._exit(9)

context = ToolContext("call-1", "", Path(), datetime.now)
runner = Runner(Registry([pay]), context, journal=FileJournal(Path(sys.argv[1], "effects.db")))
print(asyncio.run(runner.run("pay", '{"euros": 5}')).result)
"""


def test_a_process_that_dies_within_an_effect_leaves_it_open_and_the_next_does_not_repeat_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DIES, str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == 9  # noqa: S603 - this test's own text
    (entry,) = FileJournal(tmp_path / "effects.db").unsettled(datetime.now())  # noqa: DTZ005 - as the journal's
    assert (entry.tool, entry.fate) == ("pay", None)
    second = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - same
    assert "may have been done" in second.stdout
    assert (tmp_path / "done").read_text() == "paid\n"
