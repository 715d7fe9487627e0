"""Call scripts: TOML files that say who calls, what they do, how everyone else behaves, and what must hold."""

from simulator.scenario.complaints import ScriptError
from simulator.scenario.model import ScriptFile
from simulator.scenario.plans import plan_of
from simulator.scenario.reader import bundled, find, load, parse, read

__all__ = ["ScriptError", "ScriptFile", "bundled", "find", "load", "parse", "plan_of", "read"]
