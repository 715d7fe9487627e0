"""A reply that is prepared while the caller may still go on: nothing of it leaves until it is adopted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.draft_round import DraftRound, Mouth
from agent.errors import Fault
from agent.fence import Owner, fenced
from agent.opening_clauses import OpeningClauses
from agent.ports import Alignment, ToolSchema
from agent.reply import Reply
from agent.services import Services, ToolOutcome
from agent.tongues import Speech
from fsm.events import Event, ReplyFailed, Stage, ToolCall, ToolsRequested
from fsm.transcript import Message, with_result, with_tool_round
from fsm.units import samples_to_ms


class Ahead(Protocol):
    """Who runs tools before they are ordered."""

    def run_ahead(self, reply: int, call: ToolCall, on_outcome: Callable[[ToolOutcome], None]) -> None:
        """Run it now; what it answers is told, and kept until it is ordered."""

    def forget(self, reply: int) -> None:
        """What runs for that reply, or did, will not be ordered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a draft answers, and with what: `tool_rounds` is how often the model may ask for tools."""

    messages: tuple[Message, ...]
    tools: Sequence[ToolSchema]
    ahead: Ahead
    tool_rounds: int


class Draft:
    """The owner and the speaker of a reply that nobody may hear: all it does is kept, round by round.

    Only the first clause that is no opening goes to the voice, so that a draft that is dropped costs little. Of the
    tools that the model asks for those that only read are run ahead, no others. Where all of a round are such, and
    nothing but openings was said before them, the model is told their results and asked for the next round. That tools
    were asked for is told once the draft is adopted, as failures are, and never if it is dropped.
    """

    def __init__(
        self, number: int, asked: Asked, services: Services, speech: Speech, openings: OpeningClauses, owner: Owner
    ) -> None:
        self.number = number
        self.owner = owner
        self.openings = openings
        self._asked = asked
        self._messages = asked.messages
        self._pure = frozenset(tool.name for tool in asked.tools if tool.is_pure)
        self._voice = speech.voice
        self._pronounce = speech.pronounce
        self._clock = services.clock
        self._rounds = [DraftRound()]
        self._request: ToolsRequested | None = None
        self._results: dict[str, str] = {}
        self._tool_rounds = 0
        self._is_adopted = False
        self.reply = Reply(number, services.model, asked.tools, self, self)
        self.reply.ask(self._messages)

    @property
    def _round(self) -> DraftRound:
        """The one under way."""
        return self._rounds[-1]

    # --- what the reply does: kept --------------------------------------------------------------------------------

    def say(self, reply: int, clause: str) -> None:
        """The first clause goes to the voice, the others wait; an opening is there already."""
        assert reply == self.number, f"a draft speaks for reply {self.number}, not {reply}"
        written = self._round
        if not written.clauses and (clip := self.openings.clip(clause)) is not None:
            if not written.clips:
                self.stamp("first_audio")
            written.clips.append(clip)
            return
        written.clauses.append(clause)
        if len(written.clauses) == 1:
            written.spoken = self._pronounce(clause)
            self._voice.say(self.number, written.spoken)

    def finish(self, reply: int) -> None:
        """No more text comes; a voice that was given all of it is told so."""
        assert reply == self.number, f"a draft speaks for reply {self.number}, not {reply}"
        self._round.is_finished = True
        if len(self._round.clauses) == 1:
            self._voice.finish(self.number)

    def feed(self, event: Event) -> None:
        """Not a fact before the draft is adopted; what only reads may begin to."""
        self._round.events.append(event)
        if isinstance(event, ToolsRequested):
            self._request, self._results = event, {}
            self._tool_rounds += 1
            for call in event.calls:
                if call.name in self._pure and self._tool_rounds <= self._asked.tool_rounds:
                    self._run_ahead(event, call)

    def stamp(self, stage: str, at: int | None = None) -> None:
        """An instant on the way of the answer, if it becomes one."""
        self._round.stamps.append((self._clock.now() if at is None else at, stage))

    def note(self, note: str, **data: object) -> None:
        """Worth knowing if the draft is adopted."""
        self._round.notes.append((note, data))

    def note_fault(self, fault: Fault) -> None:
        """Worth knowing in any case."""
        self.owner.note_fault(fault)

    def on_mistake(self, error: Exception) -> None:
        """The same."""
        self.owner.on_mistake(error)

    # --- its tools ------------------------------------------------------------------------------------------------

    def _run_ahead(self, request: ToolsRequested, call: ToolCall) -> None:
        self.owner.note("tool_ran_ahead", reply=self.number, tool=call.name)
        self._asked.ahead.run_ahead(self.number, call, lambda outcome: self._on_outcome(request, call.call_id, outcome))

    @fenced
    def _on_outcome(self, request: ToolsRequested, call_id: str, outcome: ToolOutcome) -> None:
        """A tool returned; with the last one the model goes on, unless others are to decide that."""
        if self._is_adopted or request is not self._request or outcome.ends_call or outcome.ends_round:
            return
        self._results[call_id] = outcome.result
        if len(self._results) == len(request.calls) and not self._round.clauses:
            told = with_tool_round((), request.said, request.calls)
            for call in request.calls:
                told = with_result(told, call.call_id, self._results[call.call_id])
            self._messages = (*self._messages, *told)
            self._rounds.append(DraftRound(told))
            self.reply.ask(self._messages)

    # --- what the voice delivers: kept ----------------------------------------------------------------------------

    def on_audio(self, audio: bytes, alignment: Alignment | None) -> None:
        """Sound of the first clause."""
        if audio and not self._round.ready_samples:
            self.stamp("first_audio")
        self._round.audio.append((audio, alignment))

    def on_spoken(self) -> None:
        """All sound of a reply of one clause."""
        self._round.is_voiced = True

    def on_voice_failed(self, fault: Fault) -> None:
        """No more sound comes."""
        self._round.events.append(
            ReplyFailed(self.number, Stage.VOICE, str(fault.kind), fault.is_retryable, fault.retry_after_ms or 0)
        )

    # --- its end --------------------------------------------------------------------------------------------------

    @property
    def has_audio(self) -> bool:
        """Whether some of its present round could sound."""
        return self._rounds[0].ready_samples > 0 and not self._rounds[0].has_failed

    @property
    def has_more(self) -> bool:
        """Whether there is a round that was not ordered yet."""
        return bool(self._rounds)

    @property
    def uses_voice(self) -> bool:
        """Whether the voice was given words of a round that was not ordered yet."""
        return any(one.clauses for one in self._rounds)

    def adopt(self, mouth: Mouth) -> Reply:
        """The reply is the present one: its first round happens now."""
        self._is_adopted = True
        ready_ms = samples_to_ms(sum(one.ready_samples for one in self._rounds))
        self.owner.note("draft_adopted", reply=self.number, ready_ms=ready_ms)
        self._go_on(mouth)
        return self.reply

    def continue_with(self, messages: Sequence[Message], mouth: Mouth) -> None:
        """The next round is ordered, as the answer to `messages`: it happens now if that is what it answers."""
        answers = self._rounds[0].answers
        if tuple(messages[-len(answers) :]) == answers:
            self._go_on(mouth)
            return
        self.abandon()
        self.owner.feed(ReplyFailed(self.number, Stage.MODEL, "answered something else"))

    def _go_on(self, mouth: Mouth) -> None:
        ordered = self._rounds.pop(0)
        if not self._rounds:
            self.reply.hand_over(mouth, self.owner)
        ordered.happen(self.number, mouth, self.owner)

    def abandon(self) -> None:
        """What was not ordered yet never will be."""
        self.reply.cancel()
        self._request = None
        self._rounds.clear()
        self._asked.ahead.forget(self.number)

    def drop(self) -> None:
        """As if it had never been; what it cost is on record."""
        if self.uses_voice:
            self._voice.drop(self.number)
        characters = sum(len(one.spoken) for one in self._rounds)
        self.abandon()
        self.owner.note("draft_dropped", reply=self.number, tokens=self.reply.tokens, characters=characters)


class Drafts:
    """The draft of one call that there is, if any, and what of the one that was adopted is still to come."""

    def __init__(self, services: Services, speech: Speech, owner: Owner, openings: OpeningClauses) -> None:
        self._services = services
        self._speech = speech
        self._owner = owner
        self._openings = openings
        self._draft: Draft | None = None
        self._rest: Draft | None = None

    def begin(self, number: int, asked: Asked) -> None:
        """Have the model answer, for us alone."""
        assert self._draft is None, f"draft {number} while there is another"
        self._draft = Draft(number, asked, self._services, self._speech, self._openings, self._owner)

    def of(self, number: int) -> Draft | None:
        """The draft of that number that has rounds to come: what its voice delivers is theirs."""
        return next((one for one in (self._draft, self._rest) if one and one.number == number and one.has_more), None)

    def take(self, number: int) -> Draft:
        """The draft, to be adopted: there is none any more, but for what that one has more to come."""
        draft, self._draft = self._draft, None
        assert draft is not None, f"there is no draft {number}"
        assert draft.number == number, f"the draft is {draft.number}, not {number}"
        self._rest = draft
        return draft

    def drop(self) -> None:
        """Forget the draft, if there is one."""
        if self._draft is not None:
            self._draft.drop()
            self._draft = None

    def drop_rest(self) -> None:
        """Forget what was still to come of the one that was adopted."""
        if self._rest is not None:
            self._rest.abandon()
            self._rest = None
