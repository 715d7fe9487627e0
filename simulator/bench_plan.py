"""What `offhook bench call` measures, how long, and what the figures should be."""

from dataclasses import dataclass, field, fields

from simulator.bench_phone import Habit

TALKATIVE = Habit(pause_ms=400, barge_percent=50)
"""Callers from whom many answers and interruptions are had in little time."""

USUAL = Habit(pause_ms=700, barge_percent=20)
"""How people talk, more or less: a word or two, an answer of five seconds, interrupted one time in five."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: numbers of calls, durations in ms, repetitions."""

    calls: int = 20
    listening_ms: int = 5_000
    speaking_ms: int = 6_000
    talking_ms: int = 30_000
    arrivals: int = 12
    steps: tuple[int, ...] = (20, 40, 60, 80, 100, 130, 160, 200, 250)
    """Numbers of calls to try."""
    step_ms: int = 6_000
    starts: int = 3
    helps: int = 5


QUICK = Plan(listening_ms=1_500, speaking_ms=1_000, talking_ms=6_000, steps=(60,), step_ms=2_000, starts=1, helps=1)
"""Less than 40 seconds: enough to see a figure move by half."""


@dataclass(frozen=True, slots=True)
class Step:
    """One number of talking calls that was tried. Milliseconds."""

    calls: int
    jitter_ms_p99: float
    underruns: int
    missing_answers: int
    load_late_ms_p99: float
    cpu_percent: float
    """Of the server, of one core, all calls together."""
    holds: bool
    """Whether the calls were served as they should."""


@dataclass(slots=True)
class Figures:
    """What was measured; None where nothing could be."""

    share_ms_p50: float | None = None
    """Our share of an answer: from the caller's last voiced sound plus the agent's wait until the model's peer has the
    request, plus from its answer until the voice's peer has the first clause, plus from the first audio until the
    phone has it. Lateness of our own deadline is in it."""
    share_ms_p99: float | None = None
    clear_ms_p99: float | None = None
    """From the frame that completes an onset by our own detector's rules, sent into the agent's speech, until the
    phone has our `clear`."""
    cpu_percent_listening: float | None = None
    """Of one core, a call: everyone is silent, and every frame is judged and sent to the transcriber."""
    cpu_percent_speaking: float | None = None
    """The same while the agent speaks to everyone, the model's request and the voice's audio included."""
    memory_kb_per_call: float | None = None
    """Memory the server has written, with calls that have talked, less that after a warm-up whose calls had ended."""
    calls_per_core: int | None = None
    """The largest number of talking calls whose outbound jitter was below 10 ms (p99), without an underrun."""
    limited_by: str = ""
    load_late_ms_p99: float | None = None
    """How late the phones sent their own frames at that number: beyond a few ms the load measures itself."""
    max_gap_ms: float | None = None
    """The longest time between two frames of a running call while more calls arrive at once."""
    tasks_per_call: float | None = None
    start_ms: float | None = None
    """From the start of `offhook serve --open` to the first audio at the first phone."""
    help_ms: float | None = None
    """`offhook --help`, from start to end."""
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """How it was measured, and what a reader should know before trusting it."""

    def values(self) -> dict[str, float | int | str | None]:
        """The figures by name, in order, as they are printed."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"steps", "notes"}}
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be: at most `limit`, or at least."""

    figure: str
    limit: float
    what: str
    is_at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Whether `value` is good enough."""
        return value >= self.limit if self.is_at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'at least' if self.is_at_least else 'at most'} {self.limit:g}"


GOALS = (
    Goal("share_ms_p50", 2, "our share of an answer, median, ms"),
    Goal("share_ms_p99", 5, "our share of an answer, p99, ms"),
    Goal("clear_ms_p99", 5, "interruption to clear, p99, ms"),
    Goal("cpu_percent_listening", 0.5, "CPU a call, listening, % of a core"),
    Goal("cpu_percent_speaking", 0.7, "CPU a call, speaking, % of a core"),
    Goal("memory_kb_per_call", 1_024, "memory a call, KiB"),
    Goal("calls_per_core", 100, "calls on one core, jitter p99 below 10 ms", is_at_least=True),
    Goal("load_late_ms_p99", 5, "lateness of the load itself, p99, ms"),
    Goal("max_gap_ms", 60, "longest gap while 12 calls arrive, ms"),
    Goal("tasks_per_call", 4, "tasks a call"),
    Goal("start_ms", 1_000, "start to first call's audio, ms"),
    Goal("help_ms", 300, "offhook --help, ms"),
)
