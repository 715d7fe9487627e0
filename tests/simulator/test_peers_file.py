"""The TOML file of `offhook peers`."""

from pathlib import Path

import pytest

from simulator.emulator_settings import Setting, SettingError
from simulator.peers_file import EXAMPLE, read_peers_file


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "peers.toml"
    path.write_text(text)
    return path


def ask(text: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}]}


def test_the_example_reads(tmp_path: Path) -> None:
    path = write(tmp_path, EXAMPLE)
    said = read_peers_file(path)
    assert said.settings == (
        Setting("deepgram", "final_delay_ms", 300, f"{path}, line 2"),
        Setting("groq", "refuse", "rate_limited_requests", f"{path}, line 5"),
        Setting("groq", "fail_first_n", 1, f"{path}, line 6"),
    )
    assert said.brain is not None
    assert said.brain.answer(ask("What are your OPENING hours?")).text == "We are open from nine to five."
    assert said.brain.answer(ask("Pardon?")).text == "Could you say that again?"


def test_replies_come_in_turn(tmp_path: Path) -> None:
    brain = read_peers_file(write(tmp_path, '[brain]\nreplies = ["One.", "Two."]')).brain
    assert brain is not None
    assert [brain.answer({}).text for _ in range(3)] == ["One.", "Two.", "One."]


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    said = read_peers_file(write(tmp_path, ""))
    assert (said.settings, said.brain) == ((), None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[groq]\n\nburst_tokens = 4", 3),
        ("groq.burst_tokens = 4", 1),
        ("# groq\ngroq = { burst_tokens = 4 }", 2),
        ('[deepgram]\nburst_tokens = 1\n[groq]\n"burst_tokens" = 4', 4),
    ],
)
def test_a_setting_knows_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, text)
    sources = [setting.source for setting in read_peers_file(path).settings if setting.provider == "groq"]
    assert sources == [f"{path}, line {line}"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\n[groqq]", ", line 2: there is no table [groqq]; did you mean 'groq'? expected deepgram, groq,"),
        ("port = 5", ", line 1: there is no table [port]; expected"),
        ("groq = 5", ", line 1: expected a table [groq], got 5"),
        ("[groq\n", "at line 1, column 6"),
        ("[brain]\nreply = 1", ", line 2: brain has no setting 'reply'; did you mean 'replies'?"),
        ("[brain]\nreplies = [1]", ', line 2: expected replies = ["...", ...] and nothing else'),
        ("[brain]\nreplies = []", ", line 1: expected at least one canned reply, got none"),
        ("[brain]\nrules = 5", ', line 2: expected rules = [{ heard = "pattern", say = "text" }, ...], got 5'),
        ('[brain]\nrules = [{ heard = "(", say = "x" }]', ", line 1: expected a regular expression, got '('"),
    ],
)
def test_what_it_cannot_mean_is_told_with_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingError) as error:
        read_peers_file(path)
    assert str(error.value).startswith(str(path))
    assert complaint in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.toml: No such file"):
        read_peers_file(tmp_path / "none.toml")
