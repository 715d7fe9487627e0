"""The emulated ElevenLabs' sockets: pace, audio, frames, alignment, spellings."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.peers.elevenlabs import AlignmentStyle
from simulator.speech import speak
from tests.simulator.peers.elevenlabs_client import (
    LONG,
    Studio,
    audio_of,
    begin,
    characters,
    close,
    say,
)

# --- pace and audio ---------------------------------------------------------------------------------------


def test_the_first_frame_comes_after_first_byte_and_then_faster_than_real_time() -> None:
    line = Studio(first_byte_ms=200, pace=4.0).open().say(begin("a"), say("a", LONG, flush=True), wait_ms=120_000)
    times = [at for at, _ in line.wire.messages]
    assert times[0] == 200
    audio_ms = [len(audio_of(message)) / 8 for message in line.received()]
    for gap, length in zip((b - a for a, b in itertools.pairwise(times)), audio_ms, strict=False):
        assert gap == pytest.approx(length / 4, abs=1)


def test_a_slow_service_underruns_and_an_infinite_pace_sends_all_at_once() -> None:
    slow = Studio(pace=0.5).open().say(begin("a"), say("a", LONG, flush=True), wait_ms=600_000)
    assert slow.wire.messages[-1][0] - 150 > len(slow.audio()) / 8
    fast = Studio(pace=math.inf, first_byte_ms=0).open().say(begin("a"), say("a", LONG, flush=True))
    fast.clock.advance(0)
    assert {at for at, _ in fast.wire.messages} == {0}
    assert fast.audio() == speak(" " + LONG).audio


def test_a_stall_comes_once_a_generation() -> None:
    line = Studio(stall_after_ms=500, stall_ms=3_000, frame_max_ms=200).open()
    line.say(begin("a"), say("a", LONG, flush=True), wait_ms=120_000)
    times = [at for at, _ in line.wire.messages]
    assert sum(later - earlier >= 3_000 for earlier, later in itertools.pairwise(times)) == 1


def test_frames_are_uneven_and_no_multiples_of_a_telephone_frame() -> None:
    line = (
        Studio(frame_min_ms=100, frame_max_ms=3_000).open().say(begin("a"), say("a", LONG, flush=True), wait_ms=120_000)
    )
    *sizes, _ = [len(audio_of(message)) for message in line.received()]
    assert len(set(sizes)) == len(sizes) > 3
    assert all(size % 160 and 800 <= size <= 24_001 for size in sizes)


def test_generations_of_one_context_continue_each_other() -> None:
    line = Studio().open(query="auto_mode=true")
    line.say(
        begin("a"), say("a", "One two. "), say("a", "Three four. "), say("a", "Five. "), close("a"), wait_ms=30_000
    )
    assert line.words("a") == "One two. Three four. Five."


@pytest.mark.parametrize(("output_format", "sample_bytes"), [("ulaw_8000", 1), ("pcm_8000", 2), ("pcm_16000", 4)])
def test_the_formats_offered_have_the_length_of_the_speech(output_format: str, sample_bytes: int) -> None:
    line = (
        Studio().open(query=f"output_format={output_format}").say(say("a", "Hello there. ", flush=True), wait_ms=9_000)
    )
    assert len(line.audio()) == sample_bytes * len(speak("Hello there. ").audio)


@pytest.mark.parametrize(
    "query", ["output_format=mp3_44100_128", "output_format=&", "model_id=eleven_v3", "auto_mode=maybe"]
)
def test_what_is_not_offered_is_refused_by_name(query: str) -> None:
    line = Studio().open(query=query)
    assert line.wire.closed is not None
    assert line.wire.closed[0] == 1008
    if "output_format" in query:
        assert "ulaw_8000, pcm_8000, pcm_16000" in line.received()[-1]["message"]
    assert line.clock.pending_count == 0


def test_speed_shortens_the_speech() -> None:
    def length(speed: float) -> int:
        settings = {"voice_settings": {"speed": speed}}
        return len(Studio().open().say(begin("a", **settings), say("a", LONG, flush=True), wait_ms=90_000).audio())

    assert length(1.2) < length(1.0) < length(0.7)


# --- alignment --------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 500), longest_ms=st.integers(120, 2_000))
def test_alignments_tell_where_each_word_sounds(seed: int, longest_ms: int) -> None:
    text = "I have ten, or half past eleven. "
    line = Studio(seed, frame_max_ms=longest_ms).open().say(say("a", text, flush=True), wait_ms=60_000)
    told = characters(line.received("a"))
    assert "".join(char for char, _, _ in told) == text
    speech = speak(text)
    word_starts = [
        at for (before, _, _), (char, at, _) in itertools.pairwise([(" ", 0, 0), *told]) if before == " " != char
    ]
    assert word_starts == pytest.approx([word.start_samples / 8 for word in speech.words], abs=1)
    for (_, start, length), (_, later, _) in itertools.pairwise(told):
        assert start <= later
        assert later - start == pytest.approx(length, abs=2)


def test_words_are_split_over_frames_and_frames_may_begin_with_a_blank_or_have_no_character() -> None:
    line = Studio(frame_min_ms=20, frame_max_ms=90).open().say(say("a", LONG, flush=True), wait_ms=90_000)
    timings = [message["alignment"] for message in line.received("a")]
    texts = ["".join(timing["chars"]) for timing in timings if timing is not None]
    assert "".join(texts) == LONG
    assert any(text.startswith(" ") for text in texts)
    assert any(one[-1:].isalpha() and two[:1].isalpha() for one, two in itertools.pairwise(texts))
    assert None in timings


def test_numbers_normalised_differ_from_what_was_sent() -> None:
    line = Studio(normalise_numbers=True).open().say(say("a", "Room 21 at 105. ", flush=True), wait_ms=9_000)
    assert line.words() == "Room twenty one at one zero five."
    sent, spoken = characters(line.received(), "alignment"), characters(line.received(), "normalizedAlignment")
    assert "".join(char for char, _, _ in sent) == "Room 21 at 105. "
    assert "".join(char for char, _, _ in spoken) == "Room twenty one at one zero five. "
    assert sent[8][:2] == ("a", spoken[16][1])


def test_styles_of_alignment() -> None:
    def frames(style: AlignmentStyle) -> list[tuple[bool, bool]]:
        line = Studio(alignment=style).open().say(say("a", LONG, flush=True), close("a"), wait_ms=90_000)
        return [(bool(audio_of(each)), each.get("alignment") is not None) for each in line.received("a")[:-1]]

    assert set(frames(AlignmentStyle.WITH_AUDIO)) == {(True, True)}
    assert set(frames(AlignmentStyle.NONE)) == {(True, False)}
    before = frames(AlignmentStyle.BEFORE_AUDIO)
    assert before == [(False, True), (True, False)] * (len(before) // 2)
    first, *middle, last = frames(AlignmentStyle.LAGGING)
    assert (first, set(middle), last) == ((True, False), {(True, True)}, (False, True))


def test_null_alignments_happen_at_their_share() -> None:
    line = Studio(null_alignment_share=0.5, frame_max_ms=150).open().say(say("a", LONG, flush=True), wait_ms=90_000)
    nulls = [message["alignment"] is None for message in line.received()]
    assert 0.2 < sum(nulls) / len(nulls) < 0.9


def test_a_leading_blank_that_was_never_sent() -> None:
    line = Studio(leading_blank=True).open().say(say("a", "Hello. ", flush=True), wait_ms=9_000)
    assert line.received()[0]["alignment"]["chars"][:2] == [" ", "H"]


def test_both_spellings_of_every_key() -> None:
    line = Studio(
        starts_key="charsStartTimesMs", durations_key="charsDurationsMs", context_key="context_id", final_key="is_final"
    ).open()
    line.say(say("a", "Hello. ", flush=True), close("a"), wait_ms=9_000)
    *frames, final = line.received()
    assert set(frames[0]) == {"audio", "is_final", "alignment", "normalizedAlignment", "context_id"}
    assert set(frames[0]["alignment"]) == {"chars", "charsStartTimesMs", "charsDurationsMs"}
    assert final == {"audio": None, "is_final": True, "context_id": "a"}


@pytest.mark.parametrize(("is_false", "value"), [(False, None), (True, False)])
def test_is_final_before_the_end_is_null_or_false(is_false: bool, value: bool | None) -> None:
    line = Studio(final_is_false=is_false).open().say(say("a", "Hello. ", flush=True), wait_ms=9_000)
    assert {message["isFinal"] for message in line.received()} == {value}
