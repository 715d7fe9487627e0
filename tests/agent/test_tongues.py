"""What a call speaks with: a language is changed when the voice owes nothing, and its phrases are rendered ahead."""

from pathlib import Path

from agent.errors import FaultKind
from agent.phrases import RenderedPhrase
from agent.tongues import Speech, Tongue, Tongues, pronounce_in
from fsm.profile import Phrases
from tests.agent.call_fakes import FakeVoices, fault
from tests.fakes import ManualClock


class Book:
    """One rendered phrase."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get(self, text: str) -> RenderedPhrase | None:
        return RenderedPhrase(b"\x07" * 160) if text == self.text else None


class Nobody:
    """Hears nothing of what a voice delivers."""

    def on_audio(self, *_: object) -> None:
        """Nobody listens."""

    def on_spoken(self, utterance: int) -> None:
        """Nobody listens."""

    def on_voice_failed(self, utterance: int, fault: object) -> None:
        """Nobody listens."""


def tongue(voices: FakeVoices, text: str = "Hello.", language: str = "en-US") -> Tongue:
    return Tongue(voices, Book(text), pronounce_in(language))


def test_phrases_change_at_once_and_the_voice_once_it_owes_nothing() -> None:
    english, spanish = FakeVoices(), FakeVoices()
    speech = Speech(tongue(english), {"es": tongue(spanish, "Hola.", "es")}, Nobody())
    before = speech.voice
    assert speech.pronounce("10:30") == "ten thirty"
    speech.change("es")
    assert speech.phrase("Hola.") is not None
    assert speech.phrase("Hello.") is None
    assert speech.voice is before
    assert speech.pronounce("10:30") == "ten thirty", "the voice that still speaks is the English one"
    speech.settle()
    assert speech.voice is not before
    assert english.opened[0].is_closed
    assert speech.pronounce("10:30") == "10:30"
    speech.settle()
    assert len(spanish.opened) == 1


def test_who_goes_back_before_it_mattered_keeps_the_voice() -> None:
    english = FakeVoices()
    speech = Speech(tongue(english), {"es": tongue(FakeVoices())}, Nobody())
    speech.change("es")
    speech.change("en-US")
    speech.settle()
    assert len(english.opened) == 1
    assert not english.opened[0].is_closed


def render_all(voices: FakeVoices) -> list[str]:
    """Speak all that was asked for; which texts that were."""
    texts, done = [], 0
    while done < len(voices.opened[0].orders):
        order, utterance, text = voices.opened[0].orders[done]
        done += 1
        if order == "say":
            texts.append(text)
            voices.opened[0].speaks(utterance, text, 100)
        elif order == "finish":
            voices.opened[0].ends(utterance)
    return texts


def test_the_phrases_of_other_languages_are_rendered_one_language_after_the_other(tmp_path: Path) -> None:
    spanish, german = FakeVoices(), FakeVoices()
    said = Phrases(greeting="Hola.", goodbye="Adiós.")
    tongues = Tongues(ManualClock(), {"es": said, "de": Phrases()}, {"es": spanish, "de": german}, tmp_path)
    tongues.render()
    assert german.opened == []
    texts = render_all(spanish)
    assert "Adiós." in texts
    assert "Hola." not in texts, "a call is greeted in its own language"
    assert len(german.opened) == 1
    assert tongues.all["es"].phrasebook.get("Adiós.") is not None


def test_a_language_that_cannot_be_rendered_leaves_the_others_alone(tmp_path: Path) -> None:
    spanish, german = FakeVoices(), FakeVoices()
    tongues = Tongues(ManualClock(), {"es": Phrases(), "de": Phrases()}, {"es": spanish, "de": german}, tmp_path)
    tongues.render()
    spanish.opened[0].listener.on_voice_failed(1, fault(FaultKind.REFUSED_KEY))
    while spanish.opened[0].orders and not german.opened:
        spanish.opened[0].listener.on_voice_failed(spanish.opened[0].orders[-1][1], fault(FaultKind.REFUSED_KEY))
    assert len(german.opened) == 1
    tongues.close()
    assert german.opened[0].is_closed
