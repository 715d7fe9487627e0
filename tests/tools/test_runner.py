"""Exactly one bounded outcome for whatever the model asks, and each effect once."""

import asyncio
import json
import logging
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.virtual import elapse, run
from tools.context import EndsCall, Expects, NotDone, ToolContext, ToolError
from tools.declare import tool
from tools.intents import MAX_REMEMBERED
from tools.outcome import MAX_RESULT_CHARS, Outcome
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import EFFECT_LIMIT_MS, Tool

CONTEXT = ToolContext("call-1", "+15550100", Path("nowhere"), lambda: datetime.fromisoformat("2026-11-23T09:00"))


def runner(*tools: Tool) -> Runner:
    return Runner(Registry(tools), CONTEXT)


def error_of(outcome: Outcome) -> str:
    assert outcome.failed
    return str(json.loads(outcome.result)["error"])


class Kitchen:
    """Counts what really happened."""

    def __init__(self) -> None:
        self.cooked: Counter[str] = Counter()

    def tool(self, kind: str = "effect", **options: Any) -> Tool:  # noqa: ANN401 - the options of @tool
        @tool(kind=kind, name="cook", **options)
        async def cook(dish: str, takes_s: float = 0.0) -> dict[str, object]:
            """Cook."""
            await elapse(takes_s)
            self.cooked[dish] += 1
            return {"dish": dish, "number": self.cooked.total()}

        return cook


def test_a_plain_function_answers_without_a_turn_of_the_loop() -> None:
    @tool()
    def greet(context: ToolContext, name: str = "you") -> dict[str, str]:
        """Greet."""
        return {"to": name, "on": context.today.isoformat()}

    story = runner(greet).run("greet", "")
    with pytest.raises(StopIteration) as done:
        story.send(None)
    assert done.value.value == Outcome('{"to":"you","on":"2026-11-23"}')


def test_trouble_of_the_model_is_told_to_the_model() -> None:
    kitchen = Kitchen()

    async def story() -> None:
        cook = runner(kitchen.tool())
        assert "There is no tool 'bake'" in error_of(await cook.run("bake", "{}"))
        assert "'dish' is missing" in error_of(await cook.run("cook", "null"))
        assert "Invalid JSON" in error_of(await cook.run("cook", "{"))
        assert "too long" in error_of(await cook.run("cook", '"' + "x" * 20_000 + '"'))
        assert error_of(await cook.run("cook", '{"dish": "\ud800"}'))

    run(story())
    assert not kitchen.cooked


def test_what_a_tool_may_say_reaches_the_model_and_what_it_may_not_does_not(caplog: pytest.LogCaptureFixture) -> None:
    @tool()
    def refuse() -> None:
        """Refuse."""
        raise ToolError("We are closed.")

    @tool(on_failure="The oven is out of order.")
    def break_down() -> None:
        """Break."""
        raise KeyError("secret-host:5432")

    @tool()
    def blow_up() -> object:
        """Answer with what JSON cannot hold."""
        return object()

    async def story() -> None:
        it = runner(refuse, break_down, blow_up)
        assert error_of(await it.run("refuse", "{}")) == "We are closed."
        assert json.loads((await it.run("break_down", "{}")).result)["say"] == "The oven is out of order."
        assert "does not work right now" in error_of(await it.run("blow_up", "{}"))

    with caplog.at_level(logging.INFO):
        run(story())
    assert "break_down broke: KeyError" in caplog.text
    assert "secret-host" not in caplog.text


@pytest.mark.parametrize("size", [MAX_RESULT_CHARS, 1_000_000])
def test_a_huge_result_is_cut_and_says_so(size: int) -> None:
    @tool()
    def recite() -> str:
        """Recite."""
        return '"\n' * size

    outcome = run(runner(recite).run("recite", "{}"))
    assert len(outcome.result) <= MAX_RESULT_CHARS
    assert "beginning" in json.loads(outcome.result)["cut"]


def test_a_tool_can_end_the_call() -> None:
    @tool()
    def leave() -> EndsCall:
        """Leave."""
        return EndsCall({"ok": True})

    assert run(runner(leave).run("leave", "{}")) == Outcome('{"ok":true}', ends_call=True)


def test_a_tool_can_say_what_the_caller_will_be_asked_for() -> None:
    @tool()
    def send_code() -> Expects:
        """Send a code."""
        return Expects({"sent": True}, "digits(6)")

    assert run(runner(send_code).run("send_code", "{}")) == Outcome('{"sent":true}', expects="digits(6)")


def test_a_slow_reader_is_stopped_at_its_deadline() -> None:
    kitchen = Kitchen()

    async def story() -> None:
        it = runner(kitchen.tool("pure", deadline_ms=500))
        assert "No answer within 0.5 s" in error_of(await it.run("cook", '{"dish": "soup", "takes_s": 9}'))
        assert asyncio.get_running_loop().time() == pytest.approx(0.5)
        await elapse(10)

    run(story())
    assert not kitchen.cooked


def test_a_slow_effect_is_reported_as_unsure_and_still_happens_once() -> None:
    kitchen = Kitchen()

    async def story() -> None:
        it = runner(kitchen.tool(deadline_ms=500))
        wish = '{"dish": "soup", "takes_s": 2}'
        assert "Not confirmed within 0.5 s" in error_of(await it.run("cook", wish))
        assert "Not confirmed" in error_of(await it.run("cook", wish))
        await elapse(2)
        assert await it.run("cook", wish) == Outcome('{"dish":"soup","number":1}')

    run(story())
    assert kitchen.cooked == {"soup": 1}


