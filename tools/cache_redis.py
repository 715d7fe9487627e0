"""Kept answers in Redis, for all processes of a house; a Redis that is down costs a call 10 ms, once.

An entry lives as long as it may be given at all, so its remaining life says how fresh it is and no clock is shared.
Each carries the generation of its tool's answers; forgetting them is one increment. Answers are sealed, for they may
hold what is a caller's own; the place stands in them, so that none can be put where another belongs.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tools.cache_store import Found, StoreDownError
from tools.outcome import Ending, Fate, Outcome
from tools.sealing import Seal
from tools.waiting import elapse

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

LIMIT_S = 0.010
"""Longest wait for Redis within a call; it then counts as down."""

PROBE_LIMIT_S = 1.0
"""Longest wait for Redis while no call waits for it."""

PROBE_AFTER_S = 1.0
LONGEST_PROBE_AFTER_S = 30.0
"""A Redis that is down is asked again after a second, then after twice as long each time, up to this."""

LONGEST_MS = 24 * 3_600_000
"""No entry lives longer than a day; what says that a tool's answers were forgotten lives twice as long."""

MAX_CONNECTIONS = 200

_log = logging.getLogger(__name__)


def open_redis(url: str) -> "Redis":
    """A client that waits for nothing on its own. Raises ImportError without `redis`, ValueError for a bad URL."""
    from redis.asyncio import Redis  # noqa: PLC0415 - for houses that have one
    from redis.asyncio.retry import Retry  # noqa: PLC0415 - same
    from redis.backoff import NoBackoff  # noqa: PLC0415 - same

    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=PROBE_LIMIT_S,
        socket_connect_timeout=PROBE_LIMIT_S,
        retry=Retry(NoBackoff(), 0),
        max_connections=MAX_CONNECTIONS,
    )


class RedisStore:
    """A `SharedStore` in Redis under names that begin with `offhook:2:` and `namespace`; down until `open`."""

    def __init__(self, client: "Redis", namespace: str, seal: Seal) -> None:
        self.is_up = False
        self.on_down: Callable[[], None] = lambda: None
        self._client = client
        self._prefix = f"offhook:2:{namespace}"
        self._seal = seal
        self._owed: dict[str, None] = {}
        """Tools whose answers were forgotten while it was down."""
        self._probing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Find out whether it is there; where it is not, it is asked again until `close`."""
        if not await self._probe():
            _log.warning("REDIS_URL: Redis does not answer; answers are kept in this process until it does")
            self._probing = asyncio.create_task(self._probe_until_up(), name="probe Redis")

    async def close(self) -> None:
        """Release its connections."""
        self.is_up = False
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
        await self._client.aclose()

    # --- the store's -------------------------------------------------------------------------------------------------

    async def look(self, tool: str, key: str) -> Found:
        """What is known, in one round trip. Raises `StoreDownError`."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.mget(self._entry(tool, key), self._generation(tool))
        pipeline.pttl(self._entry(tool, key))
        (entry, told), life_ms = await self._within(pipeline.execute())
        generation = told or "0"
        if entry is None or life_ms <= 0:
            return Found(generation)
        try:
            kept = json.loads(self._seal.opened(entry) or "null")
            if kept["generation"] != generation or kept["place"] != self._entry(tool, key):
                return Found(generation)
            outcome = Outcome(kept["result"], failed=kept["failed"], ends_call=kept["ends_call"])
            return Found(generation, Ending(outcome, Fate(kept["fate"])), life_ms - kept["stale_ms"])
        except (ValueError, KeyError, TypeError):
            return Found(generation)  # not ours, or of another version

    async def keep(self, tool: str, key: str, generation: str, ending: Ending, *, fresh_ms: int, stale_ms: int) -> None:
        """Keep an answer. Raises `StoreDownError`."""
        outcome = ending.outcome
        fresh_ms = min(fresh_ms, LONGEST_MS)
        stale_ms = min(stale_ms, LONGEST_MS - fresh_ms)
        entry: dict[str, Any] = {
            "place": self._entry(tool, key),
            "generation": generation,
            "result": outcome.result,
            "failed": outcome.failed,
            "ends_call": outcome.ends_call,
            "fate": ending.fate,
            "stale_ms": stale_ms,
        }
        written = self._seal.sealed(json.dumps(entry, ensure_ascii=False))
        await self._within(self._client.set(self._entry(tool, key), written, px=fresh_ms + stale_ms))

    async def forget(self, tool: str) -> None:
        """Begin a new generation. Raises `StoreDownError`; then it is begun before anything is read again."""
        self._owed[tool] = None
        await self._within(self._forget(tool))
        self._owed.pop(tool, None)

    # --- inside ------------------------------------------------------------------------------------------------------

    async def _forget(self, tool: str) -> None:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.incr(self._generation(tool))
        pipeline.pexpire(self._generation(tool), 2 * LONGEST_MS)
        await pipeline.execute()

    async def _within(self, answer: Awaitable[T]) -> T:
        """The answer of Redis, soon. Raises `StoreDownError`."""
        if not self.is_up:
            _drop(answer)
            raise StoreDownError
        try:
            async with asyncio.timeout(LIMIT_S):
                return await answer
        except Exception as error:  # whatever its client raises: a call goes on without it
            self._note_down(error)
            raise StoreDownError from None

    def _note_down(self, error: Exception) -> None:
        if not self.is_up:
            return
        self.is_up = False
        _log.warning("Redis is down (%s): answers are kept in this process meanwhile", type(error).__name__)
        self.on_down()
        self._probing = asyncio.create_task(self._probe_until_up(), name="probe Redis")

    async def _probe_until_up(self) -> None:
        after_s = PROBE_AFTER_S
        while True:
            await elapse(after_s)
            if await self._probe():
                _log.info("Redis answers again")
                return
            after_s = min(2 * after_s, LONGEST_PROBE_AFTER_S)

    async def _probe(self) -> bool:
        """Whether it answers; then all that was to be forgotten is, and it is up."""
        try:
            async with asyncio.timeout(PROBE_LIMIT_S):
                await self._client.ping()
                for tool in tuple(self._owed):
                    await self._forget(tool)
                    self._owed.pop(tool, None)
        except Exception as error:  # as above
            _log.debug("Redis does not answer", exc_info=error)
            return False
        self.is_up = not self._owed
        return self.is_up

    def _entry(self, tool: str, key: str) -> str:
        return f"{self._prefix}:{tool}:{key}"

    def _generation(self, tool: str) -> str:
        return f"{self._prefix}:{tool}:generation"


def _drop(answer: Awaitable[object]) -> None:
    """An answer that nobody will wait for: a coroutine that never ran would complain."""
    close = getattr(answer, "close", None)
    if close is not None:
        close()
