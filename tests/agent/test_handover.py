"""Calls in other hands: who is told what, who gets the caller, and how each way out gives the call back."""

import asyncio
from dataclasses import replace

import pytest

from agent import twiml
from agent.call_line import BUSY, TelephoneLine
from agent.errors import Fault, FaultKind, Whose
from agent.handover import CONNECTED, OUTCOME, Facts, Handover, Lendings, Lent
from agent.handover_webhook import HandoverWebhook
from agent.manners import Manners
from agent.telephony import TelephonyError
from agent.web_request import Form
from fsm.events import CallerOccupied, CallerReturned, Occupation
from fsm.state import Mode
from tests.agent.test_call_line import SPEAKING, THINKING, FakeCall, passes, told
from tools.call_line import CallerLeftError
from tools.context import ToolError, ToolFailed

ORIGIN = "https://phone.example.com"
PAYMENT = "4f2a.1"
PAYMENT_PATHS = (twiml.PAID_PATH, twiml.PAYMENT_STATUS_PATH)


class Board:
    """A switchboard that only lends."""

    def __init__(self) -> None:
        self.lendings = Lendings()
        self.lendings.on_paid = lambda key, facts: self.receipts.append((key, facts))
        self.backs: list[Facts] = []
        self.receipts: list[tuple[str, Facts]] = []

    def has(self, call_sid: str) -> bool:
        return self.lendings.of(call_sid) is not None

    def lend(self, briefing: str = "", payment: str = "") -> Lent:
        lent = Lent(briefing, 60_000, self.backs.append, payment)
        self.lendings.lend("CA1", lent)
        return lent

    def connected(self, call_sid: str) -> None:
        lent = self.lendings.of(call_sid)
        assert lent is not None
        lent.facts[OUTCOME] = CONNECTED
        self.lendings.end(call_sid)


def answers(board: Board) -> HandoverWebhook:
    return HandoverWebhook(board, ORIGIN, "en-US", lambda form: f"back {form['CallSid']}".encode())  # type: ignore[arg-type]  # all it uses


def asked(board: Board, path: str, **form: str) -> str:
    query = Form((("payment", PAYMENT),)) if path in PAYMENT_PATHS else Form(())
    return answers(board).answers[path](Form(tuple(form.items())), query).decode()


def test_who_picks_up_hears_what_it_is_about_and_takes_the_call_by_a_key() -> None:
    board = Board()
    board.lend("Ada asks for <you>.")
    briefing = asked(board, twiml.BRIEFING_PATH, CallSid="CA2", ParentCallSid="CA1")
    assert "Ada asks for &lt;you&gt;. To take the call, press 1." in briefing
    assert f'action="{ORIGIN}{twiml.TAKEN_PATH}"' in briefing
    assert briefing.endswith("<Hangup /></Response>"), "who presses nothing has declined"
    assert asked(board, twiml.TAKEN_PATH, CallSid="CA2", ParentCallSid="CA1", Digits="1").endswith("<Response />")
    assert board.backs == [{OUTCOME: CONNECTED}]


def test_without_a_briefing_they_have_the_caller_at_once() -> None:
    board = Board()
    board.lend()
    assert asked(board, twiml.BRIEFING_PATH, CallSid="CA2", ParentCallSid="CA1").endswith("<Response />")
    assert board.backs == [{OUTCOME: CONNECTED}]


@pytest.mark.parametrize("digits", ["2", "", "11"])
def test_any_other_key_declines(digits: str) -> None:
    board = Board()
    board.lend("Ada asks for you.")
    assert "<Hangup" in asked(board, twiml.TAKEN_PATH, CallSid="CA2", ParentCallSid="CA1", Digits=digits)
    assert board.backs == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("no-answer", "no-answer"), ("busy", "busy"), ("completed", "declined"), ("failed", "failed"), ("", "failed")],
)
def test_a_call_that_nobody_took_comes_back_with_the_reason(status: str, outcome: str) -> None:
    board = Board()
    lent = board.lend("Ada asks for you.")
    assert asked(board, twiml.DIALLED_PATH, CallSid="CA1", DialCallStatus=status) == "back CA1"
    assert lent.facts == {OUTCOME: outcome}