def test_an_effect_that_hangs_is_given_up_in_the_end() -> None:
    async def story() -> None:
        it = runner(Kitchen().tool(deadline_ms=500))
        await it.run("cook", '{"dish": "stone soup", "takes_s": 1000}')
        assert await it.settle(EFFECT_LIMIT_MS // 2) == 1
        assert await it.settle(EFFECT_LIMIT_MS) == 0
        assert "may be done or not" in error_of(await it.run("cook", '{"dish": "stone soup", "takes_s": 1000}'))

    run(story())


def test_the_same_intent_in_other_words_is_the_same_effect() -> None:
    kitchen = Kitchen()

    async def story() -> list[Outcome]:
        it = runner(kitchen.tool())
        spellings = ['{"dish": "soup"}', '{ "takes_s": 0, "dish":"soup"}', '{"dish": "soup", "takes_s": "0.0"}']
        return await asyncio.gather(*(it.run("cook", each) for each in spellings))

    first, second, third = run(story())
    assert first == second == third == Outcome('{"dish":"soup","number":1}')
    assert kitchen.cooked == {"soup": 1}


def test_what_was_not_done_may_be_tried_again() -> None:
    answers: list[Any] = [ToolError("The oven is cold."), NotDone({"done": False}), {"done": True}]

    @tool(kind="effect")
    def bake() -> object:
        """Bake."""
        answer = answers.pop(0)
        if isinstance(answer, ToolError):
            raise answer
        return answer

    async def story() -> list[str]:
        it = runner(bake)
        return [(await it.run("bake", "")).result for _ in range(4)]

    assert run(story()) == ['{"error":"The oven is cold."}', '{"done":false}', '{"done":true}', '{"done":true}']


def test_an_effect_that_broke_half_way_is_not_tried_again() -> None:
    tries = Counter[str]()

    @tool(kind="effect")
    async def pay() -> None:
        """Pay."""
        tries["pay"] += 1
        raise ConnectionError

    async def story() -> None:
        it = runner(pay)
        assert await it.run("pay", "") == await it.run("pay", "")

    run(story())
    assert tries["pay"] == 1


@pytest.mark.parametrize(("kind", "cooked"), [("pure", 0), ("idempotent", 1), ("effect", 1)])
def test_a_withdrawn_request_stops_reading_but_not_doing(kind: str, cooked: int) -> None:
    kitchen = Kitchen()

    async def story() -> None:
        it = runner(kitchen.tool(kind))
        asked = asyncio.create_task(it.run("cook", '{"dish": "soup", "takes_s": 1}'))
        await elapse(0.5)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await it.settle(5_000) == 0

    run(story())
    assert kitchen.cooked["soup"] == cooked


def test_a_tool_that_cancels_itself_does_not_cancel_the_call() -> None:
    @tool()
    async def faint() -> None:
        """Faint."""
        raise asyncio.CancelledError

    assert "stopped" in error_of(run(runner(faint).run("faint", "")))


def test_memory_of_effects_is_bounded() -> None:
    kitchen = Kitchen()

    async def story() -> Runner:
        it = runner(kitchen.tool())
        for number in range(2 * MAX_REMEMBERED):
            await it.run("cook", json.dumps({"dish": str(number)}))
        return it

    assert len(run(story())._intents._known) == MAX_REMEMBERED


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["soup", "stew", "roast"]),
        st.sampled_from([0.0, 0.1, 0.6, 3.0]),  # how long it takes
        st.sampled_from([None, 0.05, 0.3]),  # when the request is withdrawn
        st.sampled_from([0.0, 0.05, 1.0]),  # pause before the next
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(REQUESTS)
def test_however_requests_and_withdrawals_interleave_each_effect_happens_once(
    requests: list[tuple[str, float, float | None, float]],
) -> None:
    kitchen = Kitchen()
    outcomes: list[Outcome] = []

    async def ask(it: Runner, dish: str, takes_s: float) -> None:
        outcomes.append(await it.run("cook", json.dumps({"dish": dish, "takes_s": takes_s})))

    async def story() -> None:
        it = runner(kitchen.tool(deadline_ms=500))
        asked = []
        for dish, takes_s, withdrawn_s, pause_s in requests:
            task = asyncio.create_task(ask(it, f"{dish} {takes_s}", takes_s))
            if withdrawn_s is not None:
                asyncio.get_running_loop().call_later(withdrawn_s, task.cancel)
            asked.append(task)
            await elapse(pause_s)
        ended = await asyncio.gather(*asked, return_exceptions=True)
        assert await it.settle(10_000) == 0
        cancelled = sum(isinstance(each, asyncio.CancelledError) for each in ended)
        assert len(outcomes) + cancelled == len(requests)

    run(story())
    assert all(count == 1 for count in kitchen.cooked.values())
    started = {f"{dish} {takes_s}" for dish, takes_s, withdrawn, _ in requests if withdrawn is None}
    assert started <= set(kitchen.cooked)


@settings(max_examples=200, deadline=None)
@given(name=st.text(max_size=20), arguments=st.text(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
).map(json.dumps))  # fmt: skip
def test_no_request_is_too_strange_for_an_outcome(name: str, arguments: str) -> None:
    it = runner(Kitchen().tool())
    for asked in (name, "cook"):
        outcome = run(it.run(asked, arguments))
        assert len(outcome.result) <= MAX_RESULT_CHARS
        json.loads(outcome.result)
