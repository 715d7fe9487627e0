"""How a simulated Vapi behaves: its pace, how it shows who it is, and the trouble it makes (protocols/vapi.md)."""

from dataclasses import dataclass
from enum import StrEnum


class Auth(StrEnum):
    """How requests to a server with a credential show that they are Vapi's (section 5); the last three do not."""

    NONE = "none"
    SECRET = "secret"  # noqa: S105 - the name of a way, not a secret
    BEARER = "bearer"
    HMAC = "hmac"
    HMAC_BASE64 = "hmac-base64"
    WRONG_SECRET = "wrong-secret"  # noqa: S105 - the name of a fault
    WRONG_SIGNATURE = "wrong-signature"
    STALE_SIGNATURE = "stale-signature"


class Layout(StrEnum):
    """Where the arguments of a tool call lie (section 4): all of these occur."""

    TEXT = "text"
    OBJECT = "object"
    ARGUMENTS = "arguments"
    PARAMETERS = "parameters"
    PAIRED = "paired"


@dataclass(frozen=True, slots=True)
class VapiBehaviour:
    """Settings of one simulated call; the defaults are a healthy call in which nobody waits for speech."""

    # who it says it is
    auth: Auth = Auth.SECRET
    layout: Layout = Layout.TEXT
    carrier_token: str = "carrier-auth-token"  # noqa: S105 - what `phoneNumber` may hold, and nobody may keep

    wants_usage: bool = True  # whether a custom model is asked for the tokens that it used

    # its pace
    say_ms_per_character: int = 0  # how long speech takes; 0: it is heard at once. People say about 60
    pause_ms: int = 0  # from the end of an answer to the caller's next words
    model_delay_ms: int = 0  # how long a model of Vapi's own thinks
    report_after_ms: int = 0  # from the end of the call to its report

    # its patience
    assistant_timeout_ms: int = 7_500  # for the answer to `assistant-request`
    server_timeout_ms: int = 0  # for every other answer, instead of what the server's settings say; 0: as they say
    model_timeout_ms: int = 0  # for a custom model's first byte, instead of what the assistant says; 0: as it says
    hang_after_ms: int = 5_000  # an answer that is later is told by `hang`

    # trouble
    copies: int = 1  # times each message is delivered
    copy_after_ms: int = 0  # from one copy to the next; 0: all at once
    broken_first: bool = False  # each message comes cut in half before it comes whole
    strange_call: bool = False  # tool calls name a call that nobody was asked about
    report_first: bool = False  # the report comes before the status "ended"
    cut_after_chunks: int = (
        0  # the first answer's connection is lost after so many chunks, and it is asked for again; 0: never
    )
    strange_messages: bool = False  # messages of a type that nobody knows come in between

    def __post_init__(self) -> None:
        if self.copies < 1:
            raise ValueError(f"copies: expected 1 or more, got {self.copies}")
