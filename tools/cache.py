"""Kept answers of pure tools: asked for once at a time, given while they are good, and a while longer where declared.

Every answer is kept a little shorter than it may be, each by a different share, so that what was asked together does
not grow old together.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from tools.cache_store import Found, MemoryStore, SharedStore, Store, StoreDownError
from tools.outcome import Ending, Fate
from tools.tool import Terms

REFUSED_MS = 5_000
"""A refusal ("not found") is kept no longer than this: what was not there may be soon."""

FAILED_MS = 1_000
"""A failure is kept no longer than this: long enough that many callers do not all wait for it."""

SHORTEST_SHARE = 0.9
"""Of the time that an answer may be kept."""

Ask = Callable[[], Awaitable[Ending]]


class AnswerCache:
    """A `tools.ports.Cache`. Answers lie in `shared` while that is there, and in this process otherwise."""

    def __init__(self, pepper: bytes, rng: Random, shared: SharedStore | None = None) -> None:
        self.pepper = pepper
        self._rng = rng
        self._shared = shared
        self._memory = MemoryStore()
        self._asking: dict[tuple[str, str, str], asyncio.Task[Ending]] = {}
        if shared is not None:
            shared.on_down = self._memory.clear  # what others forgot meanwhile is not known here

    async def open(self) -> None:
        """Find out whether the shared store is there."""
        if self._shared is not None:
            await self._shared.open()

    async def answer(self, tool: str, key: str, terms: Terms, ask: Ask) -> Ending:
        """The kept answer, or what `ask` gives; an old one at once, while `ask` gives the next."""
        store, found = await self._look(tool, key)
        asking = None
        if found.ending is None or found.fresh_ms <= 0:
            asking = self._asking_of(store, tool, key, found, terms, ask)
        if found.ending is not None:
            return found.ending
        assert asking is not None, "what is not known is asked for"
        return await asyncio.shield(asking)

    async def forget(self, tool: str) -> None:
        """The kept answers of `tool` are no longer good; one that is being asked for is given to nobody else."""
        await self._memory.forget(tool)
        if self._shared is not None:
            with suppress(StoreDownError):  # it remembers, and forgets before anybody reads there again
                await self._shared.forget(tool)

    async def close(self) -> None:
        """Ask for nothing more, and release what is held."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        if self._shared is not None:
            await self._shared.close()

    # --- inside --------------------------------------------------------------------------------------------------

    async def _look(self, tool: str, key: str) -> tuple[Store, Found]:
        if self._shared is not None:
            try:
                return self._shared, await self._shared.look(tool, key)
            except StoreDownError:
                pass
        return self._memory, await self._memory.look(tool, key)

    def _asking_of(
        self, store: Store, tool: str, key: str, found: Found, terms: Terms, ask: Ask
    ) -> asyncio.Task[Ending]:
        """The task that asks, the one that does so already if there is one."""
        place = (tool, key, found.generation)
        task = self._asking.get(place)
        if task is None:
            asked = self._ask(store, tool, key, found, terms, ask)
            task = self._asking[place] = asyncio.create_task(asked, name=f"asking {tool}")
            task.add_done_callback(lambda _: self._asking.pop(place))
        return task

    async def _ask(self, store: Store, tool: str, key: str, found: Found, terms: Terms, ask: Ask) -> Ending:
        ending = await ask()
        fresh_ms, stale_ms = self._times_ms(ending, terms)
        if ending.fate is Fate.UNSURE and found.ending is not None:
            return ending  # the old answer is worth more than a failure, as long as it lasts
        with suppress(StoreDownError):  # then the next caller asks again
            await store.keep(tool, key, found.generation, ending, fresh_ms=fresh_ms, stale_ms=stale_ms)
        return ending

    def _times_ms(self, ending: Ending, terms: Terms) -> tuple[int, int]:
        """How long an ending is fresh, and how long stale."""
        share = self._rng.uniform(SHORTEST_SHARE, 1.0)
        match ending.fate:
            case Fate.DONE:
                return max(1, int(terms.cache_ms * share)), terms.stale_ms
            case Fate.NOT_DONE:
                return max(1, int(min(terms.cache_ms, REFUSED_MS) * share)), 0
            case Fate.UNSURE:
                return max(1, int(min(terms.cache_ms, FAILED_MS) * share)), 0
