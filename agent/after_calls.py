"""Makes the records of calls that are over, each in a thread: nothing of it is on the way of a call."""

import asyncio
import logging
from pathlib import Path

from agent.call_record import Improve, make_record
from agent.trace_view import TraceError

log = logging.getLogger(__name__)

CLOSING_S = 5.0
"""For records under way when the house closes; a record that is missing is made when it is asked for."""


class AfterCalls:
    """What a house does after its calls."""

    def __init__(self, data: Path, improve: Improve | None) -> None:
        self._data = data
        self._improve = improve
        self._under_way: set[asyncio.Task[None]] = set()

    def call_over(self, call_id: str) -> None:
        """Make the record of this call."""
        task = asyncio.create_task(asyncio.to_thread(self._make, call_id), name=f"record of {call_id}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Let records under way be made, as long as there is time."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=CLOSING_S)
        for task in self._under_way:
            task.cancel()

    def _make(self, call_id: str) -> None:
        try:
            make_record(self._data, call_id, self._improve)
        except (TraceError, OSError) as error:
            log.warning("call %s: no record was made: %s", call_id, error)
