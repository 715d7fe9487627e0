"""`offhook new`: what it makes runs at once."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.agent_file import load_agent
from agent.cli import offhook


def invoke(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(offhook, list(arguments))
    return answer.exit_code, answer.output


def test_a_new_agent_takes_an_order_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    code, told = invoke("new", str(folder))
    assert code == 0
    assert f"offhook simulate {folder}/scripts" in told
    assert load_agent(f"{folder}/").name == "bakery"
    code, told = invoke("demo", "--fast", "--json", "--agent", str(folder), "--data", str(tmp_path / "data"))
    result = json.loads(told)
    assert (code, result["outcome"]) == (0, "completed")
    assert result["rows"]["orders"][0]["customer"] == "Ada Lovelace"
    code, told = invoke("simulate", str(folder / "scripts"), "--json")
    assert (code, json.loads(told)["runs"][0]["status"]) == (0, "passed")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Two Words", "expected a name of a-z, 0-9 and _"),
        ("payments", "comes with offhook"),
        ("taken", "is there already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_made(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "taken").mkdir()
    code, told = invoke("new", str(tmp_path / name))
    assert (code, complaint in told) == (1, True)
    assert [path.name for path in tmp_path.rglob("*")] == ["taken"]
