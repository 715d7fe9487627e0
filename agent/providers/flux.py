"""Deepgram's Flux as a `SpeechToText`: it tells turns, and guesses their ends early."""

from dataclasses import replace

from agent.clock import Clock
from agent.ports import Network
from agent.providers.deepgram_codec import Complaint, Other, listen_headers
from agent.providers.deepgram_dialect import Endpoint, Hearing
from agent.providers.deepgram_ears import PRIMER, TICK_MS, DeepgramEndpoint
from agent.providers.flux_codec import (
    CLOSE_STREAM,
    FORCE_END_TURN,
    MULTILINGUAL,
    FluxSettings,
    TurnEvent,
    TurnTold,
    decode,
    listen_url,
)
from agent.providers.pool import WarmPolicy
from fsm.events import TurnEnded, TurnLikelyEnded, TurnResumed
from fsm.units import ULAW_SILENCE, ms_to_samples

SILENCE = bytes([ULAW_SILENCE]) * ms_to_samples(TICK_MS)
"""Goes out for each second without audio: it knows no KeepAlive, and its turns end by the audio's time (3.2, 3.5)."""

WARM = WarmPolicy(refills=False, max_age_ms=8_000, greeting=PRIMER)
"""As that of the live transcription, but not kept alive: a spare without audio is closed after about ten seconds."""


class FluxSpeechToText(DeepgramEndpoint):
    """Turns as they begin, go on, seem to end and end."""

    def __init__(self, network: Network, clock: Clock, settings: FluxSettings) -> None:
        self.settings = settings
        super().__init__(network, clock, self._endpoint_in)

    def _endpoint_in(self, language: str) -> Endpoint | None:
        """One model hears all languages, as far as it is told which; the others hear one."""
        known = self.settings.language
        if language and self.settings.model != MULTILINGUAL and language.partition("-")[0] != known.partition("-")[0]:
            return None
        settings = replace(self.settings, language=language or known)
        return Endpoint(
            url=listen_url(settings),
            headers=listen_headers(settings.api_key),
            new_dialect=TurnsTold,
            warm=WARM,
            close_stream=CLOSE_STREAM,
            send_every_frames=settings.send_every_frames,
            open_timeout_ms=settings.open_timeout_ms,
            stall_timeout_ms=settings.stall_timeout_ms,
            close_timeout_ms=settings.close_timeout_ms,
            is_silent_in_silence=False,
        )


class TurnsTold:
    """The `Dialect` of one call: each message holds the whole turn so far.

    Audio is settled up to the end of each turn, so a new connection hears a broken turn again from its beginning.
    """

    def __init__(self, hearing: Hearing) -> None:
        self._audio = hearing.audio
        self._listener = hearing.listener
        self._counts = hearing.counts
        self._is_in_turn = False
        self._has_guessed = False

    def finalize(self) -> str:
        """Its words need no settling."""
        return ""

    def end_turn(self) -> str:
        """We took the turn as over before it did: what comes now is another one."""
        return FORCE_END_TURN if self._is_in_turn else ""

    def keep_alive(self, quiet_ticks: int) -> bytes:
        """Silence, where the telephone is silent for more than a tick."""
        return SILENCE if quiet_ticks > 1 else b""

    def take(self, message: str | bytes, starts_at: int) -> str:
        """Act on a message; what the server complains of, if it does."""
        match decode(message):
            case TurnTold() as told:
                self._on_turn(told, starts_at)
            case Complaint(detail):
                return detail
            case Other(kind):
                if kind != "Connected":
                    self._counts[f"ignored_{kind or 'malformed'}"] += 1
        return ""

    def _on_turn(self, told: TurnTold, starts_at: int) -> None:
        end = self._audio.sent_to
        if told.end_samples is not None:
            end = min(end, starts_at + told.end_samples)
        if told.event is TurnEvent.END:
            self._is_in_turn = self._has_guessed = False
            self._audio.settle(end)
            self._tell_end(told, end)
        elif told.text:
            self._is_in_turn = True
            self._tell_words(told, end)
        elif not self._is_in_turn:
            self._audio.settle(end - len(PRIMER))  # nobody speaks: of that no new connection needs to know
            self._listener.on_nothing_heard(None if told.end_samples is None else self._audio.end - end)

    def _tell_end(self, told: TurnTold, end: int) -> None:
        if told.text and told.is_forced:
            self._words(told.text, end, is_final=True)
        elif told.text:
            self._listener.on_turn(TurnEnded(told.text))

    def _tell_words(self, told: TurnTold, end: int) -> None:
        if self._has_guessed and told.event is not TurnEvent.EAGER_END:
            self._has_guessed = False
            self._listener.on_turn(TurnResumed())
        self._words(told.text, end, is_final=False)
        if told.event is TurnEvent.EAGER_END:
            self._has_guessed = True
            self._listener.on_turn(TurnLikelyEnded(told.text, told.confidence_percent))

    def _words(self, text: str, end: int, *, is_final: bool) -> None:
        self._listener.on_words(text, is_final=is_final, speech_final=False, behind_samples=self._audio.end - end)
