"""Kept answers: one asking at a time, never older than they may be, gone when they are forgotten."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from tests.tools.virtual import elapse, run
from tools.cache import FAILED_MS, REFUSED_MS, AnswerCache
from tools.cache_store import Found, MemoryStore, StoreDownError
from tools.context import NotDone, ToolContext, ToolError, ToolFailed
from tools.declare import tool
from tools.outcome import Ending, Fate, Outcome
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import Terms, Tool

NOW = datetime.fromisoformat("2026-11-23T09:00")
TERMS = Terms(cache_ms=10_000, stale_ms=5_000)


def cache() -> AnswerCache:
    return AnswerCache(b"pepper", Random(1))


def now() -> float:
    return asyncio.get_running_loop().time()


class Source:
    """Tells how often it was asked, each time after `takes_s`."""

    def __init__(self, takes_s: float = 1.0) -> None:
        self.takes_s = takes_s
        self.asked_at: list[float] = []
        self.under_way = 0
        self.most_under_way = 0
        self.fate = Fate.DONE

    async def ask(self) -> Ending:
        self.asked_at.append(now())
        number, fate = len(self.asked_at), self.fate
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await elapse(self.takes_s)
        finally:
            self.under_way -= 1
        return Ending(Outcome(str(number), failed=fate is not Fate.DONE), fate)


async def told(it: AnswerCache, source: Source, key: str = "k", terms: Terms = TERMS) -> str:
    return (await it.answer("status", key, terms, source.ask)).outcome.result


def test_what_many_ask_is_asked_once() -> None:
    async def story() -> None:
        it, source = cache(), Source()
        assert await asyncio.gather(*(told(it, source) for _ in range(20))) == ["1"] * 20
        assert await told(it, source) == "1"
        assert await told(it, source, "another") == "2"

    run(story())


def test_an_old_answer_is_given_at_once_while_the_next_is_asked_for() -> None:
    async def story() -> None:
        it, source = cache(), Source()
        await told(it, source)
        await elapse(12)
        before = now()
        assert [*await asyncio.gather(told(it, source), told(it, source))] == ["1", "1"]
        assert now() == before
        await elapse(1.5)
        assert await told(it, source) == "2"
        assert len(source.asked_at) == 2

    run(story())


def test_what_is_too_old_is_not_given() -> None:
    async def story() -> None:
        it, source = cache(), Source()
        await told(it, source)
        await elapse(15.1)
        assert await told(it, source) == "2"

    run(story())


def test_whoever_gives_up_does_not_stop_the_asking() -> None:
    async def story() -> None:
        it, source = cache(), Source()
        first = asyncio.create_task(told(it, source))
        await elapse(0.5)
        second = asyncio.create_task(told(it, source))
        await elapse(0.1)
        first.cancel()
        assert await second == "1"

    run(story())


def test_an_answer_asked_for_before_it_was_forgotten_is_given_to_nobody_after() -> None:
    async def story() -> None:
        it, source = cache(), Source()
        first = asyncio.create_task(told(it, source))
        await elapse(0.5)
        await it.forget("status")
        assert await told(it, source) == "2"
        assert await first == "1"
        assert await told(it, source) == "2"

    run(story())


@pytest.mark.parametrize(("fate", "longest_ms"), [(Fate.NOT_DONE, REFUSED_MS), (Fate.UNSURE, FAILED_MS)])
def test_refusals_and_failures_are_kept_for_a_moment(fate: Fate, longest_ms: int) -> None:
    async def story() -> None:
        it, source = cache(), Source(takes_s=0)
        source.fate = fate
        assert [await told(it, source), await told(it, source)] == ["1", "1"]
        await elapse(longest_ms / 1_000)
        assert await told(it, source) == "2"

    run(story())


def test_an_old_answer_outlives_a_failure() -> None:
    async def story() -> None:
        it, source = cache(), Source(takes_s=0)
        await told(it, source)
        source.fate = Fate.UNSURE
        await elapse(11)
        assert [await told(it, source), await told(it, source)] == ["1", "1"]
        await elapse(5)
        assert await told(it, source) != "1"

    run(story())


def test_answers_kept_together_do_not_grow_old_together() -> None:
    async def story() -> set[int]:
        store = MemoryStore()
        it = AnswerCache(b"", Random(1))
        it._memory = store
        await asyncio.gather(*(told(it, Source(), str(number)) for number in range(20)))
        return {(await store.look("status", str(number))).fresh_ms for number in range(20)}

    ages = run(story())
    assert len(ages) > 10
    assert 9_000 <= min(ages) <= max(ages) <= 10_000


def test_the_memory_is_bounded() -> None:
    async def story() -> None:
        store = MemoryStore(max_entries=2)
        for key in "abc":
            await store.keep("t", key, "0", Ending(Outcome(key)), fresh_ms=1_000, stale_ms=0)
        assert len(store) == 2
        assert (await store.look("t", "a")).ending is None
        await store.keep("t", "d", "an older generation", Ending(Outcome("d")), fresh_ms=1_000, stale_ms=0)
        assert (await store.look("t", "d")).ending is None

    run(story())


def test_a_house_that_closes_asks_for_nothing_more() -> None:
    async def story() -> None:
        it, source = cache(), Source(takes_s=100)
        waiting = asyncio.create_task(told(it, source))
        await elapse(1)
        await it.close()
        assert source.under_way == 0
        await asyncio.gather(waiting, return_exceptions=True)

    run(story())


Step = tuple[str, float]
STEPS = st.lists(st.tuples(st.sampled_from(["ask", "wait", "forget"]), st.floats(0, 20)), max_size=40)


@given(steps=STEPS, takes_s=st.floats(0, 8), seed=st.integers(0, 9))
def test_no_answer_is_older_than_it_may_be_nor_from_before_it_was_forgotten(
    steps: Sequence[Step], takes_s: float, seed: int
) -> None:
    async def story() -> None:
        it, source = AnswerCache(b"", Random(seed)), Source(takes_s)
        forgotten = 0.0
        waiting: list[tuple[float, float, asyncio.Task[str]]] = []
        for what, seconds in steps:
            if what == "ask":
                waiting.append((now(), forgotten, asyncio.create_task(told(it, source))))
            elif what == "forget":
                await it.forget("status")
                forgotten = now()
                source.most_under_way = min(source.most_under_way, 1)
            await elapse(seconds if what == "wait" else 0)
        for began_at, forgotten_then, task in waiting:
            asked_at = source.asked_at[int(await task) - 1]
            oldest_s = takes_s + (TERMS.cache_ms + TERMS.stale_ms) / 1_000
            assert began_at - asked_at <= oldest_s + 1e-6
            assert asked_at >= forgotten_then - 1e-6
        if not any(what == "forget" for what, _ in steps):
            assert source.most_under_way <= 1
        await it.close()

    run(story())


# --- as a runner uses it ---------------------------------------------------------------------------------------------


class Shop:
    """A tool that reads, one that is asked ahead of need, and one that changes what they read."""

    def __init__(self) -> None:
        self.reads = 0
        self.trouble: Exception | None = None

    def tools(self) -> Registry:
        @tool(cache_ms=10_000, private=["order"])
        async def order_status(order: str) -> int:
            """Where an order is."""
            await elapse(1)
            if self.trouble is not None:
                raise self.trouble
            self.reads += 1
            return self.reads

        @tool(cache_ms=10_000, prefetch=True, deadline_ms=3_000)
        async def next_order(context: ToolContext) -> str:
            """The caller's next order."""
            await elapse(1)
            self.reads += 1
            return f"of {context.caller}"

        @tool(kind="effect", outdates=["order_status"])
        async def move(day: str) -> object:
            """Move it."""
            return NotDone("closed then") if day == "Sunday" else "moved"

        return Registry([order_status, next_order, move])

    def runner(self, it: AnswerCache, caller: str = "+1") -> Runner:
        return Runner(self.tools(), ToolContext("CA1", caller, Path("nowhere"), lambda: NOW), cache=it)


