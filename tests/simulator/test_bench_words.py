import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.voice_activity import VoiceActivity
from fsm.events import SpeechStarted
from fsm.sentences import leaning_of
from fsm.units import FRAME_MS, FRAME_SAMPLES, ms_to_ns
from simulator.bench_words import (
    Tag,
    answer_text,
    make_utterance,
    quiet_frames,
    spoken_text,
    tag_in_audio,
    tag_in_text,
)

TAGS = st.builds(Tag, st.integers(0, 9_999), st.integers(1, 1_000))


@given(TAGS)
def test_a_tag_travels_in_words_and_in_audio(tag: Tag) -> None:
    assert tag_in_text(spoken_text(tag)) == tag
    assert tag_in_text(spoken_text(tag, 2)) == tag, "interim words have it too"
    assert tag_in_text(answer_text(tag, 3)) == tag
    assert tag_in_audio(bytes(100) + tag.tail) == tag


def test_the_last_tag_of_a_conversation_counts() -> None:
    assert tag_in_text(f"{spoken_text(Tag(3, 1))} {answer_text(Tag(3, 1), 1)} {spoken_text(Tag(3, 2))}") == Tag(3, 2)


def test_what_has_no_tag_has_none() -> None:
    assert tag_in_text("Hello, how can I help?") is None
    assert not any(tag_in_audio(frame) for frame in quiet_frames())


def test_what_a_caller_said_is_complete() -> None:
    assert leaning_of(spoken_text(Tag(1, 1))) == 0


@pytest.mark.parametrize("tag", [Tag(0, 1), Tag(159, 12), Tag(9_999, 1_000)])
def test_the_onset_is_decided_at_the_same_frame_whatever_the_tag_and_the_call_so_far(tag: Tag) -> None:
    utterance = make_utterance()
    detector = VoiceActivity()
    voiced = [base64.b64decode(frame) + tag.tail for frame in utterance.frames]
    assert {len(frame) for frame in voiced} == {FRAME_SAMPLES}
    at = 0
    for _ in range(3):
        started = []
        for index, frame in enumerate((*quiet_frames(), *voiced)):
            at += ms_to_ns(FRAME_MS)
            if isinstance(detector.push(frame, at), SpeechStarted):
                started.append(index - len(quiet_frames()))
        assert started == [utterance.onset_frame]


def test_nobody_speaks_before_the_utterance_begins() -> None:
    detector = VoiceActivity()
    edges = [detector.push(frame, ms_to_ns(FRAME_MS) * index) for index, frame in enumerate(quiet_frames(), 1)]
    assert not any(edges)
