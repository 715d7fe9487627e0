"""What Twilio knows of an account and of a call."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from typing import Protocol

from fsm.units import NS_PER_MS, NS_PER_S

API_VERSION = "2010-04-01"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The calendar date of instant 0 of a simulation's clock."""


def fresh_sid(prefix: str, rng: Random) -> str:
    """A Twilio identifier: two letters and 32 hexadecimal digits."""
    return f"{prefix}{rng.getrandbits(128):032x}"


def calendar(at: int) -> str:
    """Instant `at` (ns) as an RFC 2822 date."""
    return format_datetime(EPOCH + timedelta(milliseconds=at // NS_PER_MS))


class Status(StrEnum):
    """The stages of a call."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


FINAL = frozenset({Status.COMPLETED, Status.BUSY, Status.FAILED, Status.NO_ANSWER, Status.CANCELED})


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """An account and its secrets; the shared key signs only where the behaviour asks for it."""

    account_sid: str
    auth_token: str
    shared_key_id: str = "webhooks_sharedkey_1"
    shared_key_secret: str = "shared-key-secret"  # noqa: S105 - a simulation's, worth nothing


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What was set up for a call: whom Twilio asks for TwiML, and whom it tells. Empty URLs are not asked."""

    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    status_callback_events: tuple[str, ...] = ("completed",)
    amd_callback: str = ""
    amd_callback_method: str = "POST"
    time_limit_s: int | None = None


@dataclass(slots=True)
class CallRecord:
    """One call as the REST API tells it; instants are in ns."""

    sid: str
    account_sid: str
    from_number: str
    to_number: str
    created_at: int
    direction: str = "inbound"
    status: Status = Status.QUEUED
    started_at: int | None = None
    ended_at: int | None = None
    answered_by: str = ""
    caller_name: str = ""
    forwarded_from: str = ""
    plan: CallPlan = field(default_factory=CallPlan)

    @property
    def is_final(self) -> bool:
        """Whether the call is over."""
        return self.status in FINAL

    @property
    def duration_s(self) -> int | None:
        """Seconds from the answer to the end, begun ones whole; `None` while there is no end or was no answer."""
        if self.started_at is None or self.ended_at is None:
            return None
        return -((self.started_at - self.ended_at) // NS_PER_S)

    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of every request about this call (section 1)."""
        parameters = [
            ("AccountSid", self.account_sid),
            ("ApiVersion", API_VERSION),
            ("CallSid", self.sid),
            ("CallStatus", self.status.value),
            ("CallToken", "%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9%22%7D"),
            ("Called", self.to_number),
            ("Caller", self.from_number),
            ("Direction", self.direction),
            ("From", self.from_number),
            ("StirVerstat", "TN-Validation-Passed-A"),
            ("To", self.to_number),
        ]
        for party, place in (("Called", ""), ("Caller", "SEATTLE"), ("From", "SEATTLE"), ("To", "")):
            parameters += [
                (f"{party}City", place),
                (f"{party}Country", "US"),
                (f"{party}State", "WA"),
                (f"{party}Zip", ""),
            ]
        optional = (
            ("AnsweredBy", self.answered_by),
            ("CallerName", self.caller_name),
            ("ForwardedFrom", self.forwarded_from),
        )
        return parameters + [(name, value) for name, value in optional if value]


class LiveCall(Protocol):
    """A call under way, as the REST API steers it."""

    record: CallRecord

    def redirect(self, *, url: str = "", method: str = "POST", twiml: str = "") -> None:
        """Drop the running TwiML and run another document."""

    def complete(self) -> None:
        """Hang up for both."""
