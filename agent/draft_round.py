"""One round of a reply that nobody may hear yet: all it does is kept, to happen once it is ordered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agent.fence import Owner
from agent.opening_clauses import Clip
from agent.ports import Alignment
from agent.reply import Speaker
from fsm.events import Event, ReplyFailed
from fsm.transcript import Message


class Mouth(Speaker, Protocol):
    """Who speaks the reply once it is adopted, under the number that it has."""

    def take_opening(self, clip: Clip) -> None:
        """An opening, which sounds before all else."""

    def take_audio(self, clause: str, spoken: str, audio: Sequence[tuple[bytes, Alignment | None]]) -> None:
        """A clause that the voice was given already, and what there is of its sound."""

    def on_spoken(self, utterance: int) -> None:
        """All sound is there."""


@dataclass(slots=True)
class DraftRound:
    """What the model and the voice did in a round, in the order in which it came about.

    `answers`: what the conversation had more than in the round before, when the model was asked. `clips` are openings,
    `clauses` what follows them, the first of which the voice was given as `spoken`.
    """

    answers: tuple[Message, ...] = ()
    stamps: list[tuple[int, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)
    spoken: str = ""
    audio: list[tuple[bytes, Alignment | None]] = field(default_factory=list)
    is_finished: bool = False
    is_voiced: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether what it says will never be complete."""
        return any(isinstance(event, ReplyFailed) for event in self.events)

    @property
    def ready_samples(self) -> int:
        """What there is of its sound."""
        return sum(len(clip.audio) for clip in self.clips) + sum(len(audio) for audio, _ in self.audio)

    def happen(self, number: int, mouth: Mouth, owner: Owner) -> None:
        """All of it, now. Of what cannot be said to its end nothing sounds: it is asked for anew."""
        for at, stage in self.stamps:
            owner.stamp(stage, at)
        if self.has_failed:
            owner.note("draft_failed", reply=number, samples=sum(len(audio) for audio, _ in self.audio))
        else:
            self._speak(number, mouth)
        for note, data in self.notes:
            owner.note(note, **data)
        for event in self.events:
            owner.feed(event)

    def _speak(self, number: int, mouth: Mouth) -> None:
        for clip in self.clips:
            mouth.take_opening(clip)
        first, *others = self.clauses or [""]
        if first:
            mouth.take_audio(first, self.spoken, self.audio)
        for clause in others:
            mouth.say(number, clause)
        if self.is_finished and (others or not first):
            mouth.finish(number)
        if self.is_voiced:
            mouth.on_spoken(number)
