"""What the language model answers in a call script."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from simulator.scenario.model_steps import TABLE, Text

Times = Annotated[int, Field(ge=1, le=10_000)]
ToolName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class CallTable(BaseModel):
    """A tool that the model asks for."""

    model_config = TABLE

    call: ToolName
    """The tool's name."""
    arguments: dict[str, Any] | None = None
    """Its arguments; none unless told."""
    raw_arguments: str | None = None
    """The same as the model writes it, instead: for JSON that is broken."""


class ReplyTable(BaseModel):
    """One answer: what it says, the tools it asks for, or both."""

    model_config = TABLE

    say: str | None = None
    """The text."""
    call: ToolName | None = None
    """A tool it asks for."""
    arguments: dict[str, Any] | None = None
    """The arguments of `call`."""
    raw_arguments: str | None = None
    """The same as the model writes it, instead: for JSON that is broken."""
    calls: list[CallTable] | None = None
    """Several tools at once, instead of `call`."""


class AnswerTable(ReplyTable):
    """An answer, and what it answers: the first one that fits is given."""

    asked: Text | None = None
    """A regular expression that is found in the caller's last words; case does not matter."""
    after_tool: ToolName | None = None
    """Given when the result of this tool has just come. Without it, an answer never follows a tool."""
    times: Times | None = None
    """How often it can be given; without it, always."""


def _as_table(reply: object) -> object:
    return {"say": reply} if isinstance(reply, str) else reply


Reply = Annotated[ReplyTable, BeforeValidator(_as_table)]
"""Or its text alone."""


class ModelTable(BaseModel):
    """What the language model answers.

    Nothing: the bundled brain that books appointments. Scripted replies and answers must all be used; what none of
    them answers is left to `brain`, then to `fallback`, and else is a mistake of the script.
    """

    model_config = TABLE

    brain: Literal["appointments"] | None = None
    """Who answers where nothing scripted does."""
    replies: list[Reply] | None = None
    """Answers in order, one a request: texts, or tables with `say` and `call`. Asked the same again, the model answers
    the same again, so a repeated request costs none."""
    answers: list[AnswerTable] | None = None
    """Answers by what was asked; the first that fits."""
    fallback: Text | None = None
    """What is said where nothing else fits."""
