"""`offhook bench simulator`: how much faster than real time calls are simulated, and what they leave behind."""

import ctypes
import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from fsm.units import NS_PER_S
from simulator.bench_plan import Goal
from simulator.bench_rooms import by_room, profiled
from simulator.rehearsal import Cast, Rehearsal, trace_of
from simulator.replay.core import replay_core
from simulator.replay.recorded import read_recorded
from simulator.runs.many import run_many
from simulator.runs.one import run_one
from simulator.runs.outcome import Status
from simulator.runs.rendered import put_databases
from simulator.runs.work import Manner, Work
from simulator.script import AfterAgentFinished, Backchannel, HangUp, IfLate, IntoAgentSpeech, Pause, Say, Script
from simulator.simulated_call import SimulatedCall

CALL: Script = (
    Say("Hello, I would like to make an appointment, please."),
    Say("On Tuesday morning, if you have anything."),
    Backchannel("mm-hmm", IntoAgentSpeech(1_200)),
    Say("One moment, let me look at my calendar."),
    Pause(18_000),
    Say("Ten o'clock is fine."),
    Say("My name is Ada Lovelace."),
    Say("Wait, where are you exactly?", IntoAgentSpeech(1_500)),
    Say("And when do you open on Saturday?"),
    Pause(15_000),
    Say("No, that is all. Goodbye."),
    HangUp(AfterAgentFinished(silence_ms=2_500, timeout_ms=12_000, if_late=IfLate.HANG_UP)),
)
"""A minute and a half: a booking with an interruption, and a caller who twice looks something up."""

MINUTE = """
about = "A minute: an appointment, an interruption, a goodbye"
now = 2026-11-23T08:00:00Z
caller = [
  { say = "Hello, I need an appointment on Tuesday morning, please." },
  { backchannel = "mm-hmm", into_agent_speech_ms = 1200 },
  { say = "One moment, let me look at my calendar." },
  { silence_ms = 9000 },
  { say = "Ten o'clock is fine." },
  { say = "My name is Ada Lovelace." },
  { say = "Wait, where are you exactly?", into_agent_speech_ms = 1500 },
  { say = "No, that is all. Goodbye." },
]
"""

