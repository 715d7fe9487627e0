"""What goes wrong between us and all providers at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simulator.faults.base import Fault, Kind, Prepare, Scenery, Stage
from simulator.faults.ways import ms, share
from simulator.link_model import LinkModel
from simulator.rehearsal import DEEPGRAM, ELEVENLABS, GROQ

PROVIDERS = (DEEPGRAM, GROQ, ELEVENLABS)


def _stall(stage: Stage, strength: float) -> None:
    for origin in PROVIDERS:
        stage.rehearsal.link(origin).stall(round(strength))


def _cut(stage: Stage, outage_ms: float) -> None:
    for origin in PROVIDERS:
        if outage_ms:
            stage.rehearsal.link(origin).take_down(round(outage_ms))
        stage.rehearsal.link(origin).cut()


def _links(changes: Callable[[float], Mapping[str, Any]]) -> Prepare:
    """The networks to all providers are like this."""

    def prepare(scenery: Scenery, strength: float) -> Scenery:
        links = dict(scenery.cast.links)
        for origin in PROVIDERS:
            links[origin] = replace(links.get(origin, LinkModel()), **changes(strength))
        return replace(scenery, cast=replace(scenery.cast, links=links))

    return prepare


FAULTS = (
    Fault(
        "net_stall",
        Kind.NETWORK,
        "Nothing passes between us and any provider for so long, then all of it.",
        ms(50, 30_000, 1_500),
        strike=_stall,
        swarm=(50, 4_000),
    ),
    Fault(
        "net_cut",
        Kind.NETWORK,
        "Every connection to a provider is lost, and no new one can be made for so long.",
        ms(0, 3_600_000, 0),
        strike=_cut,
        swarm=(0, 2_500),
    ),
    Fault(
        "net_slow",
        Kind.NETWORK,
        "Each message to or from a provider takes so long.",
        ms(1, 1_000, 150),
        prepare=_links(lambda s: {"up_ms": round(s), "down_ms": round(s)}),
        swarm=(1, 400),
    ),
    Fault(
        "net_jitter",
        Kind.NETWORK,
        "Messages to and from providers take up to so much longer, in waves.",
        ms(1, 2_000, 200),
        prepare=_links(lambda s: {"jitter_ms": round(s), "jitter_correlation": 0.7}),
        swarm=(1, 600),
    ),
    Fault(
        "net_bursts",
        Kind.NETWORK,
        "Every two seconds what is under way to or from a provider waits for so long behind a lost packet.",
        ms(10, 1_500, 300),
        prepare=_links(lambda s: {"burst_every_ms": 2_000, "burst_ms": round(s)}),
    ),
    Fault(
        "net_pieces",
        Kind.NETWORK,
        "Answers of providers arrive in pieces of so many bytes.",
        share(1, 1_500, 7, "bytes"),
        prepare=_links(lambda s: {"chunk_bytes": round(s)}),
    ),
    Fault(
        "slow_start",
        Kind.NETWORK,
        "New connections to providers take so long.",
        ms(10, 8_000, 1_600),
        prepare=_links(lambda s: {"handshake_ms": round(s)}),
        swarm=(10, 2_000),
    ),
)
