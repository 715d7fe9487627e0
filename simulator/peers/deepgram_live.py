"""One live transcription: Deepgram's websocket `/v1/listen` (protocol page, sections 2.2 to 2.5)."""

import hashlib
import random
from collections.abc import Mapping
from functools import partial

from agent.clock import Clock
from fsm.units import samples_to_ns
from simulator.delays import draw_ms
from simulator.peers.base import PeerWire
from simulator.peers.deepgram_audio import AudioFormat
from simulator.peers.deepgram_behaviour import DeepgramBehaviour, DeepgramCounts
from simulator.peers.deepgram_messages import (
    configure_failure,
    configure_success,
    created_at,
    fresh_id,
    result_metadata,
)
from simulator.peers.deepgram_query import ListenQuery
from simulator.peers.deepgram_stream import DeepgramStream, Order
from simulator.peers.deepgram_transcript import Told, Transcriber

KEYTERM_LIMIT_TOKENS = 500


class LiveSocket(DeepgramStream):
    """Deepgram's end of one websocket."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        behaviour: DeepgramBehaviour,
        query: ListenQuery,
        wire: PeerWire,
        counts: DeepgramCounts,
        *,
        may_drop: bool,
    ) -> None:
        audio_format = AudioFormat(query.encoding, query.sample_rate) if query.encoding else None
        super().__init__(clock, rng, behaviour, audio_format, wire, counts, may_drop=may_drop)
        self._query = query
        self._request_id = fresh_id(rng)
        self._transcriber = Transcriber(query, behaviour, rng, result_metadata(query, self._request_id))
        self._digest = hashlib.sha256()
        self._configure_pending = 0

    @property
    def orders(self) -> Mapping[str, Order]:
        """What may be asked of it."""
        return {
            "KeepAlive": self._on_keep_alive,
            "Finalize": self._on_finalize,
            "CloseStream": lambda _: self.finish(),
            "Configure": self._on_configure,
        }

    @property
    def heard_samples(self) -> int:
        """Audio received so far."""
        return self._transcriber.position_samples

    def adopt(self, behaviour: DeepgramBehaviour) -> None:
        """Behave like this from now on."""
        super().adopt(behaviour)
        self._transcriber.adopt(behaviour)

    def hear(self, data: bytes, audio: bytes) -> list[Told]:
        """The next audio."""
        self._digest.update(data)
        return self._transcriber.push(audio)

    def _on_keep_alive(self, _: Mapping[str, object]) -> None:
        if self._has_audio or not self._behaviour.keepalive_needs_audio:
            self._active_at = self._clock.now()

    def _on_finalize(self, message: Mapping[str, object]) -> None:
        self._active_at = self._clock.now()
        if not self._behaviour.ignore_finalize and message.get("channel", 0) == 0:
            self._tell(self._transcriber.finalize())

    def finish(self) -> None:
        """Settle what is left, say so, and close."""
        self._is_finishing = True
        self._idle.cancel()
        self._tell(self._transcriber.finish())
        metadata: dict[str, object] = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": self._digest.hexdigest(),
            "created": created_at(self._opened_at),
            "duration": samples_to_ns(self._transcriber.position_samples) / 1e9,
            "channels": 1 if self._has_audio else 0,
        }
        self._tell([Told(metadata, draw_ms(self._behaviour.finalize_delay_ms, self._rng))])
        self._later(self._order_at, partial(self._close, 1000, ""))

    def _on_configure(self, message: Mapping[str, object]) -> None:
        self._active_at = self._clock.now()
        body = self._configured(message.get("keyterms"), message.get("features"))
        self._configure_pending += 1
        self._tell([Told(body, draw_ms(self._behaviour.processing_ms, self._rng))], then=self._on_configured)

    def _configured(self, keyterms: object, features: object) -> dict[str, object]:
        """The answer to a change in mid-stream, which is made at once."""
        terms = [str(term) for term in keyterms] if isinstance(keyterms, list) else []
        if self._behaviour.configure_failure is not None:
            code, why = self._behaviour.configure_failure, "This emulator was told to refuse."
        elif self._configure_pending:
            code, why = "CONFIGURE_ALREADY_PENDING", "Wait for the answer to the Configure before."
        elif terms and not self._query.model.startswith("nova-3"):
            code, why = "CONFIGURE_KEYTERMS_NOT_SUPPORTED", f"Model {self._query.model} takes no keyterms."
        elif sum(len(term.split()) for term in terms) > KEYTERM_LIMIT_TOKENS:
            code, why = "CONFIGURE_KEYTERM_LIMIT_EXCEEDED", f"Keyterms exceed {KEYTERM_LIMIT_TOKENS} tokens."
        else:
            if isinstance(features, dict) and isinstance(features.get("numerals"), bool):
                self._transcriber.write_numerals(wanted=features["numerals"])
            return configure_success(self._request_id, terms)
        return configure_failure(self._request_id, code, why)

    def _on_configured(self) -> None:
        self._configure_pending -= 1
