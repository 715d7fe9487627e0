"""Whose fault it was. Provider and network trouble is a value that becomes an event, never a stray exception."""

from dataclasses import dataclass
from enum import StrEnum


class Whose(StrEnum):
    """Who would have to mend it."""

    OURS = "ours"
    CALLER_LEG = "caller_leg"
    PROVIDER = "provider"
    SETTINGS = "settings"


class FaultKind(StrEnum):
    """What happened, in words that hold for every provider."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED_KEY = "refused_key"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    BAD_REQUEST = "bad_request"
    BAD_MESSAGE = "bad_message"
    CLOSED = "closed"
    STALLED = "stalled"
    CUT_SHORT = "cut_short"


RETRYABLE = frozenset(
    {
        FaultKind.UNREACHABLE,
        FaultKind.TIMEOUT,
        FaultKind.RATE_LIMITED,
        FaultKind.OVERLOADED,
        FaultKind.CLOSED,
        FaultKind.STALLED,
        FaultKind.CUT_SHORT,
    }
)
"""Kinds after which the same request may succeed; the rest need a person."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure of one provider, fit for a log line: never holds a key or a caller's words."""

    whose: Whose
    provider: str
    kind: FaultKind
    detail: str
    retry_after_ms: int | None = None

    @property
    def is_retryable(self) -> bool:
        """Whether asking again may help."""
        return self.kind in RETRYABLE

    def __str__(self) -> str:
        return f"{self.provider}: {self.kind}: {self.detail} (fault: {self.whose})"


class SettingsError(ValueError):
    """A setting is missing or wrong; the message says which, what was expected and what to do."""
