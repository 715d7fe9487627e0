"""Paying at the telephone network's form: whatever is told, late, twice or never, a card is charged and booked once."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.clock import RandomIds
from agent.workshop import Workshop
from tests.tools.virtual import run
from tools.call_line import Keyed
from tools.context import ToolError, ToolFailed
from tools.loading import load_tools
from tools.outcome import Fate
from tools.payments.schema import UTILITY
from tools.store import rows_of

MONDAY = datetime.fromisoformat("2026-11-23T09:00")
FIFTY = {"account": "204517", "postcode": "80202", "amount_cents": 5_000}
SUCCESS = {"outcome": "success", "confirmation": "ch_1", "card_type": "visa", "last_four": "4242"}
DECLINED = {"outcome": "payment-connector-error"}


@dataclass
class Line:
    """A line whose form ends so: with facts, or by raising; `asked` are the keys and attributes it was shown with."""

    ends: list[Mapping[str, str] | Exception] = field(default_factory=list)
    keys: str = ""
    takes_payments: bool = True
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    async def pay(self, key: str, attributes: Mapping[str, str]) -> Mapping[str, str]:
        self.asked.append((key, attributes))
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    async def collect_digits(self, count: int, finish_on: str, timeout_ms: int) -> Keyed:
        return Keyed(self.keys, len(self.keys) == count)


class Utility:
    """The utility's tools in one process after another, on the same data."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.now = MONDAY
        self.call = 0
        self.open()

    def open(self) -> None:
        """Another life of the process."""
        self.shop = Workshop(load_tools("tools.payments.tools"), self.data, lambda: self.now, RandomIds())

    def pay(self, line: Line, *, call: str = "", **changes: object) -> dict[str, Any]:
        """What a caller is told who pays, each in a call of their own unless told."""
        self.call += 1
        runner = self.shop.runner(call or f"CA{self.call}", "+15550001111", line)  # type: ignore[arg-type]  # all it uses
        outcome = run(runner.run("take_payment", json.dumps({**FIFTY, **changes})))
        answer: dict[str, Any] = json.loads(outcome.result)
        return answer

    def told(self, key: str, facts: Mapping[str, str]) -> None:
        """The network tells how a payment ended."""

        async def tell() -> None:
            self.shop.keep_receipt(key, facts)
            await asyncio.gather(*self.shop._settling)

        run(tell())

    @property
    def balance(self) -> object:
        return next(row["balance_cents"] for row in self.rows("accounts") if row["number"] == FIFTY["account"])

    @property
    def states(self) -> list[str]:
        return sorted(str(row["state"]) for row in self.rows("payments_begun"))

    @property
    def fates(self) -> list[Fate | None]:
        return [entry.fate for entry in self.shop.journal.entries()]

    def rows(self, table: str) -> list[dict[str, object]]:
        return rows_of(UTILITY, self.data, table)


@pytest.fixture
def utility(tmp_path: Path) -> Utility:
    return Utility(tmp_path)


def unknown() -> ToolFailed:
    return ToolFailed("nothing was told")


def test_what_the_form_charged_is_booked_with_what_may_be_known_of_the_card(utility: Utility) -> None:
    line = Line([SUCCESS])
    assert utility.pay(line)["answer"] == "50 dollars are paid. 70 dollars and 50 cents are left."
    (row,) = utility.rows("payments")
    assert (row["brand"], row["last_four"], row["confirmation"]) == ("Visa", "4242", "ch_1")
    ((key, attributes),) = line.asked
    assert key == row["key"]
    assert attributes["chargeAmount"] == "50.00"
    assert (utility.states, utility.balance) == (["paid"], 7_050)


@pytest.mark.parametrize("outcome", ["payment-connector-error", "caller-hung-up", "a result of another year"])
def test_a_card_that_was_not_charged_may_be_tried_again_in_the_same_call(utility: Utility, outcome: str) -> None:
    line = Line([{"outcome": outcome}, SUCCESS])
    assert utility.pay(line, call="CA1")["paid"] is False
    assert utility.pay(line, call="CA1")["paid"] is True
    assert (utility.states, len(utility.rows("payments")), utility.balance) == (["failed", "paid"], 1, 7_050)
    assert line.asked[0][0] != line.asked[1][0], "each try has a key of its own"


def test_a_form_that_was_never_shown_leaves_nothing_open(utility: Utility) -> None:
    line = Line([ToolError("The caller spoke instead."), SUCCESS])
    assert "spoke" in utility.pay(line, call="CA1")["error"]
    assert utility.pay(line, call="CA1")["paid"] is True


