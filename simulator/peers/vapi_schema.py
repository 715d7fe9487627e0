"""What Vapi accepts as an assistant, its tools and servers (protocols/vapi.md, sections 2 to 4, 6, 9 and 10).

Like Vapi's own interface it refuses what it does not know. Only what assistants of ours may have is here.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{1,14}$")]
Wait = Annotated[float, Field(ge=0, le=3)]

SERVER_MESSAGES = frozenset(
    "conversation-update end-of-call-report function-call hang speech-update status-update tool-calls "
    "transfer-destination-request handoff-destination-request user-interrupted assistant.started transcript "
    "model-output voice-input assistant.speechStarted transfer-update language-change-detected".split()
)
DEFAULT_MESSAGES = (
    "conversation-update end-of-call-report function-call hang speech-update status-update tool-calls "
    "transfer-destination-request handoff-destination-request user-interrupted assistant.started"
).split()


class AssistantError(ValueError):
    """Vapi would not take this assistant; says what is wrong where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=False)


class BackoffPlan(_Part):
    """How often, and how late, what was not taken in is sent again."""

    type: Literal["fixed", "exponential"] = "fixed"
    max_retries: int = Field(default=0, ge=0, le=10)
    base_delay_seconds: float = Field(default=1, ge=0, le=10)
    excluded_status_codes: list[int] = []


class Server(_Part):
    """Whom Vapi tells, and asks."""

    url: Url
    timeout_seconds: float = Field(default=20, ge=1, le=300)
    headers: dict[str, str] = {}
    secret: str = ""
    credential_id: str = ""
    backoff_plan: BackoffPlan = BackoffPlan()


class ToolMessage(_Part):
    """What is said while a tool runs, or after it."""

    type: Literal["request-start", "request-complete", "request-failed", "request-response-delayed"]
    content: str = ""
    blocking: bool = False
    timing_milliseconds: int = Field(default=1_000, ge=100, le=120_000)


class JsonSchema(_Part):
    """The part of JSON Schema that Vapi takes; each has one type."""

    type: Literal["string", "number", "integer", "boolean", "array", "object"]
    items: "JsonSchema | None" = None
    properties: "dict[str, JsonSchema]" = {}
    description: str = ""
    pattern: str = ""
    format: Literal["", "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"] = ""
    required: list[str] = []
    enum: list[str] = []
    title: str = ""


class Parameters(_Part):
    """What a function is given."""

    type: Literal["object"]
    properties: dict[str, JsonSchema]
    required: list[str] = []


class Function(_Part):
    """A function that a model may ask for."""

    name: Name
    description: str = ""
    strict: bool = False
    parameters: Parameters | None = None


class Destination(_Part):
    """Where a call may be handed over to."""

    type: Literal["number"]
    number: Number
    description: str = ""
    message: str = ""
    extension: str = ""
    caller_id: str = ""


class Tool(_Part):
    """A function of somebody's server, or something that only Vapi does."""

    type: Literal["function", "endCall", "transferCall"]
    is_async: bool = Field(default=False, alias="async")
    function: Function | None = None
    server: Server | None = None
    messages: list[ToolMessage] = []
    destinations: list[Destination] = []

    @model_validator(mode="after")
    def _is_whole(self) -> "Tool":
        if self.type == "function" and self.function is None:
            raise ValueError("a function tool needs its function")
        return self

    @property
    def name(self) -> str:
        """What a model calls it."""
        return self.function.name if self.function is not None else self.type


class Model(_Part):
    """Who thinks: a model that Vapi asks itself, or `custom-llm`, at a URL."""

    provider: str
    model: str = Field(min_length=1)
    url: Url | None = None
    headers: dict[str, str] = {}
    messages: list[dict[str, Any]] = []
    tools: list[Tool] = []
    temperature: float = Field(default=0, ge=0, le=2)
    max_tokens: int = Field(default=250, ge=50, le=10_000)
    timeout_seconds: float = Field(default=20, ge=0, le=300)
    metadata_send_mode: Literal["off", "variable", "destructured"] = "variable"

    @model_validator(mode="after")
    def _is_reachable(self) -> "Model":
        if self.provider == "custom-llm" and self.url is None:
            raise ValueError("a custom-llm needs its url")
        return self


class Transcription(_Part):
    """How long Vapi waits after words, in seconds."""

    on_punctuation_seconds: Wait = 0.1
    on_no_punctuation_seconds: Wait = 1.5
    on_number_seconds: Wait = 0.5


class StartSpeakingPlan(_Part):
    """When the assistant speaks."""

    wait_seconds: float = Field(default=0.4, ge=0, le=5)
    transcription_endpointing_plan: Transcription = Transcription()


class Assistant(_Part):
    """An assistant."""

    name: str = Field(default="", max_length=40)
    first_message: str = ""
    first_message_mode: Literal[
        "assistant-speaks-first", "assistant-speaks-first-with-model-generated-message", "assistant-waits-for-user"
    ] = "assistant-speaks-first"
    model: Model
    voice: dict[str, Any] = {}
    transcriber: dict[str, Any] = {}
    server_messages: list[str] = DEFAULT_MESSAGES
    server: Server | None = None
    start_speaking_plan: StartSpeakingPlan = StartSpeakingPlan()
    max_duration_seconds: int = Field(default=600, ge=10, le=43_200)
    voicemail_message: str = Field(default="", max_length=1_000)

    @model_validator(mode="after")
    def _has_known_messages(self) -> "Assistant":
        unknown = set(self.server_messages) - SERVER_MESSAGES
        if unknown:
            raise ValueError(f"serverMessages: there are no {', '.join(sorted(unknown))}")
        return self


def read_assistant(told: object) -> Assistant:
    """The assistant. Raises AssistantError."""
    try:
        return Assistant.model_validate(told)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)]
        raise AssistantError("; ".join(wrong)) from None
