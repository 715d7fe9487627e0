"""Each checker finds what a bug would have left, and nothing in a healthy call."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import copy
from dataclasses import replace

import pytest

from agent.call import Call
from agent.ledger import TurnLedger
from fsm.transcript import Message
from simulator.caller import Said
from simulator.checkers import CHECKERS, check_all
from simulator.ears import HeardWord
from simulator.peers.twilio_stream import StreamWarning
from simulator.runs.evidence import Evidence, Line
from simulator.runs.run import gathered
from simulator.scenario import load
from simulator.simulated_call import SimulatedCall
from simulator.witness import Raw
from tests.simulator.checkers import doctored
from tests.simulator.checkers.doctored import (
    MS,
    find,
    order_at,
    the_agent,
    the_call,
    with_agent,
    with_call,
    with_lines,
    with_rehearsal,
    with_transcript,
    with_truth,
    with_twilio,
    with_wire,
)

Plant = Callable[[Evidence], Evidence]
CARD = "4242424242424242"
PLANTS: dict[str, Plant] = {}


@pytest.fixture(scope="module")
def healthy() -> Iterator[Evidence]:
    """A booking, with an mm-hmm, an interruption, tools and a goodbye."""
    with ExitStack() as stack:
        yield stack.enter_context(gathered(load("booking"), 0))


def plants(name: str) -> Callable[[Plant], Plant]:
    """Takes what plants something for the checker `name` to find."""

    def take(plant: Plant) -> Plant:
        PLANTS[name] = plant
        return plant

    return take


# --- what the caller heard


@plants("one-voice")
def two_words_in_the_wrong_order(evidence: Evidence) -> Evidence:
    heard = list(the_call(evidence).caller.heard)
    heard[3], heard[4] = replace(heard[3], text=heard[4].text), replace(heard[4], text=heard[3].text)
    return with_truth(evidence, heard=heard)


@plants("dead-words")
def a_word_after_the_clear(evidence: Evidence) -> Evidence:
    at, data = order_at(evidence, "CancelReply")
    text = find_words(evidence, data["reply"])
    heard = list(the_call(evidence).caller.heard)
    place = next(index for index, word in enumerate(heard) if word.started_at > at)
    said = [word.text for word in heard[:place]]
    spoken = next(count for count in range(len(text), 0, -1) if said[-count:] == text[:count])
    heard.insert(place, HeardWord(text[spoken], at + 300 * MS, at + 500 * MS))
    return with_truth(evidence, heard=heard)


def find_words(evidence: Evidence, reply: int) -> list[str]:
    """The words of a reply."""
    seen = evidence.rehearsal.witness.of_call(the_agent(evidence))
    return " ".join(seen.said[reply]).split()


@plants("heard-text")
def more_believed_than_heard(evidence: Evidence) -> Evidence:
    return believed_at(evidence, "PlayoutHeld")


def believed_at(evidence: Evidence, event: str) -> Evidence:
    """Three words more than were heard, at the last such event."""

    def change(lines: list[Line]) -> None:
        place = find(lines, event, last=True)
        data = lines[place]["data"]
        words = find_words(evidence, data["reply"])
        lines[place] = lines[place] | {"data": data | {"heard": " ".join(words[: len(data["heard"].split()) + 3])}}

    return with_lines(evidence, change)


@plants("silence")
def an_answer_that_was_not_heard(evidence: Evidence) -> Evidence:
    speech = list(the_call(evidence).caller.agent_speech)
    return with_truth(evidence, agent_speech=[speech[0], *speech[3:]])


@plants("manners")
def a_caller_who_was_still_speaking(evidence: Evidence) -> Evidence:
    speech = the_call(evidence).caller.agent_speech[3]  # an answer that was long on its way: others leave at once
    begin, end = speech.started_at - 240 * MS, speech.started_at + 600 * MS
    said = Said("say", "Actually,", begin, end, takes_floor=True, over_agent=False)
    said = replace(said, words=(HeardWord("Actually,", begin, end),))
    return with_truth(evidence, said=[*the_call(evidence).caller.said, said])


# --- what left for the phone


@plants("dead-audio")
def audio_after_the_clear(evidence: Evidence) -> Evidence:
    at, _ = order_at(evidence, "CancelReply")

    def change(messages: list[Raw]) -> None:
        place = next(index for index, message in enumerate(messages) if message[1] > at)
        media = next(message for message in messages if '"media"' in message[2])
        messages.insert(place, (media[0], at + 5 * MS, media[2]))

    return with_wire(evidence, change)


@plants("clear-first")
def no_clear(evidence: Evidence) -> Evidence:
    def change(messages: list[Raw]) -> None:
        messages[:] = [message for message in messages if '"clear"' not in message[2]]

    return with_wire(evidence, change)


@plants("lead")
def half_a_second_at_once(evidence: Evidence) -> Evidence:
    def change(messages: list[Raw]) -> None:
        place = next(index for index, message in enumerate(messages) if '"media"' in message[2])
        messages[place:place] = [messages[place]] * 25

    return with_wire(evidence, change)


@plants("samples")
def a_frame_that_never_left(evidence: Evidence) -> Evidence:
    def change(messages: list[Raw]) -> None:
        messages.pop(next(index for index, message in enumerate(messages) if '"media"' in message[2]))

    return with_wire(evidence, change)


@plants("playout-clock")
def a_second_too_much_counted_as_played(evidence: Evidence) -> Evidence:
    def change(agent: Call) -> None:
        played = agent._mouth.playout.played_samples(evidence.ended_at)
        agent._mouth.playout.played_samples = lambda now: played + 8_000 + 0 * now  # type: ignore[method-assign]  # a bug

    return with_agent(evidence, change)


@plants("twilio-clean")
def a_message_that_twilio_dropped(evidence: Evidence) -> Evidence:
    return with_twilio(evidence, warnings=[StreamWarning(31951, "no such event", evidence.began_at)])


# --- what the model is told


@plants("transcript-heard")
def a_word_nobody_heard_in_the_transcript(evidence: Evidence) -> Evidence:
    def change(messages: list[Message]) -> None:
        messages[0] = replace(messages[0], content=f"{messages[0].content} Really?")

    return with_transcript(evidence, change)


@plants("transcript-valid")
def an_answer_to_no_call(evidence: Evidence) -> Evidence:
    orphan = Message("tool", "{}", tool_call_id="nobody's")
    return with_transcript(evidence, lambda messages: messages.append(orphan))


@plants("cuts-marked")
def a_cut_reply_told_as_whole(evidence: Evidence) -> Evidence:
    def change(messages: list[Message]) -> None:
        messages[:] = [replace(message, cut=False) for message in messages]

    return with_transcript(evidence, change)


@plants("requests-valid")
def a_request_without_a_tools_answer(evidence: Evidence) -> Evidence:
    groq = copy(evidence.rehearsal.groq)
    bodies = [dict(body) for body in groq.seen]
    bodies[-1]["messages"] = [one for one in evidence.asked[-1]["messages"] if one["role"] != "tool"]
    groq.seen = deque(bodies)
    return with_rehearsal(evidence, groq=groq)


# --- tools


@plants("tool-once")
def an_answer_that_came_twice(evidence: Evidence) -> Evidence:
    def change(lines: list[Line]) -> None:
        place = find(lines, "ToolReturned")
        lines.insert(place, lines[place])

    return with_lines(evidence, change)


@plants("effect-once")
def a_booking_made_twice(evidence: Evidence) -> Evidence:
    witness = doctored.seen_by(evidence)
    witness._ran = {call_id: [*ran, ran[1]] for call_id, ran in witness._ran.items()}
    return with_rehearsal(evidence, witness=witness)


@plants("charged-once")
def a_charge_that_is_in_no_book(evidence: Evidence) -> Evidence:
    utility = replace(evidence.plan, cast=replace(evidence.plan.cast, agent="payments"))
    told = the_call(evidence).simulated
    twilio = copy(told.twilio)
    twilio.charged = ["50.00"]
    simulated = SimulatedCall(told.caller, twilio, told.started_at, told.ended_at)
    return with_call(replace(evidence, plan=utility), simulated=simulated)


@plants("effect-ordered")
def a_booking_made_before_it_was_ordered(evidence: Evidence) -> Evidence:
    witness = doctored.seen_by(evidence)
    early = {call_id: [ran[0], replace(ran[1], at=ran[0].at), *ran[2:]] for call_id, ran in witness._ran.items()}
    witness._ran = early
    return with_rehearsal(evidence, witness=witness)


@plants("tool-alive")
def a_tool_of_the_reply_that_was_interrupted(evidence: Evidence) -> Evidence:
    _, data = order_at(evidence, "CancelReply")
    order = ["RunTool", {"reply": data["reply"], "call": {"call_id": "late", "name": "hang_up", "arguments": "{}"}}]

    def change(lines: list[Line]) -> None:
        place = find(lines, "WordsHeard", last=True)
        lines[place] = lines[place] | {"effects": [*lines[place]["effects"], order]}

    return with_lines(evidence, change)


# --- the machine and its record


@plants("deadlines")
def a_tick_that_never_came(evidence: Evidence) -> Evidence:
    return with_lines(evidence, lambda lines: lines.__delitem__(find(lines, "Tick")))


@plants("trace-replays")
def another_decision(evidence: Evidence) -> Evidence:
    def change(lines: list[Line]) -> None:
        place = find(lines, "SpeechStopped")
        lines[place] = lines[place] | {"effects": []}

    return with_lines(evidence, change)


@plants("forwards")
def an_instant_before_the_one_before(evidence: Evidence) -> Evidence:
    def change(lines: list[Line]) -> None:
        place = find(lines, "SpeechStopped")
        lines[place] = lines[place] | {"at_ns": lines[place]["at_ns"] - 5_000 * MS}

    return with_lines(evidence, change)


@plants("latency-true")
def an_answer_that_counts_from_too_late(evidence: Evidence) -> Evidence:
    quiet = the_call(evidence).caller.said
    evidence = with_truth(evidence, said=[said for said in quiet if said.kind == "say"])

    def change(lines: list[Line]) -> None:
        place = next(index for index, line in enumerate(lines) if line.get("stage") == "caller_silent")
        lines[place] = lines[place] | {"at_ns": lines[place]["at_ns"] + 300 * MS}

    return with_lines(evidence, change)


@plants("hidden-words")
def words_that_were_to_be_hidden(evidence: Evidence) -> Evidence:
    return with_lines(evidence, lambda lines: lines[0].update(words="hidden"))


@plants("card-numbers")
def a_card_number_in_the_trace(evidence: Evidence) -> Evidence:
    said = [*the_call(evidence).caller.said, Said("press", CARD, 0, 0, takes_floor=True, over_agent=False)]

    def put(lines: list[Line]) -> None:
        heard = next(line for line in lines if line.get("event") == "WordsHeard")
        heard["data"] = {**heard["data"], "text": f"It is {CARD}."}

    return with_truth(with_lines(evidence, put), said=said)


# --- the end


@plants("no-own-mistake")
def a_mistake_of_ours(evidence: Evidence) -> Evidence:
    note = {"at_ns": 0, "kind": "note", "note": "our_mistake", "data": {"error": "KeyError", "text": "x"}}
    return with_lines(evidence, lambda lines: lines.append(note))


@plants("no-error-log")
def an_error_in_the_log(evidence: Evidence) -> Evidence:
    witness = doctored.seen_by(evidence)
    witness.logged = ["a mistake of ours"]
    return with_rehearsal(evidence, witness=witness)


@plants("ended")
def an_end_that_was_not_told(evidence: Evidence) -> Evidence:
    return with_lines(evidence, lambda lines: lines.__delitem__(find(lines, "CallEnded")))


@plants("released")
def a_timer_left_behind(evidence: Evidence) -> Evidence:
    return replace(evidence, leftovers=("1 timers",))


@plants("keep-alive")
def a_line_closed_for_our_neglect(evidence: Evidence) -> Evidence:
    deepgram = copy(evidence.rehearsal.deepgram)
    deepgram.counts = replace(deepgram.counts, idle_closed=1)
    return with_rehearsal(evidence, deepgram=deepgram)


# --- the tests


def test_a_healthy_call_alarms_nobody(healthy: Evidence) -> None:
    assert check_all(healthy) == []


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_what_is_planted_is_found(healthy: Evidence, name: str) -> None:
    changed = PLANTS[name](healthy)
    (found, *_) = CHECKERS[name].check(changed)
    assert found.checker == name
    assert found.what


def test_what_is_believed_while_we_go_on_quietly_is_compared_too(healthy: Evidence) -> None:
    (found, *_) = CHECKERS["heard-text"].check(believed_at(healthy, "PlayoutDucked"))
    assert "was heard; it was" in found.what


def test_a_ledger_that_does_not_add_up_is_found(healthy: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    parts_ms = TurnLedger.parts_ms
    monkeypatch.setattr(TurnLedger, "parts_ms", lambda turn: parts_ms(turn) | {"own_ms": 1_000})
    assert list(CHECKERS["ledger"].check(healthy))


def test_every_checker_is_checked_and_says_what_it_holds() -> None:
    assert PLANTS.keys() | {"ledger"} == CHECKERS.keys()
    for name, checker in CHECKERS.items():
        assert checker.name == name
        assert checker.holds
        assert "\n" not in checker.holds


def test_a_checker_that_a_plan_waives_is_not_asked(healthy: Evidence) -> None:
    broken = PLANTS["released"](healthy)
    assert [violation.checker for violation in check_all(broken)] == ["released"]
    waived = replace(broken, plan=replace(broken.plan, waives={"released": "on purpose"}))
    assert check_all(waived) == []


def test_findings_say_when_and_in_whose_call(healthy: Evidence) -> None:
    (found, *_) = CHECKERS["dead-words"].check(PLANTS["dead-words"](healthy))
    assert found.caller == the_call(healthy).name
    assert found.at_ms is not None
    assert 0 < found.at_ms < 120_000


def test_a_call_that_was_stopped_on_its_way_is_not_blamed_for_having_no_end() -> None:
    with gathered(load("booking"), 0, until_ms=12_000) as evidence:
        assert check_all(evidence) == []
