"""Speech carries its words through everything a line does to it, and never words nobody said."""

import audioop
import random
from itertools import cycle, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.speech import (
    HeardWord,
    SpeechReader,
    char_starts,
    cough,
    hum,
    mumble,
    music,
    noise,
    silence,
    speak,
)

SENTENCE = "Yes, I'd like to book a cleaning: Tuesday at nine, please. Is that okay?"

words = st.text(st.characters(exclude_categories=["Zs", "Zl", "Zp", "Cc", "Cs"]), min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=6).map(" ".join)
anything = st.text(max_size=120)
rngs = st.integers(0, 2**32).map(random.Random)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # repeatable on purpose


def hear(audio: bytes, sizes: list[int] | None = None) -> list[HeardWord]:
    """All words of `audio`, pushed in pieces of the given sizes, over and over."""
    reader = SpeechReader()
    heard: list[HeardWord] = []
    at = turn = 0
    while at < len(audio):
        size = sizes[turn % len(sizes)] if sizes else len(audio)
        heard += reader.push(audio[at : at + size])
        at, turn = at + size, turn + 1
    return heard + list(reader.finish())


def heard_text(audio: bytes) -> str:
    return " ".join(word.text for word in hear(audio))


def is_subsequence(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(text in rest for text in part)


# --- what is said is heard ---


@settings(deadline=None)
@given(texts, st.lists(st.integers(1, 700), min_size=1, max_size=8))
@example("Hello", [1])
@example("a b c no no no no", [160])
def test_any_text_in_any_framing_comes_back_exactly(text: str, sizes: list[int]) -> None:
    speech = speak(text)
    assert [(w.text, w.start_samples, w.end_samples, w.whole) for w in hear(speech.audio, sizes)] == [
        (w.text, w.start_samples, w.end_samples, True) for w in speech.words
    ]
    assert [w.text for w in speech.words] == text.split()


@settings(deadline=None)
@given(anything, st.integers(20, 200))
@example("\ud800 broken", 65)
@example("", 65)
@example(" \n\t", 65)
@example("長い文" * 30, 65)
@example("x" * 500, 30)
def test_nothing_that_can_be_written_is_too_strange_to_be_said(text: str, ms_per_char: int) -> None:
    sayable = text.encode("utf-8", "replace").decode()
    heard = hear(speak(text, ms_per_char=ms_per_char).audio)
    assert "".join(word.text for word in heard) == "".join(sayable.split())


def test_no_text_is_no_audio() -> None:
    assert speak("").audio == b""
    assert speak("  \n").words == ()


def test_words_last_as_long_as_words_do() -> None:
    speech = speak(SENTENCE)
    for word in speech.words:
        duration_ms = (word.end_samples - word.start_samples) / 8
        assert duration_ms >= 160
        assert duration_ms == pytest.approx(max(160, 65 * len(word.text)), abs=40)
    for word, following in pairwise(speech.words):
        gap_ms = (following.start_samples - word.end_samples) / 8
        assert 160 <= gap_ms <= 400 if word.text[-1] in ",:.?" else 40 <= gap_ms <= 60


def test_words_are_loud_and_gaps_are_not() -> None:
    speech = speak(SENTENCE)
    linear = audioop.ulaw2lin(speech.audio, 2)
    for word, following in pairwise(speech.words):
        assert 2_000 <= audioop.rms(linear[2 * word.start_samples : 2 * word.end_samples], 2) <= 5_000
        assert audioop.max(linear[2 * word.end_samples : 2 * following.start_samples], 2) <= 20
        # Voice detectors look at frames of 20 ms: none of a word may be faint.
        for at in range(word.start_samples, word.end_samples - 160, 160):
            assert audioop.rms(linear[2 * at : 2 * at + 320], 2) >= 1_000


@settings(deadline=None)
@given(anything)
def test_every_character_has_its_place_in_the_audio(text: str) -> None:
    speech = speak(text)
    starts = char_starts(text, speech)
    assert len(starts) == len(text)
    assert list(starts) == sorted(starts)
    assert all(0 <= start <= len(speech.audio) for start in starts)


def test_a_words_characters_begin_within_it() -> None:
    speech = speak(" Hi  there")
    starts = char_starts(" Hi  there", speech)
    first, second = speech.words
    assert starts[0] == 0
    assert starts[1] == first.start_samples
    assert starts[3] == starts[4] == first.end_samples
    assert starts[5] == second.start_samples
    assert second.start_samples < starts[9] < second.end_samples


def test_a_word_is_reported_with_its_last_sample() -> None:
    word = speak("Hello").words[0]
    audio = speak("Hello").audio
    reader = SpeechReader()
    assert reader.push(audio[: word.end_samples - 1]) == ()
    assert [heard.text for heard in reader.push(audio[word.end_samples - 1 : word.end_samples])] == ["Hello"]


def test_two_utterances_follow_each_other() -> None:
    pause = silence(700)
    assert (
        heard_text(speak("No. No").audio + speak("No. Yes").audio + pause + speak("No.").audio) == "No. No No. Yes No."
    )


# --- what a line does to it ---


@settings(deadline=None)
@given(texts, st.floats(0.3, 1.0))
def test_a_quiet_phone_is_understood(text: str, volume: float) -> None:
    audio = audioop.lin2ulaw(audioop.mul(audioop.ulaw2lin(speak(text).audio, 2), 2, volume), 2)
    assert [(w.text, w.whole) for w in hear(audio)] == [(text, True) for text in text.split()]


@settings(deadline=None)
@given(texts, rngs, st.integers(0, 100))
def test_a_noisy_line_is_understood(text: str, rng: random.Random, level: int) -> None:
    speech = audioop.ulaw2lin(speak(text).audio, 2)
    duration_ms = len(speech) // 16 + 1
    for under in (noise(duration_ms, rng, level=level), hum(duration_ms, rng, level=level)):
        mixed = audioop.add(speech, audioop.ulaw2lin(under, 2)[: len(speech)], 2)
        assert [(w.text, w.whole) for w in hear(audioop.lin2ulaw(mixed, 2))] == [(text, True) for text in text.split()]


# --- what is lost is missed ---


@settings(deadline=None)
@given(texts, st.data())
def test_speech_cut_off_yields_the_words_whose_half_was_said(text: str, data: st.DataObject) -> None:
    speech = speak(text)
    cut = data.draw(st.integers(0, len(speech.audio)))
    said = [w.text for w in speech.words if (w.start_samples + w.end_samples) // 2 <= cut]
    heard = hear(speech.audio[:cut] + silence(50), [160])
    assert [w.text for w in heard] == said
    assert all(w.whole for w in heard[:-1])


@settings(deadline=None)
@given(texts, st.data())
def test_speech_joined_late_yields_the_words_whose_half_was_left(text: str, data: st.DataObject) -> None:
    speech = speak(text)
    cut = data.draw(st.integers(0, len(speech.audio)))
    left = [w.text for w in speech.words if (w.start_samples + w.end_samples) // 2 >= cut]
    assert [w.text for w in hear(speech.audio[cut:])] == left


@settings(deadline=None)
@given(texts, st.data())
def test_lost_audio_never_yields_words_nobody_said(text: str, data: st.DataObject) -> None:
    audio = speak(text).audio
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(audio)), st.integers(0, len(audio)))))
    assert is_subsequence([w.text for w in hear(audio[:start] + audio[end:])], text.split())


