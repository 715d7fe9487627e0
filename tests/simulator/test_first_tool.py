"""README's first tool: what is shown there works as printed."""

import json
import re
from pathlib import Path

from click.testing import CliRunner

from agent.cli import offhook

README = Path(__file__).parents[2] / "README.md"

SCRIPT = """
about = "A caller asks where a parcel is, and has it left at the door"
agent = "parcels.toml"

caller = [
  { say = "Where is parcel AB12?" },
  { say = "Leave it at the door please.", after_words = "Paris" },
]

[model]
answers = [
  { asked = "leave it", call = "leave_at_door", arguments = { number = "AB12", door_code = "4711" } },
  { after_tool = "leave_at_door", say = "It will be left there." },
  { asked = "where is", call = "track_parcel", arguments = { number = "AB12" } },
  { after_tool = "track_parcel", say = "It is in Paris." },
]

[expect]
heard = ["in Paris", "left there"]
tools = [{ name = "track_parcel", arguments = { number = "AB12" } }, { name = "leave_at_door" }]
"""


def save(folder: Path) -> str:
    shown = README.read_text(encoding="utf-8").partition("## Your first tool\n")[2].partition("\n##")[0]
    for language, name in (("python", "my_tools.py"), ("toml", "parcels.toml")):
        (block,) = re.findall(rf"```{language}\n(.*?)```", shown, re.DOTALL)
        (folder / name).write_text(block)
    return str(folder / "parcels.toml")


def test_its_agent_has_it(tmp_path: Path) -> None:
    listed = CliRunner().invoke(offhook, ["tools", "list", "--agent", save(tmp_path), "--json"])
    told = {one["name"]: one for one in map(json.loads, listed.output.splitlines())}
    assert list(told) == ["hang_up", "track_parcel", "leave_at_door"]
    assert told["track_parcel"]["parameters"]["properties"]["number"]["description"].startswith("The parcel's number")
    assert told["leave_at_door"]["private"] == ["door_code"]


def test_a_caller_is_served_by_it(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "parcel.toml").write_text(SCRIPT)
    answer = CliRunner().invoke(offhook, ["simulate", str(tmp_path / "parcel.toml")])
    assert answer.exit_code == 0, answer.output
