"""What brains read of a chat completions request: its messages and the tools that were called in it."""

from collections.abc import Mapping, Sequence


def messages_of(request: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The messages; what is none is left out."""
    listed = request.get("messages")
    return [message for message in (listed if isinstance(listed, list) else []) if isinstance(message, Mapping)]


def calls_of(message: Mapping[str, object]) -> dict[object, tuple[str, str]]:
    """Tool calls of an assistant message, by id: name and arguments as JSON text."""
    found: dict[object, tuple[str, str]] = {}
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            found[call.get("id")] = str(function.get("name", "")), str(function.get("arguments", ""))
    return found


def called_last(messages: Sequence[Mapping[str, object]]) -> str:
    """The tool that the last message answers; empty where it answers none."""
    if not messages or messages[-1].get("role") != "tool":
        return ""
    wanted = messages[-1].get("tool_call_id")
    for message in reversed(messages):
        calls = calls_of(message)
        if wanted in calls:
            return calls[wanted][0]
    return ""
