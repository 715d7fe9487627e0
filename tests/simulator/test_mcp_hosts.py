"""Tools of MCP servers in the world's time: real servers, in memory, the same call for the same seed."""

from pathlib import Path

import pytest

from simulator.runs.outcome import Status
from simulator.runs.run import run
from simulator.runs.twice import divergence
from simulator.scenario import ScriptError, load

SCRIPTS = Path(__file__).parent / "mcp_scripts"


@pytest.mark.parametrize("name", ["tool", "error"])
def test_a_script_with_a_server_holds_and_is_the_same_twice(name: str) -> None:
    plan = load(SCRIPTS / f"{name}.toml")
    outcome = run(plan, 1)
    assert outcome.status is Status.PASSED, [violation.what for violation in outcome.violations]
    assert divergence(plan, 1) is None


def test_a_server_that_the_script_does_not_tell_of_is_not_there(tmp_path: Path) -> None:
    agent = (SCRIPTS / "crm.toml").read_text()
    (tmp_path / "crm.toml").write_text(agent)
    script = (SCRIPTS / "tool.toml").read_text()
    without = "\n".join(line for line in script.splitlines() if not line.startswith("tags"))
    before, _, rest = without.partition("[mcp.crm.find_customer]")
    (tmp_path / "none.toml").write_text(before + rest[rest.index("[model]") :])
    with pytest.raises(ScriptError, match='the agent has no tool "crm_find_customer"'):
        load(tmp_path / "none.toml")
    (tmp_path / "other.toml").write_text(script.replace("[mcp.crm.", "[mcp.cmr."))
    with pytest.raises(ScriptError, match='the agent has no MCP server "cmr"; did you mean "crm"'):
        load(tmp_path / "other.toml")


def test_without_the_package_the_script_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.scenario.check.find_spec", lambda _name: None)
    with pytest.raises(ScriptError, match=r"pip install 'offhook\[mcp\]'"):
        load(SCRIPTS / "tool.toml")
