"""A payment from its beginning to its booking, as far as that is the database's business.

At the telephone network's form a card may be charged without our being told at once. So a payment is written down
before the form is shown, and while it is open no other is begun for that account: nobody pays twice for want of an
answer.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from tools.context import NotDone, ToolContext, ToolError
from tools.payments.schema import BEGUN, FAILED, PAID, REFUSED, accounts, cards, payments, payments_begun
from tools.spoken import spoken_cents

CONFIRMED_WITHIN = timedelta(hours=1)
"""What was not told of a payment by then will not be: somebody has to look, and others may be begun."""

MOST_REFUSALS = 3
"""So often within that time somebody may not know the card of an account."""

WRONG = "No account has this number and this postal code."
OPEN = "A payment for this account is being confirmed still. It must not be paid again until then."
NO_CARD = "There is no card on file. A letter with a payment slip will come."
NOT_THE_CARD = "These are not the last four digits of the card on file."
TOO_OFTEN = "The last four digits were wrong too often. A letter with a payment slip will come."

Answer = dict[str, object]


def account_of(db: Connection, account: str, postcode: str) -> Row[Any]:
    """The account; raises `ToolError` where caller and account do not fit, without telling which of both is wrong."""
    row = db.execute(select(accounts).where(accounts.c.number == account, accounts.c.postcode == postcode)).first()
    if row is None:
        raise ToolError(WRONG)
    return row


def card_of(db: Connection, account: str) -> Row[Any] | None:
    """The card on file."""
    return db.execute(select(cards).where(cards.c.account == account)).first()


def owed(row: Row[Any]) -> str:
    """What is owed, as it is said."""
    return "Nothing is owed." if row.balance_cents == 0 else f"{spoken_cents(row.balance_cents)} are owed."


def begin(db: Connection, context: ToolContext, account: str, postcode: str, amount_cents: int) -> NotDone | None:
    """Write down that a form will be shown, unless there is a reason not to."""
    row = account_of(db, account, postcode)
    if amount_cents > row.balance_cents:
        return _not_paid(f"That is more than is owed. {owed(row)}")
    if _recent(db, context.now(), account, BEGUN):
        return _not_paid(OPEN)
    _note(db, context, account, amount_cents, BEGUN)
    return None


def close(db: Connection, key: str) -> None:
    """Nothing was charged."""
    mine = (payments_begun.c.key == key, payments_begun.c.state == BEGUN)
    db.execute(update(payments_begun).where(*mine).values(state=FAILED))


def begun(db: Connection, key: str) -> Row[Any] | None:
    """What was begun under a key."""
    return db.execute(select(payments_begun).where(payments_begun.c.key == key)).first()


def book_charge(db: Connection, context: ToolContext, facts: Mapping[str, str]) -> Answer:
    """The card was charged, so it is booked, whatever became of the account meanwhile; `facts`: see `CallLine.pay`."""
    known = begun(db, context.key)
    assert known is not None, "a form is shown for what was begun"
    db.execute(update(payments_begun).where(payments_begun.c.key == context.key).values(state=PAID))
    lowered = accounts.c.balance_cents - known.amount_cents
    db.execute(update(accounts).where(accounts.c.number == known.account).values(balance_cents=lowered))
    card = {"brand": facts.get("card_type", "card").title()[:20], "last_four": facts.get("last_four", "")}
    return _book(db, context, known.account, known.amount_cents, card, facts.get("confirmation", "")[:64])


def pay_by_card_on_file(
    db: Connection, context: ToolContext, account: str, amount_cents: int, keyed: str | None
) -> Answer | NotDone:
    """Charge the card on file, by its token. `keyed`: what the caller keyed as its last digits; None: no keypad."""
    card, now = card_of(db, account), context.now()
    if card is None:
        return _not_paid(NO_CARD)
    if _recent(db, now, account, REFUSED) >= MOST_REFUSALS:
        return _not_paid(TOO_OFTEN)
    if _recent(db, now, account, BEGUN):
        return _not_paid(OPEN)
    owing = update(accounts).where(accounts.c.number == account, accounts.c.balance_cents >= amount_cents)
    if keyed in (None, card.last_four):
        if db.execute(owing.values(balance_cents=accounts.c.balance_cents - amount_cents)).rowcount == 1:
            told = {"brand": card.brand, "last_four": card.last_four}
            return _book(db, context, account, amount_cents, told, "")
        row = db.execute(select(accounts).where(accounts.c.number == account)).one()
        return _not_paid(f"That is more than is owed. {owed(row)}")
    return _not_paid(NOT_THE_CARD)


def note_refusal(db: Connection, context: ToolContext, account: str, amount_cents: int) -> None:
    """Somebody did not know the card of this account."""
    _note(db, context, account, amount_cents, REFUSED)


def _book(
    db: Connection, context: ToolContext, account: str, amount_cents: int, card: Mapping[str, str], confirmation: str
) -> Answer:
    row = {"account": account, "amount_cents": amount_cents, **card, "confirmation": confirmation}
    when = {"call_id": context.call_id, "paid_at": _stamp(context.now()), "key": context.key}
    number = db.execute(insert(payments).values(**row, **when).returning(payments.c.id)).scalar_one()
    left = db.execute(select(accounts.c.balance_cents).where(accounts.c.number == account)).scalar_one()
    rest = f"{spoken_cents(left)} are left." if left >= 0 else "That is more than was owed: the rest is kept for you."
    answer = f"{spoken_cents(amount_cents)} are paid. {rest}"
    return {"paid": True, "answer": answer, "payment": number, "left_cents": left}


def _recent(db: Connection, now: datetime, account: str, state: str) -> int:
    """How many payments of an account are in this state since not long ago."""
    since = _stamp(now - CONFIRMED_WITHIN)
    wanted = (
        payments_begun.c.account == account,
        payments_begun.c.state == state,
        payments_begun.c.begun_at > since,
    )
    return int(db.execute(select(func.count()).select_from(payments_begun).where(*wanted)).scalar_one())


def _note(db: Connection, context: ToolContext, account: str, amount_cents: int, state: str) -> None:
    row = {"key": context.key, "account": account, "amount_cents": amount_cents, "call_id": context.call_id}
    db.execute(insert(payments_begun).values(**row, begun_at=_stamp(context.now()), state=state))


def _not_paid(reason: str) -> NotDone:
    return NotDone({"paid": False, "reason": reason})


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
