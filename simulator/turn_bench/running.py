"""Many calls of the corpus, in this process or several, with their figures by profile."""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from agent.profiles import profile_names
from simulator.corpus.openings import OPENING_SHARE
from simulator.corpus.reader import Corpus, corpus
from simulator.corpus.split import Half, half_of, variations
from simulator.scenario import ScriptError
from simulator.turn_bench.facts import Broken, CallFacts, Which
from simulator.turn_bench.figures import Figures
from simulator.turn_bench.measuring import measure
from simulator.turn_bench.misses import Miss

CHUNK_CALLS = 4
"""A process is given so many at a time."""

AHEAD_CHUNKS = 16
"""So many chunks, per process, may be under way: bounds what is in memory."""

CALLS = 1_000
"""Enough that a rate of a hundredth is some calls."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be run: `only` names situations, or families by their files; a `seed` one call of each.

    `situations`: a folder of one's own, instead of the bundled ones.
    """

    profiles: tuple[str, ...] = ()
    calls: int | None = None
    half: Half = Half.HELD_OUT
    only: tuple[str, ...] = ()
    situations: Path | None = None
    seed: int | None = None
    jobs: int = 1

    def calls_of(self, profile: str) -> list[Which]:
        """The calls under a profile. Raises ScriptError for names that nobody knows."""
        names = self.names
        folder = "" if self.situations is None else str(self.situations)
        if self.seed is not None:
            return [Which(name, self.seed, profile, folder) for name in names]
        wanted = self.calls or (5 * len(names) if self.only or folder else CALLS)
        return [Which(name, seed, profile, folder) for name, seed in variations(names, self.half, wanted)]

    @property
    def corpus(self) -> Corpus:
        """The situations. Raises ScriptError with all that is wrong with them."""
        return corpus() if self.situations is None else corpus(self.situations)

    @property
    def names(self) -> list[str]:
        """The situations that are meant. Raises ScriptError for one that nobody knows."""
        return chosen(self.corpus, self.only)

    @property
    def all_calls(self) -> list[Which]:
        """The calls under all its profiles, profile by profile."""
        return [which for profile in self.profiles or named() for which in self.calls_of(profile)]


def named() -> list[str]:
    """The profiles that are benched unless some are named: those of use cases."""
    return [name for name in profile_names() if name != "default"]


def chosen(found: Corpus, only: Iterable[str]) -> list[str]:
    """Situations of a corpus: all of them, or those named, families by their name as well."""
    names: list[str] = []
    for name in only:
        if name in found.abouts:
            names += [one for one, family in found.families.items() if family == name]
        else:
            names.append(found.named(name).name)
    return list(dict.fromkeys(names)) if names else list(found.situations)


def check_profiles(profiles: Iterable[str]) -> None:
    """Raises ScriptError for a profile that nobody knows."""
    known = profile_names()
    for name in profiles:
        if name not in known:
            raise ScriptError(f'no profile is called "{name}"; there are {", ".join(known)}')


def bench(
    wish: Wish, on_call: Callable[[CallFacts | Broken, list[Miss]], None] = lambda _one, _misses: None
) -> dict[str, Figures]:
    """Run everything; the figures of each profile, whatever order the calls were run in."""
    figures: dict[str, Figures] = {}
    for one in measured(wish.all_calls, wish.jobs):
        misses = figures.setdefault(one.which.profile, Figures()).add(one)
        on_call(one, misses)
    return figures


def measured(calls: Sequence[Which], jobs: int) -> Iterator[CallFacts | Broken]:
    """The facts of each call, in order. Raises ScriptError if a process died."""
    if jobs == 1 or len(calls) == 1:
        yield from map(measure, calls)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts_alone) as pool:
        try:
            for begin in range(0, len(calls), CHUNK_CALLS * AHEAD_CHUNKS * jobs):
                part = calls[begin : begin + CHUNK_CALLS * AHEAD_CHUNKS * jobs]
                yield from pool.map(measure, part, chunksize=CHUNK_CALLS)
        except BrokenProcessPool as error:
            raise ScriptError(f"a process that ran calls died: {error}; --jobs 1 shows at which") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _leave_interrupts_alone() -> None:
    """Ctrl-C is for the process that started this one: it decides what becomes of the calls under way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def values_of(wish: Wish, figures: dict[str, Figures]) -> dict[str, Any]:
    """What `--json` prints, but for the machine's facts."""
    return {
        "half": None if wish.seed is not None else str(wish.half),
        "situations": len(wish.names),
        "assumed": {"opening_share": OPENING_SHARE},
        "profiles": {name: {**one.values(), "goals": one.goals()} for name, one in figures.items()},
    }


def half_text(which: Which) -> str:
    """In which half a call is, for whoever looks at it."""
    return str(half_of(which.name, which.seed))
