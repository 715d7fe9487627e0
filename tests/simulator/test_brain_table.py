"""A scripted brain by a table of rules: goals and their steps, values in what is said, trouble with tools."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.agent_file import bundled_agents
from simulator.brain.of_agent import brain_of
from simulator.brain.rules import Rules, RulesError, Value, load_rules
from simulator.brain.table import TableBrain
from simulator.brain.told import cents_in, digits_in, filled, find_value, say_money

TOOLS = ("find_shipment", "change_delivery_date", "hang_up")
MONDAY = date(2026, 11, 23)


class Talk:
    """A conversation with the brain of the parcel service; `results` are what tools answer, next one first."""

    def __init__(self, *results: Mapping[str, Any], tools: tuple[str, ...] = TOOLS) -> None:
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": "Today is 2026-11-23."}]
        self.called: list[tuple[str, dict[str, Any]]] = []
        self._results = list(results)
        self._tools = [{"type": "function", "function": {"name": name}} for name in tools]
        self._brain = brain_of("shipments")

    def say(self, *lines: str) -> str:
        """What the brain says to the last line, once its tools are done."""
        told = ""
        for line in lines:
            self.messages.append({"role": "user", "content": line})
            told = self._answer()
        return told

    def _answer(self) -> str:
        told = ""
        for _ in range(4):
            answer = self._brain.answer({"messages": self.messages, "tools": self._tools})
            told = f"{told} {answer.text}".strip()
            message: dict[str, Any] = {"role": "assistant", "content": answer.text}
            self.messages.append(message)
            if not answer.tool_calls:
                return told
            ((name, arguments),) = answer.tool_calls
            call_id = f"call_{len(self.called)}"
            self.called.append((name, json.loads(arguments)))
            message["tool_calls"] = [{"id": call_id, "function": {"name": name, "arguments": arguments}}]
            result = {"ends": True} if name == "hang_up" else self._results.pop(0)
            self.messages.append({"role": "tool", "tool_call_id": call_id, "content": json.dumps(result)})
        raise AssertionError("the brain calls tools without end")


FOUND = {"found": True, "answer": "It is delayed."}


def test_a_goal_asks_for_what_it_needs_and_then_calls_its_tool() -> None:
    talk = Talk(FOUND)
    assert talk.say("Is my parcel late?") == "What is the number of your shipment? It has six digits."
    assert talk.say("four seven one nine two oh") == "It is delayed. Is there anything else I can do?"
    assert talk.called == [("find_shipment", {"number": "471920"})]


def test_what_was_told_already_is_not_asked_for() -> None:
    talk = Talk(FOUND)
    assert talk.say("Where is parcel 471920?").startswith("It is delayed.")


def test_an_effect_waits_for_a_yes_and_a_no_asks_anew() -> None:
    talk = Talk({"changed": True, "answer": "It comes on Friday November 27."})
    assert "Shall shipment four seven one nine two oh come on Thursday, November twenty-sixth?" in talk.say(
        "Can 471920 come on another day?", "On Thursday."
    )
    assert talk.say("No.") == "On which day shall it come?"
    assert talk.called == []
    assert "Friday" in talk.say("On Friday.")
    assert talk.say("Yes.").startswith("That is done. It comes on Friday November 27.")
    assert talk.called == [("change_delivery_date", {"number": "471920", "date": "2026-11-27"})]


def test_a_refusal_is_told_and_the_value_asked_for_again() -> None:
    talk = Talk({"changed": False, "reason": "We do not deliver on Sundays."})
    talk.say("Can 471920 come on another day?", "On Sunday.")
    assert talk.say("Yes.") == "I'm sorry. We do not deliver on Sundays. On which day shall it come?"


def test_a_tool_that_breaks_is_tried_again_if_the_caller_likes() -> None:
    talk = Talk({"error": "The tool broke."}, FOUND)
    assert talk.say("Where is 471920?").endswith("that does not work right now. Shall I try again?")
    assert talk.say("Yes.").startswith("It is delayed.")
    given_up = Talk({"error": "The tool broke."})
    given_up.say("Where is 471920?")
    assert given_up.say("No.").startswith("I'm sorry about that.")


def test_a_tool_that_is_not_offered_is_never_called() -> None:
    talk = Talk(tools=("hang_up",))
    assert "I cannot do that now" in talk.say("Where is 471920?")
    assert talk.called == []


def test_the_caller_may_say_goodbye_at_any_time() -> None:
    talk = Talk()
    talk.say("Where is my parcel?")
    assert talk.say("Goodbye.") == "Goodbye, and thank you for calling."
    assert talk.called == [("hang_up", {"reason": "the caller is done"})]


def test_what_makes_no_sense_is_asked_again_and_in_the_end_given_up() -> None:
    talk = Talk()
    talk.say("Where is my parcel?")
    assert talk.say("Blue elephants.").startswith("Sorry, I didn't catch that. What is the number")
    assert talk.say(*["Blue elephants."] * 4) == "Goodbye, and thank you for calling."


@pytest.mark.parametrize(
    ("said", "count", "digits"),
    [
        ("four seven one nine two oh", 6, "471920"),
        ("it is 471 920 thanks", 6, "471920"),
        ("four double seven", 3, "477"),
        ("triple five", 3, "555"),
        ("four seven", 6, None),
        ("four seven one nine two oh one", 6, None),
        ("no numbers at all", 6, None),
    ],
)
def test_digits_count(said: str, count: int, digits: str | None) -> None:
    assert digits_in(said, count) == digits


@pytest.mark.parametrize(
    ("said", "cents"),
    [
        ("fifty dollars", 5_000),
        ("one hundred and twenty dollars and fifty cents", 12_050),
        ("i would like to pay twenty five", 2_500),
        ("two thousand three hundred dollars", 230_000),
        ("120 dollars", 12_000),
        ("the whole amount", None),
    ],
)
def test_money_is_understood(said: str, cents: int | None) -> None:
    assert cents_in(said) == cents


@given(st.integers(1, 99_999))
def test_money_that_is_said_is_understood(dollars: int) -> None:
    assert cents_in(say_money(100 * dollars)) == 100 * dollars


def test_texts_are_filled_as_one_says_them() -> None:
    values = {"number": "471920", "day": "2026-11-26", "time": "09:30", "amount": 12_050}
    assert filled("{number:digits} {day:date} {time:time} {amount:money} {unknown}", values) == (
        "four seven one nine two oh Thursday, November twenty-sixth nine thirty "
        "one hundred twenty dollars and fifty cents"
    )


def test_a_choice_is_the_first_whose_phrases_are_said() -> None:
    value = Value.model_validate({"kind": "choice", "ask": "?", "choices": {"tyre": ["flat", "tyre"], "fuel": ["gas"]}})
    assert find_value(value, "I have a flat tyre", MONDAY, was_asked=False) == "tyre"
    assert find_value(value, "a flatter one", MONDAY, was_asked=True) is None


@pytest.mark.parametrize("agent", bundled_agents())
def test_no_agent_speaks_before_it_is_asked_or_calls_a_tool_by_itself(agent: str) -> None:
    answer = brain_of(agent).answer({"messages": [{"role": "system", "content": "Today is 2026-11-23."}]})
    assert answer.text
    assert not answer.tool_calls


@given(st.lists(st.text(max_size=30), max_size=6))
def test_nothing_that_is_said_breaks_it(lines: list[str]) -> None:
    for agent in ("dispatch", "payments"):
        messages = [{"role": "user", "content": line} for line in lines]
        assert brain_of(agent).answer({"messages": messages, "tools": []}).text


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("opening = 7", "opening"),
        ("opening =", "not TOML"),
        ('[[goals]]\nname = "x"\nwants = ["("]\nsteps = [{ ask = "y" }]', "expected phrases"),
        ('[[goals]]\nname = "x"\nwants = ["a"]\nsteps = [{ ask = "y" }]', "a step asks for 'y'"),
    ],
)
def test_rules_that_are_wrong_say_so(tmp_path: Path, rules: str, complaint: str) -> None:
    path = tmp_path / "brain.toml"
    path.write_text(rules)
    with pytest.raises(RulesError, match=r"brain\.toml") as told:
        load_rules(path)
    assert complaint in str(told.value)


def test_without_goals_it_still_says_goodbye() -> None:
    answer = TableBrain(Rules()).answer({"messages": [{"role": "user", "content": "Goodbye."}]})
    assert answer.text == "Goodbye, and thank you for calling."


def test_what_may_be_known_already_is_looked_up_before_it_is_asked_for() -> None:
    tools = ("find_my_shipments", *TOOLS)
    one = {"count": 1, "shipments": [{"number": "471920", "answer": "It is delayed."}]}
    known = Talk(one, tools=tools)
    assert known.say("Is my parcel late?") == "It is delayed. Is there anything else I can do?"
    assert known.say("Can it come on another day?") == "On which day shall it come?"
    several = Talk({"count": 2, "shipments": []}, FOUND, tools=tools)
    assert several.say("Is my parcel late?").startswith("What is the number of your shipment?")
    assert several.say("471920").startswith("It is delayed.")
