"""One ticker for every playout of the process: absolute in its schedule, asleep while nobody needs it."""

from collections.abc import Callable

from agent.clock import Clock, Timer
from agent.playout import LEAD_MS
from fsm.units import FRAME_MS, ms_to_ns, ms_to_samples

URGENT_SAMPLES = ms_to_samples(LEAD_MS - 2 * FRAME_MS)
"""With less than this ahead of the ear, audio is not kept for the next beat: the phone ran dry, or beats are late."""

Beat = Callable[[int], None]
"""What is called once a period, with the instant (ns) at which it was due."""

PHASES = 4
"""The beats of a period are spread over so many ticks: a hundred calls at once would make each other, and every frame
that comes meanwhile, wait for milliseconds."""


class Pacer:
    """Calls everything registered once every `period_ms`, a period after it was registered for the first time.

    Ticks lie on a grid that begins with the first registration, so lateness never adds up. Beats are told the instant
    on the grid, not the present one: whoever decides by it what is due decides evenly, however late or (where timers
    are coarse) early the tick comes. Ticks that were missed are left out, not made up for. A callback that raises is
    reported to `on_error` and hurts nobody else.
    """

    def __init__(self, clock: Clock, on_error: Callable[[Beat, Exception], None], *, period_ms: int = FRAME_MS) -> None:
        assert period_ms > 0, f"a period of {period_ms} ms never ends; give at least 1"
        self.period_ms = period_ms
        self._clock = clock
        self._on_error = on_error
        self._period_ns = ms_to_ns(period_ms)
        self._step_ns = self._period_ns // PHASES
        self._groups: list[dict[Beat, None]] = [{} for _ in range(PHASES)]
        self._group_of: dict[Beat, dict[Beat, None]] = {}
        self._phase = 0
        """The group that ticked last, or would have."""
        self._phase_at = 0
        """The instant on the grid at which it did."""
        self._timer: Timer | None = None
        self._next_at = self._next_phase = 0
        self.late_ticks = 0
        """Periods that were left out because the process was late by one or more."""

    def __len__(self) -> int:
        return len(self._group_of)

    def add(self, beat: Beat) -> None:
        """Call `beat` from about a period from now on; harmless when it is registered already."""
        if beat in self._group_of:
            return
        if self._timer is None:
            self._phase_at = self._clock.now()
        steps = max(0, self._clock.now() - self._phase_at) // self._step_ns  # nobody woke us for groups that are empty
        group = self._group_of[beat] = self._groups[(self._phase + steps) % PHASES]
        group[beat] = None
        if self._timer is None:
            self._arm()

    def remove(self, beat: Beat) -> None:
        """Do not call `beat` again, not even in the tick under way; harmless when it is not registered."""
        group = self._group_of.pop(beat, None)
        if group is not None:
            del group[beat]
        if not self._group_of and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        """Wake up for the next group that holds anything: with few calls three in four are empty."""
        steps = 1
        while not self._groups[phase := (self._phase + steps) % PHASES]:
            steps += 1
        self._next_phase = phase
        self._next_at = self._phase_at + steps * self._step_ns
        self._timer = self._clock.call_at(self._next_at, self._tick)

    def _tick(self) -> None:
        late_ns = self._clock.now() - self._next_at
        if late_ns < self._step_ns:  # in time, or early where timers are coarse
            at, self._phase, self._phase_at = self._next_at, self._next_phase, self._next_at
            self._arm()
            self._beat_group(self._groups[self._phase], at)
            return
        missed = late_ns // self._period_ns
        self.late_ticks += missed
        first_at = self._next_at + missed * self._period_ns
        first = self._next_phase
        steps = late_ns % self._period_ns // self._step_ns
        self._phase, self._phase_at = (first + steps) % PHASES, first_at + steps * self._step_ns
        self._arm()
        for step in range(steps + 1):
            self._beat_group(self._groups[(first + step) % PHASES], first_at + step * self._step_ns)

    def _beat_group(self, group: dict[Beat, None], at: int) -> None:
        for beat in tuple(group):
            if beat in group:
                try:
                    beat(at)
                except Exception as error:  # whatever one call does wrong, the others keep their audio
                    self._on_error(beat, error)
