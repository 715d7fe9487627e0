"""Tools' parameters in the part of JSON Schema that Vapi takes: it refuses an assistant whose tools say more.

Each property has one type, and besides it only `KEPT`; what is left out (limits, defaults, that something may be null)
is checked where the tool runs. Source: Vapi's OpenAPI file, `JsonSchema` and `OpenAIFunctionParameters`.
"""

from collections.abc import Mapping
from typing import Any

KEPT = ("description", "pattern", "title")

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})

FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})

MAX_DEPTH = 8
"""Deeper nesting, which a schema that names itself has without end, is an object of which nothing more is told."""


def parameters_for_vapi(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a tool as Vapi takes them."""
    properties = schema.get("properties", {})
    told = {name: _told(each, schema, MAX_DEPTH) for name, each in properties.items()}
    required = [name for name in schema.get("required", ()) if name in told]
    return {"type": "object", "properties": told, **({"required": required} if required else {})}


def _told(schema: Any, root: Mapping[str, Any], depth: int) -> dict[str, Any]:  # noqa: ANN401 - whatever stands there
    one = _chosen(schema, root)
    kind = _type_of(one)
    told: dict[str, Any] = {"type": kind, **{key: one[key] for key in KEPT if isinstance(one.get(key), str)}}
    if kind == "string":
        told |= _of_text(one)
    elif kind == "array":
        told["items"] = _told(one.get("items", {}), root, depth - 1) if depth else {"type": "string"}
    elif kind == "object" and depth and one.get("properties"):
        told["properties"] = {name: _told(each, root, depth - 1) for name, each in one["properties"].items()}
        if required := [name for name in one.get("required", ()) if name in told["properties"]]:
            told["required"] = required
    return told


def _chosen(schema: Any, root: Mapping[str, Any], depth: int = MAX_DEPTH) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    """The schema itself, or of several that it allows the one to tell: no null, and rather text than anything else."""
    if not isinstance(schema, Mapping) or not depth:
        return {}
    if isinstance(schema.get("$ref"), str):
        named = root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
        return _chosen({**named, **_without("$ref", schema)}, root, depth - 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            each = [_chosen(one, root, depth - 1) for one in schema[key]]
            some = [one for one in each if one.get("type") != "null"] or each
            best = next((one for one in some if one.get("type") == "string"), some[0])
            return {**best, **_without(key, schema)}
    return schema


def _without(key: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
    found = next((each for each in kinds if each in TYPES), None)
    return found or ("object" if "properties" in schema else "string")


def _of_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    choices = [schema["const"]] if "const" in schema else schema.get("enum", [])
    words = [each for each in choices if isinstance(each, str)]
    told: dict[str, Any] = {"enum": words} if words else {}
    return told | ({"format": schema["format"]} if schema.get("format") in FORMATS else {})
