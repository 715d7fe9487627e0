"""A call script as TOML text, as a person would write it: one step a line, nothing that goes without saying."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

import orjson

from simulator.scenario.model import ScriptFile

WIDTH = 120
"""A list that fits into a line of so many characters stands in one."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")

_LISTS_OF_TABLES = ("callers", "faults")


def write(script: ScriptFile) -> str:
    """The TOML of a script; read again, it is the same script."""
    raw = _told(script)
    tables = {key: raw.pop(key) for key in list(raw) if isinstance(raw[key], Mapping)}
    lists = {key: raw.pop(key) for key in _LISTS_OF_TABLES if key in raw}
    lines = [_pair(key, value) for key, value in raw.items()]
    for key, items in lists.items():
        for item in items:
            lines += ["", f"[[{key}]]", *_pairs(item)]
    for key, table in tables.items():
        lines += _table(key, table)
    return "\n".join(lines).lstrip("\n") + "\n"


def _told(script: ScriptFile) -> dict[str, Any]:
    raw = script.model_dump(exclude_defaults=True, exclude_none=True)
    model = raw.get("model", {})
    for answer in (*model.get("replies", ()), *model.get("answers", ())):
        for call in (answer, *answer.get("calls", ())):
            _without_null(call)
    if "replies" in model:
        model["replies"] = [reply["say"] if reply.keys() == {"say"} else reply for reply in model["replies"]]
    return raw


def _without_null(call: dict[str, Any]) -> None:
    """TOML has no null; JSON text has."""
    if _has_null(call.get("arguments", 0)):
        call["raw_arguments"] = orjson.dumps(call.pop("arguments")).decode()


def _has_null(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None


def _table(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """A table, and after it those within it that read better by themselves."""
    within = {key: value for key, value in table.items() if _stands_alone(name, key, value)}
    own = {key: value for key, value in table.items() if key not in within}
    if own or not within:
        yield from ("", f"[{name}]", *_pairs(own))
    for key, value in within.items():
        if isinstance(value, list):
            for item in value:
                yield from ("", f"[[{name}.{key}]]", *_pairs(item))
        elif name == "expect":
            for caller, expected in value.items():
                yield from ("", f"[{name}.{key}.{_key(caller)}]", *_pairs(expected))
        else:
            yield from ("", f"[{name}.{key}]", *_pairs(value))


def _stands_alone(name: str, key: str, value: object) -> bool:
    return (name, key) in (("model", "answers"), ("expect", "callers")) or (
        name == "network" and isinstance(value, Mapping)
    )


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [_pair(key, value) for key, value in table.items() if value is not None]


def _pair(key: str, value: object) -> str:
    line = f"{_key(key)} = {_value(value)}"
    if isinstance(value, list) and (len(line) > WIDTH or any(isinstance(each, Mapping) for each in value)) and value:
        return f"{_key(key)} = [\n" + "".join(f"  {_value(each)},\n" for each in value) + "]"
    return line


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            pairs = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None)
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)  # numbers; also nan and inf are spelled as in TOML


def _text(text: str) -> str:
    """A basic string; JSON's escapes are TOML's, and DEL is one more."""
    return orjson.dumps(text).decode().replace("\x7f", "\\u007F")