SHORT = """
about = "As short as a call can be"
caller = [{ say = "Are you open today?" }]
[model]
replies = ["Yes, until five."]
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    repeats: int = 5
    """Of each figure; the best one counts, since others on the machine only ever make it worse."""
    folds: int = 60
    seeds: int = 150
    memory_runs: tuple[int, int] = (20, 200)
    """After how many runs memory is looked at."""


QUICK = Plan(repeats=2, folds=10, seeds=16, memory_runs=(5, 15))
"""A look in less than half a minute."""

JOBS = 2
"""Processes for the seeds."""


@dataclass(slots=True)
class SimulatorFigures:
    """What was measured."""

    realtime_factor_full: float = 0.0
    """Seconds of a call that pass in a second of one core, every frame encoded, sent, decoded and judged."""
    realtime_factor_idle_skip: float = 0.0
    """The same with idle audio in long messages."""
    core_replay_factor: float = 0.0
    """Seconds of the call whose recorded decisions are decided again in a second of one core."""
    seeds_per_second: float = 0.0
    """Runs of a script of a minute, with all checkers, by two processes whose start counts, too."""
    memory_growth_mb: float = 0.0
    """From the earlier look at memory to the later one."""
    call_s: float = 0.0
    """How long the measured call lasted."""
    rooms: dict[str, float] = field(default_factory=dict)
    files: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def values(self) -> dict[str, object]:
        """The figures by name, with where the time goes (% of a full call under a profiler)."""
        told: dict[str, object] = {goal.figure: round(getattr(self, goal.figure), 2) for goal in GOALS}
        return {**told, "call_s": round(self.call_s, 1), "rooms_percent": self.rooms, "files_percent": self.files}


GOALS = (
    Goal("realtime_factor_full", 500, "simulated per real time, every frame", is_at_least=True),
    Goal("realtime_factor_idle_skip", 2_000, "simulated per real time, idle audio skipped", is_at_least=True),
    Goal("core_replay_factor", 20_000, "replayed per real time, decisions only", is_at_least=True),
    Goal("seeds_per_second", 11.1, "seeds of a minute a second, two jobs", is_at_least=True),
    Goal("memory_growth_mb", 1, "memory that runs leave behind, MB"),
)


def measure(plan: Plan, tell: Callable[[str], None] = lambda _what: None) -> SimulatorFigures:
    """All figures; `tell` hears what is being measured."""
    figures = SimulatorFigures()
    tell("a call, every frame")
    figures.realtime_factor_full, figures.call_s = _best_factor(plan.repeats, skips_idle=False)
    tell("a call, idle audio skipped")
    figures.realtime_factor_idle_skip, _ = _best_factor(plan.repeats, skips_idle=True)
    tell("its decisions, replayed")
    figures.core_replay_factor = _replay_factor(plan.folds)
    tell("where the time goes")
    files = profiled(lambda: _simulate(skips_idle=False))
    figures.rooms, figures.files = by_room(files), {file: round(files[file], 1) for file in list(files)[:15]}
    tell("many seeds")
    figures.seeds_per_second = _seeds_per_second(plan.seeds)
    tell("memory")
    figures.memory_growth_mb = _memory_growth_mb(*plan.memory_runs)
    figures.notes.append(
        f"a call of {figures.call_s:.0f} s, CPU seconds, best of {plan.repeats}; seeds by the clock on the wall, "
        f"{plan.seeds} of them; memory after {plan.memory_runs[0]} and after {plan.memory_runs[1]} runs"
    )
    return figures


# --- one call ------------------------------------------------------------------------------------------------------


@contextmanager
def _ready(*, skips_idle: bool) -> Iterator[tuple[Rehearsal, Path]]:
    with TemporaryDirectory() as folder:
        rehearsal = Rehearsal(Path(folder), Cast(skips_idle=skips_idle))
        rehearsal.prepare()
        put_databases(Path(folder))
        yield rehearsal, Path(folder)
        held = rehearsal.close()
        assert not held, f"a call left {held}"


def _call(rehearsal: Rehearsal) -> SimulatedCall:
    call = rehearsal.call(CALL)
    rehearsal.finish()
    return call


def _length_s(call: SimulatedCall) -> float:
    assert call.ended_at is not None
    return (call.ended_at - call.started_at) / NS_PER_S


def _simulate(*, skips_idle: bool) -> tuple[float, float]:
    """CPU seconds that a call took, and how long it lasted."""
    with _ready(skips_idle=skips_idle) as (rehearsal, _):
        gc.collect()  # the garbage of what was before is not this call's
        began = time.process_time()
        call = _call(rehearsal)
        return time.process_time() - began, _length_s(call)


def _best_factor(repeats: int, *, skips_idle: bool) -> tuple[float, float]:
    _simulate(skips_idle=skips_idle)  # phrases are encoded once a process
    took, lasted = zip(*[_simulate(skips_idle=skips_idle) for _ in range(repeats)], strict=True)
    return lasted[0] / min(took), lasted[0]


def _replay_factor(folds: int) -> float:
    with _ready(skips_idle=True) as (rehearsal, data):
        call = _call(rehearsal)
        recorded = read_recorded(trace_of(data, call))
    took = []
    for _ in range(folds):
        began = time.process_time()
        replayed = replay_core(recorded)
        took.append(time.process_time() - began)
        assert replayed.is_same, "a replay differs from what was recorded"
    return _length_s(call) / min(took)


# --- many runs -----------------------------------------------------------------------------------------------------


def _seeds_per_second(seeds: int) -> float:
    with TemporaryDirectory() as folder:
        script = Path(folder) / "minute.toml"
        script.write_text(MINUTE, encoding="utf-8")
        began = time.perf_counter()
        outcomes = list(run_many([Work(str(script), range(seeds))], Manner(), JOBS, run_one))
        took_s = time.perf_counter() - began
    assert all(outcome.status is Status.PASSED for outcome in outcomes), outcomes[0].violations
    return len(outcomes) / took_s


def _memory_growth_mb(earlier: int, later: int) -> float:
    """In a process of its own, so that nothing else of ours comes and goes there meanwhile."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_grow, (earlier, later))


def _grow(earlier: int, later: int) -> float:
    with TemporaryDirectory() as folder:
        script = Path(folder) / "short.toml"
        script.write_text(SHORT, encoding="utf-8")
        work = Work(str(script), range(later))
        for seed in range(earlier):
            assert run_one(work, seed, Manner()).status is Status.PASSED
        before = _resident_mb()
        for seed in range(earlier, later):
            run_one(work, seed, Manner())
        return _resident_mb() - before


def _resident_mb() -> float:
    """Memory that is held for good: garbage is collected first, and what is free given back where that can be asked."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library than GNU's
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