def test_a_result_that_comes_after_the_call_is_booked_then_and_only_once(utility: Utility) -> None:
    line = Line([unknown()])
    assert "do not pay again" in utility.pay(line)["say"]
    assert (utility.fates, utility.balance) == ([Fate.UNSURE], 12_050)
    for _ in range(3):
        utility.told(line.asked[0][0], SUCCESS)
    assert (utility.fates, utility.balance, len(utility.rows("payments"))) == ([Fate.DONE], 7_050, 1)


def test_the_first_word_of_a_payment_counts(utility: Utility) -> None:
    line = Line([unknown()])
    utility.pay(line)
    utility.told(line.asked[0][0], DECLINED)
    utility.told(line.asked[0][0], SUCCESS)
    assert (utility.fates, utility.states, utility.balance) == ([Fate.NOT_DONE], ["failed"], 12_050)


def test_while_a_payment_is_open_no_other_is_begun_for_that_account_and_an_hour_later_one_is(utility: Utility) -> None:
    utility.pay(Line([unknown()]))
    second = Line([SUCCESS])
    assert "being confirmed still" in utility.pay(second)["reason"]
    assert "being confirmed still" in utility.pay(second, amount_cents=100)["reason"]
    assert "being confirmed still" in utility.pay(Line(keys="4242", takes_payments=False))["reason"]
    assert second.asked == []
    utility.now += timedelta(hours=1, seconds=1)
    assert utility.pay(second)["paid"] is True


def test_a_process_that_died_at_the_form_settles_it_at_its_next_start(utility: Utility) -> None:
    line = Line([unknown()])
    utility.pay(line)
    utility.shop.journal.keep_receipt(line.asked[0][0], SUCCESS, "late")  # told, and gone before anything was booked
    utility.open()
    run(utility.shop.settle())
    run(utility.shop.settle())
    assert (utility.fates, utility.balance, len(utility.rows("payments"))) == ([Fate.DONE], 7_050, 1)


def test_a_charge_that_cannot_be_booked_now_is_no_failure_and_is_booked_later(
    utility: Utility, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def down(*_asked: object) -> None:
        raise ToolError("Our records cannot be reached right now. Nothing was changed.")

    utility.pay(Line([DECLINED]))
    line = Line([SUCCESS])
    with monkeypatch.context() as patch, caplog.at_level(logging.CRITICAL):
        patch.setattr("tools.payments.tools.once", down)
        assert "The card was charged" in utility.pay(line)["error"]
    assert utility.fates[-1] is Fate.UNSURE
    utility.told(line.asked[0][0], SUCCESS)
    assert (utility.fates[-1], utility.balance) == (Fate.DONE, 7_050)


def test_more_than_is_owed_and_a_wrong_postal_code_show_no_form(utility: Utility) -> None:
    line = Line()
    assert "more than is owed" in utility.pay(line, amount_cents=20_000)["reason"]
    assert "No account" in utility.pay(line, postcode="80203")["error"]
    assert (line.asked, utility.states) == ([], [])


def test_the_card_on_file_is_charged_by_who_knows_its_last_digits_and_guessing_ends(utility: Utility) -> None:
    def keyed(digits: str) -> dict[str, Any]:
        return utility.pay(Line(keys=digits, takes_payments=False))

    assert "No four digits" in keyed("")["reason"]
    for guess in ("0000", "1111", "2222"):
        assert "not the last four digits" in keyed(guess)["reason"]
    assert "too often" in keyed("4242")["reason"]
    utility.now += timedelta(hours=1, seconds=1)
    assert keyed("4242")["paid"] is True
    assert utility.balance == 7_050


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["paid", "declined", "lost", "told", "told again", "restart", "later"]), max_size=12))
def test_in_any_order_every_charge_is_booked_once_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, story: list[str]
) -> None:
    utility = Utility(tmp_path_factory.mktemp("utility"))
    utility.pay(Line([DECLINED]))
    charged: list[str] = []
    lost: list[str] = []

    def tell(keys: list[str]) -> None:
        for key in keys:
            utility.told(key, SUCCESS)

    steps: dict[str, Callable[[], None]] = {
        "told": lambda: tell(lost),
        "told again": lambda: tell(charged),
        "restart": utility.open,
        "later": lambda: setattr(utility, "now", utility.now + timedelta(hours=2)),
    }
    for step in story:
        if step in steps:
            steps[step]()
            continue
        ends: dict[str, Mapping[str, str] | Exception] = {"paid": SUCCESS, "declined": DECLINED, "lost": unknown()}
        line = Line([ends[step]])
        utility.pay(line, amount_cents=1_000)
        charged += [key for key, _ in line.asked if step != "declined"]
        lost += [key for key, _ in line.asked if step == "lost"]
    tell(lost)
    assert sorted(str(row["key"]) for row in utility.rows("payments")) == sorted(charged)
    assert utility.balance == 12_050 - 1_000 * len(charged)
