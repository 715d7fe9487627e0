"""The network between two ends: what a model may say, and what messages then meet on their way."""

import pickle
from itertools import pairwise
from statistics import correlation, fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.link import BadLink, Lane, Link, LinkModel
from simulator.peers.base import Request
from simulator.wires import Route, SimAcceptor, SimNetwork
from simulator.world import World
from tests.simulator.echo import EchoPeer

MS = 1_000_000


def ignore_overflow() -> None:
    raise AssertionError("nothing overflows here")


def journey(model: LinkModel, sent_ms: list[int], *, up: bool = True, seed: int = 1) -> list[float]:
    """When (ms) messages arrive that are sent on one connection at these instants."""
    world = World(seed)
    link = Link(world, "there", model)
    lane = Lane(link, link.up if up else link.down, on_overflow=ignore_overflow)
    arrived: list[tuple[int, float]] = []

    def arrive(number: int) -> None:
        arrived.append((number, (world.now() - world.started_at) / MS))

    for number, at_ms in enumerate(sent_ms):
        world.call_at(world.started_at + at_ms * MS, lambda number=number: lane.carry(arrive, (number,)))  # type: ignore[misc]  # a lambda's default
    world.run_until_idle()
    assert [number for number, _ in arrived] == list(range(len(sent_ms))), "lost, doubled or out of order"
    return [at for _, at in arrived]


def delays(model: LinkModel, count: int = 2_000, *, up: bool = True, every_ms: int = 100) -> list[float]:
    """What each of `count` messages, far apart, took (ms)."""
    sent = [number * every_ms for number in range(count)]
    return [at - by for at, by in zip(journey(model, sent, up=up), sent, strict=True)]


def test_each_direction_has_its_own_manners() -> None:
    model = LinkModel(up_ms=10, down_ms=30, jitter_ms=4, down_jitter_ms=50)
    up, down = delays(model), delays(model, up=False)
    assert min(up) >= 10
    assert max(up) <= 14
    assert min(down) >= 30
    assert max(down) > 70


@pytest.mark.parametrize("wanted", [0.0, 0.5, 0.9])
def test_successive_jitters_are_correlated_as_asked_and_keep_their_spread(wanted: float) -> None:
    took = delays(LinkModel(up_ms=0, jitter_ms=50, jitter_correlation=wanted))
    before, after = zip(*pairwise(took), strict=True)
    assert correlation(before, after) == pytest.approx(wanted, abs=0.06)
    assert fmean(took) == pytest.approx(25, abs=4)
    assert max(took) > 45
    assert min(took) < 5