def test_an_effect_outdates_what_was_read_before_it() -> None:
    async def story() -> None:
        it, shop = cache(), Shop()
        runner = shop.runner(it)
        for _ in range(2):
            assert (await runner.run("order_status", '{"order": "A"}')).result == "1"
        await runner.run("move", '{"day": "Sunday"}')
        assert (await runner.run("order_status", '{"order": "A"}')).result == "1"
        await runner.run("move", '{"day": "Monday"}')
        assert (await shop.runner(it, "+2").run("order_status", '{"order": "A"}')).result == "2"

    run(story())


def test_what_is_asked_ahead_of_need_may_be_asked_with_what_is_known_of_the_call() -> None:
    asked: list[tuple[str, str]] = []

    @tool(cache_ms=10_000, prefetch={"phone": "{caller}", "day": "{today}"})
    async def of_number(phone: Annotated[str, Field(pattern=r"^\+[0-9]+$")], day: str) -> str:
        """Whatever is known of a number."""
        asked.append((phone, day))
        return phone

    async def story() -> None:
        it = cache()
        for caller in ("+1", "", "sip:ada@example.com", "+2"):
            runner = Runner(Registry([of_number]), ToolContext("CA1", caller, Path("nowhere"), lambda: NOW), cache=it)
            runner.warm()
            await runner.settle(1_000)
        day = NOW.date().isoformat()
        assert asked == [("+1", day), ("+2", day)]
        told = await runner.run("of_number", json.dumps({"day": day, "phone": "+2"}))
        assert (told.result, len(asked)) == ('"+2"', 2)

    run(story())


