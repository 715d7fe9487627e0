"""What a simulated person does, and when: the steps of a script.

A step waits for its moment (`when`), with a deadline, so no script hangs. Times are in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fsm.units import NS_PER_MS
from simulator.scene import Scene, plain_words

TALKED_ON_MS = 1_000
"""An agent that began before the person ended, and went on for this long after, took no notice: wait for its end."""


class IfLate(StrEnum):
    """What a person does when the moment does not come."""

    GO_AHEAD = "go-ahead"
    SKIP = "skip"
    HANG_UP = "hang-up"


@dataclass(frozen=True, slots=True)
class AfterAgentFinished:
    """The agent answered and has been silent for `silence_ms`, and then `gap_ms` more."""

    gap_ms: int = 0
    silence_ms: int = 700
    timeout_ms: int = 30_000
    if_late: IfLate = IfLate.GO_AHEAD

    def due_at(self, scene: Scene) -> int | None:
        """The instant, as far as it is known."""
        if not scene.utterances:
            return None
        last = scene.utterances[-1]
        is_answer = last.started_at >= scene.turn_ended_at
        has_talked_on = last.ended_at - scene.turn_ended_at >= TALKED_ON_MS * NS_PER_MS
        if not (is_answer or has_talked_on):
            return None
        return last.ended_at + (self.silence_ms + self.gap_ms) * NS_PER_MS


@dataclass(frozen=True, slots=True)
class AfterWords:
    """The agent said `words` since the person's last contribution; case and punctuation do not matter."""

    words: str
    delay_ms: int = 0
    timeout_ms: int = 20_000
    if_late: IfLate = IfLate.SKIP

    def due_at(self, scene: Scene) -> int | None:
        """The instant, as far as it is known."""
        wanted = plain_words(self.words)
        assert wanted, "there is nothing to wait for in an empty phrase"
        recent = [word for word in scene.heard if word.ended_at >= scene.turn_ended_at]
        spelled = [(plain, word.ended_at) for word in recent for plain in plain_words(word.text)]
        for begin in range(len(spelled) - len(wanted) + 1):
            part = spelled[begin : begin + len(wanted)]
            if [plain for plain, _ in part] == wanted:
                return part[-1][1] + self.delay_ms * NS_PER_MS
        return None


@dataclass(frozen=True, slots=True)
class IntoAgentSpeech:
    """The agent has been speaking for `after_ms`, and still speaks; the utterance under way counts if it is younger."""

    after_ms: int = 1_000
    timeout_ms: int = 20_000
    if_late: IfLate = IfLate.SKIP

    def due_at(self, scene: Scene) -> int | None:
        """The instant, as far as it is known."""
        if not scene.is_agent_speaking:
            return None
        due = scene.utterances[-1].started_at + self.after_ms * NS_PER_MS
        return due if due >= scene.armed_at else None


@dataclass(frozen=True, slots=True)
class At:
    """So long after the call began."""

    at_ms: int
    timeout_ms: int = 3_600_000
    if_late: IfLate = IfLate.GO_AHEAD

    def due_at(self, scene: Scene) -> int | None:
        """The instant."""
        return scene.started_at + self.at_ms * NS_PER_MS


@dataclass(frozen=True, slots=True)
class AtOnce:
    """As soon as the step before it is done, and `delay_ms` more."""

    delay_ms: int = 0
    timeout_ms: int = 3_600_000
    if_late: IfLate = IfLate.GO_AHEAD

    def due_at(self, scene: Scene) -> int | None:
        """The instant."""
        return scene.armed_at + self.delay_ms * NS_PER_MS


When = AfterAgentFinished | AfterWords | IntoAgentSpeech | At | AtOnce


@dataclass(frozen=True, slots=True)
class Say:
    """Say `text`: a contribution of one's own. It may hold marks (`simulator.script_marks`); loudness 1 is usual."""

    text: str
    when: When = AfterAgentFinished()
    ms_per_char: int | None = None
    loudness: float = 1.0


@dataclass(frozen=True, slots=True)
class Backchannel:
    """A sign of listening: no bid for the floor."""

    text: str = "mm-hmm"
    when: When = IntoAgentSpeech()
    ms_per_char: int | None = None
    loudness: float = 1.0


@dataclass(frozen=True, slots=True)
class Hesitate:
    """A hesitation that nothing follows, such as "um": a vocal tic, no bid for the floor."""

    text: str = "um"
    when: When = IntoAgentSpeech()
    ms_per_char: int | None = None
    loudness: float = 1.0


@dataclass(frozen=True, slots=True)
class Aside:
    """Words to somebody else in the room, away from the telephone: not for the agent."""

    text: str
    when: When = IntoAgentSpeech()
    ms_per_char: int | None = None
    loudness: float = 0.5


@dataclass(frozen=True, slots=True)
class Background:
    """The words of others: a television, children, the next table."""

    text: str
    when: When = IntoAgentSpeech()
    ms_per_char: int | None = None
    loudness: float = 0.25


@dataclass(frozen=True, slots=True)
class Cough:
    """A cough; without `duration_ms` as long as it happens to be."""

    when: When = IntoAgentSpeech()
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Laugh:
    """A laugh; without `duration_ms` as long as it happens to be."""

    when: When = IntoAgentSpeech()
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sneeze:
    """A sneeze; without `duration_ms` as long as it happens to be."""

    when: When = IntoAgentSpeech()
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ClearThroat:
    """Somebody clears their throat; without `duration_ms` for as long as it happens to take."""

    when: When = IntoAgentSpeech()
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Mumble:
    """A voice without words."""

    duration_ms: int = 600
    when: When = IntoAgentSpeech()


@dataclass(frozen=True, slots=True)
class Noise:
    """Sound that is no voice, `level` RMS (linear): a car, a street."""

    duration_ms: int
    level: int = 1_500
    when: When = IntoAgentSpeech()


@dataclass(frozen=True, slots=True)
class Music:
    """Hold music: the agent was put on hold."""

    duration_ms: int
    when: When = AfterAgentFinished()


@dataclass(frozen=True, slots=True)
class Beep:
    """The steady tone after which an answering machine records."""

    duration_ms: int = 400
    hz: int = 1_000
    when: When = AtOnce()


@dataclass(frozen=True, slots=True)
class Play:
    """Any mu-law audio, `text` being what it says; a contribution, unless `takes_floor` is false."""

    audio: bytes = field(repr=False)
    text: str = ""
    when: When = AfterAgentFinished()
    takes_floor: bool = True


@dataclass(frozen=True, slots=True)
class Pause:
    """Be silent for a while, as within a sentence."""

    duration_ms: int
    when: When = AtOnce()


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, `gap_ms` apart: a contribution, too."""

    digits: str
    when: When = AfterAgentFinished()
    gap_ms: int = 200


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up, also when the moment does not come."""

    when: When = AfterAgentFinished(if_late=IfLate.HANG_UP)


Step = (
    Say
    | Backchannel
    | Hesitate
    | Aside
    | Background
    | Cough
    | Laugh
    | Sneeze
    | ClearThroat
    | Mumble
    | Noise
    | Music
    | Beep
    | Play
    | Pause
    | Press
    | HangUp
)
Script = Sequence[Step]
