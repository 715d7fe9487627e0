"""What a call begins with: the answer to `assistant-request`, as Vapi reads it (protocols/vapi.md, section 3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.peers.vapi_schema import Assistant, AssistantError, read_assistant

INVALID = "assistant-request-returned-invalid-assistant"


@dataclass(frozen=True, slots=True)
class Beginning:
    """An assistant that takes the call; or else why it ends at once (`reason`), after what was `spoken`."""

    assistant: Assistant | None = None
    reason: str = ""
    spoken: str = ""
    destination: str = ""
    problem: str = ""


def read_beginning(
    told: Mapping[str, Any], saved: Mapping[str, Mapping[str, Any]], fill: Callable[[str], str] = str
) -> Beginning:
    """How a call begins; an error wins over everything, a destination over assistants.

    `saved` are those at Vapi, `fill` replaces the variables in what is said and in prompts.
    """
    if error := told.get("error"):
        return Beginning(reason="assistant-request-returned-error", spoken=str(error))
    destination = told.get("destination")
    if isinstance(destination, dict):
        spoken, number = str(destination.get("message", "")), str(destination.get("number", ""))
        return Beginning(reason="assistant-request-returned-forwarding-phone-number", spoken=spoken, destination=number)
    assistant = saved.get(told["assistantId"]) if "assistantId" in told else told.get("assistant")
    if assistant is None:
        problem = "expected assistant, assistantId of one that there is, destination or error"
        return Beginning(reason="assistant-request-returned-no-assistant", problem=problem)
    try:
        return Beginning(_filled(read_assistant(assistant), fill))
    except AssistantError as error:
        return Beginning(reason=INVALID, problem=f"this is no assistant: {error}")


def _filled(assistant: Assistant, fill: Callable[[str], str]) -> Assistant:
    messages = [{**each, "content": fill(str(each.get("content", "")))} for each in assistant.model.messages]
    model = assistant.model.model_copy(update={"messages": messages})
    return assistant.model_copy(update={"model": model, "first_message": fill(assistant.first_message)})
