"""Ears over one of Deepgram's websockets: one a call, opened anew when it breaks or goes deaf.

What is said on it is a `Dialect`'s business: the live transcription's (`deepgram`) or that of Flux (`flux`).
"""

from collections import Counter
from collections.abc import Callable

from agent.clock import Clock, Timer
from agent.errors import RETRYABLE, Fault, FaultKind, Whose
from agent.ports import Ears, Network, SpeechListener, Wire, WireListener
from agent.providers.deepgram_audio import UnsettledAudio, is_voiced
from agent.providers.deepgram_dialect import Endpoint, Hearing
from agent.providers.faults import fault_of_close, one_line
from agent.providers.pool import WarmSockets
from fsm.units import FRAME_SAMPLES, ULAW_SILENCE, ms_to_ns, ms_to_samples

PROVIDER = "deepgram"

KEPT_MS = 30_000
"""Unsettled audio kept for a new connection, also while the first one opens. Deepgram settles a segment in seconds."""

PIECE_SAMPLES = ms_to_samples(250)
"""Audio to a message where much is due at once."""

TICK_MS = 1_000

DEAF_AFTER_VOICE = ms_to_samples(240)
"""Voice that must have been sent without any answer before a silent connection counts as deaf: a short "yes"."""

RECONNECT_MS = (0, 250, 500, 1_000, 2_000, 4_000)
"""Waits before the attempts to connect again; the last one repeats."""

RECONNECT_HOPELESS_MS = 30_000
"""The wait where only a person can mend it (a refused key): the call goes on deaf, the service is not hammered."""

PRIMER = bytes([ULAW_SILENCE]) * ms_to_samples(100)
"""Sent first on a spare socket: KeepAlive alone is reported not to count before some audio came (2.5)."""


def no_such_language(language: str) -> Fault:
    """The fault of a model that does not know a language."""
    return Fault(Whose.SETTINGS, PROVIDER, FaultKind.BAD_REQUEST, f"the model of the settings knows no {language!r}")


class DeepgramEndpoint:
    """A `SpeechToText`; `counts` holds what was ignored, dropped or mended, of all calls together.

    `endpoint_in` tells where a language is heard, None where it is not; the empty one is that of the settings.
    """

    def __init__(self, network: Network, clock: Clock, endpoint_in: Callable[[str], Endpoint | None]) -> None:
        endpoint = endpoint_in("")
        assert endpoint is not None, "a call begins in the language of the settings"
        self.endpoint = endpoint
        self.endpoint_in = endpoint_in
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self._network = network
        self._spares = WarmSockets(clock, self._dial, endpoint.warm)

    def listen(self, listener: SpeechListener) -> Ears:
        """Ears for one call; usable at once, what they hear before the socket is open is kept."""
        return DeepgramEars(self, listener)

    def warm(self) -> None:
        """Open a socket for a call that is about to come; closed again if none comes soon."""
        self._spares.warm()

    def close(self) -> None:
        """Close the spare sockets."""
        self._spares.close()

    def connect(self, listener: WireListener, endpoint: Endpoint) -> Wire:
        """A wire to Deepgram, open already where one was warm: that is so for the language of the settings."""
        if endpoint.url != self.endpoint.url:
            return self._dial_to(endpoint, listener)
        return self._spares.take(listener)

    def _dial(self, listener: WireListener) -> Wire:
        return self._dial_to(self.endpoint, listener)

    def _dial_to(self, endpoint: Endpoint, listener: WireListener) -> Wire:
        return self._network.open_websocket(
            endpoint.url, endpoint.headers, listener, open_timeout_ms=endpoint.open_timeout_ms
        )


