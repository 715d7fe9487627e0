"""Where kept answers lie: in this process, or wherever else a `Store` puts them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tools.outcome import Ending

MAX_ENTRIES = 1_024
"""Of one process; at 4,000 characters an answer these are 4 MB. The one not used for longest makes room."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known under a key: the ending, and how long it stays fresh (ms; stale at 0 or less); None: nothing.

    `generation` is that of the tool's answers: it changes when they are forgotten.
    """

    generation: str
    ending: Ending | None = None
    fresh_ms: int = 0


class StoreDownError(Exception):
    """The store cannot be used right now."""


class Store(Protocol):
    """Keeps answers by tool and key. All may raise `StoreDownError`."""

    async def look(self, tool: str, key: str) -> Found:
        """What is known."""
        ...

    async def keep(self, tool: str, key: str, generation: str, ending: Ending, *, fresh_ms: int, stale_ms: int) -> None:
        """Keep an answer; it is lost if `generation` is no longer the tool's."""
        ...

    async def forget(self, tool: str) -> None:
        """Begin a new generation of the tool's answers."""
        ...


class SharedStore(Store, Protocol):
    """A store that others use as well, and that may be down; `on_down` is called when it is found to be."""

    on_down: Callable[[], None]

    async def open(self) -> None:
        """Find out whether it is there."""

    async def close(self) -> None:
        """Release what it holds."""


@dataclass(frozen=True, slots=True)
class _Entry:
    ending: Ending
    fresh_until: float
    stale_until: float


class MemoryStore:
    """Keeps answers in this process, the loop's time long."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[tuple[str, str, str], _Entry] = OrderedDict()
        self._generations: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    async def look(self, tool: str, key: str) -> Found:
        """What is known; what is too old is gone."""
        generation = str(self._generations.get(tool, 0))
        place = (tool, key, generation)
        entry = self._entries.get(place)
        if entry is None:
            return Found(generation)
        now = asyncio.get_running_loop().time()
        if now >= entry.stale_until:
            del self._entries[place]
            return Found(generation)
        self._entries.move_to_end(place)
        return Found(generation, entry.ending, round((entry.fresh_until - now) * 1_000))

    async def keep(self, tool: str, key: str, generation: str, ending: Ending, *, fresh_ms: int, stale_ms: int) -> None:
        """Keep an answer."""
        if generation != str(self._generations.get(tool, 0)):
            return
        now = asyncio.get_running_loop().time()
        place = (tool, key, generation)
        self._entries[place] = _Entry(ending, now + fresh_ms / 1_000, now + (fresh_ms + stale_ms) / 1_000)
        self._entries.move_to_end(place)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    async def forget(self, tool: str) -> None:
        """Drop the tool's answers."""
        self._generations[tool] = self._generations.get(tool, 0) + 1
        for place in [place for place in self._entries if place[0] == tool]:
            del self._entries[place]

    def clear(self) -> None:
        """Drop all."""
        self._entries.clear()
