"""What callers at Vapi say, and what calls end of there; reasons are an open set (protocols/vapi.md, section 2)."""

from dataclasses import dataclass

END_CALL, TRANSFER_CALL = "endCall", "transferCall"
HUNG_UP, ENDED_BY_ASSISTANT, FORWARDED = "customer-ended-call", "assistant-ended-call", "assistant-forwarded-call"
NOT_ASSIGNED, MODEL_FAILED = "assistant-request-failed", "pipeline-error-custom-llm-llm-failed"


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """What the caller says: once the assistant was heard, or `after_ms` after their own words before.

    Who does not wait interrupts what is being thought or said.
    """

    text: str
    after_ms: int | None = None
