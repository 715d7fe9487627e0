"""A tool whose schema somebody else wrote is checked as strictly as one of our own."""

from typing import Any

import pytest

from tests.tools.test_runner import CONTEXT
from tests.tools.virtual import run
from tools.context import ToolContext, ToolError
from tools.declare import tool_of_schema
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import Arguments, Kind, Terms, Tool

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "parcel": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
        "pin": {"type": "string", "maxLength": 4},
        "part": {"enum": ["day", "night"], "default": "day"},
    },
    "required": ["parcel"],
    "additionalProperties": False,
}


def remote(schema: dict[str, Any] = SCHEMA, **terms: Any) -> Tool:  # noqa: ANN401 - the fields of `Terms`
    async def ask(context: ToolContext, arguments: Arguments) -> object:
        return {"call": context.call_id, **arguments}

    return tool_of_schema("track", "Where a parcel is.", schema, ask, Terms(**terms))


def test_it_runs_like_any_other_with_defaults_filled_in() -> None:
    outcome = run(Runner(Registry([remote()]), CONTEXT).run("track", '{"parcel": "AB12"}'))
    assert outcome.result == '{"call":"call-1","part":"day","parcel":"AB12"}'


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("{}", "'parcel' is a required property"),
        ('{"parcel": 12}', 'parcel: expected type "string" (got 12)'),
        ('{"parcel": "12"}', "(got '12')"),
        ('{"parcel": "AB1", "part": "noon"}', """part: expected enum ["day", "night"] (got 'noon')"""),
        ('{"parcel": "AB1", "colour": 1}', "'colour' was unexpected"),
        ('{"parcel": "AB1", "pin": "12345"}', "pin: expected maxLength 4 (got <5 chars>)"),
        ("[]", "the arguments: expected type"),
        ("{", "Invalid JSON"),
        ("[" * 5_000, "Invalid JSON"),
    ],
)
def test_wrong_arguments_are_answered_by_what_was_expected(arguments: str, complaint: str) -> None:
    with pytest.raises(ToolError) as caught:
        remote(private=frozenset({"pin"})).check(arguments)
    assert complaint in str(caught.value)
    assert "Expected: parcel (string), pin (string, optional), part ('day' or 'night', optional)" in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "array"}, """must be an "object", got 'array'"""),
        ({}, """must be an "object", got None"""),
        ({"type": "objekt"}, "no JSON schema"),
    ],
)
def test_what_is_no_schema_of_arguments_is_refused_when_it_is_read(schema: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        remote(schema)


def test_its_terms_are_ours() -> None:
    assert remote(kind=Kind.EFFECT, deadline_ms=800).terms.deadline_ms == 800
