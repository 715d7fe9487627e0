import audioop
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from agent.cli import offhook
from agent.listen_command import timeline
from tests.agent.test_voice_activity import noise, quiet, ulaw, vowel


def listen(*arguments: str) -> Result:
    return CliRunner().invoke(offhook, ["listen", *arguments])


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """Half a second of voice after a second of silence, on the right channel of a studio recording."""
    path = tmp_path / "spoken.wav"
    telephone = np.array(quiet(1_000) + vowel(500) + quiet(700)) / 32_768
    studio = np.repeat(telephone, 2)  # 16 kHz
    soundfile.write(path, np.stack([np.zeros_like(studio), studio], axis=1), 16_000, subtype="PCM_24")
    return path


def test_edges_and_segments_as_json(spoken: Path) -> None:
    heard = json.loads(listen(str(spoken), "--json", "--channel", "1").output)
    assert set(heard) == {"file", "channel", "vad", "duration_ms", "edges", "segments"}
    assert heard["duration_ms"] == 2_200
    started, stopped = heard["edges"]
    assert started["kind"] == "speech_started"
    assert 980 <= started["at_ms"] <= 1_000
    assert 60 <= started["told_at_ms"] - started["at_ms"] <= 120
    assert stopped["kind"] == "speech_stopped"
    assert stopped["told_at_ms"] == stopped["at_ms"] + 200
    assert heard["segments"] == [[started["at_ms"], stopped["at_ms"]]]


def test_a_channel_on_which_nobody_speaks(spoken: Path) -> None:
    assert json.loads(listen(str(spoken), "--json").output)["edges"] == []
    assert "nobody speaks in these 2.2 s" in listen(str(spoken)).output


def test_a_table_and_a_timeline_for_people(spoken: Path) -> None:
    told = listen(str(spoken), "--channel", "1").output
    assert "told after" in told
    assert "..........######......" in told
    assert "0.5 s of speech in 2.2 s" in told


def test_a_voice_that_does_not_cease_lasts_to_the_end_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "voice.ulaw").write_bytes(ulaw(quiet(400) + vowel(600)))
    heard = json.loads(listen(str(tmp_path / "voice.ulaw"), "--json").output)
    assert [edge["kind"] for edge in heard["edges"]] == ["speech_started"]
    assert heard["segments"] == [[400, 1_000]]
    assert "(file ends)" in listen(str(tmp_path / "voice.ulaw")).output


def test_noise_can_be_mixed_in(spoken: Path, tmp_path: Path) -> None:
    hiss = audioop.lin2ulaw(np.array(noise(500, 3_000), dtype=np.int16).tobytes(), 2)
    (tmp_path / "hiss.ulaw").write_bytes(hiss)
    options = ("--channel", "1", "--noise", str(tmp_path / "hiss.ulaw"), "--json")
    heard = json.loads(listen(str(spoken), *options, "--snr", "15").output)
    assert heard["snr_db"] == 15
    assert len(heard["segments"]) == 1
    assert json.loads(listen(str(spoken), *options, "--snr", "-30").output)["segments"] == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["gone.wav"], "No such file"),
        (["README.md"], "expected a recording"),
        (["--channel", "3"], "it has channels 0 to 1"),
        (["--snr", "3"], "needs --noise"),
        (["--noise", "gone.wav"], "No such file"),
        (["--vad", "nobody"], "'builtin', 'silero'"),
    ],
)
def test_mistakes_are_told_with_exit_code_2(spoken: Path, arguments: list[str], complaint: str) -> None:
    told = listen(*([] if arguments[0][0] != "-" else [str(spoken)]), *arguments)
    assert told.exit_code == 2
    assert complaint in told.output


def test_a_timeline_has_lines_of_eight_seconds() -> None:
    first, second = timeline([(0, 100), (8_050, 8_150)], 9_000)
    assert first == "   0.0 s  #" + "." * 79
    assert second == "   8.0 s  ##" + "." * 8
