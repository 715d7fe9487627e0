"""The call scripts of the agents that come with us hold; those of a folder are found, and an empty one says so."""

from pathlib import Path

import pytest

from agent.agent_file import BUNDLED, bundled_agents
from simulator.demo.story import STORY, story_of
from simulator.runs.run import run
from simulator.scenario import ScriptError, load
from simulator.simulating import expanded

SCRIPTS = sorted(BUNDLED.glob("*/scripts/*.toml"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.parent.name}_{path.stem}")
def test_a_script_of_an_agent_holds(path: Path) -> None:
    plan = load(path)
    outcome = run(plan, plan.cast.seed)
    found = "\n".join(f"  {violation.checker}: {violation.what}" for violation in outcome.violations)
    assert not outcome.status.is_failure, f"{outcome.status}; run it again: {outcome.rerun}\n{found}"


@pytest.mark.parametrize("agent", bundled_agents())
def test_every_agent_has_a_story_that_names_rows(agent: str) -> None:
    expectations = story_of(agent).plan.expectations
    assert [each for each in expectations if each.text.startswith("database:")]


def test_agents_stand_for_all_their_scripts_and_a_folder_for_its_own() -> None:
    assert expanded(["agents"]) == [str(path) for path in SCRIPTS]
    shipments = BUNDLED / "shipments"
    own = [str(path) for path in SCRIPTS if path.is_relative_to(shipments)]
    assert expanded([str(shipments)]) == expanded([str(shipments / "scripts")]) == own
    assert str(shipments / STORY) in own
    assert expanded(["booking"]) == ["booking"]


def test_a_folder_without_scripts_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"expected call scripts in it, \*\.toml; there are none"):
        expanded([str(tmp_path)])


def test_scripts_of_several_agents_have_names_of_their_own() -> None:
    assert len({load(path).name for path in SCRIPTS}) == len(SCRIPTS)
