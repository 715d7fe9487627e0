"""Events and effects as a trace holds them, back into values: the exact inverse of what `agent.trace` writes."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from fsm.effects import EFFECTS, Effect
from fsm.events import EVENTS, Event, Occupation, Stage, ToolCall
from fsm.profile import Phrases, Profile

Value = TypeVar("Value")
Reader = Callable[[str, object], Any]
"""Reads the value of a field from its name and what the trace has for it; raises UnreadableError."""

ADDED = frozenset(
    {"until", "confidence_percent", "is_placed", "voicemail", "is_drafted", "is_faint", "expects", "has_music"}
)
"""Fields, with a default, that events and effects had not yet in older traces."""


class UnreadableError(ValueError):
    """Something in a trace is no event or effect; the message says what was expected and what came."""


def event_of(name: object, data: object) -> Event:
    """The event called `name` with the fields in `data`. Raises UnreadableError."""
    kind = _EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UnreadableError(f"expected the name of an event, got {name!r}")
    return kind(data)


def effect_of(name: object, data: object) -> Effect:
    """The effect called `name` with the fields in `data`. Raises UnreadableError."""
    kind = _EFFECTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UnreadableError(f"expected the name of an effect, got {name!r}")
    return kind(data)


def _reader_of(kind: type[Value]) -> Callable[[object], Value]:
    """Reads values of a dataclass; every field must be there, as it was written (see `ADDED`), and no other."""
    hints = get_type_hints(kind)
    readers: dict[str, Reader] = {f.name: _field_reader(hints[f.name]) for f in fields(kind)}  # type: ignore[arg-type]  # each is a dataclass
    names = frozenset(readers)

    def read(data: object) -> Value:
        if not isinstance(data, dict) or not names - ADDED <= data.keys() <= names:
            got = ", ".join(data) if isinstance(data, dict) else repr(data)
            raise UnreadableError(
                f"{kind.__name__}: expected {', '.join(readers) or 'no fields'}, got {got or 'no fields'}"
            )
        return kind(**{name: readers[name](name, value) for name, value in data.items()})

    return read


def _field_reader(hint: Any) -> Reader:  # noqa: ANN401 - a type, or what typing makes of one
    if get_origin(hint) is tuple:
        item = _field_reader(get_args(hint)[0])
        return lambda name, value: tuple(item(name, one) for one in _checked(name, value, list))
    if hint is ToolCall:
        return lambda name, value: _TOOL_CALL(_checked(name, value, dict))
    if hint in (Profile, Phrases):
        return partial(_table_of, hint)
    if hint in (Stage, Occupation):
        return partial(_word_of, hint)
    assert hint in (str, int, bool), f"events and effects are made of texts, numbers and tool calls, not {hint}"
    return lambda name, value: _checked(name, value, hint)


def _checked(name: str, value: object, kind: type[Value]) -> Value:
    if type(value) is not kind:
        raise UnreadableError(f"{name}: expected {_WORDS[kind]}, got {value!r}")
    return value


def _word_of(kind: type[Stage] | type[Occupation], name: str, value: object) -> Stage | Occupation:
    try:
        return kind(value)  # type: ignore[arg-type]  # whatever is none of them raises
    except ValueError:
        raise UnreadableError(f"{name}: expected one of {', '.join(kind)}, got {value!r}") from None


def _table_of(kind: type[Profile] | type[Phrases], name: str, value: object) -> Profile | Phrases:
    try:
        return kind.from_table(_checked(name, value, dict))
    except ValueError as error:
        raise UnreadableError(f"{name}: {error}") from None


_WORDS: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}
_TOOL_CALL = _reader_of(ToolCall)
_EVENTS: dict[str, Callable[[object], Event]] = {kind.__name__: _reader_of(kind) for kind in EVENTS}
_EFFECTS: dict[str, Callable[[object], Effect]] = {kind.__name__: _reader_of(kind) for kind in EFFECTS}
