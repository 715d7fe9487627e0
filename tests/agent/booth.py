"""A playout on a model phone, paced as in the process."""

from collections.abc import Callable

from agent.pacer import Pacer
from agent.playout import Playout
from agent.ports import Alignment
from agent.reply_news import News
from fsm.units import ms_to_ns, ms_to_samples
from tests.agent.model_phone import ModelPhone
from tests.fakes import ManualClock

DELAY_MS = 75


class Booth:
    """A playout, the phone it speaks to and the process's ticker; `news` as (ms, what)."""

    def __init__(self, *, returns_marks: bool = True) -> None:
        self.clock = ManualClock()
        self.phone = ModelPhone(self.clock, self._on_mark, delay_ms=DELAY_MS, returns_marks=returns_marks)
        self.playout = Playout(self.phone)
        self.news: list[tuple[int, News]] = []
        pacer = Pacer(self.clock, self._fail)
        pacer.add(self._tick)

    def _fail(self, beat: Callable[[int], None], error: Exception) -> None:
        raise error

    def _on_mark(self, name: str) -> None:
        self.playout.on_mark(name, self.clock.now())
        self._tick(self.clock.now())

    def _tick(self, now: int) -> None:
        self.playout.pump(now)
        while (news := self.playout.poll(now)) is not None:
            self.news.append((now // ms_to_ns(1), news))

    def say(self, *words: str, each_ms: int = 200, byte: int = 7) -> bytes:
        """Push words that last `each_ms` and are separated by nothing but their blank."""
        text = " ".join(words)
        each = ms_to_samples(each_ms)
        starts: list[int] = []
        for at, word in enumerate(words):
            starts += [at * each + letter * each // (len(word) + 1) for letter in range(len(word) + 1)]
        audio = bytes([byte]) * (each * len(words))
        self.playout.note_text(text)
        self.playout.push(audio, Alignment(text, tuple(starts[: len(text)])))
        self._tick(self.clock.now())
        return audio

    def fill(self, audio: bytes, alignment: Alignment | None = None) -> bool:
        begun = self.playout.begin_filler(audio, alignment)
        self._tick(self.clock.now())
        return begun

    def finish(self) -> None:
        self.playout.finish()
        self._tick(self.clock.now())

    def resume(self) -> None:
        self.playout.resume(self.clock.now())

    def hold(self) -> str:
        return self.playout.hold(self.clock.now())

    def duck(self, by_db: int) -> str:
        return self.playout.duck(self.clock.now(), by_db)

    def drop(self) -> str:
        return self.playout.drop(self.clock.now())

    def heard_text(self) -> str:
        return self.playout.heard_text(self.clock.now())

    @property
    def what(self) -> list[type[News]]:
        return [type(news) for _, news in self.news]
