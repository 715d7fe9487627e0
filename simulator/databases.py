"""Businesses' databases in a simulation: as slow as a script has them, and counted."""

from collections import Counter
from pathlib import Path
from typing import TypeVar

from tools.business import Business
from tools.store import Databases, Work
from tools.waiting import elapse

T = TypeVar("T")


class SlowDatabases(Databases):
    """SQLite files that answer after `delay_ms`; `queries` counts by business what was asked of them."""

    def __init__(self, delay_ms: int) -> None:
        super().__init__()
        self.queries: Counter[str] = Counter()
        self._delay_s = delay_ms / 1_000

    async def read(self, business: Business, data: Path, work: Work[T]) -> T:
        """What `work` finds, in time."""
        await self._asked(business)
        return await super().read(business, data, work)

    async def write(self, business: Business, data: Path, work: Work[T]) -> T:
        """Do `work`, in time."""
        await self._asked(business)
        return await super().write(business, data, work)

    async def _asked(self, business: Business) -> None:
        self.queries[business.name] += 1
        if self._delay_s:
            await elapse(self._delay_s)
