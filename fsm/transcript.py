"""The conversation as the model is told it; replies are cut to what the caller heard."""

from dataclasses import dataclass
from typing import Literal

from fsm.events import ToolCall

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One contribution; `cut`: the caller interrupted, and `content` ends with the last word that was heard."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    cut: bool = False
