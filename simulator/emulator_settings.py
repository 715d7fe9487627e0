"""Settings of emulated providers, from options and TOML onto the fields of their behaviours.

A provider's behaviour is a frozen dataclass; its fields are the settings. Nothing here knows any of them by name.
"""

import ast
import inspect
import textwrap
import tokenize
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from enum import Enum
from io import StringIO
from typing import Any

from simulator.delays import FORMS, DelayError, LogNormal, distribution_of

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


class SettingError(ValueError):
    """A setting that cannot be; the message says where it stands, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One value for one field of one provider's behaviour.

    `source` is where it stands ("--delay groq.first_token_ms=5"; "peers.toml, line 3"). A text value that `is_text`
    (an option's) is read as whatever the field is; other values (TOML's) must have the field's type already.
    """

    provider: str
    key: str
    value: object
    source: str
    is_text: bool = False


def make_behaviour(
    behaviour: type[Any], settings: Iterable[Setting], *, shown_by: str = "offhook peers --list"
) -> object:
    """A behaviour with these settings, the last one of a key winning; the rest are defaults.

    `shown_by` is the command that shows them all, for complaints.
    """
    hints = typing.get_type_hints(behaviour)
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    for setting in settings:
        if setting.key not in hints:
            known = [field.name for field in fields(behaviour)]
            raise SettingError(
                f"{setting.source}: {setting.provider} has no setting {setting.key!r}{nearest(setting.key, known)} "
                f"`{shown_by}` shows all"
            )
        values[setting.key] = convert(hints[setting.key], setting)
        sources[setting.key] = setting.source
    try:
        return behaviour(**values)
    except ValueError as error:  # the behaviour's own check: its message begins with the field
        source = sources.get(str(error).partition(":")[0], ", ".join(sources.values()))
        raise SettingError(f"{source}: {error}") from error


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a complaint about `name`: what was probably meant."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ";"


# --- values ------------------------------------------------------------------------------------------------------


class _WrongTypeError(Exception):
    """The value is not of the type; the caller knows where it stands."""


def convert(hint: Any, setting: Setting) -> object:  # noqa: ANN401  # any annotation
    """The setting's value as a field annotated `hint` holds it."""
    try:
        return _read(hint, setting.value, is_text=setting.is_text)
    except (_WrongTypeError, ValueError) as error:
        of = "" if setting.is_text else f"{setting.provider}.{setting.key}: "  # an option shows its key already
        if isinstance(error, DelayError):
            raise SettingError(f"{setting.source}: {of}{error}") from error
        raise SettingError(f"{setting.source}: {of}expected {describe_type(hint)}, got {setting.value!r}") from error


def _read(hint: Any, value: object, *, is_text: bool) -> object:  # noqa: ANN401  # as above
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _read_union(args, value, is_text=is_text)
    if origin is tuple:
        return _read_tuple(args, value, is_text=is_text)
    if origin is typing.Literal:
        return _read_literal(args, value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _read_enum(hint, value)
    read = _READERS.get(hint)
    if read is None:
        raise _WrongTypeError
    return read(value, is_text)


def _read_union(args: tuple[Any, ...], value: object, *, is_text: bool) -> object:
    if types.NoneType in args and isinstance(value, str) and value.lower() == "none":
        return None
    if LogNormal in args and isinstance(value, Mapping):
        return distribution_of(value)
    for arg in args:
        try:
            return _read(arg, value, is_text=is_text)
        except (_WrongTypeError, ValueError):
            continue
    raise _WrongTypeError


def _read_tuple(args: tuple[Any, ...], value: object, *, is_text: bool) -> tuple[object, ...]:
    """Text is separated by commas; pairs within it by colons."""
    is_open_ended = len(args) == 2 and args[1] is Ellipsis
    if is_text and isinstance(value, str):
        value = [part.strip() for part in value.split("," if is_open_ended else ":")] if value else []
    if not isinstance(value, (list, tuple)) or not (is_open_ended or len(value) == len(args)):
        raise _WrongTypeError
    hints = [args[0]] * len(value) if is_open_ended else args
    return tuple(_read(hint, part, is_text=is_text) for hint, part in zip(hints, value, strict=True))


def _read_enum(hint: type[Enum], value: object) -> Enum:
    spelled = str(value).lower().replace("_", "-")
    for member in hint:
        if spelled in (str(member.value).lower().replace("_", "-"), member.name.lower().replace("_", "-")):
            return member
    raise _WrongTypeError


def _read_literal(args: tuple[Any, ...], value: object) -> object:
    for arg in args:
        if str(arg) == str(value):
            return arg
    raise _WrongTypeError


def _read_bool(value: object, is_text: bool) -> bool:  # called through a table
    if isinstance(value, bool):
        return value
    if is_text and str(value).lower() in TRUE | FALSE:
        return str(value).lower() in TRUE
    raise _WrongTypeError


def _read_int(value: object, is_text: bool) -> int:  # as above
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if is_text:
        return int(str(value))
    raise _WrongTypeError


def _read_float(value: object, is_text: bool) -> float:  # as above
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if is_text:
        return float(str(value))
    raise _WrongTypeError


def _read_str(value: object, _is_text: bool) -> str:  # as above
    if isinstance(value, str):
        return value
    raise _WrongTypeError


_READERS: Mapping[Any, Callable[[object, bool], object]] = {
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    str: _read_str,
}


# --- what there is to set ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingHelp:
    """One settable field, as `--list` shows it."""

    name: str
    type: str
    default: str
    what: str


def describe_settings(behaviour: type[Any]) -> list[SettingHelp]:
    """Every field of a behaviour with its type, its default and what its author says of it, in one line."""
    hints, remarks = typing.get_type_hints(behaviour), _remarks(behaviour)
    return [
        SettingHelp(field.name, describe_type(hints[field.name]), _default_of(field), remarks.get(field.name, ""))
        for field in fields(behaviour)
    ]


def describe_type(hint: Any) -> str:  # noqa: ANN401  # any annotation
    """An annotation in words."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        is_delay = LogNormal in args
        return f"a whole number of ms, or in a file {FORMS}" if is_delay else " or ".join(map(describe_type, args))
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return f"a list, each {describe_type(args[0])}"
    if origin is tuple:
        return f"({', '.join(describe_type(arg) for arg in args)})"
    if origin is typing.Literal:
        return "one of " + ", ".join(map(str, args))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "one of " + ", ".join(str(member.value) for member in hint)
    return _TYPE_WORDS.get(hint, str(hint))


_TYPE_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    types.NoneType: "none",
}


def _default_of(field: Field[Any]) -> str:
    if field.default is MISSING:
        return "" if field.default_factory is MISSING else show(field.default_factory())
    return show(field.default)


def show(value: object) -> str:
    """A value as an option would give it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ",".join(":".join(map(show, part)) if isinstance(part, tuple) else show(part) for part in value)
    return str(value)


def _remarks(behaviour: type[Any]) -> dict[str, str]:
    """What stands beside each field in the source: the string below it, or the comment behind it."""
    source = textwrap.dedent(inspect.getsource(behaviour))
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT and not token.string.startswith("# noqa")
    }
    remarks: dict[str, str] = {}
    (class_,) = ast.parse(source).body
    assert isinstance(class_, ast.ClassDef)
    for node, below in zip(class_.body, [*class_.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said = comments.get(node.lineno, "")
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                said = str(below.value.value)
            remarks[node.target.id] = " ".join(said.split())
    return remarks