def test_of_a_payment_nothing_of_the_card_is_kept() -> None:
    board = Board()
    lent = board.lend(payment=PAYMENT)
    form = {"Result": "success", "PaymentToken": "PT1", "PaymentCardNumber": "xxxx-4242", "ExpirationDate": "1230"}
    assert asked(board, twiml.PAID_PATH, CallSid="CA1", **form) == "back CA1"
    assert lent.facts == {OUTCOME: "success", "result": "success", "token": "PT1", "last_four": "4242"}
    assert board.receipts == [(PAYMENT, lent.facts)]


@pytest.mark.parametrize("number", ["4242424242424242", "4242 4242 4242 4242 ", "", "4242"])
def test_a_number_that_is_not_masked_is_dropped_as_a_whole(number: str) -> None:
    board = Board()
    lent = board.lend(payment=PAYMENT)
    asked(board, twiml.PAID_PATH, CallSid="CA1", Result="success", PaymentCardNumber=number)
    assert "last_four" not in lent.facts


def test_a_result_that_is_told_twice_counts_once_and_one_of_another_payment_does_not() -> None:
    board = Board()
    lent = board.lend(payment=PAYMENT)
    told = {"CallSid": "CA1", "Result": "success", "PaymentConfirmationCode": "ch_1"}
    assert asked(board, twiml.PAYMENT_STATUS_PATH, **told).endswith("<Response />")
    assert asked(board, twiml.PAID_PATH, **{**told, "Result": "payment-connector-error"}) == "back CA1"
    assert lent.facts[OUTCOME] == "success"
    other = board.lend(payment="other.1")
    asked(board, twiml.PAYMENT_STATUS_PATH, **told)
    assert other.facts == {}
    assert [key for key, _ in board.receipts] == [PAYMENT] * 3


def test_a_result_that_comes_after_the_call_is_kept_and_how_far_the_form_is_is_no_result() -> None:
    board = Board()
    asked(board, twiml.PAYMENT_STATUS_PATH, CallSid="CA1", PartialResult="true", PaymentCardNumber="xxxx-4242")
    assert board.receipts == []
    assert "<Hangup" in asked(board, twiml.PAID_PATH, CallSid="CA1", Result="success")
    assert board.receipts == [(PAYMENT, {OUTCOME: "success", "result": "success"})]


@pytest.mark.parametrize("path", [twiml.BRIEFING_PATH, twiml.TAKEN_PATH, twiml.DIALLED_PATH, twiml.PAID_PATH])
def test_a_call_that_is_not_lent_is_hung_up(path: str) -> None:
    assert "<Hangup" in asked(Board(), path, CallSid="CA1", Digits="1")


# --- the line ------------------------------------------------------------------------------------------------------


class Rest:
    """Twilio's REST API: the documents that calls were to run."""

    def __init__(self, error: TelephonyError | None = None, *, is_up: bool = True) -> None:
        self.documents: list[str] = []
        self._error = error
        self._is_up = is_up

    async def redirect(self, call_sid: str, document: str) -> bool:
        assert call_sid == "CA1"
        self.documents.append(document)
        if self._error is not None:
            raise self._error
        return self._is_up


def calling(rest: Rest) -> tuple[FakeCall, Lendings]:
    lendings = Lendings()
    handover = Handover(lendings, rest, ORIGIN, {"nurse": "+15550007777"}, "Default")
    return FakeCall(SPEAKING, handover), lendings


