"""How calls end: at any moment, by anybody, by our own mistakes; and that nothing is left of them."""

from pathlib import Path

import pytest

from agent.clauses import Clauses
from agent.playout import Playout
from agent.voice_activity import VoiceActivity
from fsm.state import Mode
from simulator.brain.answers import BrainAnswer
from simulator.script import At, HangUp, IntoAgentSpeech, Mumble, Say
from tests.calls.scene import BYE, HOURS, Scene, after, after_greeting
from tools.runner import Runner

ASKS = Say("When do you open?", after_greeting())
ANSWER = "We open at nine in the morning."
GOODBYE = "Thank you for calling. Goodbye."
SORRY = "We are sorry, something went wrong on our side. Please call again in a few minutes. Goodbye."


# --- the caller hangs up


MOMENTS_MS = [0, 3, 20, 1_000, 8_000, 8_840, 8_950, 9_200, 10_700, 10_900]


@pytest.mark.parametrize("at_ms", MOMENTS_MS)
def test_a_caller_may_hang_up_at_any_moment(tmp_path: Path, at_ms: int) -> None:
    scene = Scene(tmp_path, HOURS, ANSWER)
    call = scene.call(ASKS, Say("Stop it, please.", IntoAgentSpeech(1_300)), BYE)
    scene.rehearsal.at(at_ms, call.twilio.hang_up)
    scene.run()
    if call.twilio.record.sid in scene.rehearsal.answered:
        assert call.lines[-1]["note"] == "released"
        (ended,) = call.events("CallEnded")
        assert ended["to"] == "ENDED"


def test_what_was_heard_of_the_last_reply_stays_on_record(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS)
    call = scene.call(ASKS, HangUp(IntoAgentSpeech(2_000)))
    scene.run()
    assert call.transcript[-1].cut
    assert abs(len(call.transcript[-1].content.split()) - len(call.agent[-1].split())) <= 1


# --- the agent hangs up


def test_the_agent_hangs_up_after_its_last_word_was_heard(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BrainAnswer("See you on Monday. Goodbye.", (("hang_up", '{"reason": "done"}'),)))
    call = scene.call(ASKS, HangUp(At(60_000)))
    scene.run()
    assert call.agent[1:] == ["See you on Monday. Goodbye."]
    assert not call.caller.has_hung_up
    assert call.by_twilio == []
    assert call.twilio.errors == []
    assert len(scene.asked) == 1


def test_an_agent_that_hangs_up_without_a_word_says_goodbye(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BrainAnswer("", (("hang_up", "{}"),)))
    call = scene.call(ASKS, HangUp(At(60_000)))
    scene.run()
    assert call.agent[1:] == [GOODBYE]


def test_a_caller_who_has_something_to_add_is_not_hung_up_on(tmp_path: Path) -> None:
    goodbye = BrainAnswer("See you on Monday morning then, and have a nice day. Goodbye.", (("hang_up", "{}"),))
    scene = Scene(tmp_path, goodbye, ANSWER)
    call = scene.call(ASKS, Say("Wait, when do you open?", IntoAgentSpeech(1_200)), BYE)
    scene.run()
    assert call.agent[-1] == ANSWER
    assert call.caller.has_hung_up


# --- nobody says anything