@settings(deadline=None)
@given(texts, st.data())
def test_a_lost_doubled_or_swapped_frame_shows_or_hits_a_gap(text: str, data: st.DataObject) -> None:
    speech = speak(text)
    frames = [speech.audio[i : i + 160] for i in range(0, len(speech.audio), 160)]
    at = data.draw(st.integers(0, len(frames) - 2))
    harmed = data.draw(st.sampled_from(("lost", "doubled", "swapped")))
    replaced = {
        "lost": frames[at + 1 : at + 2],
        "doubled": [frames[at], *frames[at : at + 2]],
        "swapped": [frames[at + 1], frames[at]],
    }
    heard = hear(b"".join(frames[:at] + replaced[harmed] + frames[at + 2 :]))
    hit = [w for w in speech.words if w.end_samples > at * 160 and w.start_samples < (at + 2) * 160]
    intact = [w.text for w in heard if w.whole]
    assert is_subsequence(intact, text.split())
    assert len(intact) >= len(speech.words) - len(hit)
    inside = [w for w in hit if w.start_samples < at * 160 and w.end_samples > (at + 2) * 160]
    assert len(intact) <= len(speech.words) - len(inside)


def test_a_lost_frame_leaves_a_word_damaged_and_doubled_speech_is_heard_twice() -> None:
    audio = speak("appointment").audio
    assert [(w.text, w.whole) for w in hear(audio[:1_600] + audio[1_760:])] == [("appointment", False)]
    assert heard_text(audio + audio) == "appointment appointment"


def test_a_short_gap_within_a_word_damages_it() -> None:
    audio = speak("appointment").audio
    heard = hear(audio[:3_000] + silence(20) + audio[3_000:])
    assert [(w.text, w.whole) for w in heard] == [("appointment", False)]


