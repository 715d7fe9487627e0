"""The utility: what is owed, what is paid once, and that no number of a card gets into anything."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.virtual import run
from tools.context import ToolContext
from tools.journal import FileJournal
from tools.loading import load_tools
from tools.payments.schema import UTILITY
from tools.runner import Runner
from tools.store import rows_of

MONDAY = datetime.fromisoformat("2026-11-23T09:00")
ADA: dict[str, Any] = {"account": "204517", "postcode": "80202"}
LIKE_A_CARD = re.compile(r"(?:[0-9][ -]?){13,19}")


def ask(data: Path, name: str, /, call_id: str = "call-1", **arguments: object) -> dict[str, Any]:
    context = ToolContext(call_id, "+15550001111", data, lambda: MONDAY)
    runner = Runner(load_tools("tools.payments.tools"), context, journal=FileJournal(data / "effects.db"))
    answer: dict[str, Any] = json.loads(run(runner.run(name, json.dumps(arguments))).result)
    return answer


def test_what_is_owed_is_told_to_who_may_know(tmp_path: Path) -> None:
    told = ask(tmp_path, "get_balance", **ADA)
    assert (told["answer"], told["balance_cents"]) == ("120 dollars and 50 cents are owed.", 12_050)
    assert told["card"] == "Visa ending in 4 2 4 2"


@pytest.mark.parametrize("wrong", [{"account": "204518"}, {"postcode": "80203"}])
def test_who_may_not_learns_nothing_not_even_which_was_wrong(tmp_path: Path, wrong: dict[str, str]) -> None:
    for name, more in (("get_balance", {}), ("take_payment", {"amount_cents": 100})):
        assert ask(tmp_path, name, **{**ADA, **wrong, **more}) == {
            "error": "No account has this number and this postal code."
        }


def test_a_payment_is_taken_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    for _ in range(3):  # each time in another life of the process
        ask(tmp_path, "take_payment", **ADA, amount_cents=5_000)
    (row,) = rows_of(UTILITY, tmp_path, "payments")
    assert (row["account"], row["amount_cents"], row["last_four"]) == ("204517", 5_000, "4242")
    assert ask(tmp_path, "get_balance", **ADA)["balance_cents"] == 7_050


def test_the_same_amount_may_be_paid_again_in_another_call(tmp_path: Path) -> None:
    for number in (1, 2):
        assert ask(tmp_path, "take_payment", f"call-{number}", **ADA, amount_cents=5_000)["paid"]
    assert ask(tmp_path, "get_balance", **ADA)["balance_cents"] == 2_050
    refused = ask(tmp_path, "take_payment", "call-3", **ADA, amount_cents=5_000)
    assert refused == {"paid": False, "reason": "That is more than is owed. 20 dollars and 50 cents are owed."}


def test_without_a_card_on_file_nothing_is_taken(tmp_path: Path) -> None:
    refused = ask(tmp_path, "take_payment", account="467903", postcode="02108", amount_cents=100)
    assert (refused["paid"], "no card on file" in refused["reason"]) == (False, True)
    assert rows_of(UTILITY, tmp_path, "payments") == []


def test_the_postal_code_stands_in_no_journal(tmp_path: Path) -> None:
    ask(tmp_path, "take_payment", **ADA, amount_cents=5_000)
    (entry,) = FileJournal(tmp_path / "effects.db").entries()
    assert "80202" not in entry.arguments
    assert "204517" in entry.arguments


@settings(max_examples=25, deadline=None)
@given(
    st.from_regex(r"\A[0-9]{13,19}\Z|\A[0-9]{4}([ -][0-9]{4}){3}\Z"),
    st.sampled_from(["account", "postcode", "amount_cents", "card"]),
)
def test_no_number_of_a_card_gets_into_any_record(
    tmp_path_factory: pytest.TempPathFactory, card: str, where: str
) -> None:
    data = tmp_path_factory.mktemp("payments")
    amount: object = int(re.sub(r"\D", "", card)) if where == "amount_cents" else card
    ask(data, "take_payment", **{**ADA, "amount_cents": 5_000, where: amount})
    kept = [row for table in UTILITY.tables.tables for row in rows_of(UTILITY, data, table)]
    kept += [{"arguments": entry.arguments} for entry in FileJournal(data / "effects.db").entries()]
    texts = [str(value) for row in kept for column, value in row.items() if column != "key"]
    assert not [text for text in texts if LIKE_A_CARD.search(text)]