def test_in_a_burst_messages_are_held_and_leave_together() -> None:
    model = LinkModel(up_ms=10, burst_every_ms=1_000, burst_ms=200)
    sent = list(range(0, 3_000, 20))
    took = [round(at - by) for at, by in zip(journey(model, sent), sent, strict=True)]
    held = [by for by, ms in zip(sent, took, strict=True) if ms > 10]
    assert {by // 1_000 for by in held} == {0, 1, 2}, "one burst in each second"
    assert 27 <= len(held) <= 30, "200 ms of messages in each"
    arrived = [at for at, ms in zip(journey(model, sent), took, strict=True) if ms > 10]
    assert len(set(arrived)) == 3, "all of a burst at one instant"
    assert all(ms == 10 for ms in took if ms <= 10), "the others are not late at all"
    assert journey(model, [sent[0], *sent[-50:]])[-50:] == journey(model, sent)[-50:], "whatever the traffic"


def test_only_one_direction_bursts_where_only_one_is_told_to() -> None:
    model = LinkModel(down_burst_every_ms=500, down_burst_ms=100)
    assert set(delays(model, 200, every_ms=20)) == {1}
    assert max(delays(model, 200, every_ms=20, up=False)) > 50


class Sizes:
    """Listens to an answer for how long its pieces are."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def on_response(self, status: int, headers: object) -> None: ...

    def on_data(self, data: bytes) -> None:
        self.sizes.append(len(data))

    def on_end(self) -> None: ...

    def on_failure(self, reason: str, *, timed_out: bool) -> None: ...


def test_requests_of_different_connections_may_overtake_each_other() -> None:
    world = World(3)
    came: list[str] = []

    def answer(request: Request) -> tuple[int, dict[str, str], bytes]:
        came.append(request.target)
        return 204, {}, b""

    route = Route(SimAcceptor(handler=answer), LinkModel(jitter_ms=500))
    network = SimNetwork(world, {"http://offhook.sim": route})
    asked = [f"/status?number={number:02}" for number in range(20)]
    for target in asked:
        network.request("POST", f"http://offhook.sim{target}", {}, b"", Sizes(), timeout_ms=2_000)
        world.run_for(10)
    world.run_until_idle()
    assert sorted(came) == asked
    assert came != asked


def test_an_answer_comes_in_pieces_of_the_size_that_was_asked_for() -> None:
    world = World(1)
    peer = EchoPeer()
    network = SimNetwork(world, {"http://echo.sim": Route(peer, LinkModel(chunk_bytes=3))})
    listener = Sizes()
    network.request("POST", "http://echo.sim/stream", {}, b"", listener, timeout_ms=100)
    world.run_for(50)
    peer.answers[0].start(200, {})
    peer.answers[0].write(b"12345678")
    peer.answers[0].write(b"")
    peer.answers[0].end()
    world.run_until_idle()
    assert listener.sizes == [3, 3, 2]


models = st.builds(
    LinkModel,
    up_ms=st.integers(0, 40),
    jitter_ms=st.integers(0, 60),
    jitter_correlation=st.floats(0, 0.99),
    stalls_ms=st.lists(st.tuples(st.integers(0, 300), st.integers(301, 600)), max_size=2).map(tuple),
    burst_every_ms=st.just(300),
    burst_ms=st.integers(1, 299),
)


@given(models, st.lists(st.integers(0, 800), max_size=30).map(sorted), st.integers(0, 3))
def test_whatever_the_model_all_arrive_in_order_never_early_and_the_same_again(
    model: LinkModel, sent_ms: list[int], seed: int
) -> None:
    arrived = journey(model, sent_ms, seed=seed)
    assert arrived == journey(model, sent_ms, seed=seed)
    for sent, at in zip(sent_ms, arrived, strict=True):
        assert at >= sent + model.up_ms
        assert not any(begin <= at < end for begin, end in model.stalls_ms), "nothing arrives in a stall"


def test_a_model_travels_between_processes() -> None:
    model = LinkModel(up_ms=3, stalls_ms=((1, 2),), down_burst_ms=5, down_burst_every_ms=10)
    assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"up_ms": -1}, "up_ms: expected a whole number, 0 or more, got -1"),
        ({"jitter_ms": 2.5}, "jitter_ms: expected a whole number, 0 or more, got 2.5"),
        ({"down_jitter_ms": "20"}, "down_jitter_ms: expected a whole number, 0 or more, got '20'"),
        ({"jitter_correlation": 1}, "jitter_correlation: expected a number from 0 to below 1, got 1"),
        ({"stalls_ms": ((5, 5),)}, r"stalls_ms: expected windows \[from, until\] in ms, each .* got \(5, 5\)"),
        ({"down_windows_ms": ((9, 5),)}, r"down_windows_ms: expected windows .* got \(9, 5\)"),
        ({"stalls_ms": [1, 2]}, r"stalls_ms: expected a tuple of windows .* got \[1, 2\]"),
        ({"cuts_ms": (-4,)}, "cuts_ms: expected moments in ms, got -4"),
        ({"burst_ms": 5}, "up_burst_ms and up_burst_every_ms: expected both or neither"),
        (
            {"burst_ms": 50, "burst_every_ms": 20},
            "up_burst_ms: expected less than up_burst_every_ms, which is 20, got 50",
        ),
        ({"chunk_bytes": 5, "splits_bodies": False}, "chunk_bytes: sizes need splits_bodies, which is off"),
    ],
)
def test_a_link_that_cannot_be_is_refused_in_words(fields: dict[str, object], told: str) -> None:
    with pytest.raises(BadLink, match=told):
        LinkModel(**fields)  # type: ignore[arg-type]  # wrong on purpose
