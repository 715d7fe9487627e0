"""What the parts of a call ask of it, and the fence around them: our own mistake ends its call and no other."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from agent.errors import Fault
from fsm.events import Event


class Owner(Protocol):
    """The call, as its parts see it."""

    def feed(self, event: Event) -> None:
        """A fact to decide on."""

    def stamp(self, stage: str, at: int | None = None) -> None:
        """An instant (ns, None: now) on the way of an answer, for the latency ledger."""

    def note(self, note: str, **data: object) -> None:
        """Something else worth knowing."""

    def note_fault(self, fault: Fault) -> None:
        """A provider failed: whoever runs the server wants to know."""

    def on_mistake(self, error: Exception) -> None:
        """An exception that nobody expects: the call cannot go on."""


class Part(Protocol):
    """Something that a call consists of."""

    @property
    def owner(self) -> Owner:
        """Its call."""
        ...


Self = TypeVar("Self", bound=Part)
Arguments = ParamSpec("Arguments")


def fenced(method: Callable[Concatenate[Self, Arguments], None]) -> Callable[Concatenate[Self, Arguments], None]:
    """Wraps a callback that others call on a part: what it raises ends the call, and never reaches the others."""

    @wraps(method)
    def guarded(part: Self, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            method(part, *args, **kwargs)
        except Exception as error:  # whatever it is, only this call may suffer from it
            part.owner.on_mistake(error)

    return guarded
