"""Virtual time: order, determinism, what is stuck and what never ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world import INSTANT_LIMIT, START_NS, Endless, Stuck, World

MS = 1_000_000


def test_time_starts_where_no_zero_passes_for_an_instant() -> None:
    world = World(7)
    assert world.now() == START_NS > 0
    assert world.elapsed_ms == 0


def test_callbacks_run_in_order_of_time_then_of_asking() -> None:
    world = World()
    log: list[tuple[str, int]] = []
    for name, delay_ms in (("c", 30), ("a", 10), ("b", 20), ("b again", 20)):
        world.call_at(world.now() + delay_ms * MS, lambda name=name: log.append((name, world.elapsed_ms)))  # type: ignore[misc]  # mypy cannot infer such a lambda
    world.run_until_idle()
    assert log == [("a", 10), ("b", 20), ("b again", 20), ("c", 30)]


def test_what_a_callback_schedules_for_now_comes_after_what_was_there() -> None:
    world = World()
    log: list[str] = []

    def first() -> None:
        log.append("first")
        world.call_soon(lambda: log.append("last"))

    world.call_soon(first)
    world.call_soon(lambda: log.append("second"))
    world.run_until_idle()
    assert log == ["first", "second", "last"]


def test_an_instant_that_is_past_counts_as_now() -> None:
    world = World()
    fired_at: list[int] = []
    world.call_at(world.now() - 5, lambda: fired_at.append(world.now()))
    world.run_until_idle()
    assert fired_at == [START_NS]


def test_instants_are_integers() -> None:
    with pytest.raises(AssertionError, match="integer nanoseconds"):
        World().call_at(1.5, lambda: None)  # type: ignore[arg-type]  # the mistake is the point


def test_run_until_stops_at_its_instant_and_keeps_the_rest() -> None:
    world = World()
    log: list[int] = []
    for delay_ms in (10, 20, 21):
        world.call_at(world.now() + delay_ms * MS, lambda: log.append(world.elapsed_ms))
    world.run_until(world.now() + 20 * MS)
    assert (log, world.elapsed_ms, world.pending_count) == ([10, 20], 20, 1)
    world.run_for(5)
    assert (log, world.elapsed_ms, world.pending_count) == ([10, 20, 21], 25, 0)


def test_run_stops_as_soon_as_its_condition_holds() -> None:
    world = World()
    log: list[int] = []

    def tick() -> None:
        log.append(world.elapsed_ms)
        world.call_at(world.now() + 20 * MS, tick)

    tick()
    world.run(lambda: len(log) == 4)
    assert log == [0, 20, 40, 60]
    assert world.elapsed_ms == 60


def test_a_quiet_world_with_somebody_waiting_is_stuck_and_says_who() -> None:
    world = World("a seed")
    call = world.waiting("call 1", "the caller to hang up")
    heard = world.waiting("ears", "words")
    world.call_at(world.now() + 5 * MS, heard.done)
    with pytest.raises(Stuck) as stuck:
        world.run_until_idle()
    assert str(stuck.value) == (
        "nothing is scheduled, at 5 ms, seed 'a seed'\n  call 1 waits for the caller to hang up"
    )
    world.run_until_idle(may_wait=True)
    call.done()
    call.done()
    world.run_until_idle()
    assert world.waiters == ()


def test_a_condition_that_nothing_can_bring_about_is_stuck() -> None:
    world = World()
    with pytest.raises(Stuck, match="the end was not reached"):
        world.run(lambda: False)


def test_a_run_without_an_end_is_called_endless() -> None:
    world = World()

    def tick() -> None:
        world.call_at(world.now() + 20 * MS, tick)

    tick()
    with pytest.raises(Endless, match="no end after 1000 ms"):
        world.run_until_idle(limit_ns=1_000 * MS)
    assert world.elapsed_ms == 1_000


def test_time_standing_still_is_called_endless() -> None:
    world = World()
    count = [0]

    def again() -> None:
        count[0] += 1
        world.call_soon(again)

    again()
    with pytest.raises(Endless, match="at one instant; the next is"):
        world.run_for(1)
    assert count[0] == INSTANT_LIMIT + 1


def test_a_mistake_in_a_callback_comes_out_of_the_run_and_the_world_goes_on() -> None:
    world = World()
    log: list[str] = []
    world.call_soon(lambda: log.append(str(1 // 0)))
    world.call_soon(lambda: log.append("after"))
    with pytest.raises(ZeroDivisionError):
        world.run_until_idle()
    world.run_until_idle()
    assert log == ["after"]


def test_a_callback_cannot_run_the_world() -> None:
    world = World()
    world.call_soon(world.run_until_idle)
    with pytest.raises(AssertionError, match="already running"):
        world.run_until_idle()


def test_cancelled_callbacks_do_not_run_and_do_not_pile_up() -> None:
    world = World()
    log: list[str] = []
    world.call_at(world.now() + 60_000 * MS, lambda: log.append("kept"))
    for _ in range(20_000):
        timer = world.call_at(world.now() + 30_000 * MS, lambda: log.append("cancelled"))
        timer.cancel()
        timer.cancel()
    assert world.pending_count == 1
    assert len(world._heap) < 2_000
    world.run_until_idle()
    assert log == ["kept"]
    assert world.elapsed_ms == 60_000


def test_cancelling_after_the_fact_counts_nothing() -> None:
    world = World()
    timer = world.call_soon(lambda: None)
    world.run_until_idle()
    timer.cancel()
    assert world.pending_count == 0


def test_streams_are_told_apart_by_name_and_seed() -> None:
    one, same, other = World(1), World(1), World(2)
    draws = [one.rng("ears").random() for _ in range(3)]
    same.rng("voice").random()  # a draw elsewhere changes nothing
    assert [same.rng("ears").random() for _ in range(3)] == draws
    assert other.rng("ears").random() != draws[0]
    assert one.rng("ears") is one.rng("ears")


def test_ids_are_the_same_in_every_run_and_never_twice() -> None:
    assert World(1).ids.fresh("CA") == World(1).ids.fresh("CA") != World(2).ids.fresh("CA")
    world = World(1)
    world.ids.rng = World(3).rng("twins")
    first = world.ids.fresh("CA")
    world.ids.rng = World(3).rng("twins")
    assert len(first) == 34
    assert world.ids.fresh("CA") != first


orders = st.lists(
    st.tuples(st.integers(-2, 6), st.sampled_from(["keep", "cancel", "cancel at 2", "again"])), max_size=60
)


@given(orders)
def test_the_heap_agrees_with_a_stable_sort(plan: list[tuple[int, str]]) -> None:
    world = World()
    log: list[tuple[int, int]] = []
    expected: list[tuple[int, int]] = []
    for number, (delay, fate) in enumerate(plan):
        due = max(0, delay)

        def fire(number: int = number, fate: str = fate) -> None:
            log.append((world.now() - START_NS, number))
            if fate == "again":
                world.call_at(world.now() + 10, lambda: log.append((world.now() - START_NS, number)))

        timer = world.call_at(START_NS + delay, fire)
        if fate == "cancel":
            timer.cancel()
        elif fate == "cancel at 2":
            world.call_at(START_NS + 2, timer.cancel)
        if fate in ("keep", "again") or (fate == "cancel at 2" and due <= 2):
            expected.append((due, number))
        if fate == "again":
            expected.append((due + 10, number))
    world.run_until_idle()
    assert log == sorted(expected, key=lambda item: item[0])
    assert world.pending_count == 0
