"""The languages that come with us: what they are called, and what an agent says in them without asking its model."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from fsm.profile import Phrases

FOLDER = Path(__file__).parent / "languages"


def language_names() -> list[str]:
    """The codes of the languages that come with us."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def code_of(tag: str) -> str:
    """The language of a tag: `es` of `es-MX`."""
    return tag.partition("-")[0].lower()


@cache
def _table_of(code: str) -> dict[str, Any]:
    path = FOLDER / f"{code}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if code in language_names() else {}


def phrases_in(tag: str) -> dict[str, str]:
    """The phrases of a language that differ from the English ones; none for one that does not come with us."""
    return dict(_table_of(code_of(tag)).get("phrases", {}))


def spoken_in(tag: str) -> dict[str, str]:
    """What the telephone network's own voice says in a language: `busy`, `sorry`, `take_call`; none as above."""
    return dict(_table_of(code_of(tag)).get("spoken", {}))


def unsaid_in(tag: str, own: Iterable[str]) -> list[str]:
    """The phrases that an agent must have of its `own` to speak a language, since none come with us."""
    if code_of(tag) in language_names():
        return []
    return [name for name in Phrases.texts() if name not in own]


def meant(language: str, known: Iterable[str]) -> str | None:
    """Which of the `known` tags `language` means: a tag, another region's tag, or a name; None: none of them."""
    wanted = language.strip().lower()
    for says in (
        lambda tag: tag.lower() == wanted,
        lambda tag: code_of(tag) == code_of(wanted),
        lambda tag: wanted in (name.lower() for name in _table_of(code_of(tag)).get("names", [])),
    ):
        found = next((tag for tag in known if says(tag)), None)
        if found is not None:
            return found
    return None
