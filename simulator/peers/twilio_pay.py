"""Twilio's payment form: asks for a card by keys, has it charged, and tells of it (protocols/twilio.md, section 6).

What the caller keys is `TwilioBehaviour.pay_keys`, entry by entry; not a digit of it leaves this form. A wrong entry,
or none, is asked for anew, `maxAttempts` times. What it asks for, and that `statusCallback` is told of the result
whatever becomes of the call, is from memory, unverified.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.clock import Timer
from fsm.units import NS_PER_MS
from simulator.peers.twilio_records import CallRecord, fresh_sid
from simulator.peers.twilio_requests import Carrier, Parameter, Requests
from simulator.peers.twilio_twiml import Pay

SUCCESS, HUNG_UP, GAVE_UP, FAILED = (
    "success",
    "caller-hung-up",
    "caller-interrupted-with-star",
    "too-many-failed-attempts",
)
BRANDS = {"4": "visa", "5": "mastercard", "3": "amex", "6": "discover"}
MONTHS = 12


def is_card(digits: str) -> bool:
    """Whether these digits can be a card's number: their length, and the check digit by Luhn's rule."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)) if digit.isdigit()]
    return 13 <= len(doubled) == len(digits) <= 19 and sum(n - 9 * (n > 9) for n in doubled) % 10 == 0


def is_date(digits: str) -> bool:
    """Whether these are a month and a year."""
    return len(digits) == 4 and digits.isdigit() and 1 <= int(digits[:2]) <= MONTHS


def is_code(digits: str) -> bool:
    """Whether these can be a card's code."""
    return digits.isdigit() and len(digits) in (3, 4)


def is_postcode(digits: str) -> bool:
    """Whether these can be a postal code."""
    return digits.isdigit() and len(digits) >= 4


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the form asks for, and what is right."""

    prompt: str
    is_right: Callable[[str], bool]


QUESTIONS = (
    Question("Please enter your credit card number, followed by the pound key.", is_card),
    Question("Please enter your card's expiration date, two digits for the month and two for the year.", is_date),
    Question("Please enter your security code.", is_code),
)
POSTAL_CODE = Question("Please enter your billing postal code.", is_postcode)


class PayForm:
    """The form of one `<Pay>`: `on_charged` comes once the card was charged, `on_over` with the result for `action`."""

    def __init__(
        self,
        carrier: Carrier,
        requests: Requests,
        record: CallRecord,
        verb: Pay,
        on_charged: Callable[[], None],
        on_over: Callable[[Sequence[Parameter]], None],
    ) -> None:
        self._carrier = carrier
        self._behaviour = carrier.behaviour
        self._requests = requests
        self._record = record
        self._verb = verb
        self._on_charged = on_charged
        self._on_over = on_over
        self._keys: deque[str] = deque()
        self._prompts: list[str] = []
        self._questions = deque([*QUESTIONS, *(() if verb.knows_postal_code else (POSTAL_CODE,))])
        self._attempt = 1
        self._card = ""
        self._result: Sequence[Parameter] = ()
        self._timer: Timer | None = None

    def begin(self, keys: deque[str], prompts: list[str]) -> None:
        """Ask the first question; what the caller keys is taken from `keys`, what is asked goes into `prompts`."""
        self._keys, self._prompts = keys, prompts
        self._ask()

    def drop(self) -> None:
        """The call is over, or does something else."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell(self._result or [("Result", HUNG_UP)])

    def _ask(self) -> None:
        question = self._questions[0]
        self._prompts.append(question.prompt)
        entry_ms = self._behaviour.pay_s * 1_000 // (len(QUESTIONS) + 1)
        waits_ms = self._verb.timeout_s * 1_000 if self._keys and not self._keys[0] else entry_ms
        self._after(waits_ms, self._entered)

    def _entered(self) -> None:
        keyed = self._keys.popleft() if self._keys else self._usual()
        question = self._questions[0]
        if "*" in keyed:
            self._end(GAVE_UP)
        elif question.is_right(keyed):
            self._card = self._card or keyed
            self._questions.popleft()
            self._attempt = 1
            self._ask() if self._questions else self._charge()
        elif self._attempt >= self._verb.max_attempts:
            self._end(FAILED)
        else:
            self._attempt += 1
            self._ask()

    def _usual(self) -> str:
        """What somebody keys of whom nothing else is told."""
        return next(text for text in ("4242424242424242", "1230", "123", "80202") if self._questions[0].is_right(text))

    def _charge(self) -> None:
        if self._behaviour.pay_result != SUCCESS:
            self._end(self._behaviour.pay_result)
            return
        self._on_charged()
        rng = self._carrier.rng
        self._result = [
            ("Result", SUCCESS),
            ("PaymentToken", fresh_sid("PT", rng)),
            ("PaymentConfirmationCode", f"ch_{rng.getrandbits(64):016x}"),
            ("PaymentCardNumber", f"xxxx-xxxx-xxxx-{self._card[-4:]}"),
            ("PaymentCardType", BRANDS.get(self._card[0], "unknown")),
            ("ExpirationDate", "xxxx"),
        ]
        self._after(self._behaviour.pay_told_after_ms, self._finish)

    def _end(self, result: str) -> None:
        error = [("PayErrorCode", "64001")] if result.endswith("error") else []
        self._result = [("Result", result), *error]
        self._finish()

    def _finish(self) -> None:
        self._tell(self._result)
        self._on_over(self._result)

    def _tell(self, result: Sequence[Parameter]) -> None:
        if self._verb.status_callback:
            parameters = [*self._record.parameters(), *result]
            after_ms = self._behaviour.pay_callback_after_ms
            self._requests.tell(self._verb.status_callback, "POST", parameters, after_ms=after_ms)

    def _after(self, duration_ms: int, then: Callable[[], None]) -> None:
        clock = self._carrier.clock
        self._timer = clock.call_at(clock.now() + duration_ms * NS_PER_MS, then)
