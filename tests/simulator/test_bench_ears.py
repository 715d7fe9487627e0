import audioop
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import offhook
from agent.listening import Told
from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import ms_to_ns
from simulator.bench_ears import LEAD_MS, Tally, listen, measure
from simulator.ears_corpus import Clip, Corpus, CorpusError, bridged, load_corpus
from tests.agent.test_voice_activity import noise, quiet, ulaw, vowel


class Oracle:
    """Tells what it was told to tell: edges by the instant (ms) at which they are told."""

    def __init__(self, *told: Told) -> None:
        self._told = {edge.told_at_ms: edge for edge in told}

    def push(self, frame: bytes, at: int) -> object:
        edge = self._told.get(at // ms_to_ns(1))
        if edge is None:
            return None
        return SpeechStarted(ms_to_ns(edge.at_ms)) if edge.is_onset else SpeechStopped(ms_to_ns(edge.at_ms))


CLIP = Clip("clip", bytes(2 * 8 * 3_000), ((1.0, 2.0),))
"""Three seconds, in the middle one of which somebody speaks."""


def counted(*told: Told) -> Tally:
    tally = Tally()
    listen(CLIP.sound, CLIP, Oracle(*told), tally)  # type: ignore[arg-type]  # it answers like a detector
    return tally


def test_what_is_told_as_labelled_costs_nothing() -> None:
    figures = counted(Told(True, LEAD_MS + 1_000, LEAD_MS + 1_080), Told(False, LEAD_MS + 2_000, LEAD_MS + 2_200))
    assert figures.figures() | {"cpu_us_per_frame": 0} == {
        "onset_delay_ms_p50": 80,
        "onset_delay_ms_p95": 80,
        "unheard_percent": 0,
        "missed_percent": 0,
        "false_percent": 0,
        "false_onsets_per_min": 0,
        "cpu_us_per_frame": 0,
        "utterances": 1,
    }


def test_a_late_onset_is_missed_speech_and_a_late_end_false() -> None:
    figures = counted(Told(True, LEAD_MS + 1_500, LEAD_MS + 1_580), Told(False, LEAD_MS + 2_500, LEAD_MS + 2_700))
    told = figures.figures()
    assert told["onset_delay_ms_p50"] == 580
    assert told["missed_percent"] == 50
    assert told["false_percent"] == pytest.approx(100 * 450 / 4_900, abs=0.2)
    assert told["false_onsets_per_min"] == 0


def test_an_utterance_of_which_nothing_is_told_is_unheard() -> None:
    assert counted().figures()["unheard_percent"] == 100
    assert counted().figures()["onset_delay_ms_p50"] is None


def test_an_onset_where_nobody_speaks_is_false() -> None:
    tally = counted(Told(True, 500, 600), Told(False, 900, 1_100))
    assert (tally.false_onsets, tally.false_ms, tally.unheard) == (1, 400, 1)


def test_every_voice_is_heard_in_every_noise_and_noise_alone() -> None:
    corpus = Corpus((CLIP, CLIP), (Clip("hiss", audioop.ulaw2lin(ulaw(noise(300, 300)), 2), ()),) * 3, ())
    tallies = measure(corpus, Oracle)  # type: ignore[arg-type]  # same
    assert {name: tally.utterances for name, tally in tallies.items()} == {
        "clean": 2,
        "20 dB": 6,
        "10 dB": 6,
        "5 dB": 6,
        "noise only": 0,
    }


# --- recordings with labels ------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "voice.ulaw").write_bytes(ulaw(quiet(500) + vowel(500) + quiet(500)))
    (tmp_path / "voice.txt").write_text("0.5\t1.0\tspeech\n\\\t100\t3000\n\n")
    (tmp_path / "hiss.ulaw").write_bytes(ulaw(noise(800, 300)))
    (tmp_path / "hiss.txt").write_text("")
    (tmp_path / "other.ulaw").write_bytes(ulaw(noise(200, 300)))
    return tmp_path


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(offhook, ["bench", "ears", *arguments])


def test_a_folder_with_label_tracks(folder: Path) -> None:
    corpus = load_corpus(folder)
    assert [(clip.name, clip.speech_s) for clip in corpus.voices] == [("voice.ulaw", ((0.5, 1.0),))]
    assert [clip.name for clip in corpus.noises] == ["hiss.ulaw"]
    assert corpus.unlabelled == ("other.ulaw",)


def test_a_manifest(folder: Path) -> None:
    entries = [{"file": "voice.ulaw", "speech_s": [[[0.5, 0.7], [0.8, 1.0]]]}, {"file": "hiss.ulaw"}]
    (folder / "manifest.json").write_text(json.dumps({"files": entries}))
    corpus = load_corpus(folder)
    assert [clip.speech_s for clip in corpus.voices] == [((0.5, 1.0),)], "a pause of 100 ms is bridged"
    assert [clip.name for clip in corpus.noises] == ["hiss.ulaw"]


def test_the_bench_as_json_and_as_a_table(folder: Path) -> None:
    told = bench(str(folder), "--json", "--vad", "builtin")
    figures = json.loads(told.stdout)
    assert set(figures["detectors"]["builtin"]) == {"clean", "20 dB", "10 dB", "5 dB", "noise only"}
    assert figures["detectors"]["builtin"]["clean"]["unheard_percent"] == 0
    assert figures["recordings"] == ["voice.ulaw"]
    assert figures["unlabelled"] == ["other.ulaw"]
    table = bench(str(folder), "--vad", "builtin").output
    assert "noise only" in table
    assert "without labels, left out: other.ulaw" in table


def test_the_halves_do_not_overlap_and_make_the_whole(folder: Path) -> None:
    corpus = Corpus(tuple(Clip(f"{n}.wav", b"", ((0, 1),)) for n in range(60)), (), ())
    tuning, held_out = (set(corpus.half_of(half).voices) for half in ("tuning", "held-out"))
    assert not tuning & held_out
    assert tuning | held_out == set(corpus.half_of("all").voices)
    assert min(len(tuning), len(held_out)) > 15
    assert Clip("two.wav", b"", ()).half == Clip("two.wav#1", b"", ()).half, "one recording, one half"


@pytest.mark.parametrize(
    ("track", "complaint"),
    [
        ("0.5 soon", r"voice\.txt:1: expected start and end"),
        ("2 1 x", "a start before its end"),
        ("", "labels of speech"),
    ],
)
def test_labels_that_say_nothing_are_told(folder: Path, track: str, complaint: str) -> None:
    (folder / "voice.txt").write_text(track)
    with pytest.raises(CorpusError, match=complaint):
        load_corpus(folder)
    assert bench(str(folder)).exit_code == 2


@pytest.mark.parametrize(
    "manifest", ["{", "[]", '{"files": [{}]}', '{"files": [{"file": "gone.wav", "speech_s": [[]]}]}']
)
def test_a_broken_manifest_is_told(folder: Path, manifest: str) -> None:
    (folder / "manifest.json").write_text(manifest)
    assert bench(str(folder)).exit_code == 2


def test_spans_are_joined_in_order() -> None:
    assert bridged([[3, 4], [0, 1], [1.2, 2]]) == ((0, 2), (3, 4))
