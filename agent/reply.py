"""One reply: the model's tokens become clauses, clauses go to the voice. It dies with its turn."""

from collections.abc import Sequence
from typing import Protocol

from agent.clauses import Clauses, Openings
from agent.errors import Fault
from agent.fence import Owner, fenced
from agent.ports import Generation, LanguageModel, ToolSchema, Usage
from fsm.events import ReplyFailed, Stage, ToolCall, ToolsRequested
from fsm.transcript import Message


class Speaker(Protocol):
    """Who speaks a reply's clauses."""

    @property
    def openings(self) -> Openings:
        """What a reply may begin with that is a clause of its own."""
        ...

    def say(self, reply: int, clause: str) -> None:
        """Speak one more clause of `reply`."""

    def finish(self, reply: int) -> None:
        """No more text of `reply` comes."""


class Reply:
    """Listens to the model for one reply, through all its rounds; after `cancel` nothing of it has any effect."""

    def __init__(
        self, number: int, model: LanguageModel, tools: Sequence[ToolSchema], speaker: Speaker, owner: Owner
    ) -> None:
        self.number = number
        self.owner = owner
        self._model = model
        self._tools = tools
        self._speaker = speaker
        self._generation: Generation | None = None
        self.tokens = self._tokens_before = 0
        """Those that the model wrote so far: as told, else by the pieces in which they came."""
        self._clauses = Clauses(speaker.openings)
        self._said: list[str] = []
        self._has_spoken = False
        self._has_token = False

    def ask(self, messages: Sequence[Message]) -> None:
        """Have the model answer `messages`: the first round, or the next one after its tools returned."""
        assert self._generation is None, "one generation at a time"
        self._clauses = Clauses(self._speaker.openings)
        self._said = []
        self._has_token = False
        self._tokens_before = self.tokens
        self.owner.stamp("asked")
        self._generation = self._model.generate(messages, self._tools, self)

    def hand_over(self, speaker: Speaker, owner: Owner) -> None:
        """From here on it is spoken and owned by others."""
        self._speaker, self.owner = speaker, owner

    def finish(self) -> None:
        """Nothing more will be said."""
        self._speaker.finish(self.number)

    def cancel(self) -> None:
        """The turn is over."""
        if self._generation is not None:
            self._generation.cancel()
            self._generation = None
            self._note("model_cut")

    # --- what the model says -----------------------------------------------------------------------------------

    @fenced
    def on_token(self, text: str) -> None:
        """The next piece of text."""
        self.tokens += 1
        if not self._has_token:
            self._has_token = True
            self.owner.stamp("first_token")
        for clause in self._clauses.push(text):
            self._say(clause)

    @fenced
    def on_generated(self, calls: tuple[ToolCall, ...], usage: Usage) -> None:
        """The model finished this round."""
        if usage.completion_tokens:
            self.tokens = self._tokens_before + usage.completion_tokens
        self._generation = None
        for clause in self._clauses.flush():
            self._say(clause)
        if calls:
            self.owner.stamp("tools_requested")
            self.owner.feed(ToolsRequested(self.number, calls, " ".join(self._said)))
        elif self._has_spoken:
            self._note("model_said")
            self.finish()
        else:
            self.owner.feed(ReplyFailed(self.number, Stage.MODEL, "empty"))

    @fenced
    def on_generation_failed(self, fault: Fault) -> None:
        """The model failed; what was said of it stands, half a clause is left to the next attempt."""
        self._generation = None
        self.owner.note_fault(fault)
        self.owner.feed(
            ReplyFailed(self.number, Stage.MODEL, str(fault.kind), fault.is_retryable, fault.retry_after_ms or 0)
        )

    def _note(self, note: str) -> None:
        """What the model said in this round: the caller may hear less of it."""
        if self._said:
            self.owner.note(note, reply=self.number, text=" ".join(self._said))

    def _say(self, clause: str) -> None:
        if not self._has_spoken:
            self.owner.stamp("first_clause")
        self._has_spoken = True
        self._said.append(clause)
        self._speaker.say(self.number, clause)
