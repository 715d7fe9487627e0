"""Bills: what is owed, and paying it by the card on file.

No argument of any tool has room for the number of a card: whatever a caller says or a model tries, none gets in here.
"""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, Row, insert, select, update

from tools.context import NotDone, ToolContext, ToolError
from tools.declare import tool
from tools.payments.schema import UTILITY, accounts, cards, payments
from tools.spoken import spoken_cents
from tools.store import once, read, was_done
from tools.tool import Arguments, Kind

MOST_CENTS = 100_000
"""The most that is taken in one payment by telephone."""

Account = Annotated[str, Field(pattern="^[0-9]{6}$")]
Postcode = Annotated[str, Field(pattern="^[0-9]{5}$")]
Cents = Annotated[int, Field(gt=0, le=MOST_CENTS)]
Answer = dict[str, object]

UNREACHABLE = "I cannot look into your account right now. Shall somebody call you back?"
WRONG = "No account has this number and this postal code."


@tool(
    kind=Kind.PURE,
    deadline_ms=1_000,
    filler="Let me look into your account.",
    on_failure=UNREACHABLE,
    private=["postcode"],
)
async def get_balance(context: ToolContext, account: Account, postcode: Postcode) -> Answer:
    """What is owed on an account, and which card is on file for it.

    Args:
        account: The account's number, six digits.
        postcode: The postal code of the account's holder, five digits: it shows that the caller may know.
    """

    def look(db: Connection) -> Answer:
        row = _account(db, account, postcode)
        card = _card(db, account)
        told: Answer = {"answer": _owed(row), "account": account, "balance_cents": row.balance_cents}
        return {**told, "card": None if card is None else f"{card.brand} ending in {' '.join(card.last_four)}"}

    return await read(context, UTILITY, look)


async def _was_done(context: ToolContext, _arguments: Arguments) -> bool:
    return await was_done(context, UTILITY)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=5_000,
    filler="One moment, I am taking the payment.",
    on_failure="I could not confirm the payment. Please do not pay again: somebody will check it and call you back.",
    outdates=["get_balance"],
    private=["postcode"],
    reconcile=_was_done,
)
async def take_payment(
    context: ToolContext, account: Account, postcode: Postcode, amount_cents: Cents
) -> Answer | NotDone:
    """Take a payment by the card on file. Only after the caller confirmed amount and card. Never ask for a card number.

    Args:
        account: The account's number, six digits.
        postcode: The postal code of the account's holder, five digits.
        amount_cents: How much to pay, in cents; at most what is owed.
    """

    def pay(db: Connection) -> Answer | NotDone:
        row, card = _account(db, account, postcode), _card(db, account)
        if card is None:
            return NotDone(
                {"paid": False, "reason": "There is no card on file. A letter with a payment slip will come."}
            )
        owing = update(accounts).where(accounts.c.number == account, accounts.c.balance_cents >= amount_cents)
        if db.execute(owing.values(balance_cents=accounts.c.balance_cents - amount_cents)).rowcount != 1:
            return NotDone({"paid": False, "reason": f"That is more than is owed. {_owed(row)}"})
        told = {"account": account, "amount_cents": amount_cents, "brand": card.brand, "last_four": card.last_four}
        when = {"call_id": context.call_id, "paid_at": context.now().isoformat(timespec="seconds"), "key": context.key}
        number = db.execute(insert(payments).values(**told, **when).returning(payments.c.id)).scalar_one()
        left = _account(db, account, postcode).balance_cents
        answer = f"{spoken_cents(amount_cents)} are paid. {spoken_cents(left)} are left."
        return {"paid": True, "answer": answer, "payment": number, "left_cents": left}

    return await once(context, UTILITY, "take_payment", pay)


def _account(db: Connection, account: str, postcode: str) -> Row[Any]:
    """The account; raises `ToolError` where caller and account do not fit, without telling which of both is wrong."""
    row = db.execute(select(accounts).where(accounts.c.number == account, accounts.c.postcode == postcode)).first()
    if row is None:
        raise ToolError(WRONG)
    return row


def _card(db: Connection, account: str) -> Row[Any] | None:
    return db.execute(select(cards).where(cards.c.account == account)).first()


def _owed(row: Row[Any]) -> str:
    if row.balance_cents == 0:
        return "Nothing is owed."
    return f"{spoken_cents(row.balance_cents)} are owed."
