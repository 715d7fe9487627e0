"""The scripted brain in whole conversations."""

import pytest

from simulator.brain import AppointmentBrain
from tests.simulator.brain_talk import TOOLS, Talk

GREETING = "Which day would suit you?"


def test_a_whole_call_from_the_first_wish_to_the_goodbye() -> None:
    talk = Talk()
    assert talk.say("hello i'd like to book an appointment") == "Of course. Which day would suit you?"
    offer = talk.say("tuesday morning please")
    assert offer == (
        "On Tuesday, November twenty-fourth, I have nine, nine thirty or ten in the morning. Which suits you?"
    )
    assert talk.say("nine thirty is fine").endswith("What name shall I put down?")
    booked = talk.say("my name is ada lovelace")
    assert booked == (
        "You're booked, Ada Lovelace. Nine thirty in the morning on Tuesday, November twenty-fourth."
        " Is there anything else I can do?"
    )
    assert talk.calendar.booked == {"2026-11-24T09:30": "Ada Lovelace"}
    assert talk.say("no that's all goodbye") == "Goodbye, and see you on Tuesday."
    assert [name for name, _ in talk.called] == ["find_free_slots", "book_appointment", "hang_up"]
    assert talk.has_hung_up


def test_everything_in_one_breath() -> None:
    talk = Talk()
    talk.say("Hi, my name is Ada Lovelace and I need a check-up on Tuesday at 10 a.m., please.")
    assert talk.calendar.booked == {"2026-11-24T10:00": "Ada Lovelace"}
    assert talk.called[0] == (
        "find_free_slots",
        {"date": "2026-11-24", "part_of_day": "morning", "service": "check-up"},
    )


def test_goodbye_is_spoken_in_the_answer_that_hangs_up() -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in TOOLS]
    request = {"messages": [{"role": "user", "content": "good bye"}], "tools": tools}
    answer = AppointmentBrain().answer(request)
    assert answer.text == "Goodbye, and thank you for calling."
    assert [name for name, _ in answer.tool_calls] == ["hang_up"]


@pytest.mark.parametrize(
    ("wish", "day"),
    [
        ("tomorrow", "2026-11-23"),
        ("the day after tomorrow", "2026-11-24"),
        ("on friday", "2026-11-27"),
        ("next monday", "2026-11-23"),
        ("monday next week", "2026-11-23"),
        ("tuesday in the week after", "2026-11-24"),
        ("november twenty fourth", "2026-11-24"),
        ("the 24th", "2026-11-24"),
        ("the twenty fifth of november", "2026-11-25"),
        ("in three days", "2026-11-25"),
        ("in a week", "2026-11-29"),
        ("chews day", "2026-11-24"),
        ("wends day please", "2026-11-25"),
        ("thirsty day", "2026-11-26"),
        ("Wensday", "2026-11-25"),
        ("not tuesday, wednesday", "2026-11-25"),
        ("two morrow", "2026-11-23"),
    ],
)
def test_days_are_understood_as_they_are_said_and_misheard(wish: str, day: str) -> None:
    talk = Talk()
    talk.say(wish)
    assert talk.called[0][1]["date"] == day


@pytest.mark.parametrize(
    ("choice", "slot"),
    [
        ("the first one", "09:00"),
        ("the second", "09:30"),
        ("third one please", "10:00"),
        ("the last one", "10:00"),
        ("ten is fine", "10:00"),
        ("10 am", "10:00"),
        ("10:00.", "10:00"),
        ("half past nine", "09:30"),
        ("9:30 works for me", "09:30"),
        ("nine thirty", "09:30"),
        ("let's do 930", "09:30"),
        ("tan", "10:00"),
        ("nein", "09:00"),
        ("yes", "09:00"),
        ("either", "09:00"),
        ("ten or nine", "10:00"),
        ("no, the second one", "09:30"),
    ],
)
def test_a_choice_is_taken_however_it_is_said(choice: str, slot: str) -> None:
    talk = Talk()
    talk.say("tuesday", choice, "ada")
    assert list(talk.calendar.booked) == [f"2026-11-24T{slot}"]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("my name is Ada Lovelace", "Ada Lovelace"),
        ("it's ada", "Ada"),
        ("Ada Lovelace.", "Ada Lovelace"),
        ("uh yes sure it's ada lovelace thanks", "Ada Lovelace"),
        ("this is o'brien speaking", "O'Brien"),
        ("A-D-A", "Ada"),
        ("ada a d a", "Ada"),
        ("put it under jean-luc picard please", "Jean-Luc Picard"),
        ("Mrs McDonald", "McDonald"),
        ("the name's bond", "Bond"),
    ],
)
def test_names_are_understood_as_they_are_said(said: str, name: str) -> None:
    talk = Talk()
    talk.say("tuesday", "nine", said)
    assert list(talk.calendar.booked.values()) == [name]


