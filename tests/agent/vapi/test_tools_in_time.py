"""Calls whose model is Vapi's own and whose tools are ours, in virtual time: each effect once, however it is asked."""

import json
from pathlib import Path

import pytest

from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.peers.vapi import VapiCall
from simulator.peers.vapi_behaviour import Auth, Layout, VapiBehaviour
from simulator.peers.vapi_tools import NO_RESULT
from tests.agent.vapi.world import BOOKING, VapiWorld, assistant_at_vapi, how
from tools.outcome import Fate

SLOT = "2026-11-24T09:00"


def book(name: str, slot: str = SLOT) -> tuple[str, str]:
    return "book_appointment", json.dumps({"slot_id": slot, "name": name})


def place(
    data: Path, behaviour: VapiBehaviour | None = None, *script: BrainAnswer, turns: tuple[str, ...] = ("Please.",)
) -> VapiWorld:
    """A call that is over; the model does what the script says, or else books an appointment as it was asked."""
    there = VapiWorld(data)
    brain = CannedBrain(script) if script else None
    there = VapiWorld(
        data, turns if script else BOOKING, behaviour, assistant=assistant_at_vapi(there.agent), brain=brain
    )
    there.run()
    return there


def fates(there: VapiWorld) -> list[Fate | None]:
    return [entry.fate for entry in there.workshop.journal.entries() if entry.tool == "book_appointment"]


def results(call: VapiCall) -> list[str]:
    return [end.text for end in call.tool_ends]


@pytest.mark.parametrize(
    "behaviour",
    [
        *(VapiBehaviour(layout=layout) for layout in Layout),
        VapiBehaviour(auth=Auth.HMAC),
        VapiBehaviour(copies=4),
        VapiBehaviour(copies=3, copy_after_ms=700),
        VapiBehaviour(broken_first=True),
        VapiBehaviour(report_first=True, report_after_ms=5_000),
        VapiBehaviour(say_ms_per_character=60, model_delay_ms=300),
    ],
    ids=how,
)
def test_it_is_booked_once_in_every_layout_and_however_often_it_is_delivered(
    tmp_path: Path, behaviour: VapiBehaviour
) -> None:
    there = place(tmp_path, behaviour)
    call = there.call
    assert call.problems == []
    assert [end.asked.name for end in call.tool_ends] == ["find_free_slots", "book_appointment"]
    assert json.loads(results(call)[1])["booked"] is True
    assert fates(there) == [Fate.DONE]
    assert ("user", "My name is Ann Lee.") in call.said
    assert call.completions == []


def test_the_date_and_the_caller_are_filled_into_the_prompt(tmp_path: Path) -> None:
    there = place(tmp_path)
    prompt = there.call.messages[0]["content"]
    assert "Today is 2026-11-23, a Monday. It is 08:00." in prompt
    assert "The caller's number is +15550001111." in prompt
    assert "call endCall in the same answer" in prompt


def test_two_calls_in_one_message_are_answered_in_their_order(tmp_path: Path) -> None:
    both = BrainAnswer(tool_calls=(book("Ann Lee"), book("Bo Ray")))
    there = place(tmp_path, None, both, BrainAnswer("Done."))
    first, second = map(json.loads, results(there.call))
    assert first["booked"]
    assert not second["booked"]
    assert len([each for each in there.call.deliveries if each.type == "tool-calls"]) == 1


def test_a_model_that_asks_twice_for_the_same_effect_gets_it_once(tmp_path: Path) -> None:
    again = BrainAnswer(tool_calls=(book("Ann Lee"),))
    there = place(tmp_path, None, again, again, BrainAnswer("Done."))
    first, second = results(there.call)
    assert first == second
    assert fates(there) == [Fate.DONE]


def test_a_tool_that_there_is_not_and_arguments_that_are_none_are_told_to_the_model(tmp_path: Path) -> None:
    broken = BrainAnswer(tool_calls=(("find_free_slots", "{broken"), ("find_free_slots", '{"date": 7}')))
    there = place(tmp_path, None, broken, BrainAnswer("Sorry."))
    assert all(end.is_failure for end in there.call.tool_ends)
    assert "JSON" in results(there.call)[0]
    assert "date" in results(there.call)[1]
    assert there.call.problems == []


def test_tools_of_a_call_that_nobody_was_asked_about_are_its_own(tmp_path: Path) -> None:
    there = place(
        tmp_path, VapiBehaviour(strange_call=True), BrainAnswer(tool_calls=(book("Ann Lee"),)), BrainAnswer("Done.")
    )
    (entry,) = there.workshop.journal.entries()
    assert entry.call_id == f"strange-{there.call.call_id[:8]}"
    assert json.loads(results(there.call)[0])["booked"] is True


@pytest.mark.parametrize("auth", [Auth.WRONG_SECRET])
def test_a_wrong_secret_does_nothing_and_the_model_is_told_of_no_result(tmp_path: Path, auth: Auth) -> None:
    there = place(tmp_path, VapiBehaviour(auth=auth), BrainAnswer(tool_calls=(book("Ann Lee"),)), BrainAnswer("Sorry."))
    assert results(there.call) == [NO_RESULT]
    assert "tool book_appointment: expected status 200, got status 401, application/json" in there.call.problems
    assert there.workshop.journal.entries() == []
    assert not (tmp_path / "traces").exists()
    assert [each.type for each in there.call.deliveries].count("tool-calls") == 3  # as often as the assistant says
