"""A call from ring to goodbye, as its caller hears it."""

from pathlib import Path

import pytest

from agent.ledger import ledger_of
from fsm.events import SpeechStarted
from simulator.script import AfterAgentFinished, AtOnce, Backchannel, HangUp, IfLate, IntoAgentSpeech, Pause, Play, Say
from simulator.speech import speak
from tests.calls.scene import BYE, Scene, after, after_greeting
from tools.appointments.tools import booking_rows

WANTS_TUESDAY = Say("Hello, I need an appointment on Tuesday morning, please.", after_greeting())
LET_THE_AGENT_HANG_UP = HangUp(AfterAgentFinished(silence_ms=6_000, timeout_ms=12_000, if_late=IfLate.HANG_UP))


def test_a_caller_books_an_appointment_and_the_agent_hangs_up(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    call = scene.call(
        WANTS_TUESDAY,
        Backchannel("mm-hmm", IntoAgentSpeech(1_200)),
        Say("Ten o'clock is fine.", after("Which suits you?")),
        Say("My name is Ada Lovelace.", after("put down?")),
        Say("No, that is all. Goodbye.", after("anything else I can do?")),
        LET_THE_AGENT_HANG_UP,
    )
    scene.run()
    (row,) = booking_rows(tmp_path / "appointments.db")
    assert (row["name"], row["slot"]) == ("Ada Lovelace", "2026-11-24T10:00")
    assert (
        call.agent[0]
        == "Hello, this is Willow Street Practice. I can book an appointment for you. Which day would suit you?"
    )
    assert "You're booked, Ada Lovelace." in call.heard
    assert call.agent[-1] == "Goodbye, and see you on Tuesday."
    assert not call.caller.has_hung_up
    assert call.caller.missed == []
    assert call.twilio.errors == []
    assert call.by_twilio == []


def test_the_greeting_sounds_within_fifty_milliseconds_of_the_stream(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    call = scene.call(BYE)
    scene.run()
    assert call.phone.started_at is not None
    assert 0 <= call.ms(call.caller.agent_speech[0].started_at) - call.ms(call.phone.started_at) <= 50


def test_every_turn_has_a_ledger_that_adds_up_to_what_the_caller_waited(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    call = scene.call(WANTS_TUESDAY, Say("Ten o'clock.", after("Which suits you?")), BYE)
    scene.run()
    turns = ledger_of(call.lines)
    assert [turn.turn for turn in turns] == [1, 2]
    assert turns[0].parts_ms()["tools_ms"] >= 0
    for turn, said, answer in zip(turns, call.caller.said, call.caller.agent_speech[1:], strict=True):
        waited_ms = call.ms(answer.started_at) - call.ms(said.ended_at)
        assert turn.voice_to_voice_ms is not None
        assert abs(turn.voice_to_voice_ms - waited_ms) <= 40, "a frame and the link's delay"
        assert waited_ms < 1_000


def test_a_caller_who_pauses_in_mid_sentence_is_not_cut_off(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "Monday is fine.")
    call = scene.call(
        Say("I would like to come and", after_greeting()),
        Pause(800),
        Say("see the doctor on Monday.", AtOnce()),
        BYE,
    )
    scene.run()
    assert scene.user_texts == ["I would like to come and see the doctor on Monday."]
    assert call.agent[1:] == ["Monday is fine."]


def test_a_caller_who_goes_on_while_we_think_gets_one_answer_to_all_of_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "Never heard.", "On Tuesday, certainly.", profile={"drafts": 0})  # so that we think at all
    call = scene.call(Say("I need an appointment.", after_greeting()), Say("on Tuesday.", AtOnce(500)), BYE)
    scene.run()
    assert scene.user_texts == ["I need an appointment. on Tuesday."]
    assert call.agent[1:] == ["On Tuesday, certainly."]


def test_our_first_sound_is_withheld_while_the_caller_sounds(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "It is open until five today.", profile={"drafts": 0})
    call = scene.call(Say("When do you close?", after_greeting()), Backchannel("hm", AtOnce(400)), BYE)
    scene.run()
    (_, hm_ended_ms) = call.said_ms(1)
    assert call.began_ms("It is open until five today.") > hm_ended_ms
    assert call.agent[1:] == ["It is open until five today."]
    assert scene.user_texts == ["When do you close?"]


def test_a_quick_yes_right_at_the_end_of_a_question_is_an_answer(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "I have nine on Monday. Does that suit you?", "Then it is booked.")
    call = scene.call(
        Say("What do you have?", after_greeting()),
        Say("Yes.", after("suit you?", delay_ms=60)),
        BYE,
    )
    scene.run()
    assert scene.user_texts == ["What do you have?", "Yes."]
    assert call.agent[1:] == ["I have nine on Monday. Does that suit you?", "Then it is booked."]


@pytest.mark.parametrize("level", [10, 40])
def test_on_a_noisy_line_the_ends_of_speech_are_seen_in_time(tmp_path: Path, level: int) -> None:
    scene = Scene(tmp_path)
    call = scene.call(
        WANTS_TUESDAY, Say("Ten o'clock is fine.", after("Which suits you?")), BYE, line_noise_level=level
    )
    scene.run()
    stops = [line["data"]["last_voiced_at"] for line in call.events("SpeechStopped")]
    ends = [said.ended_at for said in call.caller.said]
    assert len(stops) >= len(ends)
    for end in ends:
        assert min(abs(stop - end) for stop in stops) <= 60 * 1_000_000, "the end is dated rightly"
    seen = scene.watch.at_ms(lambda event, _: type(event).__name__ == "SpeechStopped")
    for end in ends:
        assert any(0 <= at - end <= 250 * 1_000_000 for at in seen), "and told within a quarter of a second"
    onsets = scene.watch.at_ms(lambda event, _: isinstance(event, SpeechStarted))
    assert len(onsets) <= len(ends) + 2, "noise is no speech"
    assert "What name shall I put down?" in call.heard


def test_real_audio_is_answered_like_any_other(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "At nine.")
    call = scene.call(Play(speak("When do you open?").audio, "When do you open?", after_greeting()), BYE)
    scene.run()
    assert scene.user_texts == ["When do you open?"]
    assert call.agent[1:] == ["At nine."]
