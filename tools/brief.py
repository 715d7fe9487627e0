"""Cuts what is too long for a model to be told, before anything of it is copied or written; pure."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

MAX_CHARS = 4_000
"""About a thousand tokens: what a spoken answer could need, and no more."""

MAX_DEPTH = 20
"""Answers nested deeper than this are cut there: a listener could not follow them, and rings have no end at all."""

_NOTE = "too long; this is the beginning"
_NOTE_CHARS = 80
"""Room for what tells that something was cut."""

_BITS_PER_DIGIT = 3


def brief(value: object) -> object:
    """`value` where its JSON has at most `MAX_CHARS`, else what fits of its beginning, and a note that says so.

    Costs no more than what is kept: of a string only its head is copied, of a list only the first items are looked at.
    """
    whole = _Pen(MAX_CHARS)
    taken = whole.take(value)
    if not whole.is_cut:
        return taken
    head = _Pen(MAX_CHARS - _NOTE_CHARS)
    return {"cut": _NOTE, "beginning": head.take(taken)}


class _Pen:
    """Writes down what there is room for."""

    def __init__(self, chars: int) -> None:
        self.left = chars
        self.is_cut = False

    def take(self, value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - whatever a tool answers
        """As much of `value` as there is room for."""
        match value:
            case str():
                return self._text(value)
            case bytes() | bytearray() | memoryview():
                return self._text(bytes(value[: self.left + 1]).decode(errors="replace"))
            case Mapping() | BaseModel() | list() | tuple() | AbstractSet() | Iterator():
                return self._nested(value, depth)
            case _ if is_dataclass(value) and not isinstance(value, type):
                return self._nested(value, depth)
            case _:
                return self._leaf(value)

    def _nested(self, value: Any, depth: int) -> Any:  # noqa: ANN401 - see `take`
        if depth > MAX_DEPTH:
            self.is_cut = True
            return "…"
        if isinstance(value, Mapping):
            return self._pairs(value.items(), depth)
        if isinstance(value, BaseModel):
            return self._whole_or(value, iter(value), depth)
        if is_dataclass(value):
            return self._whole_or(value, ((f.name, getattr(value, f.name)) for f in fields(value)), depth)
        return self._items(value, depth)

    def _text(self, text: str) -> str:
        head = text[: max(0, self.left)]
        is_whole = len(head) == len(text)
        while head and (chars := _chars(head)) > self.left:
            head, is_whole = head[: min(len(head) - 1, len(head) * self.left // chars)], False
        self.left -= _chars(head)
        self.is_cut |= not is_whole
        return head

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> dict[Any, Any]:
        taken: dict[Any, Any] = {}
        self.left -= 2
        for key, value in pairs:
            if not self._has_room(len(key) if isinstance(key, str) else 0):
                break
            self.left -= (_chars(key) if isinstance(key, str) else len(str(key)) + 2) + 2
            taken[key] = self.take(value, depth + 1)
        return taken

    def _items(self, items: Iterable[Any], depth: int) -> list[Any]:
        taken: list[Any] = []
        self.left -= 2
        for item in items:
            if not self._has_room():
                break
            self.left -= 1
            taken.append(self.take(item, depth + 1))
        return taken

    def _whole_or(self, value: Any, pairs: Iterable[tuple[Any, Any]], depth: int) -> Any:  # noqa: ANN401 - see `take`
        """The object itself, which knows best how it is written, or as many of its fields as there is room for."""
        was_cut, self.is_cut = self.is_cut, False
        taken = self._pairs(pairs, depth)
        whole = taken if self.is_cut else value
        self.is_cut |= was_cut
        return whole

    def _leaf(self, value: Any) -> Any:  # noqa: ANN401 - see `take`
        if isinstance(value, int) and value.bit_length() > _BITS_PER_DIGIT * MAX_CHARS:
            self.is_cut = True
            return f"a number of {value.bit_length()} bits"
        chars = len(to_json(value, inf_nan_mode="null"))
        if chars > self.left:
            self.is_cut = True
            return None
        self.left -= chars
        return value

    def _has_room(self, chars: int = 0) -> bool:
        self.is_cut |= self.left <= chars
        return self.left > chars


def _chars(text: str) -> int:
    """How long a string is as JSON, quotes and escapes included."""
    return len(to_json(text).decode())
