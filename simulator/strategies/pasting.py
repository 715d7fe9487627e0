"""A value as Python that makes it again: what a failing example is shown as, to be pasted into a test."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any

WIDTH = 110
INDENT = "    "


def source_of(value: object, indent: str = "") -> str:
    """Python source of a value made of dataclasses, enums and containers; what is left at its default is left out."""
    flat = _joined(value, "")
    if len(indent) + len(flat) <= WIDTH:
        return flat
    return _joined(value, indent + INDENT)


def imports_of(value: object) -> list[str]:
    """The import lines which that source needs."""
    found = sorted({(type(each).__module__, type(each).__qualname__) for each in _named(value)})
    return [f"from {module} import {name}" for module, name in found]


def _joined(value: object, indent: str) -> str:
    """`value` in one line where `indent` is empty, else one line for each of its parts."""
    opening, parts, closing = _parts(value, indent)
    if not parts:
        return f"{opening}{closing}"
    if not indent:
        return f"{opening}{', '.join(parts)}{',' if opening == '(' and len(parts) == 1 else ''}{closing}"
    lines = "".join(f"\n{indent}{part}," for part in parts)
    return f"{opening}{lines}\n{indent.removesuffix(INDENT)}{closing}"


def _parts(value: object, indent: str) -> tuple[str, list[str], str]:
    def inner(part: object) -> str:
        return source_of(part, indent) if indent else _joined(part, "")

    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}", [], ""
    if is_dataclass(value) and not isinstance(value, type):
        changed = [(f.name, getattr(value, f.name)) for f in fields(value) if _is_changed(f, value)]
        return f"{type(value).__name__}(", [f"{name}={inner(part)}" for name, part in changed], ")"
    if isinstance(value, Mapping):
        return "{", [f"{inner(key)}: {inner(part)}" for key, part in value.items()], "}"
    if isinstance(value, tuple | list):
        opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
        return opening, [inner(part) for part in value], closing
    replies = getattr(value, "replies", None)
    if replies is not None:
        return f"{type(value).__name__}(", [inner(list(replies))], ")"
    is_plain = type(value).__repr__ is object.__repr__
    return (f"{type(value).__name__}()" if is_plain else repr(value)), [], ""


def _is_changed(f: Field[Any], value: object) -> bool:
    present = getattr(value, f.name)
    if not f.init:
        return False
    default = f.default_factory() if f.default_factory is not MISSING else f.default
    return source_of(present) != source_of(default)


def _named(value: object) -> Iterator[object]:
    """Everything in it whose type has to be imported."""
    if isinstance(value, Enum) or hasattr(value, "replies") or is_dataclass(value):
        yield value
    for part in _inner(value):
        yield from _named(part)


def _inner(value: object) -> Iterable[object]:
    """What a value is made of, as far as its source says it."""
    if is_dataclass(value):
        return [getattr(value, f.name) for f in fields(value) if _is_changed(f, value)]
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, tuple | list):
        return value
    return list(getattr(value, "replies", ()))
