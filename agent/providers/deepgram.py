"""Deepgram's live transcription as a `SpeechToText`."""

from dataclasses import replace

from agent.clock import Clock
from agent.ports import Network
from agent.providers.deepgram_codec import (
    CLOSE_STREAM,
    FINALIZE,
    KEEP_ALIVE,
    Complaint,
    DeepgramSettings,
    Heard,
    Other,
    UtteranceEnded,
    VoiceNoticed,
    decode,
    listen_headers,
    listen_url,
)
from agent.providers.deepgram_dialect import Endpoint, Hearing
from agent.providers.deepgram_ears import PRIMER, DeepgramEndpoint
from agent.providers.deepgram_segments import Segments
from agent.providers.pool import WarmPolicy

KEEP_ALIVE_TICKS = 4
"""Seconds without audio after which a KeepAlive goes out; Deepgram closes after about ten (2.5)."""

WARM = WarmPolicy(
    # An open socket is billed and takes one of the project's slots (1). So none is kept for its own sake: the webhook
    # of a call warms one, which its media stream takes about a second later; one that nobody takes is soon closed.
    refills=False,
    max_age_ms=15_000,
    greeting=PRIMER,
    keep_alive=KEEP_ALIVE,
)


class DeepgramSpeechToText(DeepgramEndpoint):
    """Words as they are heard, settled segment by segment, and its own pauses."""

    def __init__(self, network: Network, clock: Clock, settings: DeepgramSettings) -> None:
        self.settings = settings
        super().__init__(network, clock, self._endpoint_in)

    def _endpoint_in(self, language: str) -> Endpoint:
        settings = replace(self.settings, language=language or self.settings.language)
        return Endpoint(
            url=listen_url(settings),
            headers=listen_headers(settings.api_key),
            new_dialect=SegmentsTold,
            warm=WARM,
            close_stream=CLOSE_STREAM,
            send_every_frames=settings.send_every_frames,
            open_timeout_ms=settings.open_timeout_ms,
            stall_timeout_ms=settings.stall_timeout_ms,
            close_timeout_ms=settings.close_timeout_ms,
            is_silent_in_silence=True,
        )


class SegmentsTold:
    """The `Dialect` of one call: segments that change until they are final, and pauses that are told twice."""

    def __init__(self, hearing: Hearing) -> None:
        self._audio = hearing.audio
        self._listener = hearing.listener
        self._counts = hearing.counts
        self._segments = Segments()

    def finalize(self) -> str:
        """Have it settle the words it holds back."""
        return FINALIZE

    def end_turn(self) -> str:
        """It knows no turns."""
        return ""

    def keep_alive(self, quiet_ticks: int) -> str:
        """Every few seconds without audio."""
        return "" if quiet_ticks % KEEP_ALIVE_TICKS else KEEP_ALIVE

    def take(self, message: str | bytes, starts_at: int) -> str:
        """Act on a message; what the server complains of, if it does."""
        match decode(message):
            case Heard() as heard:
                self._on_heard(heard, starts_at)
            case UtteranceEnded(last_word_end_samples):
                self._on_utterance_end(last_word_end_samples, starts_at)
            case VoiceNoticed():
                self._listener.on_voice_noticed()
            case Complaint(detail):
                return detail
            case Other(kind):
                self._counts[f"ignored_{kind or 'malformed'}"] += 1
        return ""

    def _on_heard(self, heard: Heard, starts_at: int) -> None:
        end = self._audio.sent_to
        if heard.end_samples is not None:
            end = min(end, starts_at + heard.end_samples)
        if heard.is_final:
            self._segments.settle(end, self._audio.sent_to)
            self._audio.settle(self._segments.settled_to)
        elif self._segments.is_late(end, self._audio.sent_to):
            self._counts["stale_interim"] += 1
            return
        behind_samples = None if heard.end_samples is None else self._audio.end - end
        if not heard.text:
            self._listener.on_nothing_heard(behind_samples)
        if self._segments.is_news(heard, end):
            self._listener.on_words(
                heard.text, is_final=heard.is_final, speech_final=heard.speech_final, behind_samples=behind_samples
            )

    def _on_utterance_end(self, last_word_end_samples: int, starts_at: int) -> None:
        last_word_end = starts_at + last_word_end_samples if last_word_end_samples >= 0 else None
        if self._segments.is_pause(last_word_end):
            self._listener.on_words("", is_final=False, speech_final=True)