def test_a_silent_caller_is_asked_twice_and_let_go(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    call = scene.call(HangUp(At(120_000)))
    scene.run()
    assert call.agent[1:] == ["Are you still there?", "Are you still there?", GOODBYE]
    assert not call.caller.has_hung_up


def test_music_that_never_stops_is_let_go(tmp_path: Path) -> None:
    scene = Scene(tmp_path, profile={"max_call_ms": 600_000})
    call = scene.call(Mumble(400_000, after_greeting()), HangUp(At(600_000)))
    scene.run(may_be_silent=True)
    assert call.agent[-1] == GOODBYE
    assert call.ms(call.simulated.ended_at or 0) < 400_000


def test_two_machines_that_talk_to_each_other_end_some_day(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER, profile={"max_call_ms": 60_000})
    days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    asked = [f"When do you open on {day} in {month}?" for month in ("March", "April", "May") for day in days]
    call = scene.call(ASKS, *(Say(text, after("morning.", 300)) for text in asked), HangUp(At(600_000)))
    scene.run()
    assert call.agent[-1].endswith(GOODBYE)
    assert 60_000 <= call.ms(call.simulated.ended_at or 0) <= 66_000


# --- our own mistakes


def raising(*_: object, **__: object) -> None:
    raise ZeroDivisionError("a mistake of ours")


@pytest.mark.parametrize(
    ("owner", "method"),
    [(Clauses, "push"), (Clauses, "flush"), (Playout, "push"), (Playout, "finish"), (VoiceActivity, "push")],
    ids=["text", "end of text", "audio", "end of audio", "caller's audio"],
)
@pytest.mark.parametrize("turn_ms", [8_000])
def test_a_mistake_of_ours_ends_its_call_with_an_apology_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, method: str, turn_ms: int
) -> None:
    scene = Scene(tmp_path, ANSWER)
    broken = scene.call(ASKS, HangUp(At(60_000)))
    monkeypatch_at(scene, monkeypatch, owner, method, from_ms=turn_ms, until_ms=12_000)
    scene.world.run_for(12_500)
    fine = scene.call(ASKS, BYE)
    scene.run(may_break=True)
    assert broken.notes("our_mistake") == ["ZeroDivisionError a mistake of ours"]
    assert broken.by_twilio == [SORRY]
    assert fine.agent[1:] == [ANSWER]


def monkeypatch_at(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, owner: type, method: str, *, from_ms: int, until_ms: int
) -> None:
    """Break a method for a while."""
    intact = getattr(owner, method)
    scene.rehearsal.at(from_ms, lambda: monkeypatch.setattr(owner, method, raising))
    scene.rehearsal.at(until_ms, lambda: monkeypatch.setattr(owner, method, intact))


def test_a_mistake_in_one_call_leaves_the_call_beside_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path, ANSWER)
    broken, fine = scene.call(ASKS, HangUp(At(60_000))), scene.call(ASKS, BYE)
    scene.world.run_for(1_000)
    broken.server_side._mouth.playout.pump = raising  # type: ignore[method-assign]  # a mistake
    scene.run(may_break=True)
    assert broken.by_twilio == [SORRY]
    assert broken.notes("our_mistake")
    assert fine.agent[1:] == [ANSWER]


@pytest.mark.parametrize("part", ["_mouth", "_ears"])
def test_a_part_that_cannot_be_closed_does_not_keep_the_others_open(tmp_path: Path, part: str) -> None:
    scene = Scene(tmp_path, ANSWER)
    call = scene.call(ASKS, BYE)
    scene.world.run_for(2_000)
    closing = getattr(call.server_side, part)
    close = closing.close

    def close_and_fail() -> None:
        close()
        raise ZeroDivisionError("a mistake of ours")

    closing.close = close_and_fail
    scene.run(may_break=True)
    assert call.lines[-1]["note"] == "released"


def test_a_tool_runner_that_raises_ends_its_call_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(*_: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(Runner, "run", run)
    scene = Scene(tmp_path, BrainAnswer("", (("find_free_slots", '{"date": "2026-11-24"}'),)))
    call = scene.call(ASKS, HangUp(At(60_000)))
    scene.run(may_break=True)
    assert call.by_twilio == [SORRY]


def test_a_call_that_cannot_even_begin_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path, ANSWER)
    monkeypatch.setattr(scene.rehearsal.desk, "start_call", raising)
    call = scene.call(HangUp(At(60_000)))
    scene.run(may_break=True)
    assert call.by_twilio == [SORRY]
    assert call.agent == []


def test_a_trace_that_cannot_be_written_costs_the_trace_only(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER)
    (tmp_path / "traces").write_text("in the way")
    call = scene.call(ASKS, BYE)
    scene.rehearsal.finish()
    assert call.agent[1:] == [ANSWER]
    assert call.server_side.state.mode is Mode.ENDED
    assert scene.rehearsal.close() == []


def test_a_call_ends_while_its_tool_still_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path)
    call = scene.call(Say("I need an appointment on Tuesday morning, please.", after_greeting()), BYE)
    scene.rehearsal.at(11_560, call.twilio.hang_up)
    scene.run()
    assert call.lines[-1]["note"] == "released"
    assert call.server_side.errands.under_way == 0


def test_the_end_of_a_call_is_told_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER)
    call = scene.call(ASKS, BYE)
    scene.run()
    call.server_side.on_stream_ended("again")
    call.server_side.end_politely("too late")
    call.server_side.on_media(b"\xff" * 160, 20)
    assert len(call.events("CallEnded")) == 1
