"""One of Deepgram's websockets: audio and orders in, messages out, each in its time; whatever its version.

What is heard and which orders there are is a matter of the endpoint: `deepgram_live`, `flux`.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import orjson

from agent.clock import Clock
from fsm.units import ms_to_ns, ms_to_samples
from simulator.delays import draw_ms
from simulator.peers.base import PeerWire
from simulator.peers.deepgram_audio import AudioDecoder, AudioError, AudioFormat
from simulator.peers.deepgram_behaviour import DeepgramBehaviour, DeepgramCounts
from simulator.peers.deepgram_messages import schema_error
from simulator.peers.deepgram_outbox import Outbox
from simulator.peers.deepgram_transcript import Told

NO_INPUT = "NET-0001: neither audio nor a text message came within the timeout window"
NOT_DECODABLE = "DATA-0000: the payload could not be decoded as audio"
DROPPED = "NET-0000: the service had trouble and could not go on"

Order = Callable[[Mapping[str, object]], None]


class DeepgramStream(ABC):
    """Deepgram's end of one websocket; `may_drop` lets the drop fault strike it."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        behaviour: DeepgramBehaviour,
        audio_format: AudioFormat | None,
        wire: PeerWire,
        counts: DeepgramCounts,
        *,
        may_drop: bool,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._behaviour = behaviour
        self._wire = wire
        self._counts = counts
        self._may_drop = may_drop and behaviour.drop_after_ms is not None
        self._decoder = AudioDecoder(audio_format)
        self._opened_at = self._active_at = clock.now()
        self._is_open = True
        self._is_finishing = False
        self._has_audio = False
        self._order_at = 0  # no message in order leaves before this
        self._outbox = Outbox(clock)
        self._idle = clock.call_at(self._idle_at(), self._on_idle)
        counts.opened += 1
        counts.open_now += 1

    # --- what the endpoint is ---

    @property
    @abstractmethod
    def orders(self) -> Mapping[str, Order]:
        """What may be asked of it in JSON, by type."""

    @property
    @abstractmethod
    def heard_samples(self) -> int:
        """Audio received so far."""

    @abstractmethod
    def hear(self, data: bytes, audio: bytes) -> list[Told]:
        """The next message of audio, as it came and as mu-law, and what it brings about."""

    @abstractmethod
    def finish(self) -> None:
        """The client has no more audio."""

    # --- what comes ---

    def on_message(self, message: str | bytes) -> None:
        """Audio, or an order in JSON; an empty binary message ends the stream."""
        if not self._is_open or self._is_finishing:
            return
        if isinstance(message, str):
            self._on_text(message)
        elif not message:
            self._counts.received["empty"] += 1
            self.finish()
        else:
            self._on_audio(message)

    def on_close(self) -> None:
        """The client is gone."""
        self._release()

    @property
    def is_open(self) -> bool:
        """Whether it was neither closed nor dropped."""
        return self._is_open

    # --- what befalls it ---

    def adopt(self, behaviour: DeepgramBehaviour) -> None:
        """Behave like this from now on."""
        self._behaviour = behaviour

    def stall(self, duration_ms: int) -> None:
        """Say nothing for so long, then all of it."""
        self._outbox.stall(self._clock.now() + ms_to_ns(duration_ms))

    def babble(self, messages: Iterable[str]) -> None:
        """Send these."""
        for message in messages:
            self._wire.send(message)

    def drop(self, code: int | None) -> None:
        """Close with `code`; without one, tear the connection down."""
        if not self._is_open:
            return
        self._counts.dropped += 1
        if code is None:
            self._release()
            self._wire.abort()
        else:
            self._close(code, DROPPED)

    def _on_audio(self, data: bytes) -> None:
        is_misplaced_text = data.startswith(b'{"type"') and b"KeepAlive" in data[:40]
        self._counts.received["binary text" if is_misplaced_text else "audio"] += 1
        if not is_misplaced_text:  # it is taken for audio, but keeps nothing alive
            self._has_audio = True
            self._active_at = self._clock.now()
        self._counts.audio_bytes += len(data)
        try:
            audio = self._decoder.push(data)
        except AudioError:
            self._close(1008, NOT_DECODABLE)
            return
        if told := self.hear(data, audio):
            self._tell(told)
        if self._may_drop:
            self._drop_if_due()

    def _drop_if_due(self) -> None:
        due_ms = self._behaviour.drop_after_ms
        if due_ms is None or self.heard_samples < ms_to_samples(due_ms):
            return
        self.drop(self._behaviour.drop_code)

    def _on_text(self, text: str) -> None:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        kind = message.get("type") if isinstance(message, dict) else None
        order = self.orders.get(kind) if isinstance(kind, str) else None
        if order is None:
            self._counts.received["bad"] += 1
            self._tell(
                [Told(schema_error(text, tuple(self.orders)), draw_ms(self._behaviour.processing_ms, self._rng))]
            )
            return
        self._counts.received[str(kind)] += 1
        order(message)

    # --- what goes ---

    def _tell(self, messages: list[Told], then: Callable[[], None] | None = None) -> None:
        """Send messages after their delays, those in order never before an earlier one."""
        now = self._clock.now()
        for told in messages:
            jitter_ms = self._rng.randint(0, self._behaviour.jitter_ms) if self._behaviour.jitter_ms else 0
            due = now + ms_to_ns(told.delay_ms + jitter_ms)
            if told.in_order:
                due = self._order_at = max(due, self._order_at)
            self._later(due, partial(self._send, told, then))

    def _send(self, told: Told, then: Callable[[], None] | None) -> None:
        self._counts.sent[str(told.body["type"])] += 1
        self._wire.send(orjson.dumps(told.body).decode())
        if then is not None:
            then()

    def _later(self, due: int, step: Callable[[], None]) -> None:
        unstalled = self._after_stall(due)
        if unstalled is None or not self._outbox.put(unstalled, step):
            self._counts.withheld += 1

    def _after_stall(self, due: int) -> int | None:
        """When something due at `due` really goes: after the stall it falls into; `None` if that never ends."""
        start_ms, end_ms = self._behaviour.stall_from_ms, self._behaviour.stall_until_ms
        if start_ms is None or due < self._opened_at + ms_to_ns(start_ms):
            return due
        return None if end_ms is None else max(due, self._opened_at + ms_to_ns(end_ms))

    # --- the end ---

    def _idle_at(self) -> int:
        return self._active_at + ms_to_ns(self._behaviour.idle_timeout_ms)

    def _on_idle(self) -> None:
        if self._clock.now() < self._idle_at():
            self._idle = self._clock.call_at(self._idle_at(), self._on_idle)
            return
        self._counts.idle_closed += 1
        self._close(1011, NO_INPUT)

    def _close(self, code: int | None, reason: str) -> None:
        self._release()
        self._wire.close(code, reason)

    def _release(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._counts.open_now -= 1
        self._outbox.clear()
        self._idle.cancel()
