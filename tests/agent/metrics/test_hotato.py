import pytest

from agent.metrics.hotato import Verdict, Verdicts, active_frames, verdict
from agent.metrics.spans import Span
from tests.agent.metrics.traces import agent, call, sound, turn

CLIP_MS = 8_000


def judged(agent: list[Span], caller: list[Span], onset_ms: int | None = 2_000, clip_ms: int = CLIP_MS) -> Verdict:
    frames = clip_ms // 10
    found = verdict(active_frames(caller, frames), active_frames(agent, frames), onset_ms)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("agent", "caller", "time_ms", "talk_over_ms"),
    [
        ([(200, 2_500)], [(2_000, 4_000)], 650, 650),
        ([(200, 6_000)], [(2_000, 2_400)], None, 550),
        ([(200, 3_500)], [(2_000, 2_400)], None, 550),
        ([(200, 2_800)], [(2_000, 2_400)], 950, 550),
        ([(200, 3_500)], [(2_000, 2_400), (4_200, 4_800)], 1_850, 550),
        ([(200, 2_200), (2_300, 5_000)], [(2_000, 2_400)], None, 550),
        ([(200, 2_200), (2_600, 5_000)], [(2_000, 2_400)], 350, 350),
    ],
    ids=[
        "stops for a long interruption",
        "talks on",
        "ends by itself long after",
        "ends within half a second of the caller",
        "the caller speaks again later in the silence",
        "a silence that the hangover bridges",
        "stops and goes on",
    ],
)
def test_the_published_examples(agent: list[Span], caller: list[Span], time_ms: int | None, talk_over_ms: int) -> None:
    found = judged(agent, caller)
    assert found.agent_talking_at_onset
    assert (found.did_yield, found.time_to_yield_ms, found.talk_over_ms) == (time_ms is not None, time_ms, talk_over_ms)


def test_a_silence_must_not_reach_past_the_recording() -> None:
    assert not judged([(200, 2_500)], [(2_000, 3_000)], clip_ms=2_840).did_yield
    assert judged([(200, 2_500)], [(2_000, 3_000)], clip_ms=2_850).did_yield


def test_without_a_label_the_caller_s_first_real_run_is_the_onset() -> None:
    assert judged([(200, 2_500)], [(2_000, 4_000)], onset_ms=None).time_to_yield_ms == 660


def test_without_a_label_or_a_voice_nothing_can_be_judged() -> None:
    assert verdict([False] * 100, [True] * 100, None) is None


def test_an_answer_after_the_caller_s_end_leaves_a_gap() -> None:
    found = judged([(200, 2_500), (5_000, 6_000)], [(2_000, 4_000)])
    assert (found.premature_start_ms, found.response_gap_ms) == (0, 840)  # 4,000 and the hangover are 4,150


def test_an_answer_before_the_caller_s_end_is_premature() -> None:
    found = judged([(200, 2_500), (3_500, 6_000)], [(2_000, 4_000)])
    assert (found.premature_start_ms, found.response_gap_ms) == (660, None)


def test_the_sounds_of_a_call_are_its_events() -> None:
    verdicts = Verdicts()
    verdicts.add(
        call(
            caller=[
                turn(3_000, 4_000),
                sound("backchannel", 9_000, 9_300),
                sound("noise", 9_500, 9_600),
                sound("vocal_tic", 15_000, 15_300),
            ],
            agent=[agent(1_000, 3_300, 1, stopped_by="cleared"), agent(8_000, 12_000, 2)],
        )
    )
    values = verdicts.values()
    assert (values["yield_pass_rate"], values["hold_pass_rate"]) == (1.0, 1.0)
    assert (values["events_to_yield"], values["events_to_hold"], values["not_scorable"]) == (1, 1, 1)
    assert values["time_to_yield_s"]["median"] == 0.45