def test_what_is_asked_ahead_of_need_is_there_at_once_and_for_its_caller_only() -> None:
    async def story() -> None:
        it, shop = cache(), Shop()
        runner = shop.runner(it)
        runner.warm()
        await elapse(1.5)
        before = now()
        assert (await runner.run("next_order", "{}")).result == '"of +1"'
        assert now() == before
        assert (await shop.runner(it, "+2").run("next_order", "{}")).result == '"of +2"'
        assert shop.reads == 2

    run(story())


def test_nothing_is_asked_ahead_of_need_for_nobody() -> None:
    async def story() -> None:
        shop = Shop()
        shop.runner(cache(), "").warm()
        await elapse(2)
        assert shop.reads == 0

    run(story())


@pytest.mark.parametrize("trouble", [ToolError("There is no such order."), ToolFailed("down"), KeyError("x")])
def test_a_refusal_or_failure_is_told_again_without_asking(trouble: Exception) -> None:
    async def story() -> None:
        it, shop = cache(), Shop()
        shop.trouble = trouble
        first = await shop.runner(it).run("order_status", '{"order": "A"}')
        shop.trouble = None
        assert await shop.runner(it).run("order_status", '{"order": "A"}') == first
        await elapse(6)
        assert (await shop.runner(it).run("order_status", '{"order": "A"}')).result == "1"

    run(story())


def test_a_caller_who_hung_up_leaves_the_answer_to_the_next() -> None:
    async def story() -> None:
        it, shop = cache(), Shop()
        asking = asyncio.create_task(shop.runner(it).run("order_status", '{"order": "A"}'))
        await elapse(0.5)
        asking.cancel()
        await elapse(1)
        before = now()
        assert (await shop.runner(it).run("order_status", '{"order": "A"}')).result == "1"
        assert now() == before

    run(story())


def test_what_hangs_is_given_up_at_its_deadline_though_nobody_waits() -> None:
    @tool(cache_ms=1_000, deadline_ms=500)
    async def slow() -> str:
        """Hang."""
        await elapse(1_000)
        return "never"

    async def story() -> None:
        it = cache()
        outcome = await _runner(it, slow).run("slow", "{}")
        assert "No answer within 0.5 s" in outcome.result
        await elapse(0.01)
        assert not it._asking

    run(story())


def _runner(it: AnswerCache, *tools: Tool) -> Runner:
    return Runner(Registry(tools), ToolContext("CA1", "+1", Path("nowhere"), lambda: NOW), cache=it)


# --- a store that is shared and may be down --------------------------------------------------------------------------


class Shared(MemoryStore):
    """A shared store that can be taken down."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False
        self.on_down: Callable[[], None] = lambda: None

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        self.is_down = True

    async def look(self, tool: str, key: str) -> Found:
        self._check()
        return await super().look(tool, key)

    async def keep(self, tool: str, key: str, generation: str, ending: Ending, *, fresh_ms: int, stale_ms: int) -> None:
        self._check()
        await super().keep(tool, key, generation, ending, fresh_ms=fresh_ms, stale_ms=stale_ms)

    async def forget(self, tool: str) -> None:
        self._check()
        await super().forget(tool)

    def _check(self) -> None:
        if self.is_down:
            self.on_down()
            raise StoreDownError


def test_while_the_shared_store_is_down_answers_are_kept_here() -> None:
    async def story() -> None:
        shared, source = Shared(), Source(takes_s=0)
        here, there = AnswerCache(b"", Random(1), shared), AnswerCache(b"", Random(2), shared)
        await here.open()
        assert [await told(here, source), await told(there, source)] == ["1", "1"]
        shared.is_down = True
        assert [await told(here, source), await told(there, source)] == ["2", "3"]
        await here.forget("status")
        await here.close()

    run(story())
