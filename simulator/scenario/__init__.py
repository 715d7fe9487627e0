"""Call scripts: TOML files that say who calls, what they do, how everyone else behaves, and what must hold."""

from simulator.scenario.complaints import ScriptError
from simulator.scenario.model import ScriptFile
from simulator.scenario.plans import plan_of
from simulator.scenario.reader import bundled, find, load, parse, read
from simulator.scenario.schema import json_schema
from simulator.scenario.writer import write

__all__ = [
    "ScriptError",
    "ScriptFile",
    "bundled",
    "find",
    "json_schema",
    "load",
    "parse",
    "plan_of",
    "read",
    "write",
]
