"""What a streamed completion says: spoken text, tool calls, usage, how it ended. Pure.

Tolerant where servers differ (page of OpenAI-compatible back ends, 3 and 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from agent.ports import Usage
from fsm.events import ToolCall

SPOKEN_LIMIT = 65_536
"""Characters of text in one answer: over an hour of speech, so a model that does not stop."""

CALLS_LIMIT = 128
ARGUMENTS_LIMIT = 262_144
"""Characters of tool arguments in one answer, all calls together."""


@dataclass(frozen=True, slots=True)
class StreamError:
    """An error that the server sent instead of going on (2.2)."""

    code: str
    message: str


class ThoughtFilter:
    """Holds back what a model thinks aloud: a `<think>` block at the very beginning of its text."""

    _OPEN = "<think>"
    _CLOSE = "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._state = "beginning"

    def push(self, text: str) -> str:
        """What of `text`, and of text held back so far, is meant for the caller."""
        if self._state == "speaking":
            return text
        self._held += text
        if self._state == "beginning":
            begun = self._held.lstrip()
            if begun.startswith(self._OPEN):
                self._state = "thinking"
            elif not self._OPEN.startswith(begun):
                return self._speak(self._held)
        if self._state == "thinking":
            thought, closed, spoken = self._held.partition(self._CLOSE)
            if closed:
                return self._speak(spoken.lstrip())
            self._held = self._OPEN + thought[-len(self._CLOSE) :]  # enough to see a split tag
        return ""

    def flush(self) -> str:
        """What was held back and turned out to be no thought."""
        held, self._held = self._held, ""
        return held if self._state == "beginning" else ""

    def _speak(self, text: str) -> str:
        self._held, self._state = "", "speaking"
        return text


@dataclass(slots=True)
class _Slot:
    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ToolCallAssembly:
    """Tool calls from their pieces: whole ones, split ones, with and without `index` (4, rules 4 to 7)."""

    def __init__(self) -> None:
        self.overflow_count = 0
        self._slots: list[_Slot] = []
        self._by_index: dict[int, _Slot] = {}
        self._size = 0

    def push(self, pieces: object) -> bool:
        """Take the `tool_calls` of one delta; whether there was anything in it."""
        if not isinstance(pieces, list):
            return False
        for piece in pieces:
            if isinstance(piece, dict):
                self._push_piece(piece)
        return bool(pieces)

    def calls(self, id_prefix: str) -> tuple[ToolCall, ...]:
        """The calls that have a name, in order; one without an id gets `id_prefix` and its place."""
        return tuple(
            ToolCall(slot.call_id or f"{id_prefix}{place}", slot.name, "".join(slot.arguments) or "{}")
            for place, slot in enumerate(self._slots)
            if slot.name
        )

    def _push_piece(self, piece: Mapping[str, object]) -> None:
        call_id = piece.get("id")
        slot = self._slot_for(piece.get("index"), call_id if isinstance(call_id, str) else "")
        function = piece.get("function")
        if slot is None or not isinstance(function, dict):
            return
        name, arguments = function.get("name"), function.get("arguments")
        if isinstance(name, str) and not slot.name:
            slot.name = name
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        if isinstance(arguments, str):
            self._size += len(arguments)
            if self._size > ARGUMENTS_LIMIT:
                self.overflow_count += 1
            else:
                slot.arguments.append(arguments)

    def _slot_for(self, index: object, call_id: str) -> _Slot | None:
        if isinstance(index, int | float):
            slot = self._by_index.get(int(index))
        else:
            slot = self._slots[-1] if self._slots and call_id in {"", self._slots[-1].call_id} else None
        if slot is None or (call_id and slot.call_id and call_id != slot.call_id):
            slot = self._open_slot(index)
        if slot is not None and call_id:
            slot.call_id = call_id
        return slot

    def _open_slot(self, index: object) -> _Slot | None:
        if len(self._slots) >= CALLS_LIMIT:
            self.overflow_count += 1
            return None
        slot = _Slot()
        self._slots.append(slot)
        if isinstance(index, int | float):
            self._by_index[int(index)] = slot
        return slot


class ChatStream:
    """Reads the events of one completion. `push` returns text to speak; the rest is asked for afterwards."""

    def __init__(self) -> None:
        self.finish_reason = ""
        self.is_done = False
        self.is_progressing = False  # a word or a tool call came: the first token is there
        self.error: StreamError | None = None
        self.usage = Usage()
        self.malformed_count = 0
        self.spoken_chars = 0
        self._calls = ToolCallAssembly()
        self._thoughts = ThoughtFilter()
        self._id = ""

    @property
    def is_too_long(self) -> bool:
        """Whether the model said more than anybody would listen to."""
        return self.spoken_chars > SPOKEN_LIMIT or self._calls.overflow_count > 0

    def calls(self) -> tuple[ToolCall, ...]:
        """The tools asked for."""
        return self._calls.calls(f"call-{self._id}-")

    def push(self, name: str, data: bytes) -> str:
        """Take one event; returns the text in it that is meant for the caller, often none."""
        if data.strip() == b"[DONE]":
            self.is_done = True
            return self._spoken(self._thoughts.flush())
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            chunk = None
        if not isinstance(chunk, dict):
            self.malformed_count += 1
            return ""
        self._note_error(name, chunk)
        self._note_usage(chunk)
        if not self._id and isinstance(chunk.get("id"), str):
            self._id = chunk["id"]
        return self._spoken(self._push_choice(chunk.get("choices")))

    def _push_choice(self, choices: object) -> str:
        match choices:
            case [{"index": int() as index}, *_] if index != 0:
                return ""
            case [dict() as choice, *_]:
                pass
            case _:
                return ""
        text = ""
        match choice.get("delta"):
            case dict() as delta:
                if self._calls.push(delta.get("tool_calls")):
                    self.is_progressing = True
                content = delta.get("content")
                text = self._thoughts.push(content) if isinstance(content, str) else ""
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.finish_reason = reason
            text += self._thoughts.flush()
        return text

    def _spoken(self, text: str) -> str:
        if text:
            self.is_progressing = True
            self.spoken_chars += len(text)
        return text

    def _note_error(self, name: str, chunk: Mapping[str, object]) -> None:
        groq = chunk.get("x_groq")
        error = chunk.get("error") or (groq.get("error") if isinstance(groq, dict) else None)
        if not error and name == "error":
            error = chunk
        if isinstance(error, dict):
            code = error.get("code") or error.get("type")
            self.error = StreamError(str(code or ""), str(error.get("message") or ""))
        elif error:
            self.error = StreamError("", str(error))

    def _note_usage(self, chunk: Mapping[str, object]) -> None:
        groq = chunk.get("x_groq")
        usage = chunk.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)
        if not isinstance(usage, dict):
            return
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
        self.usage = Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), _count(cached))


def _count(number: object) -> int:
    return number if isinstance(number, int) else 0