def test_a_word_drowned_in_its_second_half_is_half_heard() -> None:
    audio = bytearray(speak("appointment").audio)
    loud = noise(2_000, seeded(1), level=9_000)
    audio[3_500:] = loud
    assert [(w.text, w.whole) for w in hear(bytes(audio))] == [("appointment", False)]
    audio[2_000:] = loud
    assert hear(bytes(audio)) == []


@settings(deadline=None)
@given(st.integers(1, 3_500), st.lists(st.integers(1, 400), min_size=1, max_size=4))
@example(1_060, [160])
def test_a_word_that_cuts_another_one_off_is_whole(cut: int, sizes: list[int]) -> None:
    heard = hear(speak("please.").audio[:cut] + speak("The script").audio, sizes)
    assert [(w.text, w.whole) for w in heard[-2:]] == [("The", True), ("script", True)]


def test_finishing_in_a_word_judges_it_once() -> None:
    audio = speak("appointment").audio
    early, late = SpeechReader(), SpeechReader()
    early.push(audio[:1_000])
    assert early.finish() == ()
    assert [w.text for w in early.push(audio[1_000:])] == ["appointment"]
    late.push(audio[:4_000])
    assert [w.text for w in late.finish()] == ["appointment"]
    assert late.push(audio[4_000:] + silence(100)) == ()


# --- sounds without words ---


@settings(deadline=None, max_examples=25)
@given(rngs)
def test_other_sounds_hold_no_words_and_harm_none_after_them(rng: random.Random) -> None:
    for sound in (cough(rng), music(900, rng), mumble(900, rng), noise(500, rng, level=6_000)):
        reader = SpeechReader()
        assert reader.push(sound) == ()
        assert reader.is_voiced
        assert [w.text for w in reader.push(speak("Well then").audio)] == ["Well", "then"]


@pytest.mark.parametrize("duration_ms", [0, 1, 20, 333, 2_000])
def test_sounds_last_as_long_as_asked(duration_ms: int) -> None:
    for make in (noise, hum, music, mumble):
        assert len(make(duration_ms, seeded(3))) == 8 * duration_ms
        assert make(duration_ms, seeded(3)) == make(duration_ms, seeded(3))
    assert silence(duration_ms) == b"\xff" * 8 * duration_ms


def test_a_cough_is_short_and_loud() -> None:
    for seed in range(20):
        sound = cough(seeded(seed))
        assert 150 * 8 <= len(sound) <= 300 * 8
        assert audioop.rms(audioop.ulaw2lin(sound, 2), 2) > 3_000


def test_line_noise_is_not_voice() -> None:
    reader = SpeechReader()
    reader.push(noise(500, seeded(1)) + hum(500, seeded(2)) + silence(100))
    assert not reader.is_voiced
    assert reader.last_voiced_samples == 0
    assert reader.position_samples == 1_100 * 8


def test_voice_is_noticed_and_its_end_too() -> None:
    speech = speak("Hi")
    end = speech.words[0].end_samples
    reader = SpeechReader()
    in_sound = []
    for audio in (silence(100), speech.audio[:end], silence(19), silence(1)):
        reader.push(audio)
        in_sound.append((reader.is_voiced, reader.last_voiced_samples))
    assert in_sound == [(False, 0), (True, 800 + end), (True, 800 + end), (False, 800 + end)]


def test_memory_stays_bounded_whatever_comes() -> None:
    rng = seeded(5)
    reader = SpeechReader()
    for _ in range(40):
        reader.push(mumble(1_000, rng))
    assert len(reader._signs) <= 45_000
    for _ in range(40):
        reader.push(silence(1_000))
    assert len(reader._signs) <= 100


@given(
    st.lists(st.sampled_from(["one two.", "silence", "hm", "long silence"]), max_size=6),
    st.lists(st.integers(1, 500), min_size=1, max_size=20),
)
def test_silence_at_rest_is_passed_over_without_losing_the_place(parts: list[str], sizes: list[int]) -> None:
    quiet = {"silence": silence(130), "long silence": silence(1_700)}
    audio = b"".join(quiet[part] if part in quiet else speak(part).audio for part in parts)
    frames, ragged = SpeechReader(), SpeechReader()
    heard = [word for at in range(0, len(audio), 160) for word in frames.push(audio[at : at + 160])]
    at = 0
    again: list[HeardWord] = []
    for size in cycle(sizes):
        if at >= len(audio):
            break
        again += ragged.push(audio[at : at + size])
        at += size
    assert [*heard, *frames.finish()] == [*again, *ragged.finish()]
    assert frames.position_samples == ragged.position_samples == len(audio)
    assert frames.last_voiced_samples == ragged.last_voiced_samples
