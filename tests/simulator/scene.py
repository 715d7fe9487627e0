"""A world, a network and a listener that writes down what it was told, for timelines of websockets."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.sim_websocket import SimWire
from simulator.wires import LinkModel, Route, SimNetwork
from simulator.world import World
from tests.simulator.echo import EchoPeer

MS = 1_000_000
Told = tuple[int, str]


@dataclass
class Diary:
    """A listener that notes what it was told and when."""

    world: World
    told: list[Told] = field(default_factory=list)
    greet: Callable[[], None] = lambda: None

    def note(self, what: str) -> None:
        self.told.append((self.world.elapsed_ms, what))

    def on_open(self) -> None:
        self.note("open")
        self.greet()

    def on_message(self, message: str | bytes) -> None:
        self.note(f"got {message!r}")

    def on_close(self, code: int, reason: str) -> None:
        self.note(f"closed {code} {reason}".strip())


class Scene:
    """A world with an echo peer at http://echo.sim behind a link, and one client dialling it."""

    def __init__(self, link: LinkModel | None = None, seed: int = 1) -> None:
        self.world = World(seed)
        self.peer = EchoPeer()
        link = link or LinkModel(up_ms=10, down_ms=20)
        self.network = SimNetwork(self.world, {"http://echo.sim": Route(self.peer, link)})
        self.diary = Diary(self.world)

    def dial(self, url: str = "wss://echo.sim/v1", open_timeout_ms: int = 1_000) -> SimWire:
        return self.network.open_websocket(url, {"X-Key": "k"}, self.diary, open_timeout_ms=open_timeout_ms)

    def at(self, ms: int, action: Callable[[], object]) -> None:
        self.world.call_at(self.world.started_at + ms * MS, lambda: (action(), None)[1])

    def run(self) -> list[Told]:
        self.world.run_until_idle()
        assert self.network.open_count == 0, "a connection is left"
        return self.diary.told
