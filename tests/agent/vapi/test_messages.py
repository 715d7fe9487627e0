"""What else Vapi says and asks: an assistant, a destination, how a call goes, and the report that ends it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.agent_file import Agent, load_agent
from agent.cli import offhook
from agent.config import Config, Secret
from agent.trace_view import read_trace
from agent.vapi.security import VapiCheck
from tests.agent.vapi.desk import AGENT, HEADERS, SECRET, Json, VapiDesk, told
from tools.declare import tool

CARD = "4242 4242 4242 4242"
MESSAGES = [
    {"role": "system", "message": "You answer for a shop."},
    {"role": "bot", "message": "Hello.", "secondsFromStart": 0.5},
    {"role": "user", "message": "My card is 4242 4242,", "secondsFromStart": 3.25},
    {"role": "user", "message": "4242 4242.", "secondsFromStart": 5},
    {"role": "tool_calls", "toolCalls": [{"id": "t1", "function": {"name": "pay", "arguments": '{"pin":"1234"}'}}]},
    {"role": "tool_call_result", "name": "pay", "result": '{"paid":true}', "secondsFromStart": 7},
    {"role": "bot", "message": "Paid.", "secondsFromStart": 8},
]
REPORT: dict[str, Json] = {
    "endedReason": "customer-ended-call",
    "startedAt": "2026-11-23T09:00:00.000Z",
    "endedAt": "2026-11-23T09:00:12.000Z",
    "cost": 0.05,
    "analysis": {"summary": "They paid.", "structuredData": {"pin": "1234"}, "successEvaluation": "true"},
    "artifact": {"messages": MESSAGES, "recordingUrl": "https://storage.example/a.wav?sig=secret"},
    "phoneNumber": {"twilioAuthToken": "carrier-token"},
}


@tool(kind="effect", private=["pin"])
def pay(pin: str) -> dict[str, bool]:
    """Pay."""
    return {"paid": bool(pin)}


@pytest.fixture(name="desk")
def new_desk(tmp_path: Path) -> VapiDesk:
    return VapiDesk(tmp_path, pay)


# --- the assistant -----------------------------------------------------------------------------------------


def test_the_assistant_is_the_agent_with_our_brain_and_tools(tmp_path: Path) -> None:
    async def story() -> None:
        agent = load_agent("appointments")
        desk = VapiDesk(tmp_path, *agent.toolset(), agent=agent)
        assistant = (await desk.say("assistant-request"))["assistant"]
        token = {"x-vapi-secret": VapiCheck(SECRET).token("call-1")}
        model = assistant["model"]
        assert (model["provider"], model["url"]) == ("custom-llm", "https://phone.example/vapi")
        assert model["headers"] == assistant["server"]["headers"] == token
        assert assistant["firstMessage"] == agent.phrases["greeting"]
        assert assistant["voice"]["voiceId"] == desk.config.elevenlabs_voice_id
        *functions, last = model["tools"]
        assert [each["function"]["name"] for each in functions] == [name for name in agent.tools if name != "hang_up"]
        assert {each["server"]["url"] for each in functions} == {"https://phone.example/vapi/webhook"}
        assert last == {"type": "endCall"}
        assert SECRET not in json.dumps(assistant)

    told(story)


def test_the_token_it_carries_lets_in_its_own_call(desk: VapiDesk) -> None:
    async def story() -> None:
        token = (await desk.say("assistant-request"))["assistant"]["server"]["headers"]
        for call_id, status in (("call-1", 200), ("call-2", 401)):
            body = {"message": {"type": "status-update", "status": "in-progress", "call": {"id": call_id}}}
            await desk.post(body, headers=token, status=status)

    told(story)


def test_a_voicemail_message_and_a_long_name_are_told_as_vapi_takes_them(tmp_path: Path) -> None:
    async def story() -> None:
        agent = Agent.model_validate({"name": "n" * 60, "prompt": "x", "voicemail": {"message": "Call back."}})
        assistant = (await VapiDesk(tmp_path, agent=agent).say("assistant-request"))["assistant"]
        assert assistant["name"] == "n" * 40
        assert assistant["voicemailMessage"] == "Call back."
        assert assistant["model"]["tools"] == []

    told(story)


# --- what comes besides ------------------------------------------------------------------------------------


def test_a_call_is_handed_over_to_the_number_of_the_settings(desk: VapiDesk) -> None:
    async def story() -> None:
        assert "nobody" in (await desk.say("transfer-destination-request"))["error"]
        config = replace(desk.config, vapi_transfer_number="+15557654321")
        other = VapiDesk(config.data, config=config)
        destination = {"type": "number", "number": "+15557654321"}
        assert (await other.say("transfer-destination-request"))["destination"] == destination
        tools = (await other.say("assistant-request"))["assistant"]["model"]["tools"]
        assert tools[-1]["destinations"] == [destination]

    told(story)


def test_the_agents_own_people_can_be_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        agent = AGENT.model_copy(update={"people": {"the manager": "+15550001111"}})
        desk = VapiDesk(tmp_path, agent=agent)
        manager = {"type": "number", "number": "+15550001111", "description": "the manager"}
        tools = (await desk.say("assistant-request"))["assistant"]["model"]["tools"]
        assert tools[-1]["destinations"] == [manager]
        assert (await desk.say("transfer-destination-request"))["destination"] == manager

    told(story)


def test_other_messages_are_taken_in_and_hangs_are_counted(desk: VapiDesk) -> None:
    async def story() -> None:
        for kind in ("hang", "hang", "user-interrupted", "speech-update", "something.new", "conversation-update"):
            assert await desk.say(kind) == {}
        call = desk.webhook.calls.known("call-1")
        assert call is not None
        assert call.counts == {"hang": 2, "user_interrupted": 1}
        assert "Vapi's server URL" in (await desk.post({}, "/vapi/else", status=404))["error"]

    told(story)


# --- the report --------------------------------------------------------------------------------------------


def test_a_report_is_kept_as_a_trace_without_card_numbers_and_private_arguments(desk: VapiDesk) -> None:
    async def story() -> None:
        await desk.say("hang")
        assert await desk.say("end-of-call-report", **REPORT) == {}
        path = desk.config.data / "traces" / "call-1.jsonl"
        first, *lines = read_trace(path)
        assert (first["call_id"], first["agent"], first["started_at"]) == ("call-1", "shop", REPORT["startedAt"])
        said = [(line["at_ns"] // 10**6, line["data"]) for line in lines if line.get("note") == "vapi_said"]
        assert said[0] == (500, {"role": "assistant", "text": "Hello."})
        assert said[-1] == (8_000, {"role": "assistant", "text": "Paid."})
        report = next(line["data"] for line in lines if line.get("note") == "vapi_report")
        assert (report["reason"], report["hang"]) == ("customer-ended-call", 1)
        assert report["recording"] == "https://storage.example/a.wav"
        text = path.read_text()
        for secret in ("4242", "1234", "carrier-token", "sig=secret"):
            assert secret not in text
        shown = CliRunner().invoke(offhook, ["trace", str(path)])
        assert shown.exit_code == 0
        assert "They paid." in shown.output
        listed = CliRunner().invoke(offhook, ["calls", "--data", str(desk.config.data), "--json"])
        record = json.loads(listed.output)
        assert (record["call_id"], record["turns"], record["duration_ms"]) == ("call-1", 2, 8_000)
        scored = CliRunner().invoke(offhook, ["score", str(path), "--json"])
        assert (scored.exit_code, scored.stderr) == (0, "")

    told(story)


def test_a_report_that_comes_again_or_late_changes_nothing(desk: VapiDesk) -> None:
    async def story() -> None:
        await desk.say("end-of-call-report", **REPORT)
        path = desk.config.data / "traces" / "call-1.jsonl"
        before = path.read_bytes()
        await desk.say("end-of-call-report", endedReason="silence-timed-out")
        await desk.say("status-update", endedReason="x")
        assert path.read_bytes() == before
        assert [each.name for each in path.parent.iterdir()] == ["call-1.jsonl"]
        (late,) = await desk.use({"id": "t1", "name": "pay", "arguments": {"pin": "1"}})
        assert "over" in late["error"]

    told(story)


def test_a_report_that_cannot_be_kept_is_asked_for_again(desk: VapiDesk) -> None:
    async def story() -> None:
        (desk.config.data / "traces").write_text("in the way")
        assert "send it again" in (await desk.say("end-of-call-report", status=500, **REPORT))["error"]

    told(story)


def test_hidden_words_are_hidden_here_too(tmp_path: Path) -> None:
    async def story() -> None:
        config = Config(vapi_secret=Secret(SECRET), data=tmp_path, trace_words="hidden")
        desk = VapiDesk(tmp_path, pay, config=config)
        await desk.say("end-of-call-report", **REPORT)
        text = (tmp_path / "traces" / "call-1.jsonl").read_text()
        for private in ("Hello.", "They paid", "+15551230000"):
            assert private not in text

    told(story)


def test_secrets_and_words_do_not_reach_the_log(desk: VapiDesk, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        with caplog.at_level("DEBUG"):
            await desk.say("end-of-call-report", **REPORT)
            await desk.post({"message": REPORT}, headers={**HEADERS, "x-vapi-secret": "guess"}, status=401)
        for private in ("Hello.", "carrier-token", SECRET, "guess"):
            assert private not in caplog.text

    told(story)
