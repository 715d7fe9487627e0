"""What some settings must look like: each reads a variable's text, or tells by its name what was expected."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from agent.errors import SettingsError


def account_sid(name: str, text: str) -> str:
    """The id of a Twilio account."""
    if not re.fullmatch(r"AC\w{1,62}", text, re.ASCII):
        hint = " (SK… is an API key; the account's own id is needed)" if text.startswith("SK") else ""
        raise SettingsError(f"{name} must be an account's id, AC and 32 hexadecimal digits; got {text!r}{hint}")
    return text


def telephone_number(name: str, text: str) -> str:
    """A telephone number with its country's."""
    if not re.fullmatch(r"\+[1-9]\d{6,14}", text, re.ASCII):
        raise SettingsError(f"{name} must be a telephone number like +15551234567; got {text!r}")
    return text


def file_path(_name: str, text: str) -> Path:
    """A place in the file system; `~` is the user's home."""
    return Path(text).expanduser()


def whole(low: int, high: int) -> Callable[[str, str], int]:
    """Reads whole numbers within these bounds."""

    def parse(name: str, text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}; got {text!r}")
        return int(text)

    return parse


def one_of(choices: tuple[str, ...]) -> Callable[[str, str], str]:
    """Reads one of these words, in any case."""

    def parse(name: str, text: str) -> str:
        if text.lower() in choices:
            return text.lower()
        near = get_close_matches(text.lower(), choices, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"{name} must be one of {', '.join(choices)}; got {text!r}{hint}")

    return parse
