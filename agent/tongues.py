"""The languages of an agent as its calls speak them: voices, pronunciation, phrases rendered ahead."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.clock import Clock
from agent.languages import code_of
from agent.phrases import PhraseCache, PhraseRenderer, RenderedPhrase
from agent.ports import TextToSpeech, Voice, VoiceListener
from agent.speakable import speakable
from fsm.profile import Phrases

log = logging.getLogger(__name__)


class Phrasebook(Protocol):
    """Phrases rendered ahead of need."""

    def get(self, text: str) -> RenderedPhrase | None:
        """The sound of `text`, None if it was never rendered."""
        ...


@dataclass(frozen=True, slots=True)
class Tongue:
    """How one language is spoken. `pronounce`: what the voice is told to say for a written clause."""

    voices: TextToSpeech
    phrasebook: Phrasebook
    pronounce: Callable[[str], str] = str


def pronounce_in(language: str) -> Callable[[str], str]:
    """What a voice is told to say for a written clause; few read numbers, dates and money well by themselves."""
    return speakable if code_of(language) == "en" else str


class Speech:
    """What one call speaks with at the moment; a change waits until the voice owes nothing any more (`settle`)."""

    def __init__(self, home: Tongue, tongues: Mapping[str, Tongue], listener: VoiceListener) -> None:
        self._home = home
        self._tongues = tongues
        self._listener = listener
        self._tongue = self._spoken = home
        self.voice: Voice = home.voices.open_voice(listener)

    def phrase(self, text: str) -> RenderedPhrase | None:
        """The sound of a phrase that was rendered ahead."""
        return self._tongue.phrasebook.get(text)

    def pronounce(self, text: str) -> str:
        """What the voice is told to say for a written clause."""
        return self._spoken.pronounce(text)

    def change(self, language: str) -> None:
        """Speak `language`; one that is not among the tongues is the one that the call began in."""
        self._tongue = self._tongues.get(language, self._home)

    def settle(self) -> None:
        """The voice owes nothing: take that of the language that was changed to."""
        if self._spoken is not self._tongue:
            self._spoken = self._tongue
            self.voice.close()
            self.voice = self._tongue.voices.open_voice(self._listener)

    def close(self) -> None:
        """The call is over."""
        self.voice.close()


class Tongues:
    """The languages that an agent may change to, and their phrases, rendered one language after the other."""

    def __init__(
        self, clock: Clock, phrases: Mapping[str, Phrases], voices: Mapping[str, TextToSpeech], directory: Path
    ) -> None:
        self._phrases = phrases
        self._caches = {tag: PhraseCache(directory, voices[tag].fingerprint) for tag in phrases}
        self._renderers = {tag: PhraseRenderer(clock, voices[tag], cache) for tag, cache in self._caches.items()}
        self.all = {tag: Tongue(voices[tag], cache, pronounce_in(tag)) for tag, cache in self._caches.items()}
        """By their tags."""

    def render(self) -> None:
        """Render what is not on disk yet; what cannot be rendered is synthesised in each call that needs it."""
        self._render_next(list(self._renderers))

    def close(self) -> None:
        """Stop, where it still renders."""
        for renderer in self._renderers.values():
            renderer.close()

    def _render_next(self, tags: list[str]) -> None:
        if not tags:
            return
        tag, *others = tags

        def rendered(missing: tuple[str, ...]) -> None:
            if missing:
                log.warning("could not render %d phrases in %s, each call synthesises them anew", len(missing), tag)
            self._render_next(others)

        phrases = self._phrases[tag]
        self._renderers[tag].render([text for text in phrases.all() if text != phrases.greeting], rendered)
