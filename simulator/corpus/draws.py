"""The random choices of one variation: each has a generator of its own, named by what it is for."""

from hashlib import sha256
from random import Random

from simulator.corpus.model import Time, TimingTable
from simulator.corpus.reader import PAUSE, REFERENCE, Shared, texts_of
from simulator.delays import LogNormal, distribution_of, draw_ms


class Draws:
    """The random choices of one variation."""

    def __init__(self, name: str, seed: int, shared: Shared) -> None:
        self._name = f"{name}/{seed}"
        self._shared = shared

    @property
    def world_seed(self) -> int:
        """The seed of the call's world: provider delays and sounds."""
        return int.from_bytes(sha256(self._name.encode()).digest()[1:5], "big")

    def rng(self, what: str) -> Random:
        """A generator for one thing."""
        return Random(f"{self._name}/{what}")

    def one_of(self, values: tuple[int, ...], what: str, told: int | None) -> int:
        """What is told, else one of `values`."""
        return self.rng(what).choice(values) if told is None else told

    def words(self, wording: str | list[str], what: str) -> str:
        """One of the texts, with the wordings and pauses that stand in it."""
        rng = self.rng(what)
        text = rng.choice(texts_of(wording))
        while REFERENCE.search(text):
            text = REFERENCE.sub(lambda found: rng.choice(self._shared.wordings[found[1]]), text, count=1)
        return PAUSE.sub(lambda found: f"[{self._timing(found[1], rng)} ms]", text)

    def time_ms(self, time: Time, what: str) -> int:
        """A time in ms."""
        rng = self.rng(what)
        if isinstance(time, str):
            return self._timing(time, rng)
        return time if isinstance(time, int) else draw_ms(distribution_of(time), rng)

    def between(self, low: int, high: int, what: str) -> int:
        """Any whole number from `low` to `high`, each as likely."""
        return self.rng(what).randint(low, high)

    def _timing(self, name: str, rng: Random) -> int:
        return timed_ms(self._shared.timings[name], rng)


def timed_ms(timing: TimingTable, rng: Random) -> int:
    """A time within its bounds: drawn again while it is outside, so that nothing heaps up there."""
    while True:
        drawn = draw_ms(LogNormal(timing.p50, timing.p95), rng)
        if timing.least_ms <= drawn <= timing.most_ms:
            return drawn
