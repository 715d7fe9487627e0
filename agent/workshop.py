"""The tools of one agent in one process: what calls run them with, and what becomes of their effects."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from weakref import WeakSet

from agent.clock import Ids
from tools.call_line import CallLine, Receipts
from tools.context import ToolContext
from tools.journal import FILE, FileJournal, JournalError
from tools.ports import Cache
from tools.registry import Registry
from tools.runner import Runner
from tools.settling import settle
from tools.store import Databases
from tools.webhook import Webhooks

log = logging.getLogger(__name__)

CLOSING_MS = 5_000
"""Time for effects under way when the house closes; what takes longer is found in the journal at the next start."""


class Workshop:
    """Makes the runner of each call's tools. `now` tells the business's local time; `ports`: see `ToolContext`."""

    def __init__(
        self,
        tools: Registry,
        data: Path,
        now: Callable[[], datetime],
        ids: Ids,
        *,
        ports: Mapping[type, Any] = MappingProxyType({}),
        cache: Cache | None = None,
    ) -> None:
        self.tools = tools
        self._cache = cache
        self.journal = FileJournal(data / FILE, lambda: ids.fresh(""))
        self.ports = {Receipts: self.journal, **ports}
        self._data = data
        self._now = now
        self._runners: WeakSet[Runner] = WeakSet()
        self._settling: set[asyncio.Task[None]] = set()

    def runner(self, call_id: str, caller: str, line: CallLine | None = None) -> Runner:
        """What runs the tools of one call, which may act on its `line`."""
        ports = self.ports if line is None else {**self.ports, CallLine: line}
        context = ToolContext(call_id, caller, self._data, self._now, ports=ports)
        runner = Runner(self.tools, context, journal=self.journal, cache=self._cache)
        self._runners.add(runner)
        runner.warm()
        return runner

    def warm(self) -> None:
        """A call will come: open what its tools will use."""
        webhooks: Webhooks | None = self.ports.get(Webhooks)
        if webhooks is not None:
            webhooks.warm()

    def keep_receipt(self, key: str, facts: Mapping[str, str]) -> None:
        """A payment ended: write down how, and do what is left to do where nobody waits for it any more."""
        try:
            is_news = self.journal.keep_receipt(key, facts, self._now().isoformat())
        except JournalError as error:
            log.error("payment %s (%s): %s", key, facts.get("outcome"), error)  # noqa: TRY400 - it says all there is
            return
        if is_news:
            task = asyncio.get_running_loop().create_task(self.settle())
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    async def settle(self) -> None:
        """Find out what became of effects that were under way when a process died, and log it."""
        try:
            for finding in await settle(self.journal, self.tools, self._data, self._now, self.ports):
                log.log(logging.WARNING if finding.fate is None else logging.INFO, "%s", finding)
        except JournalError as error:
            log.warning("%s: effects will not be run", error)

    async def close(self) -> None:
        """Let effects under way come to their end, as long as there is time."""
        await asyncio.gather(*self._settling)
        left = sum(await asyncio.gather(*(runner.settle(CLOSING_MS) for runner in self._runners)))
        if left:
            log.warning("%d tools did not end within %d ms: see `offhook tools journal`", left, CLOSING_MS)
        databases: Databases | None = self.ports.get(Databases)
        if databases is not None:
            await databases.close()
