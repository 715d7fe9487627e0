import audioop
import json
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import offhook
from agent.turn_scores import HEARD_SAMPLES
from fsm.profile import Profile
from fsm.units import ms_to_samples
from simulator.bench_endpointing import (
    Listener,
    Silence,
    cpu_ms_per_score,
    figures,
    turns_of,
    verdicts,
    wait_ms,
    without_scores,
)
from simulator.ears_corpus import Clip, Corpus
from tests.agent.test_voice_activity import quiet, ulaw, vowel
from tests.agent.tiny_turn_model import model_file

PROFILE = Profile(quick_wait_ms=200, wait_ms=400, unfinished_wait_ms=1_000)


class Sure:
    """A model that is sure, of what it is told, and remembers how much it heard."""

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self.heard_ms: list[int] = []

    def judge(self, audio: bytes) -> int:
        self.heard_ms.append(len(audio) // ms_to_samples(1))
        return self._percent


def turn(pause_ms: int) -> Clip:
    """Half a second of voice, a pause, and half a second more."""
    sound = audioop.ulaw2lin(ulaw(vowel(500) + quiet(pause_ms) + vowel(500)), 2)
    return Clip("turn", sound, ((0.0, 0.5), (0.5 + pause_ms / 1_000, 1.0 + pause_ms / 1_000)))


def heard(clip: Clip, model: Sure | None = None) -> list[Silence]:
    listener = Listener(model)
    listener.listen(clip)
    return listener.silences


def test_a_turn_has_its_pauses_and_its_end() -> None:
    pause, end = heard(turn(700))
    assert pause.lasts_ms == pytest.approx(700, abs=140), "from the last sound until the next is told"
    assert end.lasts_ms is None
    assert pause.scores == end.scores == ()


def test_a_model_hears_the_turn_so_far_at_each_silence_that_lasts_so_long() -> None:
    model = Sure(90)
    pause, end = heard(turn(700), model)
    assert pause.scores == (90, 90)
    assert end.scores == (90, 90, 90)
    first, second, *_ = model.heard_ms
    assert second - first == 300
    assert first == pytest.approx(500 + 500 + 200, abs=60), "the lead, the voice, the silence"
    assert max(model.heard_ms) <= HEARD_SAMPLES // ms_to_samples(1)


def test_by_silence_alone_a_turn_ends_after_the_wait_of_its_profile() -> None:
    assert wait_ms(PROFILE, Silence(None), 90) == 400


@pytest.mark.parametrize(
    ("scores", "takes_ms", "ends_ms"),
    [
        ((100, 100, 100), 0, 320),
        ((100, 100, 100), 150, 350),  # not before the score is known
        ((100, 100, 100), 300, 400),  # too late to matter
        ((0, 0, 0), 90, 640),
        ((0, 100, 100), 90, 590),  # heals itself
        ((50, 50, 50), 90, 400),
    ],
)
def test_scores_shift_the_wait_as_they_come(scores: tuple[int, ...], takes_ms: int, ends_ms: int) -> None:
    assert wait_ms(PROFILE, Silence(None, scores), takes_ms) == ends_ms


def test_a_pause_longer_than_the_wait_is_cut_off_and_a_good_model_mends_it() -> None:
    silences = [Silence(600, (0, 0)), Silence(300, (0,)), Silence(None, (100, 100, 100))]
    alone = figures(PROFILE, without_scores(silences), 90)
    assert alone == {"pauses": 2, "cut_off_percent": 50.0, "ends": 1, "wait_ms_p50": 400, "wait_ms_p95": 400}
    helped = figures(PROFILE, silences, 90)
    assert helped == {"pauses": 2, "cut_off_percent": 0.0, "ends": 1, "wait_ms_p50": 320, "wait_ms_p95": 320}
    assert figures(PROFILE, [], 90)["cut_off_percent"] is None


def test_verdicts_count_what_was_taken_for_an_end() -> None:
    found = verdicts([Silence(600, (80, 10)), Silence(300, (20,)), Silence(None, (70, 40, 95))])
    assert found["200 ms"] == {"ends": 1, "ends_taken_percent": 100.0, "pauses": 2, "pauses_taken_percent": 50.0}
    assert found["500 ms"] == {"ends": 1, "ends_taken_percent": 0.0, "pauses": 1, "pauses_taken_percent": 0.0}
    assert found["1000 ms"] == {"ends": 1, "ends_taken_percent": 100.0, "pauses": 0, "pauses_taken_percent": None}
    assert cpu_ms_per_score(Listener()) is None


def test_conversations_are_left_out() -> None:
    names = ("talk.wav", "talk.wav#1", "turn.wav")
    voices = tuple(Clip(name, b"", ((0.0, 1.0),)) for name in names)
    turns, left_out = turns_of(Corpus(voices, (), ()))
    assert [clip.name for clip in turns] == ["turn.wav"]
    assert left_out == ["talk.wav"]


# --- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    with wave.open(str(recordings / "turn.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(turn(700).sound)
    (recordings / "turn.txt").write_text("0.0\t0.5\n1.2\t1.7\n")
    return recordings


def bench(*options: str) -> Result:
    return CliRunner().invoke(offhook, ["bench", "endpointing", *options])


def test_the_command_tells_it_with_a_model_and_without(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="what makes a model is not installed: pip install offhook[dev]")
    pytest.importorskip("onnxruntime", reason="the extra offhook[turn] is not installed")
    alone = bench(str(folder), "--json", "--profile", "scheduling")
    assert alone.exit_code == 0, alone.output
    told = json.loads(alone.stdout)
    assert told["profiles"]["scheduling"]["silence alone"]["cut_off_percent"] == 100
    assert "with the model" not in told["profiles"]["scheduling"]
    path = model_file(tmp_path / "tiny.onnx")
    whole = bench(str(folder), "--model", str(path), "--profile", "scheduling")
    assert whole.exit_code == 0, whole.output
    assert "with the model" in whole.output
    assert "ms of CPU a score" in whole.output
    assert "1 recordings, 1 pauses and 1 ends, half: all" in whole.output


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--profile", "schedulling"), 'no profile is called "schedulling"; did you mean "scheduling"?'),
        (("--model", "nowhere.onnx"), "there is no file nowhere.onnx"),
        (("--half", "tuning"), "expected recordings of one channel in the half 'tuning', found none"),
    ],
)
def test_what_cannot_be_measured_is_told(folder: Path, options: tuple[str, ...], what: str) -> None:
    refused = bench(str(folder), *options)
    assert refused.exit_code == 2
    assert what in " ".join(refused.output.split())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert bench(str(tmp_path / "none")).exit_code == 2
