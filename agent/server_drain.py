"""How the house is closed: no new calls, running ones finish, then say goodbye, then are cut; each wait is bounded."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from agent.server_vapi import VapiDoor
from agent.switchboard import Switchboard

log = logging.getLogger(__name__)

GOODBYE_S = 15.0
"""How long calls may take to say goodbye, once they were asked to."""

SETTLE_S = 2.0
"""How long to stay for Twilio's question what comes after the last streams; unanswered, the caller hears an error."""

REPORT_S = 5.0
"""How long to stay for Vapi's reports of the calls that ended last; what comes later, nobody takes in."""


class Drain:
    """Lets the calls of both doors come to their end; after `drain_s` they are asked to say goodbye."""

    def __init__(self, board: Switchboard, vapi: VapiDoor, drain_s: float) -> None:
        self.is_hurried = False
        self.is_over = asyncio.Event()
        self._board = board
        self._vapi = vapi
        self._drain_s = drain_s
        self._changed = asyncio.Event()
        board.on_change = self._changed.set
        vapi.on_change = self._changed.set

    async def run(self) -> None:
        """Take no new calls; let the running ones finish, then have them say goodbye, then cut them."""
        board = self._board
        board.is_draining = True
        log.info("draining: no new calls, %d in progress", self._in_progress)
        await self._finish_calls()
        await self._until(lambda: board.is_settled or board.active_calls > 0, SETTLE_S)
        if self._in_progress:  # it was ringing when the drain began
            await self._finish_calls()
        await self._until(lambda: not self._vapi.unreported, REPORT_S)
        self.is_over.set()

    def hurry(self) -> None:
        """Wait for running calls no longer: have them say goodbye."""
        self.is_hurried = True
        self._changed.set()

    def cut(self) -> None:
        """Wait for nothing any more."""
        self._board.cut_all("killed")
        self.is_over.set()

    @property
    def _in_progress(self) -> int:
        return self._board.active_calls + self._vapi.in_progress

    async def _finish_calls(self) -> None:
        """Let calls end by themselves, then by saying goodbye, then by force."""
        board = self._board
        await self._until(lambda: not self._in_progress or self.is_hurried, self._drain_s)
        if self._in_progress:
            log.info("draining: asking %d calls to say goodbye", self._in_progress)
            board.end_politely("draining")
            self._vapi.take_leave()
            await self._until(lambda: not self._in_progress, GOODBYE_S)
        if self._in_progress:
            log.warning("draining: cutting %d calls", self._in_progress)
            board.cut_all("drained")

    async def _until(self, is_reached: Callable[[], bool], duration_s: float) -> None:
        """Wait until something is so, or for `duration_s`; looked at whenever a call ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(duration_s):
                while not is_reached():
                    self._changed.clear()
                    await self._changed.wait()
