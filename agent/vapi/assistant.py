"""The agent as Vapi's assistant: our brain as its model, the agent's voice, tools and first words.

Protocol page "vapi", sections 3, 4, 6 and 9.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from agent.agent_file import Agent
from agent.assembly import prompt_with
from agent.config import Config
from agent.vapi.schemas import parameters_for_vapi
from agent.vapi.security import SECRET_HEADER
from fsm.profile import Phrases, Profile
from tools import call_control
from tools.registry import Registry
from tools.tool import Tool

END_CALL, TRANSFER_CALL = "endCall", "transferCall"
"""Vapi's own tools: what they do, only Vapi can."""

HANG_UP = call_control.hang_up.name

ON_OUR_LINE = frozenset(each.name for each in vars(call_control).values() if isinstance(each, Tool))
"""Tools that act on the telephone line, which is Vapi's here."""

SERVER_MESSAGES = [
    "status-update", "end-of-call-report", "hang", "tool-calls", "transfer-destination-request", "user-interrupted",
]  # fmt: skip

TOOL_TIMEOUT_S = 20
"""Vapi's wait for a tool; ours end within their own deadlines, long before."""

AGAIN = {"type": "fixed", "maxRetries": 2, "baseDelaySeconds": 1}
"""What we did not take in is to be sent again, which Vapi does not do by itself; nothing is done twice."""

LONGEST_NAME = 40
"""Of an assistant; what is longer Vapi refuses."""


def tools_for_vapi(tools: Iterable[Tool]) -> Registry:
    """The agent's tools without those that need a line of our own."""
    return Registry(tool for tool in tools if tool.name not in ON_OUR_LINE)


def assistant_of(
    agent: Agent,
    config: Config,
    tools: Iterable[Tool],
    origin: str,
    token: str,
    model: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The agent as an assistant, served at `origin`; `token` lets in the requests of its calls.

    `model` is one at Vapi that thinks instead of our brain.
    """
    headers = {SECRET_HEADER: token}
    server = {
        "url": f"{origin}/vapi/webhook", "timeoutSeconds": TOOL_TIMEOUT_S, "headers": headers, "backoffPlan": AGAIN,
    }  # fmt: skip
    phrases, profile = agent.fixed_phrases(agent.toolset()), Profile.from_table(agent.profile)
    told: dict[str, Any] = {
        "name": agent.name[:LONGEST_NAME],
        "firstMessage": phrases.greeting,
        "firstMessageMode": "assistant-speaks-first",
        "model": {
            **(model or _our_brain(agent, config, origin, headers)),
            "tools": [
                *(_function(tool, phrases, server) for tool in tools_for_vapi(tools)),
                *_natives(agent, config, server),
            ],
        },
        "voice": {
            "provider": "11labs",
            "voiceId": agent.voice or config.elevenlabs_voice_id,
            "model": config.elevenlabs_model,
            "chunkPlan": {"enabled": True},  # without it our fillers would wait for the answer
        },
        "transcriber": {"provider": "deepgram", "model": config.deepgram_model, "language": agent.language},
        "serverMessages": SERVER_MESSAGES,
        "server": server,
        "startSpeakingPlan": _patience(profile),
        "maxDurationSeconds": min(43_200, max(10, profile.max_call_ms // 1_000)),
    }
    return told | ({"voicemailMessage": agent.voicemail.message} if agent.voicemail.message else {})


def model_at_vapi(agent: Agent, provider: str, name: str, time_zone: str) -> dict[str, Any]:
    """A model of Vapi's with the agent's prompt; Vapi fills in what only a call knows, by its Liquid variables."""
    day, weekday, time = (f'{{{{"now" | date: "{form}", "{time_zone}"}}}}' for form in ("%Y-%m-%d", "%A", "%H:%M"))
    facts = [f"Today is {day}, a {weekday}. It is {time}.", "The caller's number is {{customer.number}}."]
    prompt = prompt_with(agent.prompt.replace(HANG_UP, END_CALL), facts)
    return {"provider": provider, "model": name, "messages": [{"role": "system", "content": prompt}]}


def destination_answer(agent: Agent, config: Config) -> dict[str, Any]:
    """What answers `transfer-destination-request`."""
    destinations = _destinations(agent, config)
    if not destinations:
        return {"error": "There is nobody that this call can be handed over to."}
    content = agent.fixed_phrases(agent.toolset()).filler
    return {"destination": destinations[0], "message": {"type": "request-start", "content": content}}


def _our_brain(agent: Agent, config: Config, origin: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "provider": "custom-llm",
        "url": f"{origin}/vapi",
        "model": agent.model or config.groq_model,
        "metadataSendMode": "variable",
        "headers": headers,
    }


def _natives(agent: Agent, config: Config, server: dict[str, Any]) -> list[dict[str, Any]]:
    """What only Vapi can do."""
    ends = [{"type": END_CALL}] if HANG_UP in agent.toolset() else []
    destinations = _destinations(agent, config)
    return [*ends, *([{"type": TRANSFER_CALL, "destinations": destinations, "server": server}] if destinations else [])]


def _destinations(agent: Agent, config: Config) -> list[dict[str, Any]]:
    """Where a call may be handed over to, the settings' number first: it is told where nobody was named."""
    told = {"type": "number", "number": config.vapi_transfer_number}
    people = [{"type": "number", "number": number, "description": name} for name, number in agent.people.items()]
    return [*([told] if config.vapi_transfer_number else []), *people]


def _patience(profile: Profile) -> dict[str, Any]:
    """The profile's waits in Vapi's words, each at most 3 s; nothing is waited for once the answer is there."""
    plan = {
        "onPunctuationSeconds": min(3_000, profile.wait_ms) / 1_000,
        "onNoPunctuationSeconds": min(3_000, profile.unfinished_wait_ms) / 1_000,
        "onNumberSeconds": min(3_000, profile.unfinished_wait_ms) / 1_000,
    }
    return {"waitSeconds": 0, "transcriptionEndpointingPlan": plan}


def _function(tool: Tool, phrases: Phrases, server: dict[str, Any]) -> dict[str, Any]:
    messages = [
        {"type": "request-start", "content": phrases.tools.get(tool.name, phrases.filler), "blocking": False},
        {"type": "request-response-delayed", "timingMilliseconds": 3_000, "content": phrases.still_at_it},
    ]
    failed = tool.terms.on_failure
    return {
        "type": "function",
        "async": False,
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters_for_vapi(tool.parameters),
        },
        "server": server,
        "messages": [*messages, *([{"type": "request-failed", "content": failed}] if failed else [])],
    }
