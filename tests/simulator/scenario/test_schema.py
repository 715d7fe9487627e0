"""The schema that editors read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.scenario import bundled, json_schema, read
from simulator.scenario.behaviours import BEHAVIOURS

SCHEMA = json_schema()


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema, or the one it refers to."""
    target: dict[str, Any] = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return target


def strangers(value: object, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Keys of a script that the schema does not know, and values it does not allow by their kind."""
    schema = resolved(schema)
    if isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            if key in schema["properties"]:
                yield from strangers(inner, schema["properties"][key], f"{path}.{key}")
            elif schema.get("additionalProperties") is False:
                yield f"{path}.{key}"
    elif isinstance(value, list) and "items" in schema and schema["items"]:
        for inner in value:
            yield from strangers(inner, schema["items"], f"{path}[]")
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path} = {value}"


def test_it_is_json_and_names_its_dialect() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("name", bundled())
def test_bundled_scripts_fit(name: str) -> None:
    script = read(name).model_dump(mode="json", exclude_unset=True)
    assert list(strangers(script, SCHEMA)) == []


def test_what_does_not_fit_is_found() -> None:
    assert list(strangers({"callr": [], "groq": {"first_tokn_ms": 3}}, SCHEMA)) == [".callr", ".groq.first_tokn_ms"]
    assert list(strangers({"groq": {"refuse": "no"}, "faults": [{"name": "nothing"}]}, SCHEMA)) == [
        ".groq.refuse = no",
        ".faults[].name = nothing",
    ]


def test_every_key_says_what_it_means() -> None:
    tables = [SCHEMA, *SCHEMA["$defs"].values()]
    silent = [
        f"{table.get('description', '')[:30]}: {key}"
        for table in tables
        for key, value in table["properties"].items()
        if not value.get("description") and key != "callers" and "$ref" not in value
    ]
    assert silent == []


def test_a_step_has_exactly_one_verb_and_nothing_unknown() -> None:
    step = SCHEMA["$defs"]["StepTable"]
    assert {"required": ["say"]} in step["oneOf"]
    assert len(step["oneOf"]) == 17
    assert step["additionalProperties"] is False


def test_behaviours_have_all_their_settings_and_delays_may_be_distributions() -> None:
    for name, behaviour in BEHAVIOURS.items():
        assert list(SCHEMA["properties"][name]["properties"]) == list(behaviour.__dataclass_fields__)
    forms = SCHEMA["properties"]["groq"]["properties"]["first_token_ms"]["anyOf"]
    assert [sorted(form.get("properties", {})) for form in forms] == [[], ["p50", "p95"], ["from", "to"], ["one_of"]]


def test_nothing_may_be_null_for_toml_has_no_null() -> None:
    assert '"null"' not in json.dumps(SCHEMA)
