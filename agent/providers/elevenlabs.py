"""ElevenLabs as a `TextToSpeech`, over whichever of its two sockets the server offers."""

from collections import Counter

from agent.clock import Clock
from agent.ports import Network, Voice, VoiceListener
from agent.providers.elevenlabs_codec import PROVIDER, ElevenLabsSettings, speech_url
from agent.providers.elevenlabs_endpoints import Endpoints
from agent.providers.elevenlabs_voice import ElevenLabsVoice


class ElevenLabsTextToSpeech:
    """A `TextToSpeech`; `counts` holds what was ignored or mended, of all calls together."""

    def __init__(self, network: Network, clock: Clock, settings: ElevenLabsSettings) -> None:
        self.settings = settings
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self._endpoints = Endpoints(network, clock, settings, self.counts)

    def open_voice(self, listener: VoiceListener) -> Voice:
        """A voice for one call; usable at once."""
        return ElevenLabsVoice(self.settings, self.clock, self.counts, self._endpoints, listener)

    def warm(self) -> None:
        """Have one more socket open; from the first time on, one is always kept."""
        self._endpoints.warm()

    def close(self) -> None:
        """Close the spare sockets."""
        self._endpoints.close()

    @property
    def fingerprint(self) -> str:
        """Everything that shapes the sound: the URL names host, voice, model and format; the endpoint shapes none."""
        its = self.settings
        shape = (its.stability, its.similarity_boost, its.style, its.use_speaker_boost, its.speed)
        return f"{PROVIDER} {speech_url(its)} {shape}"
