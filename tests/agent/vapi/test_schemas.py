"""Parameters of tools as Vapi takes them: one type each, and nothing that it does not know."""

from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from agent.vapi.schemas import parameters_for_vapi
from simulator.peers.vapi_schema import Parameters
from tests.agent.vapi.desk import Json
from tools.declare import tool


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Topping(BaseModel):
    name: str
    grams: int | None = None
    under: "list[Topping]" = []


@tool()
def order(  # noqa: PLR0917 - one argument for each shape
    what: str,
    count: int = 1,
    size: Size | None = None,
    when: Literal["now", "later"] = "now",
    toppings: list[Topping] | None = None,
    price: float | str | None = None,
    notes: dict[str, str] | None = None,
    is_gift: bool = False,
) -> str:
    """Order something."""
    return what


def told(schema: dict[str, Any]) -> dict[str, Any]:
    """One property as it is told to Vapi, which takes it."""
    parameters = parameters_for_vapi({"properties": {"x": schema}})
    Parameters.model_validate(parameters)
    found: dict[str, Any] = parameters["properties"]["x"]
    return found


def test_every_property_of_a_tool_has_one_type() -> None:
    parameters = parameters_for_vapi(order.parameters)
    Parameters.model_validate(parameters)
    kinds = {name: each["type"] for name, each in parameters["properties"].items()}
    assert kinds == {
        "what": "string", "count": "integer", "size": "string", "when": "string", "toppings": "array",
        "price": "string", "notes": "object", "is_gift": "boolean",
    }  # fmt: skip
    assert parameters["required"] == ["what"]
    assert parameters["properties"]["size"]["enum"] == ["small", "large"]
    assert parameters["properties"]["when"]["enum"] == ["now", "later"]
    topping = parameters["properties"]["toppings"]["items"]
    assert {name: each["type"] for name, each in topping["properties"].items()} == {
        "name": "string", "grams": "integer", "under": "array",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None, "description": "When."},
         {"type": "string", "format": "date", "description": "When."}),
        ({"type": ["null", "integer"], "minimum": 1}, {"type": "integer"}),
        ({"type": "string", "minLength": 1, "pattern": "a+", "format": "phone"}, {"type": "string", "pattern": "a+"}),
        ({"const": "yes"}, {"type": "string", "enum": ["yes"]}),
        ({"enum": [1, 2], "type": "integer"}, {"type": "integer"}),
        ({"type": "null"}, {"type": "string"}),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
        ({"$ref": "#/$defs/Gone"}, {"type": "string"}),
        (True, {"type": "string"}),
    ],
)  # fmt: skip
def test_what_vapi_does_not_know_is_left_out(schema: Json, expected: dict[str, Any]) -> None:
    assert told(schema) == expected


def test_a_schema_that_names_itself_ends() -> None:
    parameters = parameters_for_vapi({**Topping.model_json_schema(), "properties": {"t": {"$ref": "#/$defs/Topping"}}})
    Parameters.model_validate(parameters)


@pytest.mark.parametrize("ring", [{"$ref": "#/$defs/A"}, {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}])
def test_a_ring_of_names_ends(ring: Json) -> None:
    parameters = parameters_for_vapi({"properties": {"x": ring}, "$defs": {"A": ring}})
    Parameters.model_validate(parameters)


def test_a_name_may_stand_for_a_choice() -> None:
    choice = {"anyOf": [{"type": "null"}, {"type": "integer"}]}
    parameters = parameters_for_vapi({"properties": {"x": {"$ref": "#/$defs/A"}}, "$defs": {"A": choice}})
    assert parameters["properties"]["x"] == {"type": "integer"}


def test_a_tool_without_parameters_has_none() -> None:
    assert parameters_for_vapi({"type": "object"}) == {"type": "object", "properties": {}}
