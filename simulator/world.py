"""Virtual time: one heap of (when, seq), named random streams, and an eye for what is stuck.

A World is a `Clock`. Nothing happens between its callbacks, so a run is a function of its seed and of what was
scheduled: the same every time.
"""

import heapq
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

from fsm.units import NS_PER_S, ms_to_ns, ns_to_ms

START_NS = 1_000 * NS_PER_S
"""The first instant. Not zero, so that no zero or unset instant passes for a real one."""

LIMIT_NS = 24 * 3_600 * NS_PER_S
"""How far a run goes before it is called endless: a day, longer than any call."""

INSTANT_LIMIT = 100_000
"""Callbacks at one instant before the run is called endless: time stands still while something reschedules itself."""

_COMPACT_FROM = 512
"""Cancelled entries below this number are not worth rebuilding the heap for."""


class Stuck(AssertionError):  # noqa: N818  # the word of the design, read as a sentence
    """Nothing is scheduled any more, yet somebody still waits; the message says who waits for what."""


class Endless(AssertionError):  # noqa: N818  # as above
    """The run passed its limit without reaching its end."""


class Scheduled:
    """One entry of the heap; cancelled or fired, it holds nothing."""

    __slots__ = ("_world", "callback", "when")

    def __init__(self, when: int, callback: Callable[[], None], world: "World") -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback
        self._world = world

    def cancel(self) -> None:
        """Forget the callback; harmless when it already ran."""
        if self.callback is not None:
            self.callback = None
            self._world._note_cancelled()


@dataclass(slots=True, eq=False)
class Waiter:
    """Something that is not over yet, for `Stuck` to name; `what` it waits for may be asked for when it matters."""

    name: str
    what: str | Callable[[], str]
    _waiters: dict["Waiter", None]

    def __str__(self) -> str:
        return f"{self.name} waits for {self.what() if callable(self.what) else self.what}"

    def done(self) -> None:
        """It is over; harmless twice."""
        self._waiters.pop(self, None)


@dataclass(slots=True, eq=False)
class WorldIds:
    """Identifiers that are the same in every run of a seed."""

    rng: random.Random
    _given: set[str] = field(default_factory=set)

    def fresh(self, prefix: str) -> str:
        """`prefix` and 32 hexadecimal digits, never given before."""
        while (fresh := f"{prefix}{self.rng.getrandbits(128):032x}") in self._given:
            pass  # two draws of 128 bits agree about never; the port says never
        self._given.add(fresh)
        return fresh


