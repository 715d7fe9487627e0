"""`offhook vapi`: what it prints Vapi takes, and calls with it work."""

import json

import pytest
from click.testing import CliRunner, Result

from agent.agent_file import bundled_agents
from agent.vapi_command import vapi
from simulator.peers.vapi_schema import read_assistant

PUBLIC = {"VAPI_SECRET": "shared", "OFFHOOK_PUBLIC_URL": "https://phone.example.com/"}


def invoke(*options: str, **env: str) -> Result:
    return CliRunner().invoke(vapi, list(options), env={**PUBLIC, **env})


@pytest.mark.parametrize("agent", bundled_agents())
@pytest.mark.parametrize("model", [(), ("--model", "openai/gpt-4.1", "--time-zone", "Europe/Paris")])
def test_vapi_takes_every_agent(agent: str, model: tuple[str, ...]) -> None:
    result = invoke("--agent", agent, *model)
    assistant = read_assistant(json.loads(result.stdout))
    assert assistant.server is not None
    assert assistant.server.url == "https://phone.example.com/vapi/webhook"
    assert assistant.server.headers == {"x-vapi-secret": "shared"}
    assert assistant.model.tools
    assert {tool.server.headers["x-vapi-secret"] for tool in assistant.model.tools if tool.server} == {"shared"}


def test_our_brain_thinks_unless_a_model_at_vapi_is_named() -> None:
    ours = read_assistant(json.loads(invoke().stdout)).model
    assert (ours.provider, ours.url, ours.messages) == ("custom-llm", "https://phone.example.com/vapi", [])
    theirs = read_assistant(json.loads(invoke("--model", "openai/gpt-4.1", "--time-zone", "Asia/Tokyo").stdout)).model
    assert (theirs.provider, theirs.model, theirs.url) == ("openai", "gpt-4.1", None)
    (system,) = theirs.messages
    assert '{{"now" | date: "%Y-%m-%d", "Asia/Tokyo"}}' in system["content"]
    assert "hang_up" not in system["content"]


def test_another_address_may_be_given() -> None:
    assert '"url": "https://other.example/vapi"' in invoke("--url", "https://other.example").stdout


@pytest.mark.parametrize(
    ("options", "env", "code", "complaint"),
    [
        ((), {"OFFHOOK_PUBLIC_URL": ""}, 2, "give --url, or set OFFHOOK_PUBLIC_URL"),
        ((), {"VAPI_SECRET": ""}, 1, "VAPI_SECRET is not set"),
        (("--model", "gpt"), {}, 2, "--model gpt: expected PROVIDER/NAME"),
        (("--model", "a/b", "--time-zone", "Mars/Base"), {}, 2, "--time-zone Mars/Base: expected an IANA name"),
        (("--agent", "nobody"), {}, 1, "nobody"),
    ],
)
def test_what_cannot_be_is_told(options: tuple[str, ...], env: dict[str, str], code: int, complaint: str) -> None:
    result = invoke(*options, **env)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr
