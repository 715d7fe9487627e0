"""How else a call of an agent may go on once a tool says so: the profiles and languages that it may change to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.languages import meant
from fsm.changes import LanguageChanged, ProfileChanged
from fsm.events import Event
from fsm.profile import Phrases, Profile
from tools.context import ToolError


class Wish(Protocol):
    """What of a tool's outcome is meant for the rest of the call."""

    @property
    def profile(self) -> str:
        """The name of the profile that holds from here on; empty: as before."""
        ...

    @property
    def language(self) -> str:
        """The tag of the language that is spoken from here on; empty: as before."""
        ...


@dataclass(frozen=True, slots=True)
class Manners:
    """What one agent may change to in mid-call, by name."""

    profiles: Mapping[str, Profile] = field(default_factory=dict)
    languages: Mapping[str, Phrases] = field(default_factory=dict)
    """By their tags, that of the agent's own language first, and what is said in each."""

    def changes(self, outcome: Wish) -> Iterator[Event]:
        """What a tool's outcome changes, as facts for the machine; a name that is not known changes nothing."""
        if outcome.profile in self.profiles:
            yield ProfileChanged(outcome.profile, self.profiles[outcome.profile])
        if outcome.language in self.languages:
            yield LanguageChanged(outcome.language, self.languages[outcome.language])

    def profile_meant(self, profile: str) -> str:
        """See `tools.call_line.Manner`."""
        if profile not in self.profiles:
            raise ToolError(f"There is no profile called {profile!r}; known are {', '.join(self.profiles)}.")
        return profile

    def language_meant(self, language: str) -> str:
        """See `tools.call_line.Manner`."""
        tag = meant(language, self.languages)
        if tag is None:
            raise ToolError(f"{language!r} is not spoken here; spoken are {', '.join(self.languages)}.")
        return tag
