from agent.ports import Wire, WireListener
from agent.providers.pool import WarmPolicy, WarmSockets
from tests.agent.providers.fakes import FakeNetwork
from tests.fakes import ManualClock


class Taker:
    def __init__(self) -> None:
        self.log: list[object] = []

    def on_open(self) -> None:
        self.log.append("open")

    def on_message(self, message: str | bytes) -> None:
        self.log.append(message)

    def on_close(self, code: int, reason: str) -> None:
        self.log.append((code, reason))


class Story:
    def __init__(self, policy: WarmPolicy) -> None:
        self.clock = ManualClock()
        self.network = FakeNetwork()

        def dial(listener: WireListener) -> Wire:
            return self.network.open_websocket("ws://x", {}, listener, open_timeout_ms=1_000)

        self.pool = WarmSockets(self.clock, dial, policy)


def test_without_a_spare_a_wire_is_dialled_on_the_spot() -> None:
    t = Story(WarmPolicy())
    taker = Taker()
    wire = t.pool.take(taker)
    assert len(t.network.wires) == 1, "nobody asked for a spare"
    t.network.wire.accept()
    t.network.wire.tell("hello")
    assert taker.log == ["open", "hello"]
    assert wire.is_open
    assert (t.pool.taken_warm_count, t.pool.taken_cold_count) == (0, 1)


def test_an_open_spare_is_handed_on_at_once_and_replaced() -> None:
    t = Story(WarmPolicy(refills=True))
    t.pool.warm()
    t.network.wires[0].accept()
    taker = Taker()
    wire = t.pool.take(taker)
    assert wire is t.network.wires[0]
    assert taker.log == [], "it sees that the wire is open"
    t.network.wires[0].tell("for you")
    t.network.wires[0].drop(1011, "gone")
    assert taker.log == ["for you", (1011, "gone")]
    assert len(t.network.wires) == 2
    assert t.pool.spare_count == 1


def test_a_spare_that_still_opens_is_better_than_none() -> None:
    t = Story(WarmPolicy(refills=False))
    t.pool.warm()
    taker = Taker()
    assert t.pool.take(taker) is t.network.wires[0]
    t.network.wires[0].accept()
    assert taker.log == ["open"]
    assert len(t.network.wires) == 1


def test_an_open_spare_goes_before_one_that_still_opens() -> None:
    t = Story(WarmPolicy(refills=False, size=2))
    t.pool.warm()
    t.pool.warm()
    t.pool.warm()
    assert len(t.network.wires) == 2, "no more than the size"
    t.network.wires[1].accept()
    assert t.pool.take(Taker()) is t.network.wires[1]


def test_a_spare_is_greeted_and_kept_alive_until_it_is_taken() -> None:
    t = Story(WarmPolicy(greeting=b"\xff", keep_alive="ka", keep_alive_ms=4_000, refills=False))
    t.pool.warm()
    t.network.wire.accept()
    t.clock.advance(9_000)
    assert t.network.wire.sent == [b"\xff", "ka", "ka"]
    t.pool.take(Taker())
    t.clock.advance(60_000)
    assert t.network.wire.sent == [b"\xff", "ka", "ka"]
    assert t.clock.pending_count == 0


def test_an_aged_spare_is_closed_and_replaced_only_where_one_is_always_kept() -> None:
    for refills, dialled in ((True, 2), (False, 1)):
        t = Story(WarmPolicy(refills=refills, max_age_ms=10_000))
        t.pool.warm()
        t.network.wire.accept()
        t.clock.advance(10_001)
        assert t.network.wires[0].closed_with is not None
        assert len(t.network.wires) == dialled


def test_a_refused_spare_is_tried_again_ever_more_slowly() -> None:
    t = Story(WarmPolicy(refills=True))
    t.pool.warm()
    instants: list[int] = []
    while len(instants) < 9:
        t.network.wire.drop(401, "no")
        dialled = len(t.network.wires)
        start = t.clock.now()
        while len(t.network.wires) == dialled:
            t.clock.advance(100)
        instants.append((t.clock.now() - start) // 1_000_000_000)
    assert instants == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_lost_spare_is_not_replaced_where_none_is_kept() -> None:
    t = Story(WarmPolicy(refills=False))
    t.pool.warm()
    t.network.wire.accept()
    t.network.wire.drop(1011, "")
    t.clock.advance(100_000)
    assert len(t.network.wires) == 1
    t.pool.warm()
    assert len(t.network.wires) == 2


def test_closing_leaves_neither_wire_nor_timer() -> None:
    t = Story(WarmPolicy(keep_alive="ka"))
    t.pool.warm()
    t.pool.warm()
    t.network.wires[0].accept()
    t.pool.close()
    assert not any(wire.is_alive for wire in t.network.wires)
    for wire in t.network.wires:
        wire.drop(1000, "")
    t.clock.advance(1_000_000)
    assert t.clock.pending_count == 0
    assert len(t.network.wires) == 2
