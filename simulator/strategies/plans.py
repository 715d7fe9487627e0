"""Random runs: a profile, a cast, callers and faults, as one `Plan`; the plainest call first."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from hypothesis import strategies as st

from fsm.profile import LONGER_THAN, Profile
from simulator.faults.base import Fault
from simulator.faults.catalogue import CATALOGUE
from simulator.faults.planned import CUES
from simulator.rehearsal import DEEPGRAM, ELEVENLABS, GROQ, Cast
from simulator.runs.plan import CallerPlan, FaultPlan, Moment, Plan
from simulator.strategies.answers import brains
from simulator.strategies.people import callers
from simulator.strategies.providers import deepgram_behaviours, elevenlabs_behaviours, groq_behaviours, links
from tools.catalog import CATALOG
from tools.tool import Tool

LONGEST_MS = 120_000
"""Every drawn call is over by then."""

SEEDS = st.integers(0, 2**32 - 1)


def seeds() -> st.SearchStrategy[int]:
    """Seeds of a world; 0 first."""
    return SEEDS


def profiles() -> st.SearchStrategy[Profile]:
    """Valid profiles: the default one with some of its values changed, anywhere in their ranges."""
    return st.fixed_dictionaries({}, optional=_ranges()).map(_consistent).map(lambda table: Profile(**table))


def _ranges() -> dict[str, st.SearchStrategy[int]]:
    return {
        f.name: st.one_of(st.just(getattr(Profile(), f.name)), st.integers(f.metadata["low"], f.metadata["high"]))
        for f in fields(Profile)
    }


def _consistent(table: dict[str, int]) -> dict[str, int]:
    """The longer of two waits is not the shorter one."""
    fresh = Profile()
    for longer, shorter in LONGER_THAN:
        least_ms = table.get(shorter, getattr(fresh, shorter))
        if table.get(longer, getattr(fresh, longer)) < least_ms:
            table = {**table, longer: least_ms}
    return table


def moments_of_faults() -> st.SearchStrategy[Moment]:
    """When something strikes: so long after the call was placed, or after something came about."""
    by_clock = st.builds(Moment, delay_ms=st.integers(0, 20_000))
    by_cue = st.builds(Moment, cue=st.sampled_from(CUES), nth=st.integers(1, 3), delay_ms=st.integers(0, 2_000))
    return st.one_of(by_clock, by_cue)


def faults(names: Sequence[str] | None = None) -> st.SearchStrategy[FaultPlan]:
    """A fault of the catalogue (or one of these names) that a call may survive: how strong, and when or how often."""
    chosen = [CATALOGUE[name] for name in names] if names is not None else list(CATALOGUE.values())
    return st.sampled_from([fault for fault in chosen if names is not None or not fault.is_fatal]).flatmap(_planned)


def _planned(fault: Fault) -> st.SearchStrategy[FaultPlan]:
    low, high = fault.swarm or (fault.strength.low, fault.strength.high)
    strength = st.one_of(st.none(), st.floats(low, high).map(lambda drawn: _rounded(drawn, low, high)))
    name = st.just(fault.name)
    ways = [st.builds(FaultPlan, name, strength)]
    if fault.has_moment:
        ways.append(st.builds(FaultPlan, name, strength, at=moments_of_faults()))
    if fault.may_repeat:
        ways.append(st.builds(FaultPlan, name, strength, rate_per_min=st.sampled_from([2.0, 6.0, 20.0])))
    return st.one_of(ways)


def _rounded(drawn: float, low: float, high: float) -> float:
    """Short enough to be read, and still within the bounds."""
    return min(high, max(low, float(f"{drawn:.3g}")))


def casts(
    *,
    agent: str = "appointments",
    profile: Mapping[str, int] | None = None,
    tools: Sequence[Tool] = (),
) -> st.SearchStrategy[Cast]:
    """Providers that behave well or badly, and a model that may use all tools of the catalog, `tools` among them.

    `profile` overrides values of the agent's. A simulation runs tools of the catalog: add your own with `CATALOG.add`.
    """
    names = tuple(tool.name for tool in tools)
    if missing := [name for name in names if name not in CATALOG.names]:
        raise ValueError(f"{', '.join(missing)}: not in the catalog; add it first: tools.catalog.CATALOG.add(...)")
    one_link = st.builds(lambda to, link: {to: link}, st.sampled_from([DEEPGRAM, GROQ, ELEVENLABS]), links())
    return st.builds(
        Cast,
        deepgram=deepgram_behaviours(),
        groq=groq_behaviours(),
        elevenlabs=elevenlabs_behaviours(),
        brain=brains((*tools, *(tool for tool in CATALOG if tool.name not in names))),
        agent=st.just(agent),
        profile=st.just(dict(profile or {})),
        tools=st.just(names),
        links=st.one_of(st.just({}), one_link),
    )


def plans(
    *,
    agent: str = "appointments",
    profile: Mapping[str, int] | None = None,
    tools: Sequence[Tool] = (),
    caller: st.SearchStrategy[CallerPlan] | None = None,
    max_faults: int = 2,
) -> st.SearchStrategy[Plan]:
    """Whole runs of an agent (bundled, or a TOML file), values of its profile overridden, `tools` added to its own.

    One caller, or sometimes two at once; providers of any health; at most `max_faults` faults of the catalogue.
    """
    first = callers() if caller is None else caller
    second = callers(name="second", arrives_ms=500)
    return st.builds(
        Plan,
        name=st.just("drawn"),
        cast=casts(agent=agent, profile=profile, tools=tools),
        callers=st.one_of(st.tuples(first), st.tuples(first), st.tuples(first), st.tuples(first, second)),
        faults=st.lists(faults(), max_size=max_faults, unique_by=lambda fault: fault.name).map(tuple),
        longest_ms=st.just(LONGEST_MS),
        is_strict=st.just(False),
    )
