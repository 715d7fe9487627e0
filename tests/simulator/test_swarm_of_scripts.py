"""How runs are chosen and carried: swarms that draw their scripts, too; idle audio that is skipped."""

import json
from typing import Any

from click.testing import CliRunner

from agent.cli import offhook


def swarm(*options: str) -> dict[str, Any]:
    answer = CliRunner().invoke(offhook, ["simulate", "--swarm", "--json", *options])
    assert answer.exit_code in (0, 1), answer.output
    told: dict[str, Any] = json.loads(answer.stdout)
    return told


def test_each_seed_is_one_run_and_can_be_run_again_by_itself() -> None:
    drawn = swarm("--seeds", "3", "--seed", "40")["runs"]
    assert sorted(run["seed"] for run in drawn) == [40, 41, 42]
    one = drawn[0]
    (again,) = swarm(one["script"], "--seed", str(one["seed"]))["runs"]
    assert again["digest"] == one["digest"]


def test_a_script_that_is_named_has_all_the_seeds() -> None:
    runs = swarm("quick_yes", "--seeds", "2")["runs"]
    assert [(run["script"], run["seed"]) for run in runs] == [("quick_yes", 0), ("quick_yes", 1)]


def test_idle_audio_can_be_skipped_and_the_command_says_so() -> None:
    answer = CliRunner().invoke(offhook, ["simulate", "quick_yes", "--skip-idle", "--json"])
    (run,) = json.loads(answer.stdout)["runs"]
    assert run["status"] == "passed"
    assert run["rerun"].startswith("offhook simulate quick_yes --seed 0 --skip-idle")
