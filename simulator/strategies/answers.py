"""Random answers of a model: texts, and tool calls with arguments that fit a tool's schema, or do not."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from simulator.brain.answers import BrainAnswer, CannedBrain
from tools.catalog import CATALOG
from tools.tool import Tool

TEXTS = (
    "Yes.",
    "We open at nine, every day. Which day suits you?",
    "Certainly, we open at nine, every day.",
    "I have nine in the morning, ten thirty, half past eleven, and in the afternoon two, three and four o'clock.",
    "",
)
"""Short, usual, begun with an opening, long enough to be interrupted, and nothing at all."""

GOODBYE = BrainAnswer("Goodbye.", (("hang_up", '{"reason": "done"}'),))
NEAR_DAYS = ("2026-11-24", "2026-11-23", "2026-11-28")
"""Days around the one on which simulated calls take place, Monday 2026-11-23."""

BROKEN = ("", "{", "[]", "null", '{"nonsense": 1}', '"text"', "{}")
"""What models write where they mean arguments."""


def answers(
    tools: Sequence[Tool] = tuple(CATALOG), texts: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[BrainAnswer]:
    """One answer of a model that may use `tools`: words, wishes, or both."""
    said = st.sampled_from(TEXTS) if texts is None else texts
    spoken = st.builds(BrainAnswer, said)
    if not tools:
        return spoken
    wishes = st.lists(tool_calls(tools), min_size=1, max_size=2).map(tuple)
    return st.one_of(
        spoken, st.builds(BrainAnswer, st.sampled_from(["Let me look.", "Let me see.", ""]), wishes), *_goodbyes(tools)
    )


def _goodbyes(tools: Sequence[Tool]) -> list[st.SearchStrategy[BrainAnswer]]:
    # a choice of two, so that a plain answer, which is one choice as well, counts as simpler
    return (
        [st.sampled_from([GOODBYE, BrainAnswer("", GOODBYE.tool_calls)])]
        if any(tool.name == "hang_up" for tool in tools)
        else []
    )


def brains(
    tools: Sequence[Tool] = tuple(CATALOG), texts: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[CannedBrain]:
    """A model that gives a few such answers, one a request, and then begins again."""
    return st.lists(answers(tools, texts), min_size=1, max_size=5).map(CannedBrain)


def tool_calls(tools: Sequence[Tool]) -> st.SearchStrategy[tuple[str, str]]:
    """A wish for one of `tools`: its name, and arguments that are mostly right."""
    return st.sampled_from(list(tools)).flatmap(
        lambda tool: st.tuples(st.just(tool.name), st.one_of(arguments(tool), arguments(tool), broken_arguments(tool)))
    )


def arguments(tool: Tool) -> st.SearchStrategy[str]:
    """JSON arguments that fit the tool's schema."""
    return _values(tool.parameters, tool.parameters).map(json.dumps)


def broken_arguments(tool: Tool) -> st.SearchStrategy[str]:
    """Arguments that a model might write and should not have: no JSON, something missing, wrong or too much."""
    fitting = _values(tool.parameters, tool.parameters)
    return st.one_of(
        st.sampled_from(BROKEN),
        fitting.map(lambda given: json.dumps({**given, "nonsense": True})),
        fitting.map(lambda given: json.dumps({name: ["wrong"] for name in given})),
        fitting.map(lambda given: json.dumps(given)[:-1]),
    )


# --- values of a JSON schema, as tools have them ---------------------------------------------------------------------


def _values(schema: Mapping[str, Any], root: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return st.one_of(*(_values(each, root) for each in schema[key]))
    make = _MAKERS.get(schema.get("type", "object"))
    if make is None:
        raise ValueError(
            f"expected a JSON schema type of {', '.join(_MAKERS)}, got {schema}; draw such arguments yourself"
        )
    return make(schema, root)


def _objects(schema: Mapping[str, Any], root: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    required = schema.get("required", ())
    properties = {name: _values(each, root) for name, each in schema.get("properties", {}).items()}
    return st.fixed_dictionaries(
        {name: each for name, each in properties.items() if name in required},
        optional={name: each for name, each in properties.items() if name not in required},
    )


def _strings(schema: Mapping[str, Any], _root: Mapping[str, Any]) -> st.SearchStrategy[str]:
    match schema.get("format"):
        case "date":
            return st.one_of(st.sampled_from(NEAR_DAYS), st.dates().map(str))
        case "time":
            return st.times().map(str)
        case "date-time":
            return st.datetimes().map(lambda at: at.isoformat())
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    letters = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
    return st.text(letters, min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 20))


def _integers(schema: Mapping[str, Any], _root: Mapping[str, Any]) -> st.SearchStrategy[int]:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    return st.integers(
        above + 1 if low is None and above is not None else low,
        below - 1 if high is None and below is not None else high,
    )


def _numbers(schema: Mapping[str, Any], _root: Mapping[str, Any]) -> st.SearchStrategy[float]:
    return st.floats(
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
        exclude_min="exclusiveMinimum" in schema,
        exclude_max="exclusiveMaximum" in schema,
        allow_nan=False,
        allow_infinity=False,
    )


def _arrays(schema: Mapping[str, Any], root: Mapping[str, Any]) -> st.SearchStrategy[list[Any]]:
    each = _values(schema.get("items", {"type": "string"}), root)
    return st.lists(each, min_size=schema.get("minItems", 0), max_size=schema.get("maxItems", 3))


Maker = Callable[[Mapping[str, Any], Mapping[str, Any]], st.SearchStrategy[Any]]

_MAKERS: dict[str, Maker] = {
    "object": _objects,
    "string": _strings,
    "integer": _integers,
    "number": _numbers,
    "array": _arrays,
    "boolean": lambda _schema, _root: st.booleans(),
    "null": lambda _schema, _root: st.none(),
}
