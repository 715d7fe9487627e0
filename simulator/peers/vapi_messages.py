"""What Vapi's messages look like (protocols/vapi.md, sections 2, 4 and 6), in its own words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fsm.units import NS_PER_MS
from simulator.peers.vapi_behaviour import Layout
from simulator.peers.vapi_schema import Tool

Json = dict[str, Any]

ORGANIZATION = "3b6a1f0e-0000-4000-8000-000000000001"
NUMBER_ID = "3b6a1f0e-0000-4000-8000-000000000002"


@dataclass(frozen=True, slots=True)
class AskedTool:
    """A tool that a model asks for; `arguments` is JSON text."""

    call_id: str
    name: str
    arguments: str

    def as_openai(self) -> Json:
        """As OpenAI's messages have it."""
        return {"id": self.call_id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Who calls whom: what every message says of its call."""

    call_id: str
    caller: str
    called: str
    began_at: datetime
    carrier_token: str

    def call(self, status: str) -> Json:
        """The `call` object."""
        return {
            "id": self.call_id,
            "orgId": ORGANIZATION,
            "createdAt": iso(self.began_at),
            "updatedAt": iso(self.began_at),
            "type": "inboundPhoneCall",
            "status": status,
            "phoneNumberId": NUMBER_ID,
            "phoneCallProvider": "twilio",
            "phoneCallProviderId": f"CA{self.call_id.replace('-', '')}",
            "phoneCallTransport": "pstn",
            "customer": self.customer,
            "monitor": {
                "listenUrl": f"wss://phone-call-websocket.aws-us-west-2-backend-production1.vapi.ai/{self.call_id}/listen",
                "controlUrl": f"https://phone-call-websocket.aws-us-west-2-backend-production1.vapi.ai/{self.call_id}/control",
            },
        }

    @property
    def customer(self) -> Json:
        """The caller."""
        return {"number": self.caller}

    @property
    def phone_number(self) -> Json:
        """The number that was called; of an imported one also the carrier's account, with its token."""
        return {
            "id": NUMBER_ID,
            "orgId": ORGANIZATION,
            "number": self.called,
            "provider": "twilio",
            "twilioAccountSid": "AC00000000000000000000000000000000",
            "twilioAuthToken": self.carrier_token,
        }


def iso(at: datetime) -> str:
    """An instant as JSON has it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tool_calls(asked: Sequence[AskedTool], tools: Mapping[str, Tool], layout: Layout) -> Json:
    """The fields of `tool-calls`; arguments that are no JSON stay text."""
    listed = [_laid_out(each, _decoded(each.arguments), layout) for each in asked]
    paired = [
        {**tools[each.name].model_dump(by_alias=True, exclude_none=True, exclude_unset=True), "toolCall": call}
        for each, call in zip(asked, listed, strict=True)
    ]
    return {"toolWithToolCallList": paired, **({} if layout is Layout.PAIRED else {"toolCallList": listed})}


def _decoded(arguments: str) -> object:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _laid_out(asked: AskedTool, decoded: object, layout: Layout) -> Json:
    match layout:
        case Layout.TEXT:
            return asked.as_openai()
        case Layout.OBJECT:
            return {"id": asked.call_id, "type": "function", "function": {"name": asked.name, "arguments": decoded}}
        case Layout.ARGUMENTS:
            return {"id": asked.call_id, "name": asked.name, "arguments": decoded}
        case Layout.PARAMETERS:
            return {"id": asked.call_id, "name": asked.name, "parameters": decoded}
        case Layout.PAIRED:
            return {"id": asked.call_id, "type": "function", "function": {"name": asked.name, "parameters": decoded}}


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of a call's history, `at` ns after it began: as OpenAI's messages have it, and as Vapi's own."""

    at: int
    message: Json

    def at_vapi(self, names: Mapping[str, str], began_at: datetime) -> Json:
        """As `artifact.messages` have it; `names` are those of the tools, by the ids of their calls."""
        since_ms = self.at / NS_PER_MS
        time = round(began_at.timestamp() * 1_000 + since_ms)
        said, when = self.message, {"time": time, "endTime": time, "secondsFromStart": since_ms / 1_000}
        if said["role"] == "tool":
            call_id = said["tool_call_id"]
            result = {"name": names.get(call_id, ""), "toolCallId": call_id, "result": said["content"]}
            return {"role": "tool_call_result", **result, **when}
        if said.get("tool_calls"):
            return {"role": "tool_calls", "message": "", "toolCalls": said["tool_calls"], **when}
        return {"role": "bot" if said["role"] == "assistant" else said["role"], "message": said["content"], **when}


def report(history: Iterable[Contribution], reason: str, began_at: datetime, lasted_ms: int) -> Json:
    """The fields of `end-of-call-report`."""
    history = list(history)
    calls = [call for each in history for call in each.message.get("tool_calls", ())]
    names = {call["id"]: call["function"]["name"] for call in calls}
    spoken = [each for each in history if each.message["role"] in ("assistant", "user") and each.message.get("content")]
    who = {"assistant": "AI", "user": "User"}
    transcript = "\n".join(f"{who[each.message['role']]}: {each.message['content']}" for each in spoken)
    artifact = {
        "messages": [each.at_vapi(names, began_at) for each in history],
        "messagesOpenAIFormatted": [each.message for each in history],
        "transcript": transcript,
        "recordingUrl": "https://storage.vapi.ai/recording.wav?X-Amz-Signature=presigned",
        "stereoRecordingUrl": "https://storage.vapi.ai/stereo.wav?X-Amz-Signature=presigned",
        "performanceMetrics": {"turnLatencyAverage": 0},
    }
    return {
        "endedReason": reason,
        "startedAt": iso(began_at),
        "endedAt": iso(began_at + timedelta(milliseconds=lasted_ms)),
        "durationMs": lasted_ms,
        "cost": 0.0412,
        "costs": [{"type": "vapi", "subType": "normal", "cost": 0.0412, "minutes": lasted_ms / 60_000}],
        "analysis": {"summary": f"A simulated call of {len(spoken)} contributions.", "successEvaluation": "true"},
        "artifact": artifact,
        "transcript": transcript,
        "messages": artifact["messages"],
        "compliance": {"recordingConsent": {"type": "stay-on-line"}},
    }
