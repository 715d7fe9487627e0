"""What a tuning makes of a turn of the caller's that is on record: when its answer would have sounded.

The machine itself decides, from the situation in which the turn began: events come as they came, deadlines fall due as
the tuning says, answers take as long as they took in that call. A caller who goes on before the answer sounds has the
turn again, and never knows. No audio, no wires: a turn costs a few dozen steps.
"""

from dataclasses import dataclass
from hashlib import sha256

from fsm.effects import DraftReply, Effect, HoldPlayout, Recite, ResumePlayout, StartReply
from fsm.events import Event, Tick
from fsm.profile import Profile
from fsm.state import CallState, Mode
from fsm.step import step
from fsm.units import ms_to_ns, ns_to_ms
from fsm.values import replace

HORIZON_NS = ms_to_ns(15_000)
"""A turn that no tuning ends so long after its end tells nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the caller's as evidence; instants in ns.

    `state` is what the machine knew before `events`, which are the caller's and the transcriber's up to their next
    turn. `ended_at`: past the caller's last sound in it. `answer_ns`: from the order to answer to its first audio.
    `seen_to`: how long it is known that they said no more; later they heard our answer. None: their script had no more.
    """

    state: CallState
    events: tuple[tuple[int, Event], ...]
    ended_at: int
    answer_ns: int
    seen_to: int | None = None

    def is_seen(self, delay_ms: int) -> bool:
        """Whether it is on record what the caller did until so long after their turn."""
        return self.seen_to is None or delay_ms <= ns_to_ms(self.seen_to - self.ended_at)


@dataclass(frozen=True, slots=True)
class CallTurns:
    """The turns of one call; `left_out` are those that tell nothing, by the reason. `is_for_test`: not to choose by."""

    name: str
    turns: tuple[Turn, ...]
    left_out: tuple[str, ...] = ()
    is_for_test: bool = False


def by_lot(name: str) -> bool:
    """Whether the call of that name is for the test: half of all are, and the same ones each time."""
    return bool(sha256(f"tune/{name}".encode()).digest()[0] & 1)


CUT_OFF = -1
"""In place of a delay: the answer would have sounded before the turn was over."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a turn: ms from its end to the first audio of the answer, or `CUT_OFF`.

    `wasted`: answers that were begun or drafted before, and that nobody heard, as the caller went on.
    """

    delay_ms: int
    wasted: int = 0


Verdicts = tuple[Verdict | None, ...]
"""Of each turn of a call; None where it cannot be told."""


def decide(turn: Turn, profile: Profile) -> Verdict | None:
    """What a profile makes of a turn; None where the record does not fit what was decided."""
    try:
        return _Retold(turn, profile).verdict()
    except AssertionError:
        return None  # what was recorded cannot follow what was decided otherwise


def decide_all(call: CallTurns, profile: Profile) -> Verdicts:
    """The verdicts on all turns of a call."""
    return tuple(decide(turn, profile) for turn in call.turns)


class _Retold:
    """The machine in a turn, and as much of the shell as it takes to know when an answer sounds."""

    def __init__(self, turn: Turn, profile: Profile) -> None:
        self._turn = turn
        self._state = replace(turn.state, profile=profile)
        self._has_listened = self._state.mode is Mode.LISTENING
        self._begun: dict[int, int] = {}
        self._is_held = False
        self._sounds_at: int | None = None

    def verdict(self) -> Verdict | None:
        """Let it happen."""
        for at, event in self._turn.events:
            if (sounded_at := self._pass_to(at)) is not None:
                return self._verdict(sounded_at)
            self._take(event, at)
        sounded_at = self._pass_to(self._turn.ended_at + HORIZON_NS)
        return None if sounded_at is None else self._verdict(sounded_at)

    def _verdict(self, sounded_at: int) -> Verdict:
        delay_ns = sounded_at - self._turn.ended_at
        return Verdict(CUT_OFF if delay_ns < 0 else ns_to_ms(delay_ns), len(self._begun) - 1)

    def _pass_to(self, at: int) -> int | None:
        """Let deadlines fall due up to an instant; when the answer sounded, if it did."""
        while self._has_listened:
            due = self._state.deadlines.earliest()
            sounds_at = None if self._is_held else self._sounds_at
            if sounds_at is not None and sounds_at <= at and (due is None or sounds_at <= due):
                return sounds_at
            if due is None or due > at:
                return None
            self._take(Tick(), due)
        return None

    def _take(self, event: Event, at: int) -> None:
        before = self._state.mode
        self._state, effects = step(self._state, event, max(at, self._state.now))
        mode, now = self._state.mode, self._state.now
        for effect in effects:
            self._note(effect, now)
        self._has_listened = self._has_listened or mode is Mode.LISTENING
        if mode is Mode.LISTENING:
            self._sounds_at, self._is_held = None, False
        elif before is Mode.LISTENING:
            begun_at = self._begun.get(self._state.reply, now)
            self._sounds_at = max(now, begun_at + self._turn.answer_ns)

    def _note(self, effect: Effect, now: int) -> None:
        if isinstance(effect, StartReply | DraftReply | Recite):
            self._begun.setdefault(effect.reply, now)
        elif isinstance(effect, HoldPlayout):
            self._is_held = True
        elif isinstance(effect, ResumePlayout):
            self._is_held = False
            self._sounds_at = max(now, self._sounds_at or now)
