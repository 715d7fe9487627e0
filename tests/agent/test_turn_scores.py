from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.turn_scores import HEARD_SAMPLES, SILENCES_MS, LastSound, TurnScores
from fsm.events import EndOfTurnScored
from fsm.state import CallState, Mode
from fsm.units import FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE, ms_to_ns, ms_to_samples, samples_to_ns
from fsm.values import replace

HANGOVER_MS = 200


@dataclass
class Owner:
    """A call whose machine only knows who sounds."""

    state: CallState = field(default_factory=lambda: CallState(mode=Mode.LISTENING))
    told: list[EndOfTurnScored] = field(default_factory=list)

    def feed(self, event: EndOfTurnScored) -> None:
        self.told.append(event)


class Talk:
    """A caller heard frame by frame, with a voice detector that needs 200 ms for an end and none for an onset."""

    def __init__(self) -> None:
        self.owner = Owner()
        self.wanted_at_ms: list[int] = []
        self.now_ms = 0
        self.scores = TurnScores("CA1", self.owner, lambda _: self.wanted_at_ms.append(self.now_ms))

    def sounds(self, until_ms: int) -> "Talk":
        self._set(is_talking=True, onset_at=ms_to_ns(self.now_ms))
        return self._hear(until_ms, b"\x10")

    def silent(self, until_ms: int) -> "Talk":
        ended_ms = self.now_ms
        self._hear(min(until_ms, ended_ms + HANGOVER_MS - FRAME_MS), b"\xff")
        self._set(is_talking=False, last_voiced_at=ms_to_ns(ended_ms))
        return self._hear(until_ms, b"\xff")

    def agent_speaks(self, until_ms: int) -> "Talk":
        self._set(mode=Mode.SPEAKING)
        self._hear(until_ms, b"\xff")
        self._set(mode=Mode.LISTENING)
        return self

    def _set(self, **fields: Any) -> None:  # noqa: ANN401 - whatever they are
        self.owner.state = replace(self.owner.state, **fields)

    def _hear(self, until_ms: int, sample: bytes) -> "Talk":
        while self.now_ms < until_ms:
            self.now_ms += FRAME_MS
            self.scores.hear(sample * FRAME_SAMPLES, ms_to_ns(self.now_ms))
        return self

    def taken(self) -> bytes:
        taken = self.scores.take()
        assert taken is not None
        assert taken[1] == ms_to_ns(self.now_ms)
        return taken[0]


def test_a_model_is_asked_at_each_named_silence_and_anew_for_each_sound() -> None:
    talk = Talk().silent(1_000).sounds(2_000).silent(2_700).sounds(3_000).silent(8_000)
    assert talk.wanted_at_ms == [2_000 + HANGOVER_MS, 2_500, *(3_000 + silence_ms for silence_ms in SILENCES_MS)]


def test_it_is_not_asked_while_they_sound_nor_before_they_said_anything() -> None:
    assert Talk().silent(5_000).sounds(9_000).wanted_at_ms == []


def test_it_is_not_asked_again_once_we_have_answered() -> None:
    talk = Talk().sounds(1_000).silent(1_300).agent_speaks(2_000).silent(6_000)
    assert talk.wanted_at_ms == [1_200]
    assert talk.scores.take() is None


def test_it_hears_the_turn_from_half_a_second_before_its_first_sound_pauses_included() -> None:
    talk = Talk().silent(2_000).sounds(3_000).silent(3_600).sounds(4_000).silent(4_200)
    heard = talk.taken()
    assert len(heard) == ms_to_samples(500 + 2_200)
    assert heard[: ms_to_samples(500)].strip(b"\xff") == b""
    assert heard[ms_to_samples(500)] != ULAW_SILENCE


def test_what_sounded_before_our_answer_or_a_long_silence_is_no_part_of_it() -> None:
    talk = Talk().sounds(1_000).silent(1_300).agent_speaks(2_000).sounds(2_600).silent(2_800)
    assert len(talk.taken()) == ms_to_samples(500 + 800)
    talk.silent(6_000).sounds(6_500).silent(6_700)
    assert len(talk.taken()) == ms_to_samples(500 + 700)


def test_a_turn_that_we_took_as_over_too_early_goes_on_from_its_beginning() -> None:
    talk = Talk().silent(1_000).sounds(2_000).silent(2_400)
    talk._set(mode=Mode.THINKING, turn=1)
    assert talk.scores.take() is None
    talk.sounds(3_000)
    talk._set(mode=Mode.LISTENING, turn=0)
    talk.silent(3_200)
    assert len(talk.taken()) == ms_to_samples(500 + 2_200)


def test_a_silence_that_is_over_is_not_judged_and_a_score_is_told_with_what_it_was_for() -> None:
    talk = Talk().sounds(1_000).silent(1_200)
    assert talk.scores.take() is not None
    talk.sounds(1_400)
    assert talk.scores.take() is None
    talk.scores.scored(90, ms_to_ns(1_200))
    assert talk.owner.told == [EndOfTurnScored(90, ms_to_ns(1_200))]


@given(sizes=st.lists(st.integers(1, 3 * HEARD_SAMPLES // 2), max_size=12), wanted=st.integers(0, 2 * HEARD_SAMPLES))
def test_the_ring_holds_the_last_eight_seconds_however_they_come(sizes: list[int], wanted: int) -> None:
    sound, whole = LastSound(), bytes([ULAW_SILENCE]) * HEARD_SAMPLES
    for number, size in enumerate(sizes):
        frame = bytes((number + at) % 251 for at in range(size))
        whole += frame
        sound.push(frame, samples_to_ns(len(whole)))
    kept = min(wanted, HEARD_SAMPLES)
    assert sound.since(sound.end_at - samples_to_ns(wanted)) == whole[len(whole) - kept :]
