"""From how likely speech is, window by window, to voice edges."""

from collections import deque

from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import NS_PER_SAMPLE, ms_to_ns

WINDOW_NS = 256 * NS_PER_SAMPLE

START_LIKELY, GO_ON_LIKELY = 0.5, 0.35
"""Likelihoods with which speech begins and goes on: the model's own defaults."""

VOUCHED_LIKELY, VOUCHED_WINDOWS = 0.15, 94
"""With which it begins and goes on for three seconds after the transcriber took it for a voice."""

ONSET_WINDOWS = 2
"""Likely windows in a row that make an onset: 64 ms."""

HANGOVER_NS = ms_to_ns(200)
"""Quiet that makes an end, as for the built-in detector."""


class SileroEdges:
    """Onsets are dated to the first likely window's beginning, ends to the last one's end."""

    __slots__ = ("_edges", "_last_likely_at", "_likely_windows", "_onset_at", "_vouched_windows", "is_talking")

    def __init__(self) -> None:
        self.is_talking = False
        """Whether the last edge was an onset."""
        self._edges: deque[SpeechStarted | SpeechStopped] = deque()
        self._likely_windows = 0
        self._onset_at = 0
        self._last_likely_at = 0
        self._vouched_windows = 0

    def judged(self, likely: float, end_at: int) -> None:
        """The window that ends at `end_at` (ns) is speech with this likelihood."""
        needed = GO_ON_LIKELY if self.is_talking else START_LIKELY
        if self._vouched_windows:
            self._vouched_windows -= 1
            needed = VOUCHED_LIKELY
        if likely >= needed:
            self._likely(end_at)
        elif self.is_talking and end_at - self._last_likely_at >= HANGOVER_NS:
            self.is_talking = False
            self._vouched_windows = 0
            self._edges.append(SpeechStopped(self._last_likely_at))
        elif not self.is_talking:
            self._likely_windows = 0

    def vouch(self) -> None:
        """Another judge takes for a voice what sounds now: less is needed for a while."""
        self._vouched_windows = VOUCHED_WINDOWS

    def pop(self) -> SpeechStarted | SpeechStopped | None:
        """The earliest edge that was not told yet."""
        return self._edges.popleft() if self._edges else None

    def _likely(self, end_at: int) -> None:
        self._last_likely_at = end_at
        if self.is_talking:
            return
        if not self._likely_windows:
            self._onset_at = end_at - WINDOW_NS
        self._likely_windows += 1
        if self._likely_windows >= ONSET_WINDOWS:
            self.is_talking = True
            self._likely_windows = 0
            self._edges.append(SpeechStarted(self._onset_at))
