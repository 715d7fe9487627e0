"""Tells a story to the machine, at milliseconds, and checks what it decides."""

from fsm.effects import DuckPlayout, Effect, HoldPlayout
from fsm.events import (
    CallStarted,
    Event,
    PlayoutDucked,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    Tick,
    TurnEnded,
)
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Mode
from fsm.step import begin, step
from fsm.units import ms_to_ns


class Timeline:
    """A call that begins at instant 0; `at` moves on, firing the deadlines on the way. No drafts unless told.

    Once a story has told what was heard of a reply, each further order to silence or duck it is answered so.
    """

    def __init__(self, profile: Profile | None = None) -> None:
        self.state: CallState = begin(profile or Profile(drafts=0), Phrases(), 0)
        self.effects: list[Effect] = []
        self._last: tuple[Effect, ...] = ()
        self._held: PlayoutHeld | None = None

    def at(self, at_ms: int, event: Event) -> "Timeline":
        """Let time pass until `at_ms`, then feed `event`."""
        self.until(at_ms)
        return self.feed(event, ms_to_ns(at_ms))

    def until(self, at_ms: int) -> "Timeline":
        """Let time pass until `at_ms`, firing deadlines when they fall due."""
        self._last = ()
        fired: tuple[Effect, ...] = ()
        while (due := self.state.deadlines.earliest()) is not None and due <= ms_to_ns(at_ms):
            self.feed(Tick(), max(due, self.state.now))
            fired += self._last
        self._last = fired
        return self

    def feed(self, event: Event, now: int) -> "Timeline":
        self.state, effects = step(self.state, event, now)
        self.effects += effects
        if isinstance(event, PlayoutHeld):
            self._held = event
        for effect in effects:
            effects += self._answer(effect, now)
        self._last = effects
        return self

    def _answer(self, effect: Effect, now: int) -> tuple[Effect, ...]:
        """What follows from the shell's answer to an order, where the story told it before."""
        held = self._held
        if held is None or not isinstance(effect, HoldPlayout | DuckPlayout) or effect.reply != held.reply:
            return ()
        self.feed(held if isinstance(effect, HoldPlayout) else PlayoutDucked(held.reply, held.heard), now)
        return self._last

    def expect(self, mode: Mode, *effects: type[Effect] | Effect) -> "Timeline":
        """The mode now, and exactly the effects of the last move, by type or by value."""
        assert self.state.mode is mode, f"expected {mode}, is {self.state.mode}; last effects {self._last}"
        wanted = [e if isinstance(e, type) else type(e) for e in effects]
        assert [type(e) for e in self._last] == wanted, f"expected {effects}, got {self._last}"
        for want, got in zip(effects, self._last, strict=True):
            assert isinstance(want, type) or want == got, f"expected {want}, got {got}"
        return self

    @property
    def last(self) -> tuple[Effect, ...]:
        return self._last


def listening(profile: Profile | None = None) -> Timeline:
    """A call whose greeting was heard; the clock stands at 1,000 ms."""
    t = Timeline(profile)
    t.at(0, CallStarted("+15550001", "+15550002"))
    t.at(20, ReplyAudioStarted(1))
    t.at(1_000, PlayoutFinished(1, "Hello, how can I help you?"))
    return t.expect(Mode.LISTENING)


def thinking(text: str = "I need an appointment on Tuesday.") -> Timeline:
    """A call in which the caller asked something at 2,000 ms; reply 2 of turn 1 is awaited."""
    return listening().at(2_000, TurnEnded(text))


def speaking() -> Timeline:
    """A call in which reply 2 became audible at 2,500 ms."""
    return thinking().at(2_500, ReplyAudioStarted(2)).expect(Mode.SPEAKING)


def voice(at_ms: int) -> SpeechStarted:
    """The caller begins to sound."""
    return SpeechStarted(ms_to_ns(at_ms))


def silence(at_ms: int) -> SpeechStopped:
    """The caller has been silent since then."""
    return SpeechStopped(ms_to_ns(at_ms))
