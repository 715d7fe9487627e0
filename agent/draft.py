"""A reply that is prepared while the caller may still go on: nothing of it leaves until it is adopted."""

from collections.abc import Sequence
from typing import Protocol

from agent.errors import Fault
from agent.fence import Owner
from agent.ports import Alignment, ToolSchema
from agent.reply import Reply
from agent.services import Services
from agent.tongues import Speech
from fsm.events import Event, ReplyFailed, Stage, ToolCall, ToolsRequested
from fsm.transcript import Message
from fsm.units import samples_to_ms


class Mouth(Protocol):
    """Who speaks the reply once it is adopted, under the number that it has."""

    def take_audio(self, clause: str, spoken: str, audio: Sequence[tuple[bytes, Alignment | None]]) -> None:
        """A clause that the voice was given already, and what there is of its sound."""

    def say(self, reply: int, clause: str) -> None:
        """Speak one more clause."""

    def finish(self, reply: int) -> None:
        """No more text comes."""

    def on_spoken(self, utterance: int) -> None:
        """All sound is there."""


class Ahead(Protocol):
    """Who runs tools before they are ordered."""

    def run_ahead(self, reply: int, call: ToolCall) -> None:
        """Run it now; what it answers is kept until it is ordered."""

    def forget(self) -> None:
        """It will not be ordered."""


class Draft:
    """The owner and the speaker of a reply that nobody may hear: all it does is kept, its first clause as sound.

    Only the first clause goes to the voice, so that a draft that is dropped costs little. Of the tools that the model
    asks for those that only read are run ahead, no others. That they were asked for is told once the draft is adopted,
    as failures are, and never if it is dropped.
    """

    def __init__(
        self, number: int, services: Services, speech: Speech, owner: Owner, tools: Sequence[ToolSchema], ahead: Ahead
    ) -> None:
        self.number = number
        self._ahead = ahead
        self._pure = frozenset(tool.name for tool in tools if tool.is_pure)
        self._voice = speech.voice
        self._pronounce = speech.pronounce
        self._clock = services.clock
        self._owner = owner
        self._stamps: list[tuple[int, str]] = []
        self._events: list[Event] = []
        self._notes: list[tuple[str, dict[str, object]]] = []
        self._clauses: list[str] = []
        self._spoken = ""
        self._audio: list[tuple[bytes, Alignment | None]] = []
        self._is_finished = self._is_voiced = False
        self.reply = Reply(number, services.model, tools, self, self)

    # --- what the reply does: kept --------------------------------------------------------------------------------

    def say(self, reply: int, clause: str) -> None:
        """The first clause goes to the voice, the others wait."""
        assert reply == self.number, f"a draft speaks for reply {self.number}, not {reply}"
        self._clauses.append(clause)
        if len(self._clauses) == 1:
            self._spoken = self._pronounce(clause)
            self._voice.say(self.number, self._spoken)

    def finish(self, reply: int) -> None:
        """No more text comes; a voice that was given all of it is told so."""
        assert reply == self.number, f"a draft speaks for reply {self.number}, not {reply}"
        self._is_finished = True
        if len(self._clauses) == 1:
            self._voice.finish(self.number)

    def feed(self, event: Event) -> None:
        """Not a fact before the draft is adopted; what only reads may begin to."""
        self._events.append(event)
        if isinstance(event, ToolsRequested):
            for call in event.calls:
                if call.name in self._pure:
                    self._ahead.run_ahead(self.number, call)
                    self._owner.note("tool_ran_ahead", reply=self.number, tool=call.name)

    def stamp(self, stage: str, at: int | None = None) -> None:
        """An instant on the way of the answer, if it becomes one."""
        self._stamps.append((self._clock.now() if at is None else at, stage))

    def note(self, note: str, **data: object) -> None:
        """Worth knowing if the draft is adopted."""
        self._notes.append((note, data))

    def note_fault(self, fault: Fault) -> None:
        """Worth knowing in any case."""
        self._owner.note_fault(fault)

    def on_mistake(self, error: Exception) -> None:
        """The same."""
        self._owner.on_mistake(error)

    # --- what the voice delivers: kept ----------------------------------------------------------------------------

    def on_audio(self, audio: bytes, alignment: Alignment | None) -> None:
        """Sound of the first clause."""
        if audio and not self._audio:
            self.stamp("first_audio")
        self._audio.append((audio, alignment))

    def on_spoken(self) -> None:
        """All sound of a reply of one clause."""
        self._is_voiced = True

    def on_voice_failed(self, fault: Fault) -> None:
        """No more sound comes."""
        self._events.append(
            ReplyFailed(self.number, Stage.VOICE, str(fault.kind), fault.is_retryable, fault.retry_after_ms or 0)
        )

    # --- its end --------------------------------------------------------------------------------------------------

    @property
    def has_audio(self) -> bool:
        """Whether some of it could sound."""
        return any(audio for audio, _ in self._audio)

    def adopt(self, mouth: Mouth) -> Reply:
        """The reply is the present one: everything that was kept happens now, in the order in which it came about."""
        for at, stage in self._stamps:
            self._owner.stamp(stage, at)
        ready_samples = sum(len(audio) for audio, _ in self._audio)
        self._owner.note("draft_adopted", reply=self.number, ready_ms=samples_to_ms(ready_samples))
        self.reply.hand_over(mouth, self._owner)
        first, *others = self._clauses or [""]
        if first:
            mouth.take_audio(first, self._spoken, self._audio)
        for clause in others:
            mouth.say(self.number, clause)
        if self._is_finished and others:
            mouth.finish(self.number)
        if self._is_voiced:
            mouth.on_spoken(self.number)
        for note, data in self._notes:
            self._owner.note(note, **data)
        for event in self._events:
            self._owner.feed(event)
        return self.reply

    def drop(self) -> None:
        """As if it had never been; what it cost is on record."""
        if self._clauses:
            self._voice.drop(self.number)
        self.reply.cancel()
        self._ahead.forget()
        characters = len(self._spoken)
        self._owner.note("draft_dropped", reply=self.number, tokens=self.reply.tokens, characters=characters)


class Drafts:
    """The draft of one call that there is, if any."""

    def __init__(self, services: Services, speech: Speech, owner: Owner) -> None:
        self._services = services
        self._speech = speech
        self._owner = owner
        self._draft: Draft | None = None

    def begin(self, number: int, messages: Sequence[Message], tools: Sequence[ToolSchema], ahead: Ahead) -> None:
        """Have the model answer `messages`, for us alone."""
        assert self._draft is None, f"draft {number} while there is another"
        self._draft = Draft(number, self._services, self._speech, self._owner, tools, ahead)
        self._draft.reply.ask(messages)

    def of(self, number: int) -> Draft | None:
        """The draft of that number, if it is the one there is."""
        return self._draft if self._draft is not None and self._draft.number == number else None

    def take(self, number: int) -> Draft:
        """The draft, to be adopted: there is none any more."""
        draft = self.of(number)
        assert draft is not None, f"there is no draft {number}"
        self._draft = None
        return draft

    def drop(self) -> None:
        """Forget the draft, if there is one."""
        if self._draft is not None:
            self._draft.drop()
            self._draft = None
