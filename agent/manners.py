"""How else a call of an agent may go on once a tool says so: the named profiles that it may change to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fsm.changes import ProfileChanged
from fsm.events import Event
from fsm.profile import Profile


class Wish(Protocol):
    """What of a tool's outcome is meant for the rest of the call."""

    @property
    def profile(self) -> str:
        """The name of the profile that holds from here on; empty: as before."""
        ...


@dataclass(frozen=True, slots=True)
class Manners:
    """What one agent may change to in mid-call, by name."""

    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def changes(self, outcome: Wish) -> Iterator[Event]:
        """What a tool's outcome changes, as facts for the machine; a name that is not known changes nothing."""
        if outcome.profile in self.profiles:
            yield ProfileChanged(outcome.profile, self.profiles[outcome.profile])
