"""How the emulated Groq behaves: delays, faults and limits, all settable (protocol page, "What an emulator must")."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.delays import Delay


class GroqRefusal(StrEnum):
    """Ways to refuse a request before the stream (protocol page, section 4)."""

    TOOL_USE_FAILED = "tool_use_failed"
    BAD_KEY = "bad_key"
    EDGE_FORBIDDEN = "edge_forbidden"
    UNKNOWN_MODEL = "unknown_model"
    TOO_LARGE = "too_large"
    RATE_LIMITED_REQUESTS = "rate_limited_requests"
    RATE_LIMITED_TOKENS = "rate_limited_tokens"
    FLEX_FULL = "flex_full"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    OVER_CAPACITY = "over_capacity"


class GroqStreamFault(StrEnum):
    """Ways to spoil a stream whose status was 200 already (protocol page, section 2.2)."""

    ERROR_EVENT = "error_event"
    ERROR_DATA = "error_data"
    TOOL_USE_FAILED = "tool_use_failed"
    X_GROQ_ERROR = "x_groq_error"
    RESET = "reset"
    CUT = "cut"
    """The body ends properly, in mid-answer, without `[DONE]`."""
    NO_FINISH = "no_finish"
    """`[DONE]` comes, but no chunk carried a `finish_reason`."""
    NO_DONE = "no_done"
    """Everything comes but `[DONE]`."""
    HANG = "hang"
    """Nothing comes any more, and the connection stays."""


CURRENT_MODELS = (
    "openai/gpt-oss-20b",
    "openai/gpt-oss-120b",
    "qwen/qwen3.6-27b",
    "qwen/qwen3.8-27b",
    "groq/compound",
    "groq/compound-mini",
)
RETIRED_MODELS = (
    "llama-3.3-70b-versatile",
    "llama-3.1-8b-instant",
    "meta-llama/llama-4-scout-17b-16e-instruct",
    "meta-llama/llama-4-maverick-17b-128e-instruct",
    "qwen/qwen3-32b",
)


@dataclass(frozen=True, slots=True)
class GroqBehaviour:
    """Settings of the emulated Groq; the defaults are a warm, healthy service.

    Faults (`refuse`, `stream_fault`, `starve`) hold for the first `fail_first_n` completions, or for all of them when
    that is `None`. `GroqPeer.behaviour` may be replaced while calls run.
    """

    api_key: str | None = None
    """The only key accepted; `None` accepts any that is not empty."""
    models: tuple[str, ...] = CURRENT_MODELS
    """Models served; empty serves whatever is asked for, as local servers do."""
    retired_models: tuple[str, ...] = RETIRED_MODELS
    refused_user_agents: tuple[str, ...] = ()
    """Beginnings of user agents that the edge turns away with an HTML 403."""

    queue_ms: int = 10
    """The part of `first_token_ms` reported as `queue_time`."""
    first_token_ms: Delay = 90
    """Queue and prompt time before the first chunk."""
    first_token_jitter_ms: int = 0
    """Up to this much more, drawn anew for each request."""
    slow_share: float = 0.0
    """Share of requests whose first token takes `slow_first_token_ms` instead."""
    slow_first_token_ms: int = 2_500
    tokens_per_s: float = 500.0
    """`inf` sends all tokens at once."""
    burst_tokens: int = 4
    """Tokens that arrive together, in one write."""
    stall_after_tokens: int | None = None
    stall_ms: int = 3_000
    hold_open_ms: int = 0
    """How long the body stays open after `[DONE]`."""

    reasoning: str = "The caller is on the phone, so the answer is short."
    """What gpt-oss models think aloud when the brain gives no reasoning of its own; empty for none."""
    role_content_null: bool = False
    split_tool_calls: bool = False
    """Send arguments in pieces, as other OpenAI-compatible servers do; Groq sends each call whole."""
    tool_calls_in_one_chunk: bool = False
    check_tool_calls: bool = True
    """Answer `tool_use_failed` when the brain calls a tool that was not offered or writes broken JSON."""

    split_bytes: bool = False
    """Cut every write at random bytes, also within a character."""
    crlf: bool = False
    comments: bool = False
    """Send comment and blank lines between events."""

    refuse: GroqRefusal | None = None
    retry_after_s: float | None = 2.0
    """`retry-after` of a 429; `None` leaves only the `x-ratelimit` headers."""
    stream_fault: GroqStreamFault | None = None
    fault_after_tokens: int = 3
    """Tokens before `stream_fault` strikes; like `stall_after_tokens` it counts reasoning, too."""
    starve: bool = False
    """Finish with `length` after the reasoning, with empty content."""
    fail_first_n: int | None = None

    requests_per_day: int = 500_000
    tokens_per_minute: int = 250_000
    cache_min_tokens: int = 128
    """Shortest prompt prefix that is cached, and the step in which cached prefixes grow."""

    def __post_init__(self) -> None:
        if self.tokens_per_s <= 0:
            raise ValueError(f"tokens_per_s: expected more than 0 (inf for no delay), got {self.tokens_per_s}")
        if self.burst_tokens < 1:
            raise ValueError(f"burst_tokens: expected at least 1, got {self.burst_tokens}")
        if not 0 <= self.slow_share <= 1:
            raise ValueError(f"slow_share: expected a share between 0 and 1, got {self.slow_share}")
        if self.cache_min_tokens < 1:
            raise ValueError(f"cache_min_tokens: expected at least 1, got {self.cache_min_tokens}")
