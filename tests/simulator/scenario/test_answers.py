"""The scripted brain: what it answers to which request, and what it says of its script afterwards."""

import pickle
from pathlib import Path
from typing import Any

from simulator.brain.answers import BrainAnswer
from simulator.scenario import parse
from simulator.scenario.answers import NO_ANSWER, ScriptedAnswers, ScriptedBrain, answers_of


def brain(text: str) -> ScriptedBrain:
    """A fresh brain of a script's `[model]`."""
    return recipe(text).fresh()


def recipe(text: str) -> ScriptedAnswers:
    script = parse("caller = []\n[groq]\ncheck_tool_calls = false\n" + text, Path("my.toml"))
    made = answers_of(script.model)
    assert made is not None
    return made


def asks(text: str, *more: dict[str, Any], after: str = "") -> dict[str, object]:
    """A request after the caller said `text`, and heard `after` before that."""
    before = {"role": "assistant", "content": after or f"before {text}"}
    return {"messages": [before, {"role": "user", "content": text}, *more]}


def ran(*names: str, result: str = "{}") -> list[dict[str, Any]]:
    """The model asked for these tools, and their results."""
    calls = [{"id": f"c{i}", "type": "function", "function": {"name": name}} for i, name in enumerate(names)]
    results = [{"role": "tool", "tool_call_id": f"c{i}", "content": result} for i in range(len(names))]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def test_replies_come_in_order() -> None:
    told = brain(
        '[model]\nreplies = ["One.", { say = "Two.", call = "hang_up" }, { call = "x", arguments = { a = [1] } }]'
    )
    assert told.answer(asks("a")) == BrainAnswer("One.")
    assert told.answer(asks("b")) == BrainAnswer("Two.", (("hang_up", "{}"),))
    assert told.answer(asks("c")) == BrainAnswer("", (("x", '{"a":[1]}'),))
    assert list(told.complaints()) == []


def test_the_same_request_again_has_the_same_answer_and_uses_nothing_up() -> None:
    told = brain('[model]\nreplies = ["One.", "Two."]')
    assert [told.answer(asks("a")).text for _ in range(3)] == ["One."] * 3
    assert told.answer(asks("b")).text == "Two."


def test_whoever_goes_on_before_they_hear_an_answer_gets_the_same_reply_to_all_of_it() -> None:
    told = brain('[model]\nreplies = ["One.", "Two."]')
    assert told.answer(asks("I would like", after="Hello")).text == "One."
    assert told.answer(asks("I would like Tuesday", after="Hello")).text == "One."
    assert told.answer(asks("Thank you", after="One.")).text == "Two."
    assert list(told.complaints()) == []


def test_answers_are_found_by_what_was_asked_and_the_first_that_fits_is_given() -> None:
    told = brain(
        '[[model.answers]]\nasked = "open(ing)?\\\\b"\nsay = "Nine to five."\n'
        '[[model.answers]]\nasked = "."\nsay = "Pardon?"\n'
    )
    assert told.answer(asks("When are you OPEN?")).text == "Nine to five."
    assert told.answer(asks("Where are you?")).text == "Pardon?"


def test_an_answer_may_be_given_only_so_often() -> None:
    told = brain('[[model.answers]]\nasked = "a"\nsay = "Once."\ntimes = 1\n[model]\nfallback = "Again?"\n')
    assert [told.answer(asks(text)).text for text in ("a", "aa", "a")] == ["Once.", "Again?", "Once."]


def test_results_of_tools_have_answers_of_their_own() -> None:
    told = brain(
        '[[model.answers]]\nasked = "book"\ncall = "find_free_slots"\n'
        '[[model.answers]]\nafter_tool = "find_free_slots"\nsay = "At ten?"\n'
        '[[model.answers]]\nafter_tool = "book_appointment"\nasked = "book"\nsay = "Booked."\n'
    )
    assert told.answer(asks("book me")).tool_calls == (("find_free_slots", "{}"),)
    assert told.answer(asks("book me", *ran("find_free_slots"))).text == "At ten?"
    assert told.answer(asks("book me", *ran("hang_up", "book_appointment"))).text == "Booked."


def test_several_tools_at_once_and_json_that_is_broken() -> None:
    told = brain('[model]\nreplies = [{ calls = [{ call = "a" }, { call = "b", raw_arguments = "{broken" }] }]\n')
    assert told.answer(asks("x")).tool_calls == (("a", "{}"), ("b", "{broken"))


def test_what_nothing_scripted_answers_is_left_to_the_brain_that_is_named() -> None:
    told = brain('[model]\nbrain = "appointments"\nreplies = ["One."]\n')
    assert told.answer(asks("a")).text == "One."
    assert told.answer(asks("What does it cost?")).text != NO_ANSWER
    assert list(told.complaints()) == []


def test_a_reply_never_asked_for_is_told_with_what_was_asked() -> None:
    told = brain('[model]\nreplies = ["One.", "Two."]')
    told.answer(asks("When are you open?"))
    (complaint,) = told.complaints()
    assert complaint == (
        'expected the model to be asked for model reply 2 ("Two."), '
        'but it was asked once: "When are you open?" (reply 1)'
    )


def test_answers_never_asked_for_are_told_by_what_they_wait_for() -> None:
    told = brain('[[model.answers]]\nasked = "x"\nsay = "y"\n[[model.answers]]\nafter_tool = "z"\ncall = "w"\n')
    first, second = told.complaints()
    expected = "expected the model to be asked for model answer"
    assert first == f'{expected} 1 (asked = "x"), but it was not asked at all'
    assert second == f'{expected} 2 (after_tool = "z"), but it was not asked at all'


def test_what_nothing_answers_is_told_and_the_call_goes_on() -> None:
    told = brain('[model]\nreplies = ["One."]')
    told.answer(asks("a"))
    assert told.answer(asks("b", *ran("find_free_slots"))).text == NO_ANSWER
    (complaint,) = told.complaints()
    assert complaint == (
        "expected an answer to everything the model is asked, got none for after find_free_slots; "
        'it was asked 2 times: "a" (reply 1), after find_free_slots (no answer). Add one, or fallback = "..."'
    )


def test_each_run_has_a_brain_that_has_answered_nothing_yet() -> None:
    made = recipe('[model]\nreplies = ["One.", "Two."]')
    sent: ScriptedAnswers = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own bytes
    assert sent == made
    first, second = made.fresh(), sent.fresh()
    assert first.answer(asks("a")) == second.answer(asks("b")) == BrainAnswer("One.")
    assert made.answer(asks("c")) == BrainAnswer("One.")


def test_a_script_that_says_nothing_of_the_model_has_the_bundled_brain() -> None:
    assert answers_of(parse("caller = []\n", Path("my.toml")).model) is None
    assert answers_of(parse('caller = []\n[model]\nbrain = "appointments"\n', Path("my.toml")).model) is None
