"""asyncio's own primitives on virtual time."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.loop import WorldLoop
from simulator.world import Stuck, World

MS = 1_000_000

sleep = asyncio.sleep  # noqa: TID251  # whether it works on the loop is what these tests ask


@pytest.fixture
def world() -> World:
    return World("loop")


@pytest.fixture
def loop(world: World) -> WorldLoop:
    return WorldLoop(world)


def test_sleep_takes_world_time_and_no_other(world: World, loop: WorldLoop) -> None:
    async def nap() -> float:
        before = asyncio.get_running_loop().time()
        await sleep(3600)
        return asyncio.get_running_loop().time() - before

    assert loop.run_until_complete(nap()) == 3600
    assert world.elapsed_ms == 3_600_000


def test_gather_and_events_and_tasks(world: World, loop: WorldLoop) -> None:
    log: list[tuple[int, str]] = []

    async def waiter(event: asyncio.Event, name: str) -> str:
        await event.wait()
        log.append((world.elapsed_ms, name))
        return name

    async def story() -> tuple[str, str]:
        event = asyncio.Event()
        both = asyncio.gather(waiter(event, "one"), waiter(event, "two"))
        await sleep(0.25)
        event.set()
        one, two = await both
        return one, two

    assert loop.run_until_complete(story()) == ("one", "two")
    assert log == [(250, "one"), (250, "two")]


def test_timeouts_and_cancellation(world: World, loop: WorldLoop) -> None:
    log: list[str] = []

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            log.append(f"cancelled at {world.elapsed_ms}")
            raise

    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await never()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(never(), 0.5)
        async with asyncio.timeout(5):
            await sleep(0.1)

    loop.run_until_complete(story())
    assert log == ["cancelled at 500", "cancelled at 1000"]
    assert world.elapsed_ms == 1_100
    world.run_until_idle()


def test_the_loop_is_the_running_one_inside_every_callback_of_the_world(world: World, loop: WorldLoop) -> None:
    seen: list[object] = []
    world.call_soon(lambda: seen.append(asyncio.get_running_loop()))
    world.call_soon(lambda: seen.append(loop.is_running()))
    world.run_until_idle()
    assert seen == [loop, True]
    assert not loop.is_running()
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_a_callback_of_the_world_may_start_a_task(world: World, loop: WorldLoop) -> None:
    log: list[int] = []

    async def tool() -> None:
        await sleep(0.2)
        log.append(world.elapsed_ms)

    tasks: list[asyncio.Task[None]] = []
    world.call_at(world.now() + 100 * MS, lambda: tasks.append(asyncio.ensure_future(tool())))
    world.run_until_idle()
    assert log == [300]
    assert tasks[0].done()


def test_callbacks_of_one_instant_run_first_in_first_out_whoever_asked(world: World, loop: WorldLoop) -> None:
    log: list[str] = []
    world.call_soon(lambda: log.append("world 1"))
    loop.call_soon(log.append, "loop 1")
    loop.call_later(0, log.append, "later 0")
    world.call_soon(lambda: log.append("world 2"))
    loop.call_at(loop.time(), log.append, "at now")
    loop.call_soon_threadsafe(log.append, "loop 2")
    world.run_until_idle()
    assert log == ["world 1", "loop 1", "later 0", "world 2", "at now", "loop 2"]


def test_cancelled_handles_leave_the_heap(world: World, loop: WorldLoop) -> None:
    log: list[str] = []
    for handle in (loop.call_soon(log.append, "a"), loop.call_later(5, log.append, "b")):
        handle.cancel()
        handle.cancel()
    assert world.pending_count == 0
    world.run_until_idle()
    assert log == []


def test_instants_are_exact_whatever_floats_do(world: World, loop: WorldLoop) -> None:
    async def story() -> None:
        for _ in range(1_000):
            await sleep(0.02)

    loop.run_until_complete(story())
    assert world.now() - world.started_at == 20_000 * MS


def test_a_task_that_can_never_go_on_is_named(world: World, loop: WorldLoop) -> None:
    async def book_slot() -> None:
        await asyncio.Event().wait()

    task = loop.create_task(book_slot(), name="tool 1")
    with pytest.raises(Stuck, match=r"tool 1 waits for test_a_task.*book_slot to return"):
        world.run_until_idle()
    task.cancel()
    world.run_until_idle()
    assert task.cancelled()


def test_a_mistake_in_a_plain_callback_comes_out_of_the_run(world: World, loop: WorldLoop) -> None:
    loop.call_soon(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        world.run_until_idle()


def test_a_mistake_in_a_task_is_the_tasks(world: World, loop: WorldLoop) -> None:
    async def story() -> None:
        raise ValueError("no such slot")

    with pytest.raises(ValueError, match="no such slot"):
        loop.run_until_complete(story())


def test_an_exception_handler_is_told(world: World, loop: WorldLoop) -> None:
    told: list[object] = []
    loop.set_exception_handler(lambda _loop, context: told.append(context["message"]))
    loop.call_soon(lambda: 1 // 0)
    world.run_until_idle()
    assert len(told) == 1
    assert "Exception in callback" in str(told[0])
    assert loop.get_exception_handler() is not None


def test_asyncio_runner_accepts_it(world: World) -> None:
    async def story() -> str:
        task = asyncio.create_task(sleep(60))
        await sleep(1)
        assert not task.done()
        return "done"

    with asyncio.Runner(loop_factory=lambda: WorldLoop(world)) as runner:
        assert runner.run(story()) == "done"
        loop = runner.get_loop()
    assert loop.is_closed()
    assert world.pending_count == 0
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_soon(print)


def test_run_forever_until_stopped(world: World, loop: WorldLoop) -> None:
    loop.call_later(2, loop.stop)
    loop.call_later(3, pytest.fail, "ran past the stop")
    loop.run_forever()
    assert world.elapsed_ms == 2_000


def test_asynchronous_generators_left_half_way_are_closed(world: World, loop: WorldLoop) -> None:
    log: list[str] = []

    async def count(name: str) -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                yield number
        finally:
            await sleep(0)
            log.append(name)

    kept = [count("kept")]

    async def story() -> None:
        await anext(kept[0])
        await anext(count("dropped"))
        await sleep(0.1)

    loop.run_until_complete(story())
    assert log == ["dropped"]
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert log == ["dropped", "kept"]


def test_a_task_factory_makes_the_tasks(world: World, loop: WorldLoop) -> None:
    made: list[str] = []

    def factory(loop: asyncio.AbstractEventLoop, coro: object, **options: object) -> asyncio.Task[object]:
        made.append(coro.__qualname__)  # type: ignore[attr-defined]  # a coroutine has one
        return asyncio.Task(coro, loop=loop)  # type: ignore[arg-type]  # as above

    loop.set_task_factory(factory)
    assert loop.get_task_factory() is factory

    async def story() -> int:
        return 5

    assert loop.run_until_complete(story()) == 5
    assert made[0].endswith("story")


naps = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=6)


@given(naps)
def test_the_same_story_gives_the_same_order(plan: list[list[int]]) -> None:
    def tell() -> list[tuple[int, int, int]]:
        world = World(5)
        loop = WorldLoop(world)
        log: list[tuple[int, int, int]] = []

        async def sleeper(number: int, delays: list[int]) -> None:
            for step, delay in enumerate(delays):
                await sleep(delay / 1_000)
                log.append((world.elapsed_ms, number, step))

        async def story() -> None:
            await asyncio.gather(*(sleeper(number, delays) for number, delays in enumerate(plan)))

        loop.run_until_complete(story())
        return log

    log = tell()
    assert log == tell()
    assert [entry[0] for entry in log] == sorted(entry[0] for entry in log)
    assert len(log) == sum(map(len, plan))
