"""Dialling into our own server in memory."""

import pytest

from agent.ports import Wire, WireListener
from simulator.peers.base import Refusal, Request
from simulator.wires import LinkModel, Route, SimAcceptor, SimNetwork
from simulator.world import World
from tests.simulator.scene import Diary


class Server:
    """Accepts websockets on /media, and sends from within `accept`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.diary = Diary(world)
        self.wires: list[Wire] = []

    def accept(self, request: Request, wire: Wire) -> WireListener | Refusal:
        wire.send("from within accept")
        if request.path != "/media":
            return Refusal(403, {}, b"only /media")
        self.wires.append(wire)
        assert wire.is_open
        return self.diary


def test_a_phone_dials_into_our_server() -> None:
    world = World()
    server, phone = Server(world), Diary(world)
    route = Route(SimAcceptor(server.accept), LinkModel(up_ms=5, down_ms=7))
    network = SimNetwork(world, {"http://offhook.sim:8080": route})
    wire = network.open_websocket("wss://offhook.sim:8080/media", {}, phone, open_timeout_ms=1_000)
    world.run_for(20)
    wire.send("start")
    server.wires[0].send("audio")
    world.run_for(20)
    server.wires[0].close(1000, "done")
    world.run_until_idle()
    assert server.diary.told == [(5, "open"), (25, "got 'start'"), (52, "closed 1000 done")]
    assert phone.told == [(12, "open"), (12, "got 'from within accept'"), (27, "got 'audio'"), (47, "closed 1000 done")]
    assert network.open_count == 0


@pytest.mark.parametrize(
    ("path", "ending"), [("/else", "closed 403 only /media"), ("/http", "closed 404 nothing is served here")]
)
def test_our_server_refuses(path: str, ending: str) -> None:
    world = World()
    server, phone = Server(world), Diary(world)
    routes = {"http://a.sim": SimAcceptor(server.accept), "http://b.sim": SimAcceptor()}
    network = SimNetwork(world, routes)
    origin = "ws://b.sim" if path == "/http" else "ws://a.sim"
    network.open_websocket(origin + path, {}, phone, open_timeout_ms=1_000)
    world.run_until_idle()
    assert phone.told == [(2, ending)]
    assert server.diary.told == []
    assert network.open_count == 0
