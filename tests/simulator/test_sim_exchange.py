"""HTTP in memory, read as timelines."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.peers.base import Request
from simulator.sim_exchange import SimExchange
from simulator.wires import LinkModel, Route, SimAcceptor, SimNetwork
from simulator.world import World
from tests.simulator.echo import EchoPeer

MS = 1_000_000


@dataclass
class Diary:
    """A listener that notes what it was told and when; pieces of a body are joined."""

    world: World
    told: list[tuple[int, str]] = field(default_factory=list)
    body: bytes = b""
    pieces: int = 0

    def note(self, what: str) -> None:
        self.told.append((self.world.elapsed_ms, what))

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        self.note(f"{status} {dict(headers)}")

    def on_data(self, data: bytes) -> None:
        assert data
        self.body += data
        self.pieces += 1

    def on_end(self) -> None:
        self.note(f"end {self.body!r}")

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        self.note(f"{'timed out' if timed_out else 'failed'}: {reason}")


class Scene:
    """A world with an echo peer at http://echo.sim behind a link of 10 ms up and 20 ms down."""

    def __init__(self, link: LinkModel | None = None, seed: int = 1) -> None:
        self.world = World(seed)
        self.peer = EchoPeer()
        link = link or LinkModel(up_ms=10, down_ms=20)
        self.network = SimNetwork(self.world, {"http://echo.sim": Route(self.peer, link)})
        self.diary = Diary(self.world)

    def ask(self, path: str, body: bytes = b"", timeout_ms: int = 1_000) -> SimExchange:
        url = f"https://echo.sim{path}"
        return self.network.request("POST", url, {}, body, self.diary, timeout_ms=timeout_ms)

    def run(self) -> list[tuple[int, str]]:
        self.world.run_until_idle()
        assert self.network.open_count == 0, "an exchange is left"
        return self.diary.told


def test_a_whole_answer() -> None:
    scene = Scene()
    scene.ask("/whole", b"body")
    assert scene.run() == [(30, "201 {'content-type': 'text/plain', 'x-method': 'POST'}"), (30, "end b'body'")]


def test_an_answer_in_pieces_as_the_peer_writes_them() -> None:
    scene = Scene(LinkModel(up_ms=10, down_ms=20, splits_bodies=False))
    scene.ask("/stream")
    scene.world.run_for(100)
    answer = scene.peer.answers[0]
    answer.start(200, {"Content-Type": "text/event-stream"})
    scene.world.run_for(5_000)  # the time limit is for the headers only
    answer.write(b"one")
    answer.write(b"")
    scene.world.run_for(100)
    assert (scene.diary.body, scene.diary.pieces) == (b"one", 1)
    answer.write(b"two")
    answer.end()
    answer.write(b"never")
    answer.end()
    assert scene.run() == [(120, "200 {'content-type': 'text/event-stream'}"), (5_220, "end b'onetwo'")]
    assert scene.peer.log == []


@pytest.mark.parametrize(("path", "body"), [("/abort", b"half"), ("/abort-at-once", b"")])
def test_an_answer_that_breaks_off(path: str, body: bytes) -> None:
    scene = Scene()
    scene.ask(path)
    assert scene.run()[-1] == (30, "failed: the server closed the connection before the answer's end")
    assert scene.diary.body == body
    assert scene.peer.log == []  # the peer knows: it did it


def test_no_headers_in_time_and_the_peer_notices() -> None:
    scene = Scene()
    scene.ask("/stream", timeout_ms=500)
    assert scene.run() == [(500, "timed out: no answer within 500 ms")]
    assert scene.peer.log == ["disconnected"]
    assert scene.world.elapsed_ms == 510


@pytest.mark.parametrize(("cancel_at_ms", "seen"), [(0, []), (5, []), (15, ["disconnected"]), (100, ["disconnected"])])
def test_giving_up(cancel_at_ms: int, seen: list[str]) -> None:
    scene = Scene()
    exchange = scene.ask("/stream")
    scene.world.run_for(cancel_at_ms)
    exchange.cancel()
    exchange.cancel()
    for answer in scene.peer.answers:
        answer.start(200, {})
        answer.write(b"too late")
    assert scene.run() == []
    assert scene.peer.log == seen


def test_a_cut_ends_both_sides() -> None:
    scene = Scene(LinkModel(up_ms=10, down_ms=20, cuts_ms=(100,)))
    scene.ask("/stream")
    assert scene.run() == [(100, "failed: the connection was cut")]
    assert scene.peer.log == ["disconnected"]


def test_unreachable() -> None:
    scene = Scene(LinkModel(up_ms=10, down_windows_ms=((0, 50),)))
    scene.ask("/whole")
    scene.network.request("GET", "http://elsewhere.sim/", {}, b"", scene.diary, timeout_ms=1_000)
    assert scene.run() == [
        (1, "failed: cannot connect to elsewhere.sim: this simulation reaches only echo.sim"),
        (10, "failed: cannot connect to echo.sim: it is down"),
    ]


def test_our_own_webhook_answers_in_virtual_time() -> None:
    world = World()
    asked: list[Request] = []

    def webhook(request: Request) -> tuple[int, Mapping[str, str], bytes]:
        asked.append(request)
        return 200, {"Content-Type": "text/xml"}, b"<Response/>"

    network = SimNetwork(world, {"https://offhook.sim": SimAcceptor(handler=webhook), "http://bare.sim": SimAcceptor()})
    diary, other = Diary(world), Diary(world)
    headers = {"X-Twilio-Signature": "s"}
    network.request("POST", "https://offhook.sim/voice?a=1", headers, b"CallSid=CA1", diary, timeout_ms=100)
    network.request("GET", "http://bare.sim/", {}, b"", other, timeout_ms=100)
    world.run_until_idle()
    assert diary.told == [(2, "200 {'content-type': 'text/xml'}"), (2, "end b'<Response/>'")]
    assert other.told[0] == (2, "404 {'content-type': 'text/plain'}")
    expected = Request("POST", "/voice?a=1", {"host": "offhook.sim", "x-twilio-signature": "s"}, b"CallSid=CA1")
    assert asked == [expected]
    assert network.open_count == 0


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(0, 9), st.integers(0, 30))
def test_a_body_is_split_anywhere_and_comes_whole(pieces: list[bytes], seed: int, jitter_ms: int) -> None:
    def tell() -> tuple[list[tuple[int, str]], int]:
        scene = Scene(LinkModel(jitter_ms=jitter_ms), seed)
        scene.ask("/stream")
        scene.world.run_for(100)
        scene.peer.answers[0].start(200, {})
        for piece in pieces:
            scene.peer.answers[0].write(piece)
        scene.peer.answers[0].end()
        told = scene.run()
        assert scene.diary.body == b"".join(pieces)
        return told, scene.diary.pieces

    assert tell() == tell()


def test_bodies_really_are_split() -> None:
    scene = Scene()
    scene.ask("/stream")
    scene.world.run_for(100)
    scene.peer.answers[0].start(200, {})
    for _ in range(50):
        scene.peer.answers[0].write(b"data: {}\n\n")
    scene.peer.answers[0].end()
    scene.run()
    assert 60 < scene.diary.pieces < 95
