"""What a tool may know of the call that it serves, and the special things that it may answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

PortT = TypeVar("PortT")


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The call a tool runs for; handed to every tool that has a parameter of this type.

    `caller` is the caller's number, empty when withheld. `data` is the directory of the business's databases.
    `now` tells the business's local time; it is a function, so that a simulation's clock serves as well as the wall's.
    `key` is the idempotency key of what is being done: the same for the same intent, whoever repeats it. `ports` are
    what else the house offers, each under the Protocol that describes it.
    """

    call_id: str
    caller: str
    data: Path
    now: Callable[[], datetime]
    key: str = ""
    ports: Mapping[type, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def today(self) -> date:
        """The business's present day."""
        return self.now().date()

    def port(self, kind: type[PortT]) -> PortT:
        """What the house offers under the Protocol `kind`; raises `ToolError` where it offers none."""
        offered: PortT | None = self.ports.get(kind)
        if offered is None:
            raise ToolError(f"This cannot be done on this line: it has no {kind.__name__}.")
        return offered


class ToolError(Exception):
    """Nothing was done, and the message says why; it is fit to be read by the model and spoken to a caller."""


class ToolFailed(Exception):  # noqa: N818 - a fact about the tool, not a mistake in it
    """It failed for a reason outside of this program, which was logged where it was met; what was done is not known.

    `told` is what the model may know of it.
    """

    def __init__(self, reason: str, *, told: str = "") -> None:
        super().__init__(reason)
        self.told = told


@dataclass(frozen=True, slots=True)
class NotDone:
    """An effect's answer when it changed nothing: unlike one that happened, it may be tried again."""

    answer: object


@dataclass(frozen=True, slots=True)
class Expects:
    """A tool's answer after which the caller will be asked for something: how long they are listened to depends on it.

    `reply` says what, as an agent's `[phrases.expect]` does: "yes_no", "digits(6)", "date_time", "name", "address".
    """

    answer: object
    reply: str


@dataclass(frozen=True, slots=True)
class Changes:
    """A tool's answer after which the call goes on otherwise: under another profile, or in another language.

    By the names that `CallLine` knows; empty: as before.
    """

    answer: object
    profile: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class EndsCall:
    """A tool's answer after which the call is over, once the caller heard the reply."""

    answer: object
