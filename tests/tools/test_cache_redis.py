"""Kept answers in a real Redis: shared, forgotten by all, and no burden while it is down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from tests.tools.redis_server import RedisServer, redis_server
from tests.tools.test_cache import Source, told
from tools import cache_redis
from tools.cache import AnswerCache
from tools.cache_redis import RedisStore, open_redis
from tools.cache_store import StoreDownError
from tools.outcome import Ending, Fate, Outcome
from tools.sealing import Seal
from tools.tool import Terms

ENDING = Ending(Outcome('{"order":"grün"}', ends_call=True), Fate.DONE)

Story = Callable[[RedisServer], Awaitable[None]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not a dead Redis; one that is down is asked again soon."""
    monkeypatch.setattr(cache_redis, "LIMIT_S", 2.0)
    monkeypatch.setattr(cache_redis, "PROBE_LIMIT_S", 5.0)
    monkeypatch.setattr(cache_redis, "PROBE_AFTER_S", 0.01)
    monkeypatch.setattr(cache_redis, "LONGEST_PROBE_AFTER_S", 0.02)


def tell(folder: Path, story: Story) -> None:
    async def started() -> None:
        with redis_server(folder) as server:
            await server.start()
            await story(server)

    asyncio.run(started())


def store_of(server: RedisServer, namespace: str = "n", secret: bytes = b"s" * 32) -> RedisStore:
    return RedisStore(open_redis(server.url), namespace, Seal(secret))


async def until_up(store: RedisStore) -> None:
    assert store._probing is not None
    await store._probing
    assert store.is_up


def test_who_reads_redis_reads_nothing_of_an_answer_and_cannot_put_one_where_another_belongs(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        store, stranger = store_of(server), store_of(server, secret=b"t" * 32)
        for each in (store, stranger):
            await each.open()
        for key in ("adas", "bobs"):
            await store.keep("status", key, "0", ENDING, fresh_ms=60_000, stale_ms=0)
        raw = open_redis(server.url)
        written = [str(await raw.get(name)) for name in await raw.keys("*")]
        assert len(written) == 2
        assert not [text for text in written if "order" in text or "done" in text]
        assert (await stranger.look("status", "adas")).ending is None
        await raw.rename("offhook:2:n:status:bobs", "offhook:2:n:status:adas")
        assert (await store.look("status", "adas")).ending is None
        await raw.aclose()
        for each in (store, stranger):
            await each.close()

    tell(tmp_path, story)


def test_all_processes_share_what_is_kept(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        here, there, elsewhere = store_of(server), store_of(server), store_of(server, "another")
        for store in (here, there, elsewhere):
            await store.open()
        generation = (await here.look("status", "k")).generation
        await here.keep("status", "k", generation, ENDING, fresh_ms=60_000, stale_ms=30_000)
        found = await there.look("status", "k")
        assert found.ending == ENDING
        assert 50_000 < found.fresh_ms <= 60_000
        assert (await elsewhere.look("status", "k")).ending is None
        await there.forget("status")
        assert (await here.look("status", "k")).ending is None
        await here.keep("status", "k", generation, ENDING, fresh_ms=60_000, stale_ms=0)
        assert (await there.look("status", "k")).ending is None, "it was asked for before the others forgot"
        for store in (here, there, elsewhere):
            await store.close()

    tell(tmp_path, story)


def test_stale_answers_and_strange_ones_are_known_for_what_they_are(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        store, client = store_of(server), open_redis(server.url)
        await store.open()
        await store.keep("status", "old", "0", ENDING, fresh_ms=1, stale_ms=60_000)
        while (found := await store.look("status", "old")).fresh_ms > 0:
            pass
        assert found.ending == ENDING
        for strange in ("", "[]", '{"generation": "0"}', '{"generation": "0", "result": 1, "failed": 2}'):
            await client.set(store._entry("status", "k"), strange, px=60_000)
            assert (await store.look("status", "k")).ending is None
        await client.aclose()
        await store.close()

    tell(tmp_path, story)


def test_a_redis_that_stalls_is_left_alone_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(server: RedisServer) -> None:
        store, source = store_of(server), Source(takes_s=0)
        cache = AnswerCache(b"", Random(1), store)
        await cache.open()
        terms = Terms(cache_ms=60_000)
        assert await told(cache, source, terms=terms) == "1"
        server.stall()
        monkeypatch.setattr(cache_redis, "LIMIT_S", 0.01)
        assert await told(cache, source, terms=terms) == "2"
        assert not store.is_up
        with pytest.raises(StoreDownError):
            await store.look("status", "k")
        await cache.forget("status")
        assert await told(cache, source, terms=terms) == "3"
        monkeypatch.setattr(cache_redis, "LIMIT_S", 2.0)
        server.go_on()
        await until_up(store)
        assert await told(cache, source, terms=terms) == "4", "what was kept before it stalled was forgotten meanwhile"
        assert await told(cache, source, terms=terms) == "4"
        await cache.close()

    with caplog.at_level(logging.INFO):
        tell(tmp_path, story)
    assert caplog.text.count("Redis is down") == 1
    assert caplog.text.count("Redis answers again") == 1


def test_a_redis_that_comes_late_is_used_then(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        with redis_server(tmp_path) as server:
            store, source = store_of(server), Source(takes_s=0)
            cache = AnswerCache(b"", Random(1), store)
            await cache.open()
            assert await told(cache, source) == "1"
            await server.start()
            await until_up(store)
            assert await told(cache, source) == "2"
            server.stop()
            assert await told(cache, source) == "3"
            await cache.close()

    asyncio.run(story())
    assert "REDIS_URL: Redis does not answer" in caplog.text


def test_a_caller_who_hangs_up_in_the_middle_leaves_nobody_their_answer(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        store = store_of(server)
        await store.open()
        for number in range(20):
            await store.keep("status", str(number), "0", Ending(Outcome(str(number))), fresh_ms=60_000, stale_ms=0)
        for passes in range(12):  # of the loop, before the one who looks is gone
            looking = asyncio.create_task(store.look("status", "0"))
            for _ in range(passes):
                await asyncio.wait({looking}, timeout=0)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            found = [(await store.look("status", str(number))).ending for number in range(20)]
            assert found == [Ending(Outcome(str(number))) for number in range(20)]
        assert store.is_up
        await store.close()

    tell(tmp_path, story)
