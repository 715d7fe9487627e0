"""The providers' peers together on loopback, with their base URLs and the environment that points at them.

Used by `offhook peers`, the demo, tests and benchmarks.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from agent.clock import Clock, LoopClock
from agent.net import LoopNetwork
from simulator.account import ACCOUNT_SID, AUTH_TOKEN, PAY_CONNECTOR
from simulator.brain import AppointmentBrain
from simulator.brain.answers import Brain
from simulator.dialling import Dialler
from simulator.emulator_settings import SettingError, nearest
from simulator.hosts import Host
from simulator.peers.base import Peer
from simulator.peers.deepgram import DeepgramPeer
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs import ElevenLabsPeer
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq import GroqPeer
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_records import TwilioAccount
from simulator.peers.twilio_rest import RestBehaviour, TwilioRestPeer

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that can be emulated, and the variables that point our code at it."""

    name: str
    url_variable: str
    key_variable: str


PROVIDERS: Mapping[str, Provider] = {
    "deepgram": Provider("deepgram", "DEEPGRAM_BASE_URL", "DEEPGRAM_API_KEY"),
    "groq": Provider("groq", "GROQ_BASE_URL", "GROQ_API_KEY"),
    "elevenlabs": Provider("elevenlabs", "ELEVENLABS_BASE_URL", "ELEVENLABS_API_KEY"),
    "twilio": Provider("twilio", "TWILIO_BASE_URL", "TWILIO_AUTH_TOKEN"),
}
"""In the order of their ports."""

BEHAVIOURS: Mapping[str, type[Any]] = {
    "deepgram": DeepgramBehaviour,
    "groq": GroqBehaviour,
    "elevenlabs": ElevenLabsBehaviour,
    "twilio": RestBehaviour,
    "phone": TwilioBehaviour,
}
"""The settings, by their group: one for each provider, and the phones that Twilio's REST API dials."""


def check_known(name: str, known: Iterable[str], source: str) -> str:
    """`name`, which stands in `source`; raises `SettingError` unless it is a known one."""
    known = tuple(known)
    if name not in known:
        raise SettingError(f"{source}: there is no {name!r}{nearest(name, known)} expected one of {', '.join(known)}")
    return name


@dataclass(frozen=True, slots=True)
class Setup:
    """Which peers to run and how.

    `behaviours` by group (`BEHAVIOURS`), a missing one is the default; without a brain, the model books appointments.
    """

    only: tuple[str, ...] = tuple(PROVIDERS)
    behaviours: Mapping[str, object] = field(default_factory=dict)
    brain: Brain | None = None
    port_base: int = 0
    """Port of the first provider, the others following in the order of `PROVIDERS`; 0 takes any free ones."""
    seed: int = 0
    routes: Mapping[str, str] = field(default_factory=dict)
    """Where dialled calls find public origins ("https://agent.example.com") that nobody serves here."""


class EmulatedProviders:
    """Runs the chosen peers while it is entered: `urls`, `env` and `peers` by the providers' names.

    Raises `OSError` that names provider and port when a port is taken; then nothing is left running.
    """

    def __init__(self, setup: Setup | None = None, *, clock: Clock | None = None) -> None:
        self.setup = setup or Setup()
        self.peers: dict[str, Peer] = {}
        self.hosts: dict[str, Host] = {}
        self.dialler: Dialler | None = None
        self._network: LoopNetwork | None = None
        self._clock = clock

    @property
    def urls(self) -> dict[str, str]:
        """Base URLs, by provider."""
        return {name: host.url for name, host in self.hosts.items()}

    @property
    def env(self) -> dict[str, str]:
        """Variables that point our code, and the providers' SDKs where they read any, at the peers."""
        env: dict[str, str] = {}
        for name, host in self.hosts.items():
            provider = PROVIDERS[name]
            env[provider.url_variable] = host.url
            if name == "twilio":
                env["TWILIO_ACCOUNT_SID"] = ACCOUNT_SID
                env[provider.key_variable] = AUTH_TOKEN
                env["TWILIO_PAY_CONNECTOR"] = PAY_CONNECTOR
            else:
                env[provider.key_variable] = self._key_of(name)
        return env

    def peer(self, kind: type[P]) -> P:
        """The running peer of a class, typed; for whoever looks into it."""
        for peer in self.peers.values():
            if isinstance(peer, kind):
                return peer
        raise LookupError(f"no {kind.__name__} runs, only {', '.join(self.peers) or 'nothing'}")

    def counts(self) -> dict[str, Counter[str]]:
        """What each host served so far."""
        return {name: host.counts.copy() for name, host in self.hosts.items()}

    async def __aenter__(self) -> Self:
        clock = self._clock or LoopClock(asyncio.get_running_loop())
        try:
            for index, (name, provider) in enumerate(PROVIDERS.items()):
                if name in self.setup.only:
                    port = self.setup.port_base and self.setup.port_base + index
                    await self._start(provider, self._build(name, clock), port)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    def _build(self, name: str, clock: Clock) -> Peer:
        """A peer with its behaviour and a random stream of its own."""
        rng = random.Random(f"{self.setup.seed}/{name}")
        behaviour = self._behaviour(name)
        match name:
            case "deepgram":
                return DeepgramPeer(clock, rng, behaviour)
            case "groq":
                return GroqPeer(clock, rng, self.setup.brain or AppointmentBrain(), behaviour)
            case "elevenlabs":
                return ElevenLabsPeer(clock, rng, behaviour)
            case _:
                return self._build_twilio(clock, rng, behaviour)

    def _build_twilio(self, clock: Clock, rng: random.Random, behaviour: RestBehaviour) -> Peer:
        self._network = LoopNetwork()
        account = TwilioAccount(ACCOUNT_SID, AUTH_TOKEN)
        self.dialler = Dialler(clock, rng, self._network, account, self._behaviour("phone"), routes=self.setup.routes)
        return TwilioRestPeer(clock, rng, account, on_create=self.dialler, behaviour=behaviour)

    def _behaviour(self, group: str) -> Any:  # noqa: ANN401  # one of many dataclasses
        return self.setup.behaviours.get(group) or BEHAVIOURS[group]()

    async def _start(self, provider: Provider, peer: Peer, port: int) -> None:
        host = Host(peer, port=port)
        try:
            await host.start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise OSError(
                error.errno, f"cannot serve {provider.name} on 127.0.0.1:{port}: {why}; choose another --port-base"
            ) from error
        self.peers[provider.name] = peer
        self.hosts[provider.name] = host

    async def _stop(self) -> None:
        if self.dialler is not None:
            self.dialler.hang_up_all()
        if self._network is not None:
            await self._network.close()
        for host in reversed(self.hosts.values()):
            await host.stop()

    def _key_of(self, name: str) -> str:
        asked: object = getattr(self.setup.behaviours.get(name), "api_key", None)
        return asked if isinstance(asked, str) else f"emulated-{name}-key"
