"""Marks within what somebody says: "My number is five five [900 ms] one two", "Well [cough] yes [mumble 400 ms]"."""

import re
from dataclasses import dataclass
from enum import StrEnum

EXPECTED = "[900 ms], [cough], [laugh], [sneeze], [throat], [mumble 400 ms] or [noise 400 ms]"
LONGEST_MS = 60_000

_MARK = re.compile(r"\[([^\[\]]*)\]")
_READ = re.compile(r"(?P<body>cough|laugh|sneeze|throat)|(?:(?P<kind>mumble|noise)\s+)?(?P<ms>\d{1,6})\s*ms")


class MarkKind(StrEnum):
    """What a mark stands for."""

    SILENCE = "silence"
    COUGH = "cough"
    LAUGH = "laugh"
    SNEEZE = "sneeze"
    THROAT = "throat"
    MUMBLE = "mumble"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Mark:
    """A sound after `after_chars` characters of the words; a cough and its like are as long as they happen to be."""

    kind: MarkKind
    after_chars: int
    duration_ms: int = 0


class MarkError(ValueError):
    """A mark nobody can read; the text says what was expected and what came."""


def read_marks(text: str) -> tuple[str, tuple[Mark, ...]]:
    """The words of `text` without marks, and the marks, in order. Raises MarkError."""
    words, marks, at = "", [], 0
    for found in _MARK.finditer(text):
        words = _joined(words, text[at : found.start()])
        marks.append(_read(found, len(words)))
        at = found.end()
    words = _joined(words, text[at:])
    if "[" in words or "]" in words:
        raise MarkError(f"expected every [ to have its ], with {EXPECTED} between, got {text!r}")
    return words, tuple(marks)


def _joined(before: str, after: str) -> str:
    after = " ".join(after.split())
    return f"{before} {after}" if before and after else before or after


def _read(found: re.Match[str], after_chars: int) -> Mark:
    read = _READ.fullmatch(found.group(1).strip())
    if read is None:
        raise MarkError(f"expected {EXPECTED}, got {found.group()}")
    if read["body"]:
        return Mark(MarkKind(read["body"]), after_chars)
    duration_ms = int(read["ms"])
    if not 0 < duration_ms <= LONGEST_MS:
        raise MarkError(f"expected a mark of 1 to {LONGEST_MS} ms, got {found.group()}")
    return Mark(MarkKind(read["kind"] or "silence"), after_chars, duration_ms)
