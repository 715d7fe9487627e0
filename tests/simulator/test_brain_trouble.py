"""The scripted brain when words, tools or replies go wrong."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.brain import AppointmentBrain
from tests.simulator.brain_talk import TOOLS, Calendar, Talk

GREETING = "Which day would suit you?"


def test_what_makes_no_sense_is_asked_again_with_a_hint_and_ends_politely() -> None:
    talk = Talk()
    assert talk.say("flurb the wug") == f"Sorry, I didn't catch that. {GREETING}"
    assert "You can say a day" in talk.say("grmpf")
    assert talk.say("tuesday").startswith("On Tuesday")
    assert talk.say("snorkel") == "Sorry, I didn't catch that. Would nine, nine thirty or ten in the morning suit you?"
    assert talk.say("snorkel", "snorkel", "snorkel", "snorkel").startswith("I'm sorry, we don't seem to understand")
    assert talk.has_hung_up


def test_repeat_wait_and_mhm() -> None:
    talk = Talk()
    offer = talk.say("tuesday")
    assert talk.say("sorry?") == offer
    assert talk.say("hold on a second") == "Take your time."
    assert talk.say("mm-hmm") == "Would nine, nine thirty or ten in the morning suit you?"
    talk.say("the first one", "ada")
    assert talk.say("could you repeat that").startswith("You're booked, Ada. Nine in the morning on Tuesday")


def test_an_interrupted_offer_is_taken_up_from_what_the_tools_told() -> None:
    talk = Talk()
    talk.say("tuesday")
    talk.cut("On Tuesday, November twenty-fourth, I have nine")
    talk.say("nine thirty please")
    talk.cut("Nine thirty")
    talk.say("ada lovelace")
    assert talk.calendar.booked == {"2026-11-24T09:30": "Ada Lovelace"}
    talk.cut("You're booked")
    assert talk.say("sorry what").startswith("You're booked, Ada Lovelace. Nine thirty")


def test_noise_over_its_own_words_is_taken_with_grace() -> None:
    talk = Talk()
    talk.say("tuesday")
    said = talk.cut("On Tuesday, November").say("brzl")
    assert said == "Sorry, I talked over you. Would nine, nine thirty or ten in the morning suit you?"


def test_a_reply_nobody_heard_leaves_two_user_messages_in_a_row() -> None:
    talk = Talk()
    talk.messages += [{"role": "user", "content": "i'd like to come in"}, {"role": "user", "content": "on tuesday"}]
    assert talk.answer().startswith("On Tuesday")


def test_without_today_in_the_prompt_the_calendar_is_asked() -> None:
    talk = Talk("You book appointments.")
    assert talk.say("tuesday morning").startswith("On Tuesday, November twenty-fourth")
    assert [arguments["date"] for _, arguments in talk.called] == [None, "2026-11-24"]


def test_without_any_today_the_weekday_is_looked_for_among_the_free_times() -> None:
    talk = Talk("You book appointments.", calendar=Calendar(tells_today=False))
    assert talk.say("monday").startswith("On Monday, November twenty-third")
    assert len(talk.called) == 1


@pytest.mark.parametrize(
    "failure", ['{"error":"The calendar cannot be reached right now."}', "no json", "[]", '{"slots":null}', ""]
)
def test_a_calendar_that_fails_is_said_and_tried_again(failure: str) -> None:
    talk = Talk()
    talk.calendar.failures = [failure]
    assert talk.say("tuesday") == "I'm sorry, the calendar is not answering. Shall I try again?"
    assert talk.say("yes please").startswith("On Tuesday")
    talk.calendar.failures = [failure]
    assert talk.say("nine", "ada") == "I'm sorry, I could not confirm that booking. Shall I try again?"
    assert talk.say("yes").startswith("You're booked, Ada. Nine in the morning")
    assert len(talk.calendar.booked) == 1


def test_a_slot_taken_meanwhile_is_said_and_others_are_offered() -> None:
    talk = Talk()
    talk.say("tuesday", "nine")
    talk.calendar.free["2026-11-24"].remove("09:00")
    offer = talk.say("ada")
    assert offer.startswith("That time has just gone. On Tuesday, November twenty-fourth, I have nine thirty, ten or")
    assert talk.say("ten").startswith("You're booked, Ada. Ten in the morning")


def test_errors_with_a_reason_are_understood() -> None:
    talk = Talk()
    talk.calendar.failures = ['{"error":"Appointments are given out 60 days ahead at most; 2027-06-03 is later."}']
    assert talk.say("june third") == "That is too far ahead. Which other day would suit you?"
    talk = Talk()
    talk.calendar.failures = ['{"error":"There is no service \'cleaning\'. Services: checkup."}']
    assert talk.say("a cleaning on tuesday").startswith("On Tuesday")
    assert [arguments["service"] for _, arguments in talk.called] == ["cleaning", None]


def test_where_nothing_at_all_is_free_another_day_is_asked_for_and_nothing_looked_up_unasked() -> None:
    talk = Talk()
    talk.calendar.free.clear()
    assert talk.say("tuesday") == "Nothing is free on Tuesday, November twenty-fourth. Which other day would suit you?"
    assert talk.say("hrmpf") == "Sorry, I didn't catch that. Which day would suit you?"
    assert len(talk.called) == 1
    assert talk.say("tuesday").startswith("Nothing is free on Tuesday")


def test_slots_that_are_none_are_left_out() -> None:
    talk = Talk()
    slots = '[7,{},{"slot_id":"x","date":"?","time":"9"},{"slot_id":"s1","date":"2026-11-24","time":"09:05"}]'
    talk.calendar.failures = [f'{{"slots":{slots},"today":"2026-11-22"}}']
    assert (
        talk.say("tuesday")
        == "On Tuesday, November twenty-fourth, I have nine oh five in the morning. Does that suit you?"
    )


@pytest.mark.parametrize("missing", TOOLS)
def test_a_tool_that_is_not_offered_is_never_called(missing: str) -> None:
    talk = Talk(tools=[name for name in TOOLS if name != missing])
    said = [talk.say(line) for line in ("tuesday", "nine", "ada", "goodbye")]
    assert missing not in [name for name, _ in talk.called]
    assert all(said)
    assert said[-1].endswith("thank you for calling.") or missing == "hang_up"


def test_after_hanging_up_nothing_more_is_said() -> None:
    talk = Talk()
    talk.say("goodbye")
    assert talk.messages[-1] == {"role": "assistant", "content": ""}


def test_with_no_word_from_the_caller_it_asks_for_the_day() -> None:
    assert AppointmentBrain().answer({}).text == GREETING
    assert Talk().answer() == GREETING


WORDS = st.sampled_from(
    "yes no tuesday monday nine ten thirty half past the first second one later bye ada lovelace my name is tomorrow "
    "an afternoon book appointment please what how much robot never mind wait twenty fourth november sorry i meant or "
    "to for at two in morning 10:30 am soon as possible okay thanks other day not june next week repeat hello".split()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), max_size=8), st.booleans())
def test_whatever_is_said_it_speaks_plainly_and_never_invents(lines: list[str], is_cut: bool) -> None:
    talk = Talk()
    for line in lines:
        if talk.has_hung_up:
            break
        said = talk.say(line)
        assert said
        assert len(said) < 260
        assert not re.search(r"[0-9_{}\[\]*#]", said)
        last = talk.messages[-1]
        if is_cut and last["role"] == "assistant" and last["content"]:
            talk.cut(str(last["content"]).split()[0])
