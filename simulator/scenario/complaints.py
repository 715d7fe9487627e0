"""What is wrong with a script, where it stands, and what was probably meant."""

import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from simulator.scenario.model import ScriptFile

Path = tuple[str | int, ...]

SHOWN_CHARS = 80


class ScriptError(ValueError):
    """A script that cannot be run; its text is all complaints, one a line."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A mistake: where it stands, from the top of the file, and what was expected there."""

    path: Path
    what: str


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a complaint about an unknown `name`."""
    known = list(known)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else f"; known are {', '.join(known)}"


def shown(value: object) -> str:
    """A value as TOML would have it, more or less, and not too long."""
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, Mapping):
        text = "{ " + ", ".join(f"{key} = {shown(each)}" for key, each in value.items()) + " }"
    elif isinstance(value, list):
        text = "[" + ", ".join(map(shown, value)) + "]"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "\N{HORIZONTAL ELLIPSIS}"


# --- where -------------------------------------------------------------------------------------------------------

_ITEMS: Mapping[Path, str] = {
    ("caller",): "caller step",
    ("callers",): "caller",
    ("faults",): "fault",
    ("model", "replies"): "model reply",
    ("model", "answers"): "model answer",
    ("expect", "tools"): "expected tool",
    ("expect", "database"): "expected row",
    ("expect", "transcript"): "expected message",
}


def place(path: Path, script: Mapping[str, Any]) -> str:
    """Where something stands, in words: "caller step 3: ", "[groq]: "; empty for the top."""
    if len(path) >= 2 and path[0] == "callers" and isinstance(path[1], int):
        who = _name_of_caller(path[1], script)
        if len(path) >= 4 and path[2] == "script" and isinstance(path[3], int):
            return f"{who} step {path[3] + 1}: "
        return f"{who}: "
    for length in (2, 1):
        item = _ITEMS.get(path[:length])
        if item is not None and len(path) > length and isinstance(path[length], int):
            return f"{item} {typing.cast('int', path[length]) + 1}: "
    keys = path
    while keys and isinstance(keys[-1], int):
        keys = keys[:-1]
    tables = [str(part) for part in keys[:-1] if isinstance(part, str)]
    return f"[{'.'.join(tables)}]: " if tables else ""


def _name_of_caller(index: int, script: Mapping[str, Any]) -> str:
    try:
        return f"caller {script['callers'][index]['name']}"
    except (KeyError, IndexError, TypeError):
        return f"caller {index + 1}"


# --- the shape of a script, as pydantic sees it ------------------------------------------------------------------


def shape_complaints(
    error: ValidationError, script: Mapping[str, Any], model: type[BaseModel] = ScriptFile
) -> list[Complaint]:
    """What the models complain about, in the words of this project; one complaint for each place."""
    found: dict[Path, Complaint] = {}
    for detail in error.errors(include_url=False):
        path = _real(detail["loc"], script)
        if detail["type"] == "missing":
            path = (*path, str(detail["loc"][-1]))
        found.setdefault(path, Complaint(path, _words(path, detail, model)))
    return list(found.values())


def _real(loc: Sequence[str | int], script: Mapping[str, Any]) -> Path:
    """`loc` without what is no key of the script, such as the names of alternatives."""
    path: list[str | int] = []
    value: Any = script
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return tuple(path)


def _words(path: Path, detail: Any, model: type[BaseModel]) -> str:  # noqa: ANN401 - pydantic's own dictionary
    kind, got, limits = detail["type"], detail["input"], detail.get("ctx", {})
    named = kind not in _ITEM_KINDS or isinstance(path[-1], str)
    key = next((f"{part}: " for part in reversed(path) if isinstance(part, str)), "") if named else ""
    if kind == "extra_forbidden":
        return f'unknown key "{path[-1]}"{nearest(str(path[-1]), known_keys(path[:-1], model))}'
    if kind == "missing":
        return f'expected the key "{path[-1]}", which is missing'
    expected = _EXPECTED.get(kind) or _by_limits(kind, limits) or detail["msg"]
    hint = ""
    if kind == "literal_error" and isinstance(got, str):
        names = [part.strip("'") for part in limits["expected"].replace(" or ", ", ").split(", ")]
        expected = f"one of {', '.join(names)}" if len(names) > 1 else names[0].lower()
        close = get_close_matches(got.lower(), [name.lower() for name in names], n=1, cutoff=0.5)
        hint = f'; did you mean "{next(name for name in names if name.lower() == close[0])}"?' if close else ""
    elif kind == "literal_error":
        expected = limits["expected"].replace("'", '"').replace("True", "true")
    return f"{key}expected {expected}, got {shown(got)}{hint}"


_ITEM_KINDS = ("model_type", "model_attributes_type")
"""Of an item that is to be a table: its place names it already."""

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list, [ ... ]",
    "dict_type": "a table, { ... }",
    "model_type": "a table, { ... }",
    "model_attributes_type": "a table, { ... }",
    "datetime_type": "a date and time with its offset, such as 2026-11-23T08:00:00+00:00 (without quotes)",
    "timezone_aware": "a date and time with its offset, such as 2026-11-23T08:00:00+00:00",
    "finite_number": "a finite number",
}

_PATTERNS = {
    r"^[0-9*#A-D]{1,64}$": "1 to 64 keys of 0-9, *, #, A-D",
    r"^[A-Za-z0-9_-]{1,40}$": "a name of 1 to 40 letters, digits, _ and -",
    r"^[a-zA-Z0-9_-]{1,64}$": "a tool's name",
    r"^\+?[0-9]{3,15}$|^(anonymous|restricted|unavailable)$": 'a telephone number such as "+15550001111"',
}


def _by_limits(kind: str, limits: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(limits["pattern"], f"text that matches {limits['pattern']}")
    return _LIMITS.get(kind, "").format(**limits)


_LIMITS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "something that is not empty",
    "too_short": "something that is not empty",
    "string_too_long": "at most {max_length} characters",
    "too_long": "at most {max_length} items",
}


def known_keys(path: Path, model: type[BaseModel] = ScriptFile) -> list[str]:
    """The keys there may be in the table at `path` of a file of this model."""
    table: Any = model
    for part in path:
        models = list(_models(table.model_fields[part].annotation)) if isinstance(part, str) and table else []
        if isinstance(part, str) and table:
            table = models[0] if models else None
    return list(table.model_fields) if table else []


def _models(annotation: Any) -> Iterable[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if typing.get_origin(annotation) is None and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models(inner)