class _Line:
    """One connection of a call's ears; a line that was given up is no longer `ears.line`, and is not listened to."""

    def __init__(self, ears: "DeepgramEars", stt: DeepgramEndpoint, endpoint: Endpoint) -> None:
        self.is_ready = False
        self.starts_at = 0  # where its time 0 stands in the call, in samples
        self.complaint = ""
        self._ears = ears
        self.wire = stt.connect(self, endpoint)
        if self.wire.is_open:  # a spare: its time began with the primer
            self.begin(ears.audio.begin - len(PRIMER))

    def begin(self, starts_at: int) -> None:
        """The wire is open: its first sample stands at `starts_at`."""
        self.is_ready = True
        self.starts_at = starts_at

    def on_open(self) -> None:
        if self._ears.line is self:
            self.begin(self._ears.audio.begin)
            self._ears.line_opened()

    def on_message(self, message: str | bytes) -> None:
        if self._ears.line is self:
            self._ears.line_said(self, message)

    def on_close(self, code: int, reason: str) -> None:
        was_open, self.is_ready = self.is_ready, False
        if self._ears.line is self:
            self._ears.line_lost(fault_of_close(PROVIDER, code, self.complaint or reason, was_open=was_open))


class DeepgramEars:
    """The ears of one call: sends audio as it comes, keeps what is not settled, mends its connection by itself."""

    def __init__(self, stt: DeepgramEndpoint, listener: SpeechListener) -> None:
        self.audio = UnsettledAudio(KEPT_MS)
        self.line: _Line | None = None
        self._stt = stt
        self._endpoint = stt.endpoint
        self._before: Endpoint | None = None
        """Where we listened before, until the present one turns out to be there."""
        self._clock = stt.clock
        self._counts = stt.counts
        self._listener: SpeechListener | None = listener
        self._group = stt.endpoint.send_every_frames * FRAME_SAMPLES
        self._dialect = stt.endpoint.new_dialect(Hearing(self.audio, listener, stt.counts))
        self._wants_finalize = False
        self._has_failed = False
        self._failures = 0  # in a row, without a message in between
        self._quiet_ticks = 0  # without audio
        self._deaf_ticks = 0  # without a message
        self._voice_since_message = 0
        self._reconnect: Timer | None = None
        self._tick = self._arm_tick()
        self._connect()

    # --- the port ---

    def send(self, audio: bytes) -> None:
        """Give it the next mu-law audio, any length; kept (bounded) while there is no connection."""
        if self._listener is None:
            return
        unsent = self.audio.push(audio)
        self._quiet_ticks = 0
        if is_voiced(audio):
            self._voice_since_message += len(audio)
        if unsent >= self._group:
            self._send_unsent()

    def finalize(self) -> None:
        """Ask it to settle the words it holds back; remembered while there is no connection."""
        if self.line is None or not self.line.is_ready:
            self._wants_finalize = True
            return
        self._send_unsent()
        if order := self._dialect.finalize():
            self.line.wire.send(order)

    def end_turn(self) -> None:
        """The caller's turn was taken as over, whatever it thinks: what comes now is another one."""
        order = self._dialect.end_turn()
        if order and self.line is not None and self.line.is_ready:
            self._send_unsent()
            self.line.wire.send(order)

    def change_language(self, language: str) -> None:
        """Hear what is not settled yet, and all that follows, in another language; where that fails, as before."""
        endpoint = self._stt.endpoint_in(language)
        if endpoint is None:
            self._clock.call_at(self._clock.now(), lambda: self._refused(no_such_language(language)))
        elif self._listener is not None and endpoint.url != self._endpoint.url:
            self._before = self._before or self._endpoint
            self._listen_at(endpoint)

    def close(self) -> None:
        """The call is over. Deepgram may finish within `close_timeout_ms`; nothing is reported any more."""
        if self._listener is None:
            return
        self._listener = None
        self._tick.cancel()
        if self._reconnect is not None:
            self._reconnect.cancel()
        self._counts["lost_audio_samples"] += self.audio.lost_samples
        if self.line is not None and self.line.is_ready:
            self.line.wire.send(self._endpoint.close_stream)
            due = self._clock.now() + ms_to_ns(self._endpoint.close_timeout_ms)
            self._tick = self._clock.call_at(due, self.line.wire.close)
        elif self.line is not None:
            self.line.wire.close()

    # --- the line ---

    def line_opened(self) -> None:
        """A connection is there: give it all that is not settled."""
        self.audio.rewind()
        self._deaf_ticks = self._voice_since_message = 0
        self._send_unsent()
        if self._wants_finalize:
            self._wants_finalize = False
            self.finalize()
        self._before = None
        if self._has_failed and self._listener is not None:
            self._has_failed = False
            self._listener.on_ears_restored()

    def line_said(self, line: _Line, message: str | bytes) -> None:
        """A message came on the present connection."""
        self._deaf_ticks = self._voice_since_message = 0
        self._failures = 0
        if self._listener is not None and (complaint := self._dialect.take(message, line.starts_at)):
            line.complaint = one_line(complaint)

    def line_lost(self, fault: Fault) -> None:
        """The present connection is gone: try again, and report the first time."""
        self.line = None
        if self._listener is None:
            self._tick.cancel()
            return
        self._counts[f"lost_{fault.kind}"] += 1
        if self._before is not None:
            before, self._before = self._before, None
            self._refused(fault)
            self._listen_at(before)
            return
        wait_ms = RECONNECT_MS[min(self._failures, len(RECONNECT_MS) - 1)]
        if fault.kind not in RETRYABLE and fault.kind is not FaultKind.BAD_MESSAGE:
            wait_ms = RECONNECT_HOPELESS_MS
        self._failures += 1
        self._reconnect = self._clock.call_at(self._clock.now() + ms_to_ns(wait_ms), self._connect)
        if not self._has_failed:
            self._has_failed = True
            self._listener.on_ears_failed(fault)

    def _refused(self, fault: Fault) -> None:
        if self._listener is not None:
            self._listener.on_language_refused(fault)

    def _listen_at(self, endpoint: Endpoint) -> None:
        """Give up the present connection for one to `endpoint`, which is given all that is not settled."""
        self._endpoint = endpoint
        line, self.line = self.line, None
        if line is not None:
            line.is_ready = False
            line.wire.close()
        if self._reconnect is not None:
            self._reconnect.cancel()
        self._connect()

    def _connect(self) -> None:
        self._reconnect = None
        self.line = _Line(self, self._stt, self._endpoint)
        if self.line.is_ready:
            self.line_opened()

    def _send_unsent(self) -> None:
        line = self.line
        if line is None or not line.is_ready:
            return
        while self.audio.unsent > 0:
            line.wire.send(self.audio.take(PIECE_SAMPLES))

    # --- once a second ---

    def _arm_tick(self) -> Timer:
        return self._clock.call_at(self._clock.now() + ms_to_ns(TICK_MS), self._on_tick)

    def _on_tick(self) -> None:
        self._tick = self._arm_tick()
        line = self.line
        if line is None or not line.is_ready:
            return
        self._deaf_ticks += self._quiet_ticks == 0  # audio flows
        self._quiet_ticks += 1
        self._keep_alive(line)
        deaf_ms = self._deaf_ticks * TICK_MS
        has_voice = self._voice_since_message >= DEAF_AFTER_VOICE
        may_be_silent = self._endpoint.is_silent_in_silence and not has_voice
        if deaf_ms >= self._endpoint.stall_timeout_ms and not may_be_silent:
            line.is_ready = False
            detail = f"no message for {deaf_ms} ms while the caller {'spoke' if has_voice else 'was heard'}"
            self.line_lost(Fault(Whose.PROVIDER, PROVIDER, FaultKind.STALLED, detail))
            line.wire.close()

    def _keep_alive(self, line: _Line) -> None:
        told = self._dialect.keep_alive(self._quiet_ticks)
        if isinstance(told, bytes) and told:
            self.audio.push(told)
            self._send_unsent()
        elif isinstance(told, str) and told:
            line.wire.send(told)
