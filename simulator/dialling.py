"""Calls that somebody places through the emulated REST API: a phone rings, is answered, and stays quiet."""

from collections.abc import Mapping
from random import Random

from agent.clock import Clock
from agent.ports import Network
from fsm.units import FRAME_SAMPLES, ULAW_SILENCE
from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_records import CallRecord, TwilioAccount

FRAME_OF_SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES


class QuietHandset:
    """Somebody who answers and says nothing."""

    def next_frame(self) -> bytes:
        """Silence."""
        return FRAME_OF_SILENCE

    def on_audible(self, audio: bytes, at: int) -> None:
        """Listen patiently."""


class Dialler:
    """Places the calls that the REST API creates; what `TwilioRestPeer` calls as `on_create`.

    `routes` lead public origins to where a server really listens, as a proxy would.
    """

    def __init__(  # its surroundings, each by name
        self,
        clock: Clock,
        rng: Random,
        network: Network,
        account: TwilioAccount,
        behaviour: TwilioBehaviour,
        *,
        routes: Mapping[str, str] | None = None,
    ) -> None:
        self.calls: dict[str, TwilioCall] = {}
        self._clock = clock
        self._rng = rng
        self._network = network
        self._account = account
        self._behaviour = behaviour
        self._routes = routes or {}

    def __call__(self, record: CallRecord) -> TwilioCall:
        """Dial; the call is among `calls` until it is over."""
        call = TwilioCall(
            self._clock,
            self._rng,
            self._network,
            self._account,
            QuietHandset(),
            record.plan,
            record=record,
            behaviour=self._behaviour,
            routes=self._routes,
            on_ended=lambda: self._forget(record),
        )
        self.calls[record.sid] = call
        call.place()
        return call

    def hang_up_all(self) -> None:
        """End every call under way."""
        for call in tuple(self.calls.values()):
            call.complete()

    def _forget(self, record: CallRecord) -> None:
        self.calls.pop(record.sid, None)
