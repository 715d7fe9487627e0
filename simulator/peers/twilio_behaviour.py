"""How a simulated Twilio behaves: its delays, and the trouble it makes. Every field is plain, so TOML can say it."""

from dataclasses import dataclass
from enum import StrEnum


class Signing(StrEnum):
    """How requests and upgrades are signed; all but the first and last must be refused by a server that checks."""

    VALID = "valid"
    MISSING = "missing"
    WRONG_TOKEN = "wrong-token"  # noqa: S105 - the name of a fault, not a token
    CHANGED_BODY = "changed-body"
    HTTPS_FOR_WSS = "https-for-wss"
    SHARED_KEY = "shared-key"


class Answering(StrEnum):
    """What becomes of an outbound call."""

    ANSWERED = "in-progress"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TwilioBehaviour:
    """Settings of one simulated call; the defaults are a healthy call on a perfect link."""

    # the link between Twilio and the server
    one_way_ms: int = 0  # delay of every message, each way
    jitter_ms: int = 0  # further random delay of each message to the server, 0 to this; order is kept, so frames bunch
    stall_every_ms: int = 0  # once in this time the link to the server stands still; 0: never
    stall_ms: int = 0  # for so long, and then everything comes at once

    # the stream
    start_after_ms: int | None = 0  # from `connected` to `start`; None: it never comes
    first_timestamp_ms: int = 5  # `timestamp` of the first frame; the documentation's example has 5
    drop_rate: float = 0.0  # share of the caller's frames lost before the server (31930)
    lost_mark_rate: float = 0.0  # share of marks never echoed
    mark_delay_ms: int = 0  # marks are echoed so late
    sends_stop: bool = True  # whether an ended stream says `stop` before it closes
    idle_frames: int = 1  # frames of silence that a person at rest sends in one message (`twilio_idle`); Twilio: 1
    close_after_ms: int = 0  # from the stream's end to the close of its connection

    # requests
    signing: Signing = Signing.VALID
    webhook_timeout_ms: int = 15_000  # for a whole answer; past it the fallback URL is asked
    webhook_retries: int = 0  # of the same request, same idempotency token, before the fallback
    handshake_timeout_ms: int = 10_000  # for the upgrade; past it 31901
    callback_copies: int = 1  # times each status callback is delivered
    callback_jitter_ms: int = 0  # random delay of each callback, so they may come out of order
    extra_parameters: tuple[tuple[str, str], ...] = ()  # unknown parameters in every request, signed like the rest

    # the call
    allow_ws_on_loopback: bool = True  # the real one insists on `wss` everywhere (31922)
    say_ms_per_character: int = 60  # how long a <Say> takes
    dial_s: int = 30  # how long a <Dial> lasts; it is always answered
    people: tuple[tuple[str, str], ...] = ()  # numbers, and whether they take, decline, are busy or never answer
    pick_up_s: int = 4  # a person's telephone rings so long; nobody who is told of none always picks up and takes
    pay_s: int = 20  # how long a caller needs for the payment form
    pay_keys: tuple[str, ...] = ()  # what they key there, entry by entry; "": nothing, "*": enough; then, what is right
    pay_result: str = "success"  # once all is keyed; "payment-connector-error": the card is declined
    pay_told_after_ms: int = 0  # from the charge to the question what comes after the form
    pay_callback_after_ms: int = 0  # so late the form's status callback is sent
    answering: Answering = Answering.ANSWERED  # of an outbound call
    ring_ms: int = 0  # an outbound call rings so long
    answered_by: str = ""  # result of asynchronous answering machine detection, where it was asked for
    amd_after_ms: int = 3_000  # from the answer to that result
    time_limit_ms: int = 4 * 3_600_000  # Twilio's own limit of a call
