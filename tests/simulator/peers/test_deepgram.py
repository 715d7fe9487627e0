"""Deepgram's side of the wire in the ordinary course, as timelines: audio in, messages out."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.peers.deepgram import DeepgramBehaviour
from simulator.speech import cough, hum, mumble, noise, silence, speak
from tests.simulator.peers.deepgram_line import line, pause, seeded, short, transcript, words_of


def test_an_utterance_from_first_sound_to_its_end() -> None:
    ears = line()
    ears.play(pause(500) + speak("Hello there.").audio + pause(1_600))
    assert ears.story == [
        "SpeechStarted",
        "i",
        "i Hello",
        "i Hello there.",
        "F! Hello there.",
        "UtteranceEnd",
    ]


def test_times_are_those_of_the_audio() -> None:
    speech = speak("Hello there.")
    ears = line()
    ears.play(pause(500) + speech.audio + pause(1_600))
    assert ears.of("SpeechStarted") == [{"type": "SpeechStarted", "channel": [0], "timestamp": 0.5}]
    (final,) = ears.finals
    first, last = words_of(final)
    assert first["start"] == pytest.approx(0.5 + speech.words[0].start_samples / 8_000, abs=1e-3)
    assert last["end"] == pytest.approx(0.5 + speech.words[1].end_samples / 8_000, abs=1e-3)
    assert final["start"] == 0.0
    assert final["duration"] == pytest.approx(last["end"] + 0.3, abs=0.021)
    (end,) = ears.of("UtteranceEnd")
    assert end == {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": last["end"]}


def test_the_final_comes_its_delay_after_the_pause() -> None:
    speech = speak("Hello there.")
    ears = line(DeepgramBehaviour(final_delay_ms=70))
    ears.play(speech.audio + pause(1_000))
    at_ms = ears.arrived_ms[ears.messages.index(ears.finals[0])]
    last_sound_ms = speech.words[-1].end_samples // 8
    assert last_sound_ms + 300 + 70 <= at_ms <= last_sound_ms + 300 + 70 + 40


def test_interims_come_at_their_pace() -> None:
    ears = line(DeepgramBehaviour(interim_every_ms=200))
    ears.play(speak("one two three four five six").audio)
    times = [at for message, at in zip(ears.messages, ears.arrived_ms, strict=True) if message in ears.interims]
    assert len(times) >= 5
    assert all(later - earlier == 200 for earlier, later in pairwise(times))


def test_a_result_looks_as_documented() -> None:
    ears = line()
    ears.play(speak("Hello").audio + pause(500))
    (final,) = ears.finals
    metadata = final.pop("metadata")
    (alternative,) = final.pop("channel").pop("alternatives")
    assert final.keys() == {
        "type", "channel_index", "duration", "start", "is_final", "speech_final", "from_finalize",
    }  # fmt: skip
    assert final["channel_index"] == [0, 1]
    assert metadata.keys() == {"request_id", "model_info", "model_uuid"}
    assert metadata["model_info"] == {"name": "general-nova-3", "version": "2026-01-01.0", "arch": "nova-3"}
    assert alternative.keys() == {"transcript", "confidence", "words"}
    assert 0.9 < alternative["confidence"] <= 1
    (word,) = alternative["words"]
    assert word.keys() == {"word", "start", "end", "confidence", "punctuated_word"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"smart_format": "true"}, 'Well, I\'d say: "Yes!"'),
        ({"smart_format": "false", "punctuate": "true"}, 'Well, I\'d say: "Yes!"'),
        ({"smart_format": "false"}, "well i'd say yes"),
    ],
)
def test_case_and_punctuation_come_only_when_asked_for(query: dict[str, str], expected: str) -> None:
    ears = line(**query)
    ears.play(speak('Well, I\'d say: "Yes!"').audio + pause(500))
    (final,) = ears.finals
    assert transcript(final) == expected
    assert [word["word"] for word in words_of(final)] == ["well", "i'd", "say", "yes"]
    assert all(("punctuated_word" in word) == (expected[0] == "W") for word in words_of(final))


def test_nothing_comes_that_was_not_asked_for() -> None:
    ears = line(interim_results=None, vad_events=None, endpointing=None, utterance_end_ms=None)
    ears.play(speak("Hello there").audio + pause(2_000))
    assert ears.story == ["F! Hello there"]


def test_utterance_end_needs_interim_results() -> None:
    ears = line(interim_results="false")
    ears.play(speak("Hello").audio + pause(2_000))
    assert ears.of("UtteranceEnd") == []


def test_without_endpointing_words_are_settled_but_speech_is_not() -> None:
    ears = line(endpointing="false")
    ears.play(speak("Hello").audio + pause(1_500))
    assert [line for line in ears.story if line[0] == "F"] == ["F Hello"]


def test_a_long_endpointing_settles_words_first_and_ends_speech_later() -> None:
    ears = line(endpointing="2000", utterance_end_ms=None)
    ears.play(speak("Hello").audio + pause(2_500))
    assert [line for line in ears.story if line[0] == "F"] == ["F Hello", "F!"]


def test_long_speech_comes_in_segments_that_follow_each_other() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    ears = line(DeepgramBehaviour(segment_ms=1_500))
    ears.play(speak(text).audio + pause(500))
    assert len(ears.finals) >= 3
    assert [final["speech_final"] for final in ears.finals] == [False] * (len(ears.finals) - 1) + [True]
    assert " ".join(transcript(final) for final in ears.finals) == text
    ends = [0.0] + [final["start"] + final["duration"] for final in ears.finals]
    assert [final["start"] for final in ears.finals] == pytest.approx(ends[:-1])
    for final in ears.finals:
        for word in words_of(final):
            assert final["start"] <= word["start"] < word["end"] <= final["start"] + final["duration"] + 1e-6


def test_two_utterances_start_twice() -> None:
    ears = line()
    ears.play(speak("No.").audio + pause(600) + speak("Yes.").audio + pause(600))
    assert [line for line in ears.story if line[0] != "i"] == ["SpeechStarted", "F! No.", "SpeechStarted", "F! Yes."]


def test_silence_brings_empty_results_with_both_flags() -> None:
    ears = line(DeepgramBehaviour(empty_results_every_ms=1_000))
    ears.play(silence(3_500))
    assert [short(message) for message in ears.messages] == ["F!"] * 3
    assert [final["start"] for final in ears.finals] == [0.0, 1.0, 2.0]


def test_a_cough_starts_speech_and_ends_without_words() -> None:
    ears = line()
    ears.play(pause(200) + cough(seeded(1)) + pause(800))
    assert [line for line in ears.story if line != "i"] == ["SpeechStarted", "F!"]


def test_mumbling_is_speech_without_words() -> None:
    ears = line()
    ears.play(mumble(1_000, seeded(1)) + pause(800))
    assert ears.story == ["SpeechStarted", "i", "F!"]


def test_line_noise_is_not_speech() -> None:
    ears = line()
    ears.play(noise(1_500, seeded(1)) + hum(1_500, seeded(2)))
    assert ears.messages == []


def test_words_lost_on_the_way_are_not_transcribed() -> None:
    speech = speak("one two three")
    second = speech.words[1]
    ears = line()
    ears.play(speech.audio[: second.start_samples] + speech.audio[second.end_samples :] + pause(500))
    assert [transcript(final) for final in ears.finals] == ["one three"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=6))
def test_framing_and_pace_change_nothing_but_the_moments(sizes: list[int]) -> None:
    audio = speak("Hello there. How are you?").audio + pause(700) + cough(seeded(3)) + pause(1_500)
    usual, odd = line(), line()
    usual.play(audio)
    usual.pass_time(500)
    at = turn = 0
    while at < len(audio):  # all at once, in odd pieces: faster than real time
        size = sizes[turn % len(sizes)]
        odd.socket.on_message(audio[at : at + size])
        at, turn = at + size, turn + 1
    odd.pass_time(500)
    assert len(usual.messages) > 10
    assert odd.messages == usual.messages
