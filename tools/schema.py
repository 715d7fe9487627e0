"""Checks arguments against a JSON schema that is given: that of a tool which lives elsewhere."""

import json
from collections.abc import Callable
from typing import Any

from tools.tool import Arguments, Tool, shown

COMPLAINTS_TOLD = 5
"""So many mistakes at a time are told to the model: more than it makes."""


def checker_of(tool: Tool) -> Callable[[str], Arguments]:
    """What checks the tool's arguments, from their JSON text, and fills in the schema's defaults.

    Raises ValueError where the tool's parameters are no JSON schema of an object.
    """
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - 80 ms, for agents with remote tools only

    schema = dict(tool.parameters)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"{tool.name}: the parameters are no JSON schema: {error.message}") from None
    if schema.get("type") != "object":
        raise ValueError(f'{tool.name}: the parameters must be an "object", got {schema.get("type")!r}')
    validator = Draft202012Validator(schema)
    properties = schema.get("properties", {})
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}

    def check(arguments_json: str) -> Arguments:
        try:
            given: Any = json.loads(arguments_json)
        except (ValueError, RecursionError) as error:
            raise tool.complaint([f"the arguments: Invalid JSON: {error}"]) from None
        wrong = sorted(validator.iter_errors(given), key=lambda each: [str(step) for step in each.absolute_path])
        if wrong:
            raise tool.complaint(_describe(each, tool) for each in wrong[:COMPLAINTS_TOLD])
        return {**defaults, **given}

    return check


def _describe(error: Any, tool: Tool) -> str:  # noqa: ANN401 - jsonschema's error, which is imported late
    """One complaint, without the value where that is private: the validator's own texts quote it."""
    steps = [str(step) for step in error.absolute_path]
    where = ".".join(steps) or "the arguments"
    if error.validator in ("required", "additionalProperties"):
        return str(error.message)
    is_private = not tool.terms.private.isdisjoint(steps) or (not steps and bool(tool.terms.private))
    wanted = f"{error.validator} {json.dumps(error.validator_value)[:80]}"
    return f"{where}: expected {wanted} ({shown(error.instance, is_private=is_private)})"
