"""What callers at Vapi say, and what calls end of there; reasons are an open set (protocols/vapi.md, section 2)."""

from dataclasses import dataclass
from enum import StrEnum

END_CALL, TRANSFER_CALL = "endCall", "transferCall"
"""Tools of Vapi's own."""


class Ended(StrEnum):
    """Why a call that was answered ended."""

    HUNG_UP = "customer-ended-call"
    BY_ASSISTANT = "assistant-ended-call"
    FORWARDED = "assistant-forwarded-call"
    NOT_ASSIGNED = "assistant-request-failed"
    MODEL_FAILED = "pipeline-error-custom-llm-llm-failed"


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """What the caller says: once the assistant was heard, or `after_ms` after their own words before.

    Who does not wait interrupts what is being thought or said.
    """

    text: str
    after_ms: int | None = None
