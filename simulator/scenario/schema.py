"""The JSON schema of call scripts, for editors: completion, descriptions, red lines under what is wrong."""

import types
import typing
from dataclasses import fields
from enum import Enum
from typing import Any

from agent.profiles import BASE, profile_names
from fsm.profile import Phrases, Profile
from simulator.checkers import CHECKERS
from simulator.delays import LONGEST_MS, LogNormal
from simulator.emulator_settings import describe_settings
from simulator.faults.catalogue import CATALOGUE
from simulator.link import LinkModel
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.scenario.behaviours import BEHAVIOURS, ORIGINS, OURS, VARIABLES, Traits
from simulator.scenario.model import ScriptFile
from simulator.scenario.model_steps import VERBS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Schema:
    """The schema, as JSON would have it."""
    schema: Schema = _without_nulls(ScriptFile.model_json_schema())
    definitions, properties = schema["$defs"], schema["properties"]
    for name, behaviour in BEHAVIOURS.items():
        properties[name] |= _table(behaviour)
    for name in ORIGINS:
        definitions["NetworkTable"]["properties"][name] |= _table(LinkModel)
    phone = _table(TwilioBehaviour)
    definitions["CallerTable"]["properties"]["phone"] |= phone
    traits = _table(Traits)["properties"]
    properties["phone"] |= {**phone, "properties": {**phone["properties"], **traits}}
    properties["profile"] = _profile(properties["profile"])
    properties["phrases"] |= {"propertyNames": {"enum": [phrase.name for phrase in fields(Phrases)]}}
    settable = [name for name in VARIABLES if name not in OURS]
    properties["settings"] |= {"propertyNames": {"enum": settable}}
    properties["waive"] |= {"propertyNames": {"enum": list(CHECKERS)}}
    definitions["FaultTable"]["properties"]["name"] |= {"enum": list(CATALOGUE)}
    replies = definitions["ModelTable"]["properties"]["replies"]
    replies["items"] = {"anyOf": [{"type": "string"}, replies["items"]]}
    definitions["StepTable"]["oneOf"] = [{"required": [verb]} for verb in VERBS]
    properties["$schema"] = {"type": "string", "description": "Where this schema lies."}
    return {"$schema": DIALECT, **schema}


def _profile(told: Schema) -> Schema:
    """A named profile, or a table of values that may start from one."""
    names = {"enum": profile_names()}
    table = _table(Profile)
    table["properties"][BASE] = {**names, "description": "The named profile whose values hold where this has none."}
    return {"description": told["description"], "anyOf": [names, table]}


def _table(behaviour: type[Any]) -> Schema:
    """The schema of a table whose keys are the fields of a behaviour."""
    hints, told = typing.get_type_hints(behaviour), {each.name: each for each in describe_settings(behaviour)}
    properties = {
        field.name: {**_value(hints[field.name]), **_remarks(told[field.name].what, told[field.name].default)}
        for field in fields(behaviour)
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _remarks(what: str, default: str) -> Schema:
    usual = f"Usually {default}." if default else ""
    text = f"{what.rstrip('.')}. {usual}" if what else usual
    return {"description": text.strip()} if text else {}


def _value(hint: Any) -> Schema:  # noqa: ANN401 - any annotation
    """The schema of a field's values, as `simulator.emulator_settings` reads them."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if LogNormal in args:
            return DELAY
        kinds = [_value(arg) for arg in args if arg is not types.NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if origin is tuple:
        is_open_ended = len(args) == 2 and args[1] is Ellipsis
        return {"type": "array", "items": _value(args[0])} if is_open_ended else _pair(args)
    if origin is typing.Literal:
        return {"enum": list(args)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        values = [str(member.value) for member in hint]
        return {"enum": list(dict.fromkeys([*values, *(value.replace("_", "-") for value in values)]))}
    return dict(_PLAIN.get(hint, {}))


def _pair(args: tuple[Any, ...]) -> Schema:
    return {"type": "array", "prefixItems": [_value(arg) for arg in args], "items": False, "minItems": len(args)}


_PLAIN: dict[Any, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
}

_MS: Schema = {"type": "integer", "minimum": 0, "maximum": LONGEST_MS}


def _forms(**keys: Schema) -> Schema:
    return {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}


DELAY: Schema = {
    "anyOf": [
        {"type": "integer"},
        _forms(p50=_MS, p95=_MS),
        _forms(**{"from": _MS, "to": _MS}),
        _forms(one_of={"type": "array", "items": _MS, "minItems": 1}),
    ]
}
"""A number of ms, or a distribution of them."""


def _without_nulls(schema: Any) -> Any:  # noqa: ANN401 - a schema, or a part of one
    """What is optional may be left out; TOML has no null."""
    if isinstance(schema, list):
        return [_without_nulls(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    clean = {key: _without_nulls(each) for key, each in schema.items() if not (key == "default" and each is None)}
    kinds = [each for each in clean.get("anyOf", []) if each != {"type": "null"}]
    if "anyOf" in clean and len(kinds) == 1:
        del clean["anyOf"]
        clean = {**kinds[0], **clean}
    elif kinds:
        clean["anyOf"] = kinds
    return {key: each for key, each in clean.items() if not (key == "title" and isinstance(each, str))}
