"""Facts about how the call is to go on from here: what a tool changed of its policy."""

from dataclasses import dataclass

from fsm.profile import Profile


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """A tool made us more patient, or less: `profile`, called `name`, holds from here on."""

    name: str
    profile: Profile
