"""When each thing happened in the turns of the benchmarks' calls, as the peers and the phones saw it."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.bench_words import Tag


@dataclass(slots=True)
class Turn:
    """One turn's instants, in ns: ours to do is what lies between a due instant or a peer's message and our next one.

    `due_at`: the caller's last voiced sound plus the profile's wait. `asked_at`: the model's peer has our whole
    request. `token_at`: it sends its answer. `text_at`: the voice's peer has the first clause. `audio_at`: it sends the
    first audio. `heard_at`: the phone has the first of it.
    """

    due_at: int
    asked_at: int | None = None
    token_at: int | None = None
    text_at: int | None = None
    audio_at: int | None = None
    heard_at: int | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the phone heard the answer."""
        return self.heard_at is not None

    def parts_ns(self) -> tuple[int, int, int] | None:
        """Our three parts of the answer's way: to ask, to speak, to send; None unless the answer was heard."""
        if self.asked_at is None or self.token_at is None or self.text_at is None:
            return None
        if self.audio_at is None or self.heard_at is None:
            return None
        return self.asked_at - self.due_at, self.text_at - self.token_at, self.heard_at - self.audio_at


class Turns:
    """The turns of a measurement, by their tags; what has no turn here is not measured."""

    def __init__(self) -> None:
        self._turns: dict[Tag, Turn] = {}

    def begin(self, tag: Tag, due_at: int) -> Turn:
        """The caller's last sound was made; the answer is due at `due_at`."""
        turn = self._turns[tag] = Turn(due_at)
        return turn

    def get(self, tag: Tag | None) -> Turn | None:
        """The turn of a tag."""
        return None if tag is None else self._turns.get(tag)

    def forget(self) -> None:
        """Measure from here; answers under way are not measured."""
        self._turns.clear()

    def all(self) -> Iterable[Turn]:
        """Every turn since `forget`."""
        return self._turns.values()

    def shares_ns(self) -> list[int]:
        """Our share of every answer that was heard."""
        return [sum(parts) for turn in self.all() if (parts := turn.parts_ns()) is not None]