def test_a_caller_is_handed_over_once_our_words_were_heard_and_the_tool_learns_what_became_of_it() -> None:
    rest = Rest()
    call, lendings = calling(rest)

    async def story(call: FakeCall) -> None:
        asked = asyncio.create_task(call.line.transfer("nurse", "Ada."))
        await passes(call, 100)
        assert rest.documents == []
        call.becomes(THINKING)
        await passes(call, 0)
        assert ">+15550007777</Number>" in rest.documents[0]
        lent = lendings.of("CA1")
        assert lent is not None
        lent.facts[OUTCOME] = "busy"
        lendings.end("CA1")
        assert await asked == "busy"

    told(story, call)
    assert call.fed == [CallerOccupied(Occupation.AWAY, 2, 90_000), CallerReturned()]


def test_a_caller_who_speaks_is_not_handed_over() -> None:
    rest = Rest()
    call, _ = calling(rest)

    async def story(call: FakeCall) -> None:
        asked = asyncio.create_task(call.line.pay(PAYMENT, {"chargeAmount": "1.00"}))
        await passes(call, 0)
        call.becomes(replace(THINKING, mode=Mode.LISTENING))
        with pytest.raises(ToolError):
            await asked

    told(story, call)
    assert rest.documents == []


def test_what_the_telephone_network_refuses_leaves_the_call_ours() -> None:
    fault = Fault(Whose.PROVIDER, "twilio", FaultKind.OVERLOADED, "HTTP 503")
    for rest, error in ((Rest(TelephonyError(fault)), "refused"), (Rest(is_up=False), "gone")):
        call, lendings = calling(rest)

        async def story(call: FakeCall, error: str = error) -> None:
            call.state = THINKING
            with pytest.raises(ToolError, match=error):
                await call.line.transfer("nurse", "")

        told(story, call)
        assert lendings.of("CA1") is None
        assert call.fed[-1] == CallerReturned()


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT, FaultKind.UNREACHABLE])
def test_an_order_that_was_not_answered_may_have_been_carried_out(kind: FaultKind) -> None:
    call, _ = calling(Rest(TelephonyError(Fault(Whose.PROVIDER, "twilio", kind, "no answer"))))

    async def story(call: FakeCall) -> None:
        call.state = THINKING
        with pytest.raises(ToolFailed):
            await call.line.pay(PAYMENT, {})

    told(story, call)


def test_nobody_knows_what_became_of_a_payment_whose_call_is_over_and_of_a_transfer_one_does() -> None:
    call, lendings = calling(Rest())

    async def story(call: FakeCall) -> None:
        call.state = THINKING
        asked = asyncio.create_task(call.line.pay(PAYMENT, {"chargeAmount": "1.00"}))
        await passes(call, 0)
        lendings.end("CA1")
        with pytest.raises(ToolFailed):
            await asked
        asked = asyncio.create_task(call.line.pay(PAYMENT, {"chargeAmount": "1.00"}))
        await passes(call, 0)
        call.line.close()
        with pytest.raises(ToolFailed):
            await asked

    told(story, call)
    call, lendings = calling(Rest())

    async def left(call: FakeCall) -> None:
        call.state = THINKING
        asked = asyncio.create_task(call.line.transfer("nurse", ""))
        await passes(call, 0)
        lendings.end("CA1")
        with pytest.raises(CallerLeftError):
            await asked

    told(left, call)


def test_only_people_of_the_agents_file_are_called_and_only_where_the_line_can() -> None:
    call, _ = calling(Rest())

    async def story(call: FakeCall) -> None:
        with pytest.raises(ToolError, match="known are nurse"):
            await call.line.transfer("+15551234567", "")
        with pytest.raises(ToolError, match="TWILIO_ACCOUNT_SID"):
            await TelephoneLine(call, call.clock, lambda _audio: None, None, "CA1", Manners()).pay(PAYMENT, {})
        without = Handover(Lendings(), Rest(), ORIGIN)
        with pytest.raises(ToolError, match="TWILIO_PAY_CONNECTOR"):
            await TelephoneLine(call, call.clock, lambda _audio: None, without, "CA1", Manners()).pay(PAYMENT, {})
        held = asyncio.create_task(call.line.hold(1_000))
        await passes(call, 0)
        with pytest.raises(ToolError, match=BUSY):
            await call.line.transfer("nurse", "")
        held.cancel()

    told(story, call)