def test_a_name_that_sounds_like_praise_changes_no_choice() -> None:
    talk = Talk()
    talk.say("tuesday", "ten o'clock is fine", "My name is Ada Lovely.")
    assert talk.calendar.booked == {"2026-11-24T10:00": "Ada Lovely"}


@pytest.mark.parametrize(
    "said", ["yes", "what", "mhm", "okay sure", "i don't know", "how much is it", "one moment", "why"]
)
def test_what_is_no_name_is_not_taken_for_one(said: str) -> None:
    talk = Talk()
    talk.say("tuesday", "nine", said)
    assert talk.calendar.booked == {}
    talk.say("ada")
    assert list(talk.calendar.booked.values()) == ["Ada"]


def test_a_day_without_free_times_is_said_and_the_next_are_offered() -> None:
    talk = Talk()
    offer = talk.say("saturday")
    assert offer.startswith(
        "Nothing is free on Saturday, November twenty-eighth. On Monday, November thirtieth, I have nine"
    )
    talk.say("monday at nine then", "ada")
    assert list(talk.calendar.booked) == ["2026-11-30T09:00"]


def test_a_time_that_is_not_there_is_said() -> None:
    talk = Talk()
    assert talk.say("tuesday at two").startswith("I can't offer two. On Tuesday, November twenty-fourth, I have one")
    talk.say("half past two will do", "ada")
    assert list(talk.calendar.booked) == ["2026-11-24T14:30"]


def test_other_times_other_days_and_nothing_at_all() -> None:
    talk = Talk()
    talk.say("tuesday")
    assert "in the afternoon" in talk.say("do you have anything later")
    assert "Wednesday" in talk.say("hm what about wednesday")
    assert talk.say("no none of these") == "No problem, let's try another day. Which day would suit you?"
    assert talk.say("oh never mind") == "All right, I won't book anything. Is there anything else I can do?"
    assert talk.say("no thanks") == "Goodbye, and thank you for calling."
    assert talk.calendar.booked == {}


def test_the_earliest_time_needs_no_day() -> None:
    talk = Talk()
    assert talk.say("as soon as possible").startswith("On Monday, November twenty-third, I have nine")
    assert talk.called[0][1]["date"] is None


def test_corrections_are_followed_at_every_stage() -> None:
    talk = Talk()
    talk.say("tuesday")
    assert "Wednesday, November twenty-fifth" in talk.say("no i meant wednesday")
    assert "Ten in the morning on Wednesday" in talk.say("ten")
    assert "Nine thirty in the morning on Wednesday" in talk.say("sorry nine thirty")
    assert "Nine thirty in the morning on Thursday" in talk.say("actually make it thursday")
    talk.say("ada")
    assert list(talk.calendar.booked) == ["2026-11-26T09:30"]
    assert talk.say("no i meant friday").startswith("That one is booked, and I can't change it.")
    assert "Friday" in talk.say("then book another appointment on friday please")
    talk.say("the first one")
    assert talk.calendar.booked == {"2026-11-26T09:30": "Ada", "2026-11-27T09:00": "Ada"}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what are your opening hours", "We are open Monday to Friday, nine to five."),
        ("are you open on saturday", "We are open Monday to Friday, nine to five."),
        ("where are you located", "We are at twelve Willow Street."),
        ("how much does it cost", "A consultation is sixty dollars."),
        ("are you a robot", "Yes, I'm a machine: a scripted demo brain, and I can only book appointments."),
        (
            "am i talking to a real person",
            "Yes, I'm a machine: a scripted demo brain, and I can only book appointments.",
        ),
        ("can i speak to someone please", "I'm sorry, there is nobody else on this line. I'm a scripted demo brain."),
        ("i want to cancel my appointment", "I'm sorry, I can't change or cancel appointments."),
        ("how are you", "Very well, thank you."),
    ],
)
def test_questions_are_answered_and_then_the_booking_goes_on(question: str, answer: str) -> None:
    talk = Talk()
    said = talk.say(question)
    assert said.startswith(answer)
    assert said.endswith(GREETING)
    assert talk.called == []


def test_facts_come_from_the_system_prompt_when_it_has_them() -> None:
    talk = Talk("Opening hours: weekdays from eight to four\nAddress: One Main Street.\n- Price: forty euros")
    assert talk.say("when do you open").startswith("We are open weekdays from eight to four.")
    assert talk.say("where are you").startswith("We are at One Main Street.")
    assert talk.say("how much").startswith("It is forty euros.")
