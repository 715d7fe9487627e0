"""Payments: what the network charged is what stands in the books, or is known to be open."""

from collections import Counter
from collections.abc import Iterator

from simulator.checkers.base import Finding
from simulator.runs.evidence import CallEvidence, Evidence
from tools.payments.schema import BEGUN, UTILITY
from tools.spoken import spoken_cents
from tools.store import rows_of


def wrong_books(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Charges without a booking, and bookings without a charge, of the utility's callers."""
    if evidence.plan.cast.agent != UTILITY.name:
        return
    call_id = call.twilio.record.sid
    charged = Counter(round(float(amount) * 100) for amount in call.twilio.charged)
    booked: Counter[int] = Counter()
    for row in rows_of(UTILITY, evidence.data, "payments"):
        if row["call_id"] == call_id and row["confirmation"]:
            booked[int(str(row["amount_cents"]))] += 1
    begun = rows_of(UTILITY, evidence.data, "payments_begun")
    is_open = any(row["call_id"] == call_id and row["state"] == BEGUN for row in begun)
    for cents in (booked - charged).elements():
        yield f"{spoken_cents(cents)} were booked, and not charged", None
    if not is_open:
        for cents in (charged - booked).elements():
            yield f"{spoken_cents(cents)} were charged, and not booked", None
