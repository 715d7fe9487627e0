"""A phone to test a playout against: plays 8000 samples a second, echoes marks, obeys clear, knows what was heard."""

from collections.abc import Callable
from dataclasses import dataclass

from fsm.units import NS_PER_SAMPLE, ms_to_ns, samples_to_ns
from tests.fakes import ManualClock


@dataclass
class Sounding:
    """A piece of audio that plays from `at` on; cut short by a clear."""

    at: int
    audio: bytes


class ModelPhone:
    """Both ways between us and the phone take `delay_ms`, and `jitter_ms()` more; messages keep their order."""

    def __init__(
        self,
        clock: ManualClock,
        on_mark: Callable[[str], None],
        *,
        delay_ms: int = 75,
        jitter_ms: Callable[[], int] = lambda: 0,
        returns_marks: bool = True,
    ) -> None:
        self._clock = clock
        self._on_mark = on_mark
        self._delay_ms = delay_ms
        self._jitter_ms = jitter_ms
        self._arrives_at = 0
        self._returns_at = 0
        self._returns_marks = returns_marks
        self._free_at = 0
        self._pending: list[tuple[int, str]] = []
        self.soundings: list[Sounding] = []
        self.sent: list[str | bytes] = []
        self.clears = 0

    def send_audio(self, audio: bytes) -> None:
        assert audio, "an empty piece of audio says nothing"
        self.sent.append(audio)
        self._arrive(lambda: self._play(audio))

    def send_mark(self, name: str) -> None:
        self.sent.append(name)
        self._arrive(lambda: self._mark(name))

    def clear(self) -> None:
        self.clears += 1
        self.sent.append("clear")
        self._arrive(self._clear)

    def _arrive(self, action: Callable[[], None]) -> None:
        self._arrives_at = max(self._arrives_at, self._clock.now() + ms_to_ns(self._delay_ms + self._jitter_ms()))
        self._clock.call_at(self._arrives_at, action)

    def heard(self) -> bytes:
        """Everything that sounded by now."""
        return b"".join(self._sounded(piece) for piece in self.soundings)

    @property
    def sent_audio(self) -> bytes:
        return b"".join(piece for piece in self.sent if isinstance(piece, bytes))

    @property
    def marks(self) -> list[str]:
        return [piece for piece in self.sent if isinstance(piece, str) and piece != "clear"]

    def _sounded(self, piece: Sounding) -> bytes:
        return piece.audio[: max(0, self._clock.now() - piece.at) // NS_PER_SAMPLE]

    def _play(self, audio: bytes) -> None:
        begin = max(self._clock.now(), self._free_at)
        self.soundings.append(Sounding(begin, audio))
        self._free_at = begin + samples_to_ns(len(audio))

    def _mark(self, name: str) -> None:
        self._pending.append((self._free_at, name))
        self._clock.call_at(self._free_at, self._echo_played)

    def _echo_played(self) -> None:
        while self._pending and self._pending[0][0] <= self._clock.now():
            self._echo(self._pending.pop(0)[1])

    def _echo(self, name: str) -> None:
        if self._returns_marks:
            self._returns_at = max(self._returns_at, self._clock.now() + ms_to_ns(self._delay_ms + self._jitter_ms()))
            self._clock.call_at(self._returns_at, lambda: self._on_mark(name))

    def _clear(self) -> None:
        self._free_at = min(self._free_at, self._clock.now())
        for piece in self.soundings:
            piece.audio = self._sounded(piece)
        for _, name in self._pending:
            self._echo(name)
        self._pending.clear()
