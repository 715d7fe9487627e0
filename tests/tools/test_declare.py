"""A typed function with a docstring is all that a tool needs."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from tools.context import ToolContext, ToolError
from tools.declare import tool
from tools.tool import Kind, Terms

CONTEXT = ToolContext("call-1", "+15550100", Path("nowhere"), lambda: datetime.fromisoformat("2026-11-23T09:00"))


def _order(context: ToolContext, title: str, count: int = 1, size: Literal["small", "large"] | None = None) -> str:
    """Order a thing
    that has a title.

    More about it.

    Args:
        title: What it is called,
            in full.
        count (int): How many.

    Returns:
        What the kitchen says.
    """
    return f"{context.call_id}: {count} {size} {title}"


order = tool(
    kind="effect",
    deadline_ms=500,
    filler="One moment.",
    on_failure="I could not order that.",
    private=["title"],
    outdates=["menu"],
    name="order",
)(_order)


def test_the_schema_is_that_of_the_signature_without_the_context() -> None:
    assert order.parameters == {
        "type": "object",
        "additionalProperties": False,
        "required": ["title"],
        "properties": {
            "title": {"type": "string", "description": "What it is called, in full."},
            "count": {"type": "integer", "default": 1, "description": "How many."},
            "size": {"anyOf": [{"enum": ["small", "large"], "type": "string"}, {"type": "null"}], "default": None},
        },
    }


def test_the_rest_of_the_declaration_is_kept() -> None:
    assert order.name == "order"
    assert order.description == "Order a thing that has a title. More about it."
    assert order.terms == Terms(
        kind=Kind.EFFECT,
        deadline_ms=500,
        filler="One moment.",
        on_failure="I could not order that.",
        private=frozenset({"title"}),
        outdates=("menu",),
    )
    assert order.reads_call


def test_the_function_gets_checked_arguments_and_the_context() -> None:
    assert order.run(CONTEXT, order.check('{"title": "tea", "count": "2"}')) == "call-1: 2 None tea"


def test_values_arrive_as_the_types_that_were_declared() -> None:
    class Address(BaseModel):
        street: str

    @tool()
    def visit(day: date, to: Address, rooms: Annotated[list[int], Field(max_length=3)]) -> list[object]:
        """Visit."""
        return [day, to, rooms]

    arguments = visit.check('{"day": "2026-11-24", "to": {"street": "Elm"}, "rooms": [1, 2]}')
    assert visit.run(CONTEXT, arguments) == [date(2026, 11, 24), Address(street="Elm"), [1, 2]]
    assert "title" not in str(visit.parameters)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("{}", "'title' is missing"),
        ('{"title": 3}', "title: Input should be a valid string (got <1 chars>)"),
        ('{"title": "x", "colour": "red"}', "there is no parameter 'colour'"),
        ('{"title": "x", "size": "huge"}', "size: Input should be 'small' or 'large' (got 'huge')"),
        ("[]", "the arguments: Input should be an object (got <2 chars>)"),
        ('{"title"', "the arguments: Invalid JSON"),
    ],
)
def test_wrong_arguments_are_answered_by_what_was_expected(arguments: str, complaint: str) -> None:
    with pytest.raises(ToolError) as caught:
        order.check(arguments)
    assert complaint in str(caught.value)
    expected = "Expected: title (string), count (integer, optional), size ('small' or 'large' or null, optional)"
    assert expected in str(caught.value)


def test_long_wrong_values_are_not_quoted_whole() -> None:
    with pytest.raises(ToolError) as caught:
        order.check('{"title": ["' + "x" * 5_000 + '"]}')
    assert len(str(caught.value)) < 400


def test_async_functions_are_known_as_such() -> None:
    @tool()
    async def fetch() -> None:
        """Fetch."""

    assert fetch.is_async
    assert not order.is_async


def _no_docstring(what: str) -> str:
    return what


def _untyped(what) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the mistake under test
    """Do it."""
    return str(what)


def _star(*what: str) -> str:
    """Do it."""
    return str(what)


def _misdocumented(what: str) -> str:
    """Do it.

    Args:
        which: There is no such parameter.
    """
    return what


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (_no_docstring, "docstring"),
        (_untyped, "'what' needs a type"),
        (_star, "'what' must be an ordinary"),
        (_misdocumented, "which"),
    ],
)
def test_a_function_that_cannot_be_a_tool_says_why_at_import(function: Callable[..., Any], complaint: str) -> None:
    with pytest.raises((TypeError, ValueError), match=complaint):
        tool()(function)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"name": "no spaces"}, "name has 1 to 64"),
        ({"deadline_ms": 0}, "deadline_ms must lie between 1 and 30000, got 0"),
        ({"deadline_ms": 60_000}, "deadline_ms must lie between 1 and 30000, got 60000"),
        ({"cache_ms": -1}, "cache_ms must be 0"),
        ({"kind": "effect", "cache_ms": 1_000}, "only a pure tool's answers can be kept"),
        ({"reconcile": lambda _context, _arguments: True}, "reconcile is for effects"),
        ({"private": ["pin"]}, r"private names \['pin'\]"),
    ],
)
def test_declarations_are_checked(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        tool(**options)(_order)
