"""Random calls for property tests of your own tools and profiles, with hypothesis.

`plans` are whole simulated calls, which `hold` runs and judges; `ChartMachine` tells random stories to the state
machine under your profile; `CallMachine` improvises a call while it runs; the other strategies are what those are made
of. All shrink to the plainest call: a healthy provider, a short script, seed 0.
"""

try:
    import hypothesis as _hypothesis
except ImportError as error:
    raise ImportError("simulator.strategies needs hypothesis; run: pip install 'offhook[testing]'") from error

from simulator.strategies.answers import answers, arguments, brains, broken_arguments, tool_calls
from simulator.strategies.call_machine import CallMachine
from simulator.strategies.chart_machine import ChartMachine
from simulator.strategies.holding import hold
from simulator.strategies.pasting import source_of
from simulator.strategies.people import callers, interruptions, moments, scripts, steps
from simulator.strategies.plans import casts, faults, moments_of_faults, plans, profiles, seeds
from simulator.strategies.providers import (
    deepgram_behaviours,
    delays,
    elevenlabs_behaviours,
    groq_behaviours,
    links,
    phones,
)
from simulator.strategies.stories import Story, stories

__all__ = [
    "CallMachine",
    "ChartMachine",
    "Story",
    "answers",
    "arguments",
    "brains",
    "broken_arguments",
    "callers",
    "casts",
    "deepgram_behaviours",
    "delays",
    "elevenlabs_behaviours",
    "faults",
    "groq_behaviours",
    "hold",
    "interruptions",
    "links",
    "moments",
    "moments_of_faults",
    "phones",
    "plans",
    "profiles",
    "scripts",
    "seeds",
    "source_of",
    "steps",
    "stories",
    "tool_calls",
]

del _hypothesis
