"""Brains for people who bring their own replies."""

import pytest

from simulator.brain.answers import BrainAnswer, CannedBrain, RuleBrain


def test_canned_replies_begin_again_and_rules_answer_by_pattern() -> None:
    canned = CannedBrain(["one", BrainAnswer("two")])
    assert [canned.answer({}).text for _ in range(3)] == ["one", "two", "one"]
    rules = RuleBrain([(r"my name is (?P<name>\w+)", "Hello {name}!"), ("hello", "Hi.")], "What?")

    def reply(content: object) -> str:
        return rules.answer({"messages": [{"role": "user", "content": content}]}).text

    assert reply("well, My Name is Ada") == "Hello Ada!"
    assert reply([{"type": "text", "text": "hello"}]) == "Hi."
    assert reply("xyz") == "What?"


@pytest.mark.parametrize("rule", [("(", "x"), ("a", "{1}"), ("a", "{name}"), ("a", "{")])
def test_a_rule_that_cannot_work_says_so_at_once(rule: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"expected|does not fit"):
        RuleBrain([rule])


def test_a_canned_brain_needs_a_reply() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CannedBrain([])
