"""Facts about how the call is to go on from here: what a tool changed of its policy, or of its language."""

from dataclasses import dataclass

from fsm.profile import Phrases, Profile


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """A tool made us more patient, or less: `profile`, called `name`, holds from here on."""

    name: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class LanguageChanged:
    """A tool wants us to go on in `language` (a tag such as `es`), in which we say these `phrases`."""

    language: str
    phrases: Phrases


@dataclass(frozen=True, slots=True)
class LanguageRefused:
    """Nobody transcribes the language that we changed to, and the one before is heard again; `kind` of fault."""

    kind: str