class World:
    """A virtual clock with its heap, its random streams and its ids, all of one seed.

    Callbacks run first in first out at each instant. What a callback raises comes out of the `run` that ran it.
    """

    def __init__(self, seed: int | str = 0, *, start_ns: int = START_NS) -> None:
        self.seed = seed
        self.started_at = start_ns
        self._now = start_ns
        self._heap: list[tuple[int, int, Scheduled]] = []
        self._seq = 0
        self._cancelled_count = 0
        self._fired_at_now = 0
        self._is_running = False
        self._may_halt = False
        self._is_halted = False
        self._failure: BaseException | None = None
        self._streams: dict[str, random.Random] = {}
        self._waiters: dict[Waiter, None] = {}
        self._explanations: list[Callable[[], Iterable[str]]] = []
        self._surroundings: list[Callable[[], AbstractContextManager[None]]] = []
        self.ids = WorldIds(self.rng("ids"))

    # --- the clock -------------------------------------------------------------------------------------------

    def now(self) -> int:
        """The present instant, in ns."""
        return self._now

    def call_at(self, when: int, callback: Callable[[], None]) -> Scheduled:
        """Call `callback` once at `when` (ns); an instant that is past counts as now."""
        assert isinstance(when, int), f"instants are integer nanoseconds, not {when!r}"
        if when < self._now:  # noqa: PLR1730 - `max` costs three times as much, and this is called for every frame
            when = self._now
        entry = Scheduled(when, callback, self)
        self._seq = seq = self._seq + 1
        heapq.heappush(self._heap, (when, seq, entry))
        return entry

    def call_in(self, delay_ns: int, callback: Callable[[], None]) -> Scheduled:
        """Call `callback` once, `delay_ns` from now: `call_at` for what is asked for with every frame."""
        when = self._now + delay_ns
        entry = Scheduled(when, callback, self)
        self._seq = seq = self._seq + 1
        heapq.heappush(self._heap, (when, seq, entry))
        return entry

    def call_soon(self, callback: Callable[[], None]) -> Scheduled:
        """Call `callback` at this instant, after what is already scheduled for it."""
        return self.call_at(self._now, callback)

    @property
    def elapsed_ms(self) -> int:
        """Whole milliseconds since the world began."""
        return ns_to_ms(self._now - self.started_at)

    @property
    def pending_count(self) -> int:
        """Callbacks still to come: zero once everything was released."""
        return len(self._heap) - self._cancelled_count

    # --- randomness and waiters --------------------------------------------------------------------------------

    def rng(self, name: str) -> random.Random:
        """The random stream called `name`; asked for again, the same stream goes on.

        One stream per drawer: a new draw in one place changes no other.
        """
        if name not in self._streams:
            self._streams[name] = random.Random(f"{self.seed}/{name}")
        return self._streams[name]

    def waiting(self, name: str, what: str | Callable[[], str]) -> Waiter:
        """Say that `name` is open until `what` happened; a run that goes quiet before that is stuck."""
        waiter = Waiter(name, what, self._waiters)
        self._waiters[waiter] = None
        return waiter

    @property
    def waiters(self) -> tuple[Waiter, ...]:
        """Who waits for what, oldest first."""
        return tuple(self._waiters)

    def explain(self, lines: Callable[[], Iterable[str]]) -> None:
        """Let `Stuck` and `Endless` tell `lines()` too: what is open, though no run need wait for its end."""
        self._explanations.append(lines)

    # --- running -----------------------------------------------------------------------------------------------

    def run_until(self, instant: int) -> None:
        """Let everything happen that falls due up to and including `instant` (ns), which is then now."""
        with self._run():
            self._fire(instant)
            self._now = max(self._now, instant)

    def run_for(self, duration_ms: int) -> None:
        """Let `duration_ms` pass."""
        self.run_until(self._now + ms_to_ns(duration_ms))

    def run_until_idle(self, *, limit_ns: int = LIMIT_NS, may_wait: bool = False) -> None:
        """Run until nothing is scheduled.

        Raises `Stuck` when somebody still waits then (unless it `may_wait`), `Endless` after `limit_ns` of world time.
        """
        with self._run():
            self._fire_within(limit_ns)
        if self._waiters and not may_wait:
            raise Stuck(self._describe("nothing is scheduled"))

    def run(self, until: Callable[[], bool], *, limit_ns: int = LIMIT_NS) -> None:
        """Run until `until()` holds, asked before each callback.

        Raises `Stuck` when nothing is left that could make it hold, `Endless` after `limit_ns` of world time.
        """
        with self._run():
            self._fire_within(limit_ns, until)
        if not until():
            raise Stuck(self._describe("nothing is scheduled and the end was not reached"))

    def run_until_halted(self, *, limit_ns: int = LIMIT_NS) -> None:
        """Run until a callback calls `halt`: a `run` for whoever is told of the end and need not ask for it.

        Raises `Stuck` when nothing is left that could halt, `Endless` after `limit_ns` of world time.
        """
        self._may_halt = True
        try:
            with self._run():
                self._fire_within(limit_ns)
        finally:
            self._may_halt = False
        if not self._is_halted:
            raise Stuck(self._describe("nothing is scheduled and the end was not reached"))

    def halt(self) -> None:
        """End a `run_until_halted` after this callback; any other run goes on."""
        self._is_halted = self._is_halted or self._may_halt

    def fail(self, error: BaseException) -> None:
        """End the run under way after this callback, with `error`: for one that somebody in between may swallow."""
        self._failure = self._failure or error
        self._is_halted = True

    def surround(self, surroundings: Callable[[], AbstractContextManager[None]]) -> None:
        """Enter `surroundings()` around every run, after those named before: the running loop, the guards."""
        self._surroundings.append(surroundings)

    @contextmanager
    def _run(self) -> Iterator[None]:
        assert not self._is_running, "the world is already running: a callback must schedule, not run"
        self._is_running = True
        self._is_halted = False
        try:
            with ExitStack() as stack:
                for surroundings in self._surroundings:
                    stack.enter_context(surroundings())
                yield
        finally:
            self._is_running = False
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _fire_within(self, limit_ns: int, until: Callable[[], bool] | None = None) -> None:
        """Fire for `limit_ns` at the most; raises `Endless` if something is scheduled for later."""
        self._fire(self._now + limit_ns, until)
        if self.pending_count and not self._is_halted and not (until is not None and until()):
            raise Endless(self._describe(f"no end after {ns_to_ms(limit_ns)} ms, {self.pending_count} pending"))

    def _fire(self, last: int, until: Callable[[], bool] | None = None) -> None:
        """Run what falls due up to `last` (ns), in order, until `until()` holds or somebody halts."""
        heap, pop = self._heap, heapq.heappop  # local: this loop turns hundreds of times a simulated second
        while heap and not self._is_halted:
            if until is not None and until():
                return
            when, _, entry = heap[0]
            callback = entry.callback
            if callback is None:
                pop(heap)
                self._cancelled_count -= 1
                continue
            if when > last:
                return
            pop(heap)
            entry.callback = None
            if when > self._now:
                self._now = when
                self._fired_at_now = 1
            else:
                self._fired_at_now += 1
                if self._fired_at_now > INSTANT_LIMIT:
                    raise Endless(self._describe(f"{INSTANT_LIMIT} callbacks at one instant; the next is {callback!r}"))
            callback()

    def _note_cancelled(self) -> None:
        """Count a dead entry; once they are most of the heap, drop them (order is by key, so it does not change)."""
        self._cancelled_count += 1
        if self._cancelled_count > _COMPACT_FROM and self._cancelled_count * 2 > len(self._heap):
            self._heap[:] = [item for item in self._heap if item[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled_count = 0

    def _describe(self, what: str) -> str:
        lines = [f"{what}, at {self.elapsed_ms} ms, seed {self.seed!r}"]
        lines += [f"  {waiter}" for waiter in self._waiters]
        if not self._waiters:
            lines.append("  nobody said what they wait for")
        lines += [f"  {line}" for explanation in self._explanations for line in explanation()]
        return "\n".join(lines)
