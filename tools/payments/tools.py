"""Bills: what is owed, and paying it, by a card that is keyed into the telephone network's form, or the one on file.

No argument of any tool has room for the number of a card: whatever a caller says or a model tries, none gets in here.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection

from tools.call_line import CallLine, receipt_of
from tools.context import NotDone, ToolContext, ToolError, ToolFailed
from tools.declare import tool
from tools.payments.charging import (
    NOT_THE_CARD,
    Answer,
    account_of,
    begin,
    begun,
    book_charge,
    card_of,
    close,
    note_refusal,
    owed,
    pay_by_card_on_file,
)
from tools.payments.schema import FAILED, UTILITY
from tools.store import once, read, was_done, write
from tools.tool import Arguments, Kind

MOST_CENTS = 100_000
"""The most that is taken in one payment by telephone."""

LAST_DIGITS = 4
KEY_WAIT_MS = 8_000
"""So long a caller may take for the next key."""

Account = Annotated[str, Field(pattern="^[0-9]{6}$")]
Postcode = Annotated[str, Field(pattern="^[0-9]{5}$")]
Cents = Annotated[int, Field(gt=0, le=MOST_CENTS)]

UNREACHABLE = "I cannot look into your account right now. Shall somebody call you back?"
NO_DIGITS = "No four digits were keyed in."
NOT_CHARGED = "The payment was not taken, and nothing was charged."
REASONS = {
    "payment-connector-error": "The card was not accepted, and nothing was charged.",
    "too-many-failed-attempts": "The card could not be read three times. Nothing was charged.",
    "caller-interrupted-with-star": "You ended it, so nothing was charged.",
    "caller-hung-up": "The caller hung up. Nothing was charged.",
}
"""What is said where Twilio's payment form did not end in a payment."""


@tool(
    kind=Kind.PURE,
    deadline_ms=1_000,
    filler="Let me look into your account.",
    on_failure=UNREACHABLE,
    private=["postcode"],
)
async def get_balance(context: ToolContext, account: Account, postcode: Postcode) -> Answer:
    """What is owed on an account, and how it can be paid: say `pay_by` when you ask for consent, and `say_before` in
    the answer in which you call take_payment.

    Args:
        account: The account's number, six digits.
        postcode: The postal code of the account's holder, five digits: it shows that the caller may know.
    """  # noqa: D205 - the whole text is one description for the model

    def look(db: Connection) -> Answer:
        row = account_of(db, account, postcode)
        card = card_of(db, account)
        named = "" if card is None else f"{card.brand} ending in {' '.join(card.last_four)}"
        told: Answer = {"answer": owed(row), "account": account, "balance_cents": row.balance_cents}
        return {**told, "card": named or None, **_ways(context, named)}

    return await read(context, UTILITY, look)


async def _what_became(context: ToolContext, _arguments: Arguments) -> bool | None:
    """A payment whose call or process is gone: it is booked now, if it was made and is not in the books yet."""
    if await was_done(context, UTILITY):
        return True
    known = await read(context, UTILITY, lambda db: begun(db, context.key))
    if known is None or known.state == FAILED:
        return False
    receipt = receipt_of(context)
    return None if receipt is None else not isinstance(await _settle(context, receipt), NotDone)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=148_000,
    waits_for_people=True,
    filler="One moment, I am taking the payment.",
    on_failure="I could not confirm the payment. Please do not pay again: somebody will check it and call you back.",
    outdates=["get_balance"],
    private=["postcode"],
    reconcile=_what_became,
)
async def take_payment(
    context: ToolContext, account: Account, postcode: Postcode, amount_cents: Cents
) -> Answer | NotDone:
    """Take a payment. Only after the caller confirmed the amount, and the way that get_balance told. Say `say_before`
    in the same answer. You never see or hear a card number, and never ask for one.

    Args:
        account: The account's number, six digits.
        postcode: The postal code of the account's holder, five digits.
        amount_cents: How much to pay, in cents; at most what is owed.
    """  # noqa: D205 - the whole text is one description for the model
    line: CallLine | None = context.ports.get(CallLine)
    if line is not None and line.takes_payments:
        refused = await write(context, UTILITY, lambda db: begin(db, context, account, postcode, amount_cents))
        return refused or await _by_form(context, line, amount_cents)
    await read(context, UTILITY, lambda db: account_of(db, account, postcode))
    return await _by_card_on_file(context, line, account, amount_cents)


# --- the two ways ----------------------------------------------------------------------------------------------------


def _ways(context: ToolContext, card: str) -> Answer:
    """How one pays on this line, as the model is to say it."""
    line: CallLine | None = context.ports.get(CallLine)
    if line is not None and line.takes_payments:
        by = "by card, which you enter with the keys of your telephone"
        return {"pay_by": by, "say_before": "You will be asked for your card now."}
    if not card:
        return {"pay_by": "by the payment slip that comes with your letter"}
    before = "Please enter the last four digits of your card now." if line is not None else ""
    return {"pay_by": f"from your {card}", "say_before": before}


async def _by_form(context: ToolContext, line: CallLine, amount_cents: int) -> Answer | NotDone:
    """The telephone network asks for a card and charges it; what was begun for it is in the database."""
    whole, rest = divmod(amount_cents, 100)
    wanted = {"chargeAmount": f"{whole}.{rest:02}", "currency": "usd", "description": "Lakeside Utilities"}
    try:
        facts = await line.pay(context.key, wanted)
    except ToolError:  # no form was shown
        await write(context, UTILITY, lambda db: close(db, context.key))
        raise
    except ToolFailed:
        receipt = receipt_of(context)
        if receipt is None:
            raise
        facts = receipt
    return await _settle(context, facts)


async def _settle(context: ToolContext, facts: Mapping[str, str]) -> Answer | NotDone:
    """Book what the form told. Raises `ToolFailed` where a card was charged and that cannot be booked now."""
    outcome = facts.get("outcome", "")
    if outcome != "success":
        await write(context, UTILITY, lambda db: close(db, context.key))
        return NotDone({"paid": False, "reason": REASONS.get(outcome, NOT_CHARGED)})
    try:
        return await once(context, UTILITY, "take_payment", partial(book_charge, context=context, facts=facts))
    except ToolError as error:
        raise ToolFailed(str(error), told="The card was charged. It is booked as soon as that is possible.") from error


async def _by_card_on_file(
    context: ToolContext, line: CallLine | None, account: str, amount_cents: int
) -> Answer | NotDone:
    """Charge the card on file; where the line has a keypad, the caller shows by its last digits that it is theirs."""
    keyed = None if line is None else (await line.collect_digits(LAST_DIGITS, "", KEY_WAIT_MS)).digits
    if keyed == "":
        return NotDone({"paid": False, "reason": NO_DIGITS})
    pay = partial(pay_by_card_on_file, context=context, account=account, amount_cents=amount_cents, keyed=keyed)
    paid = await once(context, UTILITY, "take_payment", pay)
    if paid == NotDone({"paid": False, "reason": NOT_THE_CARD}):
        await write(context, UTILITY, lambda db: note_refusal(db, context, account, amount_cents))
    return paid
