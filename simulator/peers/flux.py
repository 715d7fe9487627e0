"""One conversation with Flux: Deepgram's websocket `/v2/listen` (protocol page, section 3)."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from agent.clock import Clock
from simulator.delays import draw_ms
from simulator.peers.base import PeerWire
from simulator.peers.deepgram_audio import AudioFormat
from simulator.peers.deepgram_behaviour import DeepgramBehaviour, DeepgramCounts
from simulator.peers.deepgram_messages import fresh_id
from simulator.peers.deepgram_stream import DeepgramStream, Order
from simulator.peers.deepgram_transcript import Told
from simulator.peers.flux_query import FluxQuery
from simulator.peers.flux_turns import TurnTranscriber


class FluxSocket(DeepgramStream):
    """Flux's end of one websocket. It knows neither `KeepAlive` nor `Finalize`."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        behaviour: DeepgramBehaviour,
        query: FluxQuery,
        wire: PeerWire,
        counts: DeepgramCounts,
        *,
        may_drop: bool,
    ) -> None:
        audio_format = AudioFormat(query.encoding, query.sample_rate) if query.encoding else None
        super().__init__(clock, rng, behaviour, audio_format, wire, counts, may_drop=may_drop)
        self._request_id = fresh_id(rng)
        self._sequence_id = 0
        self._turns = TurnTranscriber(query, behaviour, rng)
        self._tell([Told({"type": "Connected"}, 0)])

    @property
    def orders(self) -> Mapping[str, Order]:
        """What may be asked of it."""
        return {
            "ForceEndTurn": lambda _: self._tell(self._turns.force_end()),
            "CloseStream": lambda _: self.finish(),
            "Configure": self._on_configure,
        }

    @property
    def heard_samples(self) -> int:
        """Audio received so far."""
        return self._turns.position_samples

    def adopt(self, behaviour: DeepgramBehaviour) -> None:
        """Behave like this from now on."""
        super().adopt(behaviour)
        self._turns.adopt(behaviour)

    def hear(self, data: bytes, audio: bytes) -> list[Told]:  # noqa: ARG002 - its version of the protocol has no digest
        """The next audio."""
        return self._turns.push(audio)

    def finish(self) -> None:
        """Tell what is left, and close without a code (3.5)."""
        self._is_finishing = True
        self._idle.cancel()
        self._tell(self._turns.finish())
        self._later(max(self._order_at, self._clock.now()), partial(self._close, None, ""))

    def _on_configure(self, message: Mapping[str, object]) -> None:
        self._active_at = self._clock.now()
        thresholds, keyterms = message.get("thresholds"), message.get("keyterms")
        failure = self._behaviour.configure_failure
        body: dict[str, Any]
        if failure is not None:
            body = {"type": "ConfigureFailure", "code": failure, "description": "This emulator was told to refuse."}
        else:
            body = {
                "type": "ConfigureSuccess",
                "thresholds": self._turns.configure(thresholds if isinstance(thresholds, dict) else {}),
                "keyterms": keyterms if isinstance(keyterms, list) else [],
                "language_hints": [],
                "numerals": message.get("numerals") is True,
            }
        self._tell([Told(body, draw_ms(self._behaviour.processing_ms, self._rng))])

    def _send(self, told: Told, then: Callable[[], None] | None) -> None:
        """Messages of all types are counted in the order in which they leave (3.3)."""
        head = {"type": told.body["type"], "request_id": self._request_id, "sequence_id": self._sequence_id}
        self._sequence_id += 1
        super()._send(replace(told, body={**head, **told.body}), then)
