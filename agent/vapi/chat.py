"""The chat completions that Vapi asks of our brain, in and out.

Protocol pages "vapi", section 6, and "openai-compatible-llms", section 2.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from agent.ports import ToolSchema, Usage
from agent.vapi.calls import ToolRound
from agent.vapi.messages import MessageError, call_id_of, table
from fsm.events import ToolCall
from fsm.transcript import STILL_RUNNING, Message, Role

MAX_MESSAGES = 1_000
MAX_TOOLS = 128
ROLES: Mapping[str, Role] = {
    "system": "system", "developer": "system", "assistant": "assistant", "user": "user", "tool": "tool",
}  # fmt: skip

Piece = str | tuple[ToolCall, ...] | Usage
"""Of an answer: words, the tools that Vapi is to run, after all words, or what one generation of the model used."""

Pieces = AsyncGenerator[Piece, None]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked: the conversation as Vapi has it, and the tools that Vapi can run."""

    call_id: str
    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSchema, ...]
    is_streamed: bool
    wants_usage: bool

    @property
    def heard(self) -> int:
        """How often the caller contributed something."""
        return sum(message.role == "user" for message in self.messages)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "ChatRequest":
        """The request of a body. Raises MessageError."""
        listed, model = told.get("messages"), told.get("model", "")
        if not isinstance(listed, list) or not listed:
            raise MessageError('expected "messages": [{"role": ..., "content": ...}, ...]')
        if len(listed) > MAX_MESSAGES:
            raise MessageError(f"expected at most {MAX_MESSAGES} messages, got {len(listed)}")
        tools = told.get("tools")
        return cls(
            call_id_of(told),
            model if isinstance(model, str) else "",
            tuple(_mended([_message(each) for each in listed])),
            tuple(_schemas(tools if isinstance(tools, list) else [])),
            told.get("stream") is True,
            table(told.get("stream_options")).get("include_usage") is True,
        )


def history(messages: Sequence[Message], rounds: Sequence[ToolRound]) -> list[Message]:
    """The conversation with the tools our brain used, each round after the caller's words that it was for."""
    last = sum(message.role == "user" for message in messages)
    due: dict[int, list[Message]] = {}
    for each in rounds:
        due.setdefault(min(each.heard, last), []).extend(each.messages())
    told: list[Message] = []
    heard = 0
    if 0 in due:  # nobody has said anything yet: before the first words of all
        told += due[0]
    for message in messages:
        told.append(message)
        if message.role == "user":
            heard += 1
            told += due.get(heard, [])
    return told


def _message(told: Any) -> Message:  # noqa: ANN401 - whatever stands there
    said = table(told)
    role = ROLES.get(str(said.get("role")))
    if role is None:
        raise MessageError(
            f"expected messages with one of the roles {', '.join(ROLES)}, got {str(said.get('role'))!r:.40}"
        )
    call_id = said.get("tool_call_id")
    return Message(role, _content(said.get("content")), _calls(said), call_id if isinstance(call_id, str) else "")


def _content(told: object) -> str:
    if isinstance(told, list):
        return "".join(text for part in told if isinstance(text := table(part).get("text"), str))
    return told if isinstance(told, str) else ""


def _calls(said: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    listed = said.get("tool_calls")
    calls = []
    for each in map(table, listed if isinstance(listed, list) else []):
        function = table(each.get("function"))
        arguments = function.get("arguments", "{}")
        text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
        calls.append(ToolCall(str(each.get("id", "")), str(function.get("name", "")), text))
    return tuple(calls)


def _mended(messages: Sequence[Message]) -> Iterator[Message]:
    """The messages as a model accepts them: each tool call answered once, right after it, and no other answers."""
    answers = {message.tool_call_id: message for message in messages if message.role == "tool"}
    for message in messages:
        if message.role != "tool":
            yield message
        for call in message.tool_calls:
            yield answers.get(call.call_id) or Message("tool", STILL_RUNNING, tool_call_id=call.call_id)


def _schemas(listed: Sequence[Any]) -> Iterator[ToolSchema]:
    for each in listed[:MAX_TOOLS]:
        function = table(table(each).get("function"))
        name, told = function.get("name"), function.get("description")
        if isinstance(name, str) and name:
            yield ToolSchema(name, told if isinstance(told, str) else "", table(function.get("parameters")))


# --- answers -----------------------------------------------------------------------------------------------


async def stream_of(request: ChatRequest, pieces: Pieces, now: datetime) -> AsyncGenerator[bytes, None]:
    """The answer as server-sent events, each piece at once; what was used comes last, where it is asked for."""
    head = _head(request, now, "chat.completion.chunk")
    finish, used = "stop", Usage()
    if request.wants_usage:
        head["usage"] = None
    yield _event(head, {"role": "assistant", "content": ""})
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Usage):
                used += piece
            elif isinstance(piece, str):
                yield _event(head, {"content": piece})
            else:
                finish = "tool_calls"
                yield _event(head, {"tool_calls": [{"index": i, **_call(call)} for i, call in enumerate(piece)]})
    yield _event(head, {}, finish)
    if request.wants_usage:
        yield _data({**head, "choices": [], "usage": _usage(used)})
    yield b"data: [DONE]\n\n"


async def encode_whole(request: ChatRequest, pieces: Pieces, now: datetime) -> bytes:
    """The answer in one piece."""
    content = ""
    calls: tuple[ToolCall, ...] = ()
    used = Usage()
    async for piece in pieces:
        if isinstance(piece, Usage):
            used += piece
        elif isinstance(piece, str):
            content += piece
        else:
            calls = piece
    message: dict[str, Any] = {"role": "assistant", "content": content or None}
    if calls:
        message["tool_calls"] = [_call(call) for call in calls]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return orjson.dumps({**_head(request, now, "chat.completion"), "choices": [choice], "usage": _usage(used)})


def _usage(used: Usage) -> dict[str, Any]:
    """All generations of an answer together; zeros where the provider tells nothing."""
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.prompt_tokens + used.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
    }


def _head(request: ChatRequest, now: datetime, kind: str) -> dict[str, Any]:
    name = f"chatcmpl-{request.call_id}-{len(request.messages)}"
    return {"id": name, "object": kind, "created": int(now.timestamp()), "model": request.model or "offhook"}


def _event(head: Mapping[str, Any], delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    return _data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _data(told: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(told) + b"\n\n"


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
