"""However requests, withdrawals, hang-ups and crashes interleave: each effect at most once, each call one ending."""

import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.virtual import VirtualLoop, elapse
from tools.context import NotDone, ToolContext, ToolError
from tools.declare import tool
from tools.journal import Entry, FileJournal, JournalError
from tools.outcome import Fate
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import EFFECT_LIMIT_MS, Tool

NOW = datetime.fromisoformat("2026-11-23T09:00")

Wanted = tuple[str, str, float, str, float | None, float, int]

WANTED = st.tuples(
    st.sampled_from(["soup", "stew"]),  # what
    st.sampled_from(["cook", "cook_later"]),  # by a plain tool or by one that waits
    st.sampled_from([0.0, 0.1, 0.6, 3.0, 50.0]),  # how long that takes; the last is given up
    st.sampled_from(["done", "done", "not done", "refused", "broken", "broken after"]),
    st.sampled_from([None, 0.05, 0.3]),  # when whoever asked goes away
    st.sampled_from([0.0, 0.05, 1.0]),  # pause before the next
    st.sampled_from([1, 1, 2]),  # how often it is asked for at once
)
LIVES = st.lists(
    st.tuples(st.lists(WANTED, max_size=5), st.sampled_from([0.01, 0.2, 1.0, 60.0])), min_size=1, max_size=3
)
"""Lives of a process: what is asked for in each, and after how long it dies."""


class Kitchen:
    """Counts what really happened, whatever becomes of the process that did it."""

    def __init__(self) -> None:
        self.cooked: Counter[str] = Counter()
        self.endings: Counter[int] = Counter()
        self.asked = self.whole_days = 0

    def tools(self) -> list[Tool]:
        def cooked(context: ToolContext, tool_name: str, dish: str, way: str) -> object:
            if way in ("done", "broken after"):
                self.cooked[f"{tool_name} {dish} {way}"] += 1
            match way:
                case "not done":
                    return NotDone("no pot")
                case "refused":
                    raise ToolError("The oven is cold.")
                case "broken" | "broken after":
                    raise ConnectionError
            return context.key

        @tool(kind="effect", deadline_ms=500, private=["dish"])
        def cook(context: ToolContext, dish: str, takes_s: float, way: str) -> object:
            """Cook at once."""
            return cooked(context, "cook", f"{dish} {takes_s}", way)

        @tool(kind="effect", deadline_ms=500)
        async def cook_later(context: ToolContext, dish: str, takes_s: float, way: str) -> object:
            """Cook for a while."""
            await elapse(takes_s)
            return cooked(context, "cook_later", f"{dish} {takes_s}", way)

        return [cook, cook_later]


class Fragile(FileJournal):
    """A journal that fails now and then."""

    fails: set[str] = set()  # noqa: RUF012 - replaced, never changed

    def begin(self, entry: Entry) -> None:
        if "begin" in self.fails:
            raise JournalError("the disk is full")
        super().begin(entry)

    def end(self, key: str, fate: Fate, at: str) -> None:
        if "end" in self.fails:
            raise JournalError("the disk is full")
        super().end(key, fate, at)


async def day(kitchen: Kitchen, runner: Runner, wanted: list[Wanted]) -> None:
    """Everything is asked for, some of it twice at once; some who asked go away."""
    loop = asyncio.get_running_loop()
    asked = []

    async def ask(number: int, name: str, arguments: str) -> None:
        outcome = await runner.run(name, arguments)
        json.loads(outcome.result)
        kitchen.endings[number] += 1

    for dish, name, takes_s, way, leaves_s, pause_s, times in wanted:
        for _ in range(times):
            kitchen.asked += 1
            arguments = json.dumps({"dish": dish, "takes_s": takes_s, "way": way})
            asked.append(loop.create_task(ask(kitchen.asked, name, arguments)))
            if leaves_s is not None:
                loop.call_later(leaves_s, asked[-1].cancel)
        await elapse(pause_s)
    await elapse(60)
    for outcome in await asyncio.gather(*asked, return_exceptions=True):
        assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome
    kitchen.whole_days += 1


def live(kitchen: Kitchen, journal: FileJournal, wanted: list[Wanted], dies_s: float) -> None:
    """One life of the process; what still runs when it dies is dropped in mid-step, as a crash drops it."""
    loop = VirtualLoop()
    runner = Runner(Registry(kitchen.tools()), ToolContext("call-1", "", Path(), lambda: NOW), journal=journal)
    told = loop.create_task(day(kitchen, runner, wanted))
    loop.call_later(dies_s, loop.stop)
    told.add_done_callback(lambda _done: loop.stop())
    loop.run_forever()
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # a crash cleans nothing up
    loop.close()
    if told.done():
        told.result()


@settings(max_examples=60, deadline=None)
@given(lives=LIVES, fails=st.sets(st.sampled_from(["begin", "end"])))
def test_each_effect_happens_at_most_once_and_each_request_ends_at_most_once(
    lives: list[tuple[list[Wanted], float]], fails: set[str]
) -> None:
    kitchen = Kitchen()
    with TemporaryDirectory() as folder:
        path = Path(folder, "effects.db")
        for index, (wanted, dies_s) in enumerate(lives):
            journal = Fragile(path)
            journal.fails = fails if index == 0 else set()
            live(kitchen, journal, wanted, dies_s)
        entries = FileJournal(path).entries()
        unsettled = FileJournal(path).unsettled(NOW + timedelta(milliseconds=EFFECT_LIMIT_MS + 1))
    assert all(count == 1 for count in kitchen.cooked.values())
    assert all(count == 1 for count in kitchen.endings.values())
    assert len({entry.key for entry in entries}) == len(entries)
    assert sum(kitchen.cooked.values()) <= sum(entry.fate is not Fate.NOT_DONE for entry in entries)
    assert {entry.key for entry in entries if not entry.is_settled} == {entry.key for entry in unsettled}
