"""Websockets in memory, read as timelines: what each side was told, at which millisecond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.link import LANE_LIMIT_MESSAGES
from simulator.sim_websocket import OPENING_LIMIT_MESSAGES, SimWire
from simulator.wires import LinkModel, SimNetwork
from simulator.world import World
from tests.simulator.echo import EchoPeer
from tests.simulator.scene import Scene, Told


def test_a_round_trip_takes_the_links_delays() -> None:
    scene = Scene()
    wire = scene.dial()
    scene.at(100, lambda: wire.send("hello"))
    scene.at(110, lambda: wire.send(b"\x01"))
    scene.at(200, wire.close)
    assert scene.run() == [(30, "open"), (130, "got 'hello'"), (140, "got b'\\x01'"), (230, "closed 1000")]
    assert scene.peer.log == ["message", "message", "closed"]
    assert not wire.is_open


def test_the_handshake_carries_target_and_lower_case_headers() -> None:
    scene = Scene()
    wire = scene.dial("wss://echo.sim:443/v1?greet=&a=b%20c")
    scene.at(50, wire.close)
    assert scene.run()[1:3] == [
        (30, """got '{"target": "/v1?greet=&a=b%20c", "key": "k"}'"""),
        (30, "got b'\\x00\\x01'"),
    ]


def test_what_is_sent_while_it_opens_goes_first() -> None:
    scene = Scene()
    wire = scene.dial()
    scene.diary.greet = lambda: wire.send("greeting")
    wire.send("early")
    assert not wire.is_open
    scene.at(200, wire.close)
    assert scene.run()[:3] == [(30, "open"), (60, "got 'early'"), (60, "got 'greeting'")]


def test_what_is_sent_too_early_too_often_or_too_late_is_counted() -> None:
    scene = Scene()
    wire = scene.dial()
    for _ in range(OPENING_LIMIT_MESSAGES + 3):
        wire.send("x")
    assert wire.dropped_count == 3
    scene.at(500, wire.close)
    scene.at(501, lambda: wire.send("late"))
    scene.run()
    assert wire.dropped_count == 4
    assert scene.peer.log.count("message") == OPENING_LIMIT_MESSAGES


def test_a_refusal_has_its_status_as_code_and_says_why() -> None:
    scene = Scene()
    scene.dial("ws://echo.sim/refused")
    assert scene.run() == [(30, 'closed 401 {"why": "no key"}')]
    assert scene.peer.sockets == []


def test_an_unknown_origin_is_unreachable_and_the_known_ones_are_named() -> None:
    scene = Scene()
    scene.dial("wss://elsewhere.sim:8443/")
    assert scene.run() == [
        (1, "closed 1006 cannot connect to elsewhere.sim:8443: this simulation reaches only echo.sim")
    ]


def test_dialling_while_it_is_down_fails_and_later_succeeds() -> None:
    scene = Scene(LinkModel(up_ms=10, down_ms=20, down_windows_ms=((0, 100),)))
    scene.dial()
    wires: list[SimWire] = []
    scene.at(100, lambda: wires.append(scene.dial()))
    scene.at(150, lambda: scene.network.link("http://echo.sim").take_down(100))
    scene.at(200, scene.dial)
    scene.at(300, lambda: wires[0].close(1000))
    assert scene.run() == [
        (10, "closed 1006 cannot connect to echo.sim: it is down"),
        (130, "open"),
        (210, "closed 1006 cannot connect to echo.sim: it is down"),
        (330, "closed 1000"),
    ]


def test_no_answer_in_time() -> None:
    scene = Scene(LinkModel(up_ms=10, down_ms=20, handshake_ms=600))
    scene.dial(open_timeout_ms=500)
    assert scene.run() == [(500, "closed 1006 no answer to the handshake within 500 ms")]
    assert scene.peer.log == ["closed"]  # the peer granted it, then found nobody there


def test_closing_while_it_opens() -> None:
    scene = Scene()
    wire = scene.dial()
    wire.close(1001, "not needed")
    wire.close()
    assert scene.diary.told == []
    assert scene.run() == [(0, "closed 1001 not needed")]
    assert scene.peer.log == ["closed"]


@pytest.mark.parametrize(
    ("order", "ending"),
    [
        ("close", [(130, "closed 4001 as asked")]),
        ("close without code", [(130, "closed 1005")]),
        ("twice", [(130, "closed 4001")]),
        ("abort", [(130, "got 'last words'"), (130, "closed 1006 the connection was lost")]),
    ],
)
def test_the_peer_ends_it(order: str, ending: list[Told]) -> None:
    scene = Scene()
    wire = scene.dial()
    scene.at(100, lambda: wire.send(order))
    assert scene.run() == [(30, "open"), *ending]
    assert scene.peer.log == ["message", "closed"]


def test_both_close_at_once_and_each_keeps_its_own_code() -> None:
    scene = Scene()
    wire = scene.dial()
    scene.at(100, lambda: wire.send("close"))
    scene.at(105, lambda: wire.close(1000, "bye"))
    assert scene.run() == [(30, "open"), (130, "closed 1000 bye")]
    assert scene.peer.log == ["message", "closed"]


def test_nothing_is_delivered_after_closing() -> None:
    scene = Scene()
    wire = scene.dial()
    scene.at(100, lambda: wire.send("question"))
    scene.at(105, wire.close)
    assert scene.run() == [(30, "open"), (135, "closed 1000")]


def test_a_stall_holds_everything_back_and_then_delivers_it_in_order() -> None:
    scene = Scene(LinkModel(up_ms=10, down_ms=20, stalls_ms=((100, 400),)))
    wire = scene.dial()
    for ms in (80, 90, 200):
        scene.at(ms, lambda ms=ms: wire.send(str(ms)))  # type: ignore[misc]  # mypy cannot infer such a lambda
    scene.at(600, wire.close)
    assert scene.run()[1:4] == [(400, "got '80'"), (420, "got '90'"), (420, "got '200'")]


def test_a_stall_that_comes_while_messages_are_under_way() -> None:
    scene = Scene()
    wire = scene.dial()
    scene.at(100, lambda: wire.send("x"))
    scene.at(105, lambda: scene.network.link("ws://echo.sim").stall(500))
    scene.at(900, wire.close)
    assert scene.run()[1] == (625, "got 'x'")


def test_a_close_that_is_not_answered_ends_by_itself() -> None:
    scene = Scene(LinkModel(up_ms=10, down_ms=20, stalls_ms=((100, 5_000),)))
    wire = scene.dial()
    scene.at(200, lambda: wire.close(1000, "bye"))
    assert scene.run() == [(30, "open"), (2_200, "closed 1000 bye")]
    assert scene.peer.log == ["closed"]
    assert scene.world.elapsed_ms == 5_020


def test_a_cut_loses_what_is_under_way_and_both_ends_notice() -> None:
    scene = Scene(LinkModel(up_ms=10, down_ms=20, cuts_ms=(105,)))
    wire = scene.dial()
    scene.at(80, lambda: wire.send("half-way back"))
    scene.at(100, lambda: wire.send("half-way there"))
    assert scene.run() == [(30, "open"), (105, "closed 1006 the connection was cut")]
    assert scene.peer.log == ["message", "closed"]
    assert scene.network.link("http://echo.sim").counts["cuts"] == 1


def test_a_lane_that_overflows_is_a_cut() -> None:
    scene = Scene()
    wire = scene.dial()

    def flood() -> None:
        for _ in range(LANE_LIMIT_MESSAGES + 1):
            wire.send("x")

    scene.at(100, flood)
    assert scene.run() == [(30, "open"), (100, "closed 1006 the connection was cut")]
    assert scene.network.link("http://echo.sim").counts["overflows"] == 1


def test_two_routes_to_one_place_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match=r"two routes lead to echo\.sim"):
        SimNetwork(World(), {"http://echo.sim": EchoPeer(), "wss://echo.sim:443": EchoPeer()})


links = st.builds(
    LinkModel,
    up_ms=st.integers(0, 30),
    down_ms=st.integers(0, 30),
    jitter_ms=st.integers(0, 40),
    stalls_ms=st.lists(st.tuples(st.integers(0, 300), st.integers(301, 400)), max_size=2).map(tuple),
    cuts_ms=st.lists(st.integers(0, 500), max_size=1).map(tuple),
)
steps = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["send", "send", "close", "abort", "close order"])), max_size=25
)


def play(link: LinkModel, plan: list[tuple[int, str]], seed: int) -> tuple[list[Told], list[str], int]:
    scene = Scene(link, seed)
    wire = scene.dial(open_timeout_ms=200)
    for number, (ms, what) in enumerate(plan):
        scene.at(
            ms,
            {
                "send": lambda number=number: wire.send(str(number)),  # type: ignore[misc]  # as above
                "close": wire.close,
                "abort": wire.abort,
                "close order": lambda: wire.send("close"),
            }[what],
        )
    scene.at(1_000, wire.close)
    return scene.run(), scene.peer.log, scene.world.now()


@given(links, steps, st.integers(0, 5))
def test_every_story_is_in_order_ends_once_and_is_the_same_again(
    link: LinkModel, plan: list[tuple[int, str]], seed: int
) -> None:
    told, peer_log, ended_at = play(link, plan, seed)
    assert play(link, plan, seed) == (told, peer_log, ended_at)
    sent = [str(number) for number, (_, what) in sorted(enumerate(plan), key=lambda item: item[1][0]) if what == "send"]
    got = [what[5:-1] for _, what in told if what.startswith("got ")]
    assert got == sent[: len(got)], "lost, doubled or out of order"
    assert [what.startswith("closed") for _, what in told].count(True) == 1
    assert told[-1][1].startswith("closed")
    assert peer_log.count("closed") <= 1
    assert peer_log[-1:] in ([], ["closed"])
