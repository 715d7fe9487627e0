import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.silero import WINDOW_SAMPLES, Hearing, SileroModel, SileroNow, Windows, weights_path
from agent.silero_edges import WINDOW_NS, SileroEdges
from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import FRAME_SAMPLES, ns_to_ms, samples_to_ns
from tests.agent.test_voice_activity import noise, quiet, ulaw

needs_model = pytest.mark.skipif(weights_path() is None, reason="the extra offhook[vad] is not installed")


def edges_of(likely: list[float], vouched_at: int | None = None) -> list[SpeechStarted | SpeechStopped]:
    edges, told = SileroEdges(), []
    for index, value in enumerate(likely):
        if index == vouched_at:
            edges.vouch()
        edges.judged(value, (index + 1) * WINDOW_NS)
        while (edge := edges.pop()) is not None:
            told.append(edge)
    return told


def test_two_likely_windows_begin_speech_and_200_ms_without_one_end_it() -> None:
    likely = [0.0] * 4 + [0.9] * 6 + [0.0] * 10
    assert edges_of(likely) == [SpeechStarted(4 * WINDOW_NS), SpeechStopped(10 * WINDOW_NS)]


def test_a_single_window_is_a_click_and_a_short_gap_no_end() -> None:
    assert edges_of([0.0, 0.9, 0.1, 0.9, 0.0] * 4) == []
    assert len(edges_of([0.9] * 5 + [0.1] * 5 + [0.4] + [0.1] * 5 + [0.9])) == 1


def test_what_somebody_vouches_for_needs_less() -> None:
    assert edges_of([0.3] * 10) == []
    assert edges_of([0.3] * 10, vouched_at=3) == [SpeechStarted(3 * WINDOW_NS)]


@given(likely=st.lists(st.floats(0, 1), max_size=200))
def test_edges_alternate_in_the_order_of_time(likely: list[float]) -> None:
    told = edges_of(likely)
    assert [isinstance(edge, SpeechStarted) for edge in told] == [index % 2 == 0 for index in range(len(told))]
    at = [edge.at if isinstance(edge, SpeechStarted) else edge.last_voiced_at for edge in told]
    assert at == sorted(at)


@given(sizes=st.lists(st.integers(1, 700), max_size=30))
def test_windows_do_not_depend_on_how_the_audio_is_cut(sizes: list[int]) -> None:
    audio = ulaw(noise(1_000, 500))
    windows, found, begin = Windows(), [], 0
    for size in [*sizes, len(audio)]:
        piece = audio[begin : begin + size]
        begin += len(piece)
        found += windows.push(piece, samples_to_ns(begin))
    assert found == Windows().push(audio, samples_to_ns(len(audio)))
    assert [at for _, at in found] == [samples_to_ns(WINDOW_SAMPLES * n) for n in range(1, len(found) + 1)]


@needs_model
def test_calls_judged_together_are_judged_as_if_each_were_alone() -> None:
    model = SileroModel()
    sounds = [Windows().push(ulaw(noise(640, level, seed)), 0) for seed, level in enumerate((30, 900, 6_000))]
    hearings = [Hearing() for _ in sounds]
    together = [
        model.judge([(hearing, windows[at][0]) for hearing, windows in zip(hearings, sounds, strict=True)])
        for at in range(20)
    ]
    for call, windows in enumerate(sounds):
        alone = Hearing()
        for at in range(20):
            (likely,) = model.judge([(alone, windows[at][0])])
            assert likely == pytest.approx(together[at][call], abs=1e-4)


@needs_model
def test_noise_and_silence_are_no_speech_to_the_model() -> None:
    detector = SileroNow(SileroModel())
    audio = ulaw(quiet(500) + noise(1_500, 800))
    for end in range(FRAME_SAMPLES, len(audio) + 1, FRAME_SAMPLES):
        assert detector.push(audio[end - FRAME_SAMPLES : end], samples_to_ns(end)) is None, ns_to_ms(end)
