"""Which of ElevenLabs' two sockets a server offers, and the spare sockets of both.

The service offers both; self-hosted servers, proxies and emulators may know only the single-context one.
"""

import logging
import re
from collections import Counter
from functools import partial

from agent.clock import Clock
from agent.ports import Network, Wire, WireListener
from agent.providers.elevenlabs_codec import (
    Complaint,
    ElevenLabsSettings,
    Kind,
    Piece,
    decode,
    speech_headers,
    speech_url,
)
from agent.providers.elevenlabs_line import LineOwner, Route
from agent.providers.elevenlabs_multi import MultiRoute
from agent.providers.elevenlabs_single import SPARE_MAX_AGE_MS, SingleRoute
from agent.providers.faults import one_line
from agent.providers.pool import WarmPolicy, WarmSockets

WARM = {
    # Only generating counts against the plan's limit (6), so a spare is free: one is always there. It is replaced
    # before the inactivity timeout of 180 s, in case that also holds for a socket without contexts.
    "multi": WarmPolicy(refills=True, max_age_ms=150_000),
    "single": WarmPolicy(refills=True, max_age_ms=SPARE_MAX_AGE_MS),
}

NO_SUCH_ENDPOINT = frozenset({400, 403, 404, 405, 501})
"""Answers to the upgrade of an endpoint that does not exist. 403 is how ASGI servers say so; a key that is refused with
it is refused by the other endpoint, too."""

_DENIED = re.compile(
    r"(unknown|unsupported|unrecogni[sz]ed|unexpected|no.such)[\W_]+(\w+[\W_]+){0,2}?"
    r"(endpoint|route|path|message|context|multi.stream)"
    r"|(endpoint|route|path|context.?id|multi.stream)\S*\s+(\S+\s+){0,4}?"
    r"(unknown|not.(supported|found|implemented|permitted|available|known))"
)
"""How a server that granted the socket says, in lower case, that it knows no such endpoint or no such messages."""

log = logging.getLogger(__name__)


class Endpoints:
    """The endpoint in use, `kind`, and what dials it; one for all calls of a process.

    Asked for "auto", it is the multi-context one until that turns out not to be offered, then the single-context one:
    for good once that was opened. Where neither is to be had, each is tried in turn.
    """

    def __init__(self, network: Network, clock: Clock, settings: ElevenLabsSettings, counts: Counter[str]) -> None:
        self.kind: Kind = "single" if settings.endpoint == "single" else "multi"
        self._network = network
        self._clock = clock
        self._settings = settings
        self._counts = counts
        self._is_settled = settings.endpoint != "auto"
        self._is_warm = False
        self._why = ""
        self._spares: dict[Kind, WarmSockets] = {
            kind: WarmSockets(clock, partial(self._dial, kind), WARM[kind]) for kind in ("multi", "single")
        }

    def open_route(self, owner: LineOwner) -> Route:
        """A voice's way over the endpoint in use."""
        route = MultiRoute if self.kind == "multi" else SingleRoute
        return route(owner, self._spares[self.kind].take, self._clock, self._settings)

    def warm(self) -> None:
        """Have one more socket open; from the first time on, one is always kept."""
        self._is_warm = True
        self._spares[self.kind].warm()

    def close(self) -> None:
        """Close the spare sockets."""
        self._is_warm = False
        for spares in self._spares.values():
            spares.close()

    # --- what the sockets tell ---

    def opened(self, kind: Kind) -> None:
        """A socket of this kind was opened, so there is such an endpoint."""
        if self._is_settled or kind != self.kind:
            return
        self._spares[_other(kind)].close()
        if kind == "single":
            self._is_settled = True
            log.warning(
                "ElevenLabs: %s does not offer multi-stream-input (%s): stream-input is used from now on, with a "
                "socket for each utterance; ELEVENLABS_ENDPOINT=single spares the attempt",
                self._settings.base_url,
                self._why,
            )

    def denied(self, kind: Kind, why: str) -> None:
        """The server said that it knows no endpoint of this kind."""
        if self._is_settled or kind != self.kind:
            return
        self._counts[f"{kind}_not_offered"] += 1
        self._why = why
        self.kind = _other(kind)
        if self._is_warm:
            self._spares[self.kind].warm()

    def _dial(self, kind: Kind, listener: WireListener) -> Wire:
        return self._network.open_websocket(
            speech_url(self._settings, kind),
            speech_headers(self._settings),
            listener if self._is_settled else _Scout(self, kind, listener),
            open_timeout_ms=self._settings.open_timeout_ms,
        )


def _other(kind: Kind) -> Kind:
    return "single" if kind == "multi" else "multi"


class _Scout:
    """Passes on what happens on a socket, and first tells what that says of its endpoint."""

    def __init__(self, endpoints: Endpoints, kind: Kind, listener: WireListener) -> None:
        self._endpoints = endpoints
        self._kind = kind
        self._listener = listener
        self._is_open = False
        self._is_proven = False

    def on_open(self) -> None:
        self._is_open = True
        self._endpoints.opened(self._kind)
        self._listener.on_open()

    def on_message(self, message: str | bytes) -> None:
        if not self._is_proven:
            match decode(message):
                case Piece():
                    self._is_proven = True
                case Complaint(fault):
                    self._judge(fault.detail)
        self._listener.on_message(message)

    def on_close(self, code: int, reason: str) -> None:
        if self._is_open and not self._is_proven:
            self._judge(reason)
        elif code in NO_SUCH_ENDPOINT:
            self._endpoints.denied(self._kind, f"HTTP {code}")
        self._listener.on_close(code, reason)

    def _judge(self, said: str) -> None:
        """Tell if `said` means that the server knows no such endpoint, or no such messages."""
        if _DENIED.search(said.lower()):
            self._endpoints.denied(self._kind, one_line(said))
