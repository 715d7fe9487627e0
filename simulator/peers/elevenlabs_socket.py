"""What both text-to-speech sockets of the emulated ElevenLabs have in common (protocol page, sections 2 to 4)."""

from collections.abc import Callable, Mapping

from agent.clock import Timer
from fsm.units import NS_PER_S, samples_to_ms
from simulator.peers.base import PeerWire, Request
from simulator.peers.elevenlabs_audio import Frame, Timing
from simulator.peers.elevenlabs_behaviour import AlignmentStyle, VoiceFault
from simulator.peers.elevenlabs_context import BUFFER_LIMIT_CHARS, Context, ContextOptions
from simulator.peers.elevenlabs_messages import (
    FAULT_ERRORS,
    SocketError,
    audio_message,
    check_socket_query,
    final_message,
    flush_done_message,
    read_flag,
    read_inactivity_s,
    read_message,
    read_schedule,
    read_speed,
)
from simulator.peers.elevenlabs_studio import Studio


class VoiceSocket:
    """What both sockets do: keys, frames, errors, faults, release; a subclass knows its messages."""

    def __init__(
        self,
        request: Request,
        wire: PeerWire,
        studio: Studio,
        *,
        is_authorised: bool,
        accepts: Callable[[str], bool],
        is_faulty: bool,
    ) -> None:
        self._wire = wire
        self._studio = studio
        self._query = request.query
        self._is_authorised = is_authorised
        self._accepts = accepts
        self._fault = studio.behaviour.fault if is_faulty else None
        self._fault_after_ms = studio.behaviour.fault_after_ms
        self._contexts: dict[str | None, Context] = {}
        self._delivered_ms = 0
        self._held_back: dict[str | None, tuple[Timing | None, Timing | None]] = {}
        self._is_open = True
        self._inactivity: Timer | None = None
        studio.counts["open_sockets"] += 1

    def begin(self) -> None:
        """Check what the upgrade asked for, and wait for text."""
        try:
            check_socket_query(self._query)
            self._inactivity_ns = read_inactivity_s(self._query) * NS_PER_S
            self._auto_mode = read_flag(self._query, "auto_mode")
        except SocketError as error:
            self.fail(error)
            return
        self._touch()

    def on_message(self, message: str | bytes) -> None:
        """A message of the client's."""
        if not self._is_open:
            return
        self._studio.counts["messages"] += 1
        try:
            read = read_message(message)
            self._authorise(read)
            self._touch()
            self._take(read)
        except SocketError as error:
            self.fail(error)

    def on_close(self) -> None:
        """The client is gone."""
        self._release()

    @property
    def is_open(self) -> bool:
        """Whether neither side closed it."""
        return self._is_open

    def fail(self, error: SocketError) -> None:
        """Send an error frame and close."""
        if self._is_open:
            self._studio.counts["errors"] += 1
            self._wire.send(error.frame)
            self._close(1008, error.reason)

    def spoil(self, fault: VoiceFault | None, after_ms: int) -> None:
        """Let this fault strike after so much more audio, or none."""
        self._fault, self._fault_after_ms = fault, self._delivered_ms + after_ms

    def stall(self, duration_ms: int) -> None:
        """Let no audio come for so long."""
        for context in self._contexts.values():
            context.stall(duration_ms)

    def babble(self, audio: bytes) -> None:
        """Send audio of a context that is none of the client's."""
        if self._is_open:
            behaviour = self._studio.behaviour
            self._wire.send(audio_message(audio, None, None, behaviour, {behaviour.context_key: "nobody-asked"}))

    def _take(self, message: Mapping[str, object]) -> None:
        raise NotImplementedError

    def _context_member(self, context: Context) -> dict[str, str | None]:
        """What names the context in a message."""
        raise NotImplementedError

    # --- text ---------------------------------------------------------------------------------------------

    def _open_context(self, context_id: str | None, message: Mapping[str, object]) -> Context:
        settings = message.get("voice_settings")
        options = ContextOptions(
            output_format=self._query["output_format"][0],
            auto_mode=self._auto_mode,
            schedule=read_schedule(message, self._studio.behaviour.schedule),
            speed=read_speed(settings),
            inactivity_ns=self._inactivity_ns,
        )
        context = Context(context_id, options, self._studio, self)
        context.settings = _settings(message)
        self._contexts[context_id] = context
        self._studio.counts["contexts"] += 1
        return context

    def _check_settings(self, context: Context, message: Mapping[str, object]) -> None:
        """Settings are fixed by the first message; to repeat them is only odd."""
        settings = _settings(message)
        if settings is None:
            return
        if settings != context.settings:
            raise SocketError(
                "invalid_input_message",
                "voice_settings and generation_config can only be provided in the first message of a stream.",
            )
        self._studio.complain("settings were sent again after the first message")

    def _add(self, context: Context, text: str, message: Mapping[str, object]) -> None:
        if context.buffered_chars + len(text) > BUFFER_LIMIT_CHARS:
            raise SocketError(
                "max_character_limit_exceeded", f"More than {BUFFER_LIMIT_CHARS} characters are buffered."
            )
        if text.strip() and not text[-1].isspace():
            self._studio.complain(f"text without a final blank: {text[-20:]!r}")
        context.touch()
        context.add(text, try_trigger=message.get("try_trigger_generation") is True)
        if message.get("flush") is True and self._is_open:
            context.flush()

    def _authorise(self, message: Mapping[str, object]) -> None:
        """The first message may carry the key that the upgrade lacked."""
        if self._is_authorised:
            return
        key = message.get("xi-api-key") or message.get("xi_api_key") or message.get("authorization")
        if key is None:
            raise SocketError("authentication_required", "Neither authorization header nor xi-api-key received.")
        if not isinstance(key, str) or not self._accepts(key.removeprefix("Bearer ")):
            raise SocketError("invalid_api_key", "Invalid API key.")
        self._is_authorised = True

    # --- what contexts tell -------------------------------------------------------------------------------

    def on_frame(self, context: Context, frame: Frame, *, is_first: bool) -> None:
        """Send audio, unless a fault strikes first."""
        if self._strikes():
            return
        behaviour = self._studio.behaviour
        self._studio.counts["frames"] += 1
        sent, spoken = (
            (_led(frame.sent), _led(frame.spoken))
            if is_first and behaviour.leading_blank
            else (frame.sent, frame.spoken)
        )
        if behaviour.null_alignment_share and self._studio.rng.random() < behaviour.null_alignment_share:
            sent = spoken = None
        match behaviour.alignment:
            case AlignmentStyle.NONE:
                sent = spoken = None
            case AlignmentStyle.BEFORE_AUDIO:
                self._send_audio(context, b"", sent, spoken)
                sent = spoken = None
            case AlignmentStyle.LAGGING:
                late = self._held_back.get(context.id, (None, None))
                self._held_back[context.id] = (sent, spoken)
                sent, spoken = late
            case AlignmentStyle.WITH_AUDIO:
                pass
        self._send_audio(context, frame.audio, sent, spoken)
        self._delivered_ms += samples_to_ms(frame.samples)

    def on_flushed(self, context: Context) -> None:
        """A bare flush has no final message; some servers send an unlisted one."""
        if self._studio.behaviour.flush_done:
            self._wire.send(flush_done_message(self._context_member(context)))

    def on_final(self, context: Context) -> None:
        """The context ends; its id is free again."""
        if not self._is_open:
            return
        self._contexts.pop(context.id, None)
        late = self._held_back.pop(context.id, None)
        if late is not None:
            self._send_audio(context, b"", *late)
        if self._fault is VoiceFault.NO_FINAL:
            self._studio.counts["faults"] += 1
        elif self._studio.behaviour.sends_final:
            self._wire.send(final_message(self._studio.behaviour, self._context_member(context)))

    def on_inactive(self, context: Context) -> None:  # noqa: ARG002 - the socket ends, whichever it was
        """No text for too long."""
        self.fail(_input_timeout())

    def on_over_limit(self, context: Context) -> None:  # noqa: ARG002 - same
        """The account generates too much at once."""
        self.fail(SocketError("concurrent_limit_exceeded", "Too many concurrent requests for your subscription."))

    def _send_audio(self, context: Context, audio: bytes, sent: Timing | None, spoken: Timing | None) -> None:
        member = self._context_member(context)
        self._wire.send(audio_message(audio, sent, spoken, self._studio.behaviour, member))

    # --- the end ------------------------------------------------------------------------------------------

    def _strikes(self) -> bool:
        """Whether the injected fault has come, or came before."""
        behaviour, fault = self._studio.behaviour, self._fault
        if fault in (None, VoiceFault.NO_FINAL) or self._delivered_ms < self._fault_after_ms:
            return False
        self._studio.counts["faults"] += 1
        if fault is VoiceFault.CLOSE:
            if behaviour.close_code == 1006:
                self._release()
                self._wire.abort()
            else:
                self._close(behaviour.close_code, "Internal server error" if behaviour.close_code == 1011 else "")
        elif fault is VoiceFault.ERROR_FRAME:
            self._wire.send(FAULT_ERRORS[fault].frame)
            self._drop_contexts()
        elif fault is VoiceFault.HANG:
            self._drop_contexts()
        else:
            assert fault is not None
            self.fail(FAULT_ERRORS[fault])
        return True

    def _touch(self) -> None:
        """A socket without any message for too long is closed, too."""
        clock = self._studio.clock
        if self._inactivity is not None:
            self._inactivity.cancel()
        self._inactivity = clock.call_at(clock.now() + self._inactivity_ns, self._on_quiet)

    def _on_quiet(self) -> None:
        if any(context.is_generating for context in self._contexts.values()):
            self._touch()
        else:
            self.fail(_input_timeout())

    def _close(self, code: int, reason: str = "") -> None:
        if self._is_open:
            self._release()
            self._wire.close(code, reason)

    def _drop_contexts(self) -> None:
        for context in self._contexts.values():
            context.drop()
        self._contexts.clear()

    def _release(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._studio.counts["open_sockets"] -= 1
        self._drop_contexts()
        if self._inactivity is not None:
            self._inactivity.cancel()


def _settings(message: Mapping[str, object]) -> object:
    """The members that only a first message may have, or `None`."""
    names = ("voice_settings", "generation_config", "pronunciation_dictionary_locators")
    given = {name: message[name] for name in names if message.get(name) is not None}
    return given or None


def _input_timeout() -> SocketError:
    return SocketError("input_timeout_exceeded", "This session was closed because no text was received for too long.")


def _led(timing: Timing | None) -> Timing | None:
    if timing is None:
        return None
    return Timing((" ", *timing.chars), (0, *timing.starts_ms), (0, *timing.durations_ms))
