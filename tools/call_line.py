"""What a tool can do with the telephone line of its call: a port that the house offers where it has one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tools.context import ToolContext, ToolError


@dataclass(frozen=True, slots=True)
class Keyed:
    """Keys that the caller pressed; `is_whole`: as many as were asked for, or ended by the key that ends them."""

    digits: str
    is_whole: bool


class CallerSpokeError(ToolError):
    """The caller spoke before they were handed over, so they were not."""


class CallerLeftError(ToolError):
    """The caller hung up while they were to be connected."""


class Manner(Protocol):
    """How else a call may go on."""

    def profile_meant(self, profile: str) -> str:
        """The profile of that name. Raises `ToolError` with those that there are."""
        ...

    def language_meant(self, language: str) -> str:
        """Which of the languages that are spoken here is meant, by a tag such as `es` or by its name.

        Raises `ToolError` with those that are spoken, for any other.
        """
        ...


class CallLine(Protocol):
    """The line of one call. What ends otherwise than it should raises `ToolError`, in words fit for the caller."""

    async def collect_digits(self, count: int, finish_on: str, timeout_ms: int) -> Keyed:
        """The next keys, up to `count` of them, until `finish_on` (one of `#*`, empty: none) or a wait of `timeout_ms`.

        They reach nobody else: no trace, no model, no log.
        """
        ...

    @property
    def manner(self) -> Manner:
        """How else the call may go on."""
        ...

    def keep(self, digits: str) -> str:
        """Keep keys for another tool of this call; the name under which it gets them."""
        ...

    def kept(self, name: str) -> str:
        """What was kept under a name, once. Raises `ToolError` where nothing is."""
        ...

    async def send_digits(self, digits: str) -> None:
        """Sound the keys `0-9*#A-D`, `w` a pause of half a second, once our words were heard."""
        ...

    async def hold(self, at_most_ms: int) -> bool:
        """Wait until the caller speaks or presses a key again: True; False: they did not in time."""
        ...

    async def transfer(self, to: str, briefing: str) -> str:
        """Connect the caller with somebody whom the agent's file names, once our words were heard; how it went.

        With a `briefing` they hear that first, and take the call by a key. "connected": the call is theirs, and over
        for us. All else ("no-answer", "busy", "declined", "failed"): the caller is back.
        """
        ...

    @property
    def people(self) -> Sequence[str]:
        """The names of those whom `transfer` can connect with."""
        ...

    @property
    def takes_payments(self) -> bool:
        """Whether `pay` can do anything."""
        ...

    async def pay(self, key: str, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """Have the telephone network ask for a card and charge it: `attributes` of Twilio's `<Pay>`; how it went.

        Not a digit of it comes here. "outcome" is "success", or what went wrong; "token", "confirmation", "card_type",
        "last_four": if told. Raises `ToolError` where nothing was asked for; `ToolFailed` where nobody knows how it
        went: what is told of it later is a receipt under `key`, the idempotency key of the payment, see `Receipts`.
        """
        ...


class Receipts(Protocol):
    """What was told of payments, by their idempotency keys; kept as soon as it came, the first word for good."""

    def receipt(self, key: str) -> Mapping[str, str] | None:
        """The facts as `CallLine.pay` gives them; None: nothing was told yet. Raises `JournalError`."""
        ...


def receipt_of(context: ToolContext) -> Mapping[str, str] | None:
    """What was told of the payment that is made or looked into. Raises `ToolError` where no receipts are kept."""
    return context.port(Receipts).receipt(context.key)  # type: ignore[type-abstract]  # as below


def line_of(context: ToolContext) -> CallLine:
    """The line of the call a tool runs for. Raises `ToolError` where there is none."""
    return context.port(CallLine)  # type: ignore[type-abstract]  # a port is asked for by its Protocol
