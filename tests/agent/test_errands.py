"""Tools under way: each is answered once, whatever becomes of it."""

import asyncio

import pytest

from agent.errands import Errands
from agent.services import ToolOutcome
from fsm.effects import RunTool
from fsm.events import ToolCall, ToolReturned
from tests.agent.call_fakes import FakeOwner, FakeRunner, Outcome
from tests.fakes import ManualClock

LOOK = RunTool(2, ToolCall("c1", "look", '{"day": 1}'))


class Counted(FakeRunner):
    """Tools that are counted."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(self, name: str, arguments_json: str) -> Outcome:
        self.ran.append(name)
        return await super().run(name, arguments_json)


async def all_over(errands: Errands) -> None:
    """Wait until no tool is under way."""
    while errands.under_way:
        await asyncio.get_running_loop().run_in_executor(None, int)


def run(runner: FakeRunner, *orders: RunTool) -> FakeOwner:
    owner = FakeOwner(ManualClock())

    async def story() -> None:
        errands = Errands(runner, owner.clock, owner)
        for order in orders:
            errands.run(order)
        assert errands.under_way == len(orders)
        assert owner.fed == [], "never within the call that asked for it"
        await all_over(errands)

    asyncio.run(story())
    return owner


def test_a_tool_is_answered_with_what_it_returned() -> None:
    assert run(FakeRunner(), LOOK).fed == [ToolReturned(2, "c1", 'look {"day": 1}')]


def test_tools_of_one_round_are_answered_one_by_one() -> None:
    other = RunTool(2, ToolCall("c2", "book", "{}"))
    assert run(FakeRunner(), LOOK, other).fed == [
        ToolReturned(2, "c1", 'look {"day": 1}'),
        ToolReturned(2, "c2", "book {}"),
    ]


@pytest.mark.parametrize("outcome", [Outcome("no", failed=True, ends_round=True), Outcome("bye", ends_call=True)])
def test_failure_and_endings_are_passed_on(outcome: Outcome) -> None:
    class Runner(FakeRunner):
        async def run(self, name: str, arguments_json: str) -> Outcome:
            return outcome

    (returned,) = run(Runner(), LOOK).fed
    assert returned == ToolReturned(
        2, "c1", outcome.result, outcome.failed, ends_call=outcome.ends_call, ends_round=outcome.ends_round
    )


def test_a_tool_that_ran_ahead_is_not_run_again_and_told_once_it_is_ordered() -> None:
    owner, runner = FakeOwner(ManualClock()), Counted()
    told: list[ToolOutcome] = []

    async def story() -> None:
        errands = Errands(runner, owner.clock, owner)
        errands.run_ahead(2, LOOK.call, told.append)
        await all_over(errands)
        assert owner.fed == [], "nobody ordered it yet"
        assert [outcome.result for outcome in told] == ['look {"day": 1}'], "whoever had it run knows at once"
        errands.run(LOOK)
        assert owner.fed == [], "never within the call that asked for it"
        owner.clock.advance(0)

    asyncio.run(story())
    assert owner.fed == [ToolReturned(2, "c1", 'look {"day": 1}')]
    assert runner.ran == ["look"]


def test_a_tool_that_is_ordered_while_it_runs_ahead_is_told_when_it_returns() -> None:
    owner, runner = FakeOwner(ManualClock()), Counted()
    told: list[ToolOutcome] = []

    async def story() -> None:
        errands = Errands(runner, owner.clock, owner)
        errands.run_ahead(2, LOOK.call, told.append)
        errands.run(LOOK)
        assert owner.fed == [], "never within the call that asked for it"
        await all_over(errands)

    asyncio.run(story())
    assert told == [], "it is a fact by now"
    assert owner.fed == [ToolReturned(2, "c1", 'look {"day": 1}')]
    assert runner.ran == ["look"]


def test_what_runs_ahead_for_nothing_is_stopped_and_never_told() -> None:
    owner, runner = FakeOwner(ManualClock()), Counted()
    told: list[ToolOutcome] = []

    async def story() -> None:
        errands = Errands(runner, owner.clock, owner)
        errands.run_ahead(2, LOOK.call, told.append)
        errands.run_ahead(4, LOOK.call, told.append)
        errands.forget(2)
        errands.run(RunTool(3, LOOK.call))
        errands.run(RunTool(4, LOOK.call))
        await all_over(errands)

    asyncio.run(story())
    assert told == []
    assert owner.fed == [ToolReturned(reply, "c1", 'look {"day": 1}') for reply in (4, 3)], "others are not forgotten"
    assert runner.ran == ["look", "look"], "those that were ordered, and no other"


@pytest.mark.parametrize(("told", "expects"), [("digits(6)", "digits(6)"), ("a number", ""), ("", "")])
def test_what_a_tool_says_to_expect_is_passed_on_where_it_is_known(told: str, expects: str) -> None:
    class Runner(FakeRunner):
        async def run(self, name: str, arguments_json: str) -> Outcome:
            return Outcome("sent", expects=told)

    assert run(Runner(), LOOK).fed == [ToolReturned(2, "c1", "sent", expects=expects)]


def test_a_runner_that_raises_is_a_mistake_of_ours() -> None:
    class Runner(FakeRunner):
        async def run(self, name: str, arguments_json: str) -> Outcome:
            raise ZeroDivisionError

    owner = run(Runner(), LOOK)
    assert [type(error) for error in owner.mistakes] == [ZeroDivisionError]
    assert owner.fed == []
