"""How a tool call ends: one bounded text for the model, and what became of what was to be done."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from tools.brief import MAX_CHARS, brief
from tools.context import Changes, EndsCall, Expects, NotDone, ToolError, ToolFailed
from tools.tool import Kind, Tool

MAX_RESULT_CHARS = MAX_CHARS
"""About a thousand tokens: what a spoken answer could need, and no more."""

BROKE = "The tool broke. Say that this does not work right now, and offer another way."
BROKE_HALF_WAY = "The tool broke; it may be done or not. Say neither that it is done nor that it failed."


class Fate(StrEnum):
    """What became of an effect."""

    DONE = "done"
    NOT_DONE = "not done"
    """Nothing was changed: it may be tried again."""
    UNSURE = "unsure"
    """It may have happened; nobody here can tell."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one ending of a tool call; `result` is JSON text for the model.

    `ends_call`: the call is over once the reply was heard. `ends_round`: the model made the same mistake again, and
    is to ask for no more tools in this turn. `expects`: what the caller will be asked for, see `Expects`.
    `profile`, `language`: those that hold from here on, see `Changes`.
    """

    result: str
    failed: bool = False
    ends_call: bool = False
    ends_round: bool = False
    expects: str = ""
    profile: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """An outcome, and what became of what was to be done."""

    outcome: Outcome
    fate: Fate = Fate.DONE


def ending_of(value: object) -> Ending:
    """The ending for what a tool answered. Raises TypeError for what JSON cannot hold."""
    match value:
        case EndsCall(answer):
            return Ending(Outcome(bounded_json(answer), ends_call=True))
        case NotDone(answer):
            return Ending(Outcome(bounded_json(answer)), Fate.NOT_DONE)
        case Expects(answer, reply):
            return Ending(Outcome(bounded_json(answer), expects=reply))
        case Changes(answer, profile, language):
            return Ending(Outcome(bounded_json(answer), profile=profile, language=language))
        case _:
            return Ending(Outcome(bounded_json(value)))


def broken(tool: Tool, error: Exception) -> Ending:
    """The ending for what a tool raised; its text reaches the model only where the tool meant it to."""
    if isinstance(error, ToolError):
        return Ending(failure(str(error)), Fate.NOT_DONE)
    told = BROKE_HALF_WAY if tool.terms.kind is Kind.EFFECT else BROKE
    if isinstance(error, ToolFailed) and error.told:
        told += f" It says: {error.told}"
    return Ending(failure(told, say=tool.terms.on_failure), Fate.UNSURE)


def too_late(tool: Tool) -> Outcome:
    """What the model is told when a tool's deadline passed."""
    seconds = f"{tool.terms.deadline_ms / 1_000:g} s"
    if tool.terms.kind is Kind.PURE:
        told = f"No answer within {seconds}. Say so, and offer another way."
    else:
        told = f"Not confirmed within {seconds}; it may still be done. Say neither that it is done nor that it failed."
    return failure(told, say=tool.terms.on_failure)


def failure(text: str, *, say: str = "", ends_round: bool = False) -> Outcome:
    """Something went wrong: `text` for the model, `say` a sentence fit for the caller."""
    told = {"error": text, "say": say} if say else {"error": text}
    return Outcome(bounded_json(told), failed=True, ends_round=ends_round)


def bounded_json(value: object) -> str:
    """`value` as JSON text of at most `MAX_RESULT_CHARS`; raises TypeError for what JSON cannot hold.

    What is too long is cut before it is written, so that its size costs nothing: see `brief`. And `<|`, which begins
    what some servers take for marks of their own, is spelt otherwise: an answer is data and opens no new message.
    """
    try:
        return _json(brief(value))
    except (PydanticSerializationError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise TypeError(f"a tool must answer with what JSON can hold, got {type(value).__name__}") from error


def _json(value: Any) -> str:  # noqa: ANN401 - whatever `brief` left of an answer
    return to_json(value, inf_nan_mode="null").decode().replace("<|", "<!")
