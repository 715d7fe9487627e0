"""What Vapi's messages say, whichever of its documented shapes they have.

Protocol page "vapi", sections 2, 4 and 6. `phoneNumber` is dropped as it comes in: it may hold a carrier's auth token.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

MAX_CALLS = 16
"""Tool calls in one message; a model asks for two or three."""

CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
"""Vapi's are UUIDs; they become names of files."""


class MessageError(ValueError):
    """It is no message of Vapi's; says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class VapiMessage:
    """One message: its type, whose call it belongs to (empty: nobody's), and all that it says."""

    type: str
    call_id: str
    caller: str
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class WantedTool:
    """A tool that a model at Vapi asks for; `arguments` is JSON text, unchecked."""

    call_id: str
    name: str
    arguments: str


def read_body(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, without what must not be kept. Raises MessageError."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MessageError("expected JSON; the body is none") from None
    if not isinstance(told, dict):
        raise MessageError(f"expected a JSON object, got {type(told).__name__}")
    for holder in (told, told.get("message"), told.get("call"), table(told.get("message")).get("call")):
        if isinstance(holder, dict):
            holder.pop("phoneNumber", None)
    return told


def message_of(told: Mapping[str, Any]) -> VapiMessage:
    """The message in its envelope. Raises MessageError."""
    body = told.get("message")
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise MessageError('expected {"message": {"type": "...", ...}} as Vapi\'s server messages have it')
    return VapiMessage(body["type"], call_id_of(body), caller_of(body), body)


def call_id_of(told: Mapping[str, Any]) -> str:
    """The id of the call that is named in there; empty where there is none. Raises MessageError for what is no id."""
    call_id = table(told.get("call")).get("id")
    if call_id is None:
        return ""
    if not isinstance(call_id, str) or not CALL_ID.fullmatch(call_id):
        raise MessageError("call.id must be 1 to 64 of a-z A-Z 0-9 _ -")
    return call_id


def caller_of(told: Mapping[str, Any]) -> str:
    """The caller's number; empty where it is withheld, or where nobody telephones."""
    for customer in (told.get("customer"), table(told.get("call")).get("customer")):
        number = table(customer).get("number")
        if isinstance(number, str) and re.fullmatch(r"\+?\d{3,20}", number, re.ASCII):
            return number
    return ""


def wanted_tools(body: Mapping[str, Any]) -> list[WantedTool]:
    """The calls of a `tool-calls` message, in order, each id once. Raises MessageError where there are none."""
    listed = body.get("toolCallList")
    if not isinstance(listed, list) or not listed:
        paired = body.get("toolWithToolCallList")
        listed = [table(each).get("toolCall") for each in paired] if isinstance(paired, list) else []
    if not listed:
        raise MessageError('expected calls in "toolCallList" or "toolWithToolCallList", got none')
    if len(listed) > MAX_CALLS:
        raise MessageError(f"expected at most {MAX_CALLS} tool calls in one message, got {len(listed)}")
    wanted = [_wanted(each) for each in listed]
    return list({each.call_id: each for each in reversed(wanted)}.values())[::-1]


def _wanted(told: Any) -> WantedTool:  # noqa: ANN401 - whatever stands there
    call, function = table(told), table(table(told).get("function"))
    call_id, name = call.get("id") or call.get("toolCallId"), function.get("name") or call.get("name")
    if not isinstance(call_id, str) or not call_id or not isinstance(name, str):
        raise MessageError('each tool call needs an "id" and a name, in "function.name" or "name"')
    holders = (function, call)
    found = [each[key] for each in holders for key in ("arguments", "parameters") if each.get(key) is not None]
    arguments = found[0] if found else {}
    return WantedTool(call_id, name, arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode())


def table(told: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever stands there
    """A JSON object, or an empty one where there is none."""
    return told if isinstance(told, dict) else {}


def one_line(text: str) -> str:
    """`text` on one line: Vapi's parser breaks at a newline."""
    return " ".join(text.split())
