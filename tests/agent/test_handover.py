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
from tools.context import ToolError

ORIGIN = "https://phone.example.com"


class Board:
    """A switchboard that only lends."""

    def __init__(self) -> None:
        self.lendings = Lendings()
        self.backs: list[Facts] = []

    def lend(self, briefing: str = "") -> Lent:
        lent = Lent(briefing, 60_000, self.backs.append)
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
    return answers(board).answers[path](Form(tuple(form.items()))).decode()


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
    lent = board.lend()
    form = {"Result": "success", "PaymentToken": "PT1", "PaymentCardNumber": "xxxx-4242", "ExpirationDate": "1230"}
    assert asked(board, twiml.PAID_PATH, CallSid="CA1", **form) == "back CA1"
    assert lent.facts == {OUTCOME: "success", "result": "success", "token": "PT1"}


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
    return FakeCall(SPEAKING, Handover(lendings, rest, ORIGIN, {"nurse": "+15550007777"})), lendings


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
        asked = asyncio.create_task(call.line.pay({"chargeAmount": "1.00"}))
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


def test_only_people_of_the_agents_file_are_called_and_only_where_the_line_can() -> None:
    call, _ = calling(Rest())

    async def story(call: FakeCall) -> None:
        with pytest.raises(ToolError, match="known are nurse"):
            await call.line.transfer("+15551234567", "")
        with pytest.raises(ToolError, match="TWILIO_ACCOUNT_SID"):
            await TelephoneLine(call, call.clock, lambda _audio: None, None, "CA1", Manners()).pay({})
        held = asyncio.create_task(call.line.hold(1_000))
        await passes(call, 0)
        with pytest.raises(ToolError, match=BUSY):
            await call.line.transfer("nurse", "")
        held.cancel()

    told(story, call)
