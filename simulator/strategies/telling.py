"""Tells a story to the chart: events at instants, deadlines between them, a model of the shell that answers orders."""

from collections import deque
from dataclasses import replace

from fsm.events import Event, Tick
from fsm.step import begin, step
from fsm.units import ms_to_ns
from simulator.strategies.promises import Promises
from simulator.strategies.shell_model import ShellModel

MOST_TURNS_OF_THE_CLOCK = 5_000
"""Deadlines within one stretch of time; more of them is a machine that runs in circles."""


class Telling(Promises):
    """One call as the chart sees it. `told` is the story so far: instants (ns) and events."""

    def open_call(self) -> None:
        """The stream is being opened."""
        self.now = ms_to_ns(5)
        self.state = begin(self.profile, self.phrases, self.now)
        self.told: list[tuple[int, Event]] = []
        self._inbox: deque[Event] = deque()
        self.shell = ShellModel(self._inbox.append)
        self.watch()

    def feed(self, event: Event) -> None:
        """Let the machine decide on `event`, and on all that follows from it at once."""
        self.shell.play(self.now)
        self._inbox.append(event)
        self.settle()

    def settle(self) -> None:
        """Let the phone report what it played by now, and the machine decide on it."""
        self.shell.play(self.now)
        while self._inbox:
            self._decide(self._inbox.popleft())

    def _decide(self, event: Event) -> None:
        before = self.state
        self.told.append((self.now, event))
        self.state, orders = step(before, event, self.now)
        for order in orders:
            self.note_order(before, order)
            self.shell.perform(order, self.now)
        self.note_decision(before)

    def nothing_follows_from(self, event: Event) -> None:
        """Feed an event that must not matter, and see that it does not."""
        before = self.state
        self.state, orders = step(before, event, self.now)
        assert (replace(self.state, now=before.now), orders) == (before, ()), f"{event} changed something"

    # --- time ------------------------------------------------------------------------------------------------

    def let_time_pass(self, until: int, late_ns: int = 0) -> None:
        """Go on to `until`: the phone plays what it has, and deadlines fire, each `late_ns` after it is due."""
        for _ in range(MOST_TURNS_OF_THE_CLOCK):
            tick_at, at = self._next(late_ns)
            if at is None or at > until:
                self._go_to(until)
                return
            self._go_to(at)
            due = self.state.deadlines.earliest()
            if at == tick_at and due is not None and due <= self.now:
                self.feed(Tick())
        raise AssertionError(f"deadlines fire without end in {self.state.mode}: {self.state.deadlines}")

    def stand_at(self, instant: int) -> None:
        """Go to `instant` and tick nothing, even where a deadline is over: its timer is late."""
        sounds_until = self.shell.next_due()
        if instant >= self.now and (sounds_until is None or instant < sounds_until):
            self._go_to(instant)

    def _next(self, late_ns: int) -> tuple[int | None, int | None]:
        """When the next timer rings, and when anything at all happens next."""
        due = self.state.deadlines.earliest()
        tick_at = None if due is None else max(due + late_ns, self.now)
        return tick_at, min((at for at in (tick_at, self.shell.next_due()) if at is not None), default=None)

    def _go_to(self, instant: int) -> None:
        self.now = max(self.now, instant)
        self.settle()
        self.note_silence()
