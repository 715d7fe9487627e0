"""The rules of a business's scripted brain: a TOML table that is read aloud as it is written.

A goal is something a caller may want. Its steps are done in order: ask for a value, confirm what is known, call a tool.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

TABLE = ConfigDict(extra="forbid", frozen=True)

FILE = "brain.toml"
"""The rules' file in an agent's folder."""


class RulesError(Exception):
    """The rules cannot be used; says where they lie and what is wrong."""


def _pattern(phrases: object) -> object:
    """Phrases as one pattern of whole words; they may be regular expressions."""
    if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
        return phrases
    try:
        return re.compile(rf"\b(?:{'|'.join(phrases)})\b")
    except re.error as error:
        raise ValueError(f"expected phrases or regular expressions: {error}") from None


Phrases = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


class Value(BaseModel):
    """Something that a caller tells."""

    model_config = TABLE

    kind: Literal["digits", "day", "time", "name", "money", "choice", "words"]
    ask: str
    digits: int = 0
    """Of `digits`: so many."""
    choices: dict[str, Phrases] = Field(default_factory=dict)
    """Of `choice`: what it may be, each with the phrases that say so; the first that is found."""


class Says(BaseModel):
    """What is said to a tool's answer: the first whose `when` fits it."""

    model_config = TABLE

    text: str = ""
    when: dict[str, Any] = Field(default_factory=dict)
    """Values that the answer must have; none: fits whatever came."""
    forget: tuple[str, ...] = ()
    """Values that are to be asked for again."""
    takes: dict[str, str] = Field(default_factory=dict)
    """Values to take from the answer, by their path in it: "appointments.0.appointment_id"."""
    stops: bool = False
    """The goal is over."""
    then: str = ""
    """The goal that follows."""


class Step(BaseModel):
    """One thing to do: exactly one of `ask`, `confirm`, `call`."""

    model_config = TABLE

    ask: str = ""
    """A value to ask for, unless the caller told it already."""
    confirm: str = ""
    """A question that is answered with yes or no; on "no" the goal is over, or what is in `forget` is asked again."""
    forget: tuple[str, ...] = ()
    call: str = ""
    """A tool."""
    arguments: dict[str, str] = Field(default_factory=dict)
    """Its arguments: texts with values in braces; a value alone keeps its type."""
    first: str = ""
    """What is said in the same answer as the call, before it."""
    unless: str = ""
    """A value that makes the step needless where it is known; so does a tool that is not there."""
    says: tuple[Says, ...] = ()
    """What is said to its answer; nothing that fits: the next step follows."""


class Goal(BaseModel):
    """Something that a caller may want."""

    model_config = TABLE

    name: str
    wants: Phrases
    """Phrases by which it is known."""
    steps: tuple[Step, ...] = Field(min_length=1)
    declined: str = "All right, I leave everything as it is."


class Answer(BaseModel):
    """A question that has one answer."""

    model_config = TABLE

    wants: Phrases
    text: str


class Rules(BaseModel):
    """All that a scripted brain knows of a business."""

    model_config = TABLE

    opening: str = "What can I do for you?"
    more: str = "Is there anything else I can do?"
    goodbye: str = "Goodbye, and thank you for calling."
    values: dict[str, Value] = Field(default_factory=dict)
    goals: tuple[Goal, ...] = ()
    answers: tuple[Answer, ...] = ()
    otherwise: Literal["", "appointments"] = ""
    """Who answers while the caller wants none of the goals: the brain that books appointments."""


@cache
def load_rules(path: Path) -> Rules:
    """The rules in a file. Raises `RulesError`."""
    try:
        rules = Rules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RulesError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RulesError(f"{path}: {where}: {first['msg']}") from None
    except ValueError as error:
        raise RulesError(f"{path}: not TOML: {error}") from None
    if unknown := sorted({step.ask for goal in rules.goals for step in goal.steps if step.ask} - set(rules.values)):
        raise RulesError(f"{path}: a step asks for {unknown[0]!r}, of which there is no [values.{unknown[0]}]")
    return rules
