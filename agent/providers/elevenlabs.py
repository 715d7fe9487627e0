"""ElevenLabs as a `TextToSpeech`: one websocket a call, some more kept warm."""

from collections import Counter

from agent.clock import Clock
from agent.ports import Network, Voice, VoiceListener, Wire, WireListener
from agent.providers.elevenlabs_codec import PROVIDER, ElevenLabsSettings, speech_headers, speech_url
from agent.providers.elevenlabs_voice import ElevenLabsVoice
from agent.providers.pool import WarmPolicy, WarmSockets

WARM = WarmPolicy(
    # Only generating counts against the plan's limit (6), so a spare is free: one is always there. It is replaced
    # before the inactivity timeout of 180 s, in case that also holds for a socket without contexts.
    refills=True,
    max_age_ms=150_000,
)


class ElevenLabsTextToSpeech:
    """A `TextToSpeech`; `counts` holds what was ignored or mended, of all calls together."""

    def __init__(self, network: Network, clock: Clock, settings: ElevenLabsSettings) -> None:
        self.settings = settings
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self._network = network
        self._url = speech_url(settings)
        self._headers = speech_headers(settings)
        self._spares = WarmSockets(clock, self._dial, WARM)

    def open_voice(self, listener: VoiceListener) -> Voice:
        """A voice for one call; usable at once."""
        return ElevenLabsVoice(self.settings, self.clock, self.counts, self._spares.take, listener)

    def warm(self) -> None:
        """Have one more socket open; from the first time on, one is always kept."""
        self._spares.warm()

    def close(self) -> None:
        """Close the spare sockets."""
        self._spares.close()

    @property
    def fingerprint(self) -> str:
        """Everything that shapes the sound: the URL names host, voice, model and format."""
        its = self.settings
        shape = (its.stability, its.similarity_boost, its.style, its.use_speaker_boost, its.speed)
        return f"{PROVIDER} {self._url} {shape}"

    def _dial(self, listener: WireListener) -> Wire:
        return self._network.open_websocket(
            self._url, self._headers, listener, open_timeout_ms=self.settings.open_timeout_ms
        )
