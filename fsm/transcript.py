"""The conversation as the model is told it; replies are cut to what the caller heard."""

from dataclasses import dataclass
from typing import Literal

from fsm.events import ToolCall
from fsm.values import replace

Role = Literal["system", "user", "assistant", "tool"]

STILL_RUNNING = '{"status": "still running"}'
"""What the model sees of a tool that has not returned: every call it made must be answered to be valid."""


@dataclass(frozen=True, slots=True)
class Message:
    """One contribution, as far as it was heard: `cut` short by the caller, or `broken` off by a failure of ours."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    cut: bool = False
    broken: bool = False


Transcript = tuple[Message, ...]


def with_tool_round(transcript: Transcript, said: str, calls: tuple[ToolCall, ...]) -> Transcript:
    """The transcript after a reply asked for tools, each answered by a placeholder until it returns."""
    assert calls, "a tool round without a tool"
    placeholders = tuple(Message("tool", STILL_RUNNING, tool_call_id=call.call_id) for call in calls)
    return (*transcript, Message("assistant", said, tool_calls=calls), *placeholders)


def with_result(transcript: Transcript, call_id: str, result: str) -> Transcript:
    """The transcript with a tool's result in place of its placeholder; unchanged if it has none."""
    return tuple(
        replace(message, content=result)
        if message.role == "tool" and message.tool_call_id == call_id and message.content == STILL_RUNNING
        else message
        for message in transcript
    )


def with_heard(
    transcript: Transcript, reply_from: int, heard: str, *, cut: bool = False, broken: bool = False
) -> Transcript:
    """The transcript with the reply that begins at `reply_from` reduced to what was heard of it.

    Text the reply said before its tools stands in the transcript already: it is shortened where the caller did not
    hear it all. What was heard beyond that becomes one more message. `cut` and `broken` mark the words before that.
    """
    assert 0 <= reply_from <= len(transcript), f"reply begins at {reply_from} of {len(transcript)} messages"
    rest = heard.strip()
    messages = list(transcript)
    for index in range(reply_from, len(messages)):
        message = messages[index]
        if message.role != "assistant" or not message.content:
            continue
        if rest.startswith(message.content):
            rest = rest[len(message.content) :].lstrip()
        else:
            messages[index] = replace(message, content=rest, cut=cut, broken=broken)
            rest = ""
    if rest:
        messages.append(Message("assistant", rest, cut=cut, broken=broken))
    return tuple(messages)


def is_valid(transcript: Transcript) -> bool:
    """Whether a model accepts it: each tool message answers a call before it, each call is answered once."""
    open_calls: list[str] = []
    for message in transcript:
        if message.role == "tool":
            if message.tool_call_id not in open_calls:
                return False
            open_calls.remove(message.tool_call_id)
        elif open_calls:
            return False
        open_calls += [call.call_id for call in message.tool_calls]
    return not open_calls
