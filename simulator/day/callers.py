"""Who calls on a simulated day: what each says, and what must be done for them in the end."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from simulator.runs.plan import CallerPlan
from simulator.script import AfterAgentFinished, AfterWords, HangUp, IfLate, Say, Script
from tools.appointments.schema import PRACTICE
from tools.business import Business
from tools.dispatch.schema import SERVICE
from tools.payments.schema import UTILITY
from tools.shipments.schema import PARCELS

FIRST_NAMES = ("Ada", "Bob", "Carol", "David", "Emma", "Frank", "Grace", "Henry", "Irene", "James")
LAST_NAMES = ("Adams", "Baker", "Carter", "Evans", "Foster", "Green", "Harris", "Mason", "Porter", "Turner")

THINKS_MS = (7_000, 14_000)
"""People look for numbers and calendars before they answer: a call takes about a minute and a half."""

AWAY_MS = 60_000
"""Who heard nothing for so long goes on."""

DIGITS = ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Errand:
    """What callers of one agent want: the tool that does it, and words that tell a caller that it is done.

    `says` are the contributions of the caller with this number; the one at `agreed` is their consent.
    """

    business: Business
    tool: str
    table: str
    told: str
    agreed: int
    says: Callable[[int], tuple[str, ...]]
    is_done_elsewhere: bool = False
    """Whether it is done while the caller is in other hands: then they wait until they hear of it."""

    @property
    def agent(self) -> str:
        """Its name is that of the business it works for."""
        return self.business.name


def _name(number: int) -> str:
    return f"{FIRST_NAMES[number % 10]} {LAST_NAMES[number // 10 % 10]}"


def _spelled(number: int) -> str:
    return " ".join(DIGITS[int(digit)] for digit in str(number))


PLACES = ("airport", "harbour", "university", "north bridge", "old town")

BYE = "No, that is all. Goodbye."

ERRANDS = (
    Errand(
        *(PRACTICE, "book_appointment", "appointments", "booked", 2),
        lambda n: (
            "I need an appointment as soon as possible.",
            "The first one, please.",
            f"My name is {_name(n)}.",
            BYE,
        ),
    ),
    Errand(
        *(PARCELS, "change_delivery_date", "shipments", "that is done", 3),
        lambda n: (
            *("Can my parcel come on another day?", f"It is {_spelled(800_000 + n)}.", "On Friday next week, please."),
            *("Yes, please.", BYE),
        ),
    ),
    Errand(
        *(SERVICE, "send_unit", "incidents", "on its way", 3),
        lambda n: (
            *(
                "Hello, my car won't start.",
                "Nobody is hurt.",
                f"I am at the {PLACES[n % 5]}.",
                "Yes, that's right.",
                BYE,
            ),
        ),
    ),
    Errand(
        *(UTILITY, "take_payment", "payments", "are paid", 4),
        lambda n: (
            *("I want to pay my bill.", f"It is {_spelled(900_000 + n)}.", "One oh oh oh one.", "Twenty dollars."),
            *("Yes, please.", BYE),
        ),
        is_done_elsewhere=True,
    ),
)
"""One for each agent that comes with us."""


def _moment(errand: Errand, place: int, thinks_ms: int) -> AfterAgentFinished | AfterWords:
    """When a caller says something."""
    if errand.is_done_elsewhere and place == errand.agreed + 1:
        return AfterWords(errand.told, delay_ms=thinks_ms, timeout_ms=AWAY_MS, if_late=IfLate.GO_AHEAD)
    return AfterAgentFinished(gap_ms=thinks_ms)


def caller_of(errand: Errand, number: int, arrives_ms: int, rng: Random) -> CallerPlan:
    """The caller with this number; how long they think is drawn."""
    steps: Script = tuple(
        Say(text, _moment(errand, place, rng.randint(*THINKS_MS) if place else 0))
        for place, text in enumerate(errand.says(number))
    )
    ends = HangUp(AfterAgentFinished(silence_ms=4_000, timeout_ms=12_000, if_late=IfLate.HANG_UP))
    telephone = f"+1555{2_000_000 + number:07}"
    return CallerPlan(f"{errand.agent}-{number}", (*steps, ends), arrives_ms, telephone)
