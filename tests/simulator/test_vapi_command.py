"""`offhook peers vapi` as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simulator.peers_command import peers
from tests.agent.test_house import NOBODY
from tests.simulator.peers.vapi_server import own_model


def invoke(*options: str, **env: str) -> Result:
    return CliRunner().invoke(peers, ["vapi", *options], env={"VAPI_SECRET": "s", "COLUMNS": "200", **env})


def test_a_server_that_is_not_there_is_a_call_that_nobody_took() -> None:
    result = invoke("--url", f"{NOBODY}/vapi/webhook")
    assert result.exit_code == 1
    assert "assistant-request-failed" in result.output
    assert "not taken: assistant-request: failed: " in result.output
    told = json.loads(invoke("--url", f"{NOBODY}/vapi/webhook", "--json").output)
    assert told["ended_reason"] == "assistant-request-failed"
    assert {each["status"] for each in told["messages"]} == {0}


def test_each_call_is_a_new_one_unless_there_is_a_seed() -> None:
    def call_id(*options: str) -> str:
        return str(json.loads(invoke("--url", NOBODY, "--json", *options).output)["call_id"])

    assert call_id() != call_id()
    assert call_id("--seed", "7") == call_id("--seed", "7") != call_id("--seed", "8")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--url", "localhost:8080"], "--url localhost:8080: expected a URL such as http://"),
        (["--fault", "copis=2"], "did you mean 'copies'? `offhook peers vapi --list` shows all"),
        (["--fault", "copies=0"], "--fault copies=0: copies: expected 1 or more, got 0"),
        (["--delay", "pause_ms=soon"], "--delay pause_ms=soon: expected"),
        (["--fault", "auth=nobody"], "expected one of none, secret, bearer"),
        (["--assistant", "none.json"], "none.json: No such file or directory"),
    ],
)
def test_what_cannot_be_is_told_with_exit_code_2(options: list[str], complaint: str) -> None:
    result = invoke(*options)
    assert result.exit_code == 2
    assert complaint in result.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "Vapi would not take this assistant"),
        (json.dumps(own_model(name="n" * 41)), "name: String should have at most 40 characters"),
        (json.dumps(own_model(colour="red")), "colour: Extra inputs are not permitted"),
        (json.dumps(own_model(serverMessages=["weather"])), "there are no weather"),
    ],
)
def test_an_assistant_that_vapi_would_not_take_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "assistant.json"
    path.write_text(text)
    result = invoke("--assistant", str(path))
    assert result.exit_code == 2
    assert complaint in result.output.replace("\n", " ")


def test_every_setting_is_listed_with_what_it_does() -> None:
    output = invoke("--list").output
    for expected in ("copies", "times each message is delivered", "stale-signature", "assistant_timeout_ms"):
        assert expected in output


def test_the_peers_that_are_servers_are_still_run_without_a_command() -> None:
    assert "groq.first_token_ms" in CliRunner().invoke(peers, ["--list", "--only", "groq"]).output
