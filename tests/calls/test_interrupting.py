"""Both want to speak: what the caller hears, and what the model is told that they heard."""

from pathlib import Path

import pytest

from agent.voice_activity import VoiceActivity
from fsm.effects import DuckPlayout, Effect, HoldPlayout, ResumePlayout
from fsm.events import PlayoutHeld
from fsm.units import NS_PER_MS
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.script import AtOnce, Backchannel, Cough, IntoAgentSpeech, Mumble, Press, Say
from tests.calls.scene import BYE, HOURS, Scene, Told, after_greeting

ASKS = Say("What times do you have?", after_greeting())
SOON = IntoAgentSpeech(1_500)


def words(text: str) -> list[str]:
    return text.split()


def cut_replies(call: Told) -> list[str]:
    """What the model was told of the replies that were cut."""
    return [message.content for message in call.transcript if message.cut]


def test_a_listener_who_says_mm_hmm_is_talked_to_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS)
    call = scene.call(ASKS, Backchannel("mm-hmm", SOON), BYE)
    scene.run()
    assert scene.user_texts == ["What times do you have?"], "no stray turn"
    assert len(scene.asked) == 1
    heard = words(" ".join(call.agent[1:]))
    assert heard[-4:] == words("three and four o'clock.")
    assert len(heard) <= len(words(HOURS)) + 1, "no more than the word under way is said again"
    assert call.transcript[-1].content == HOURS
    assert not call.transcript[-1].cut


def test_one_word_is_enough_to_stop_the_agent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS, "All right.")
    call = scene.call(ASKS, Say("Stop.", SOON), BYE)
    scene.run()
    assert scene.user_texts == ["What times do you have?", "Stop."]
    assert call.heard.endswith("All right.")
    assert "four" not in call.heard
    began_ms, ended_ms = call.said_ms(1)
    hushed_ms, silenced_ms = ordered_ms(scene, call, HoldPlayout)
    assert hushed_ms - began_ms <= 120, "silent soon after the caller began"
    assert silenced_ms - ended_ms <= 400, "for good once the word is known"


def test_a_cough_costs_little(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS)
    call = scene.call(ASKS, Cough(SOON), BYE)
    scene.run()
    assert len(scene.asked) == 1
    assert words(" ".join(call.agent[1:]))[-4:] == words("three and four o'clock.")
    assert call.transcript[-1].content == HOURS


def test_a_voice_without_words_is_over_700_ms_after_it_fell_silent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS)
    call = scene.call(ASKS, Mumble(400, SOON), BYE)
    scene.run()
    _, ended_ms = call.said_ms(1)
    (hushed_ms,) = ordered_ms(scene, call, HoldPlayout)
    (ducked_ms,) = ordered_ms(scene, call, DuckPlayout)
    (resumed_ms,) = ordered_ms(scene, call, ResumePlayout)
    assert ducked_ms - hushed_ms == call.server_side.state.profile.hush_ms
    assert 0 < resumed_ms - ended_ms <= 700, "as loud as before"
    assert [word for word in words(call.heard) if word == "morning,"] == ["morning,", "morning,"]
    assert call.transcript[-1].content == HOURS


@pytest.mark.parametrize("one_way_ms", [0, 75, 250])
def test_an_interruption_silences_the_phone_in_the_same_instant(tmp_path: Path, one_way_ms: int) -> None:
    scene = Scene(tmp_path, HOURS, "Very well, on Friday.")
    call = scene.call(
        ASKS,
        Say("No wait, I meant Friday.", SOON),
        BYE,
        behaviour=TwilioBehaviour(one_way_ms=one_way_ms),
    )
    cleared_at: list[int] = []
    scene.rehearsal.at(1_000, lambda: note_clears(scene, call, cleared_at))
    scene.run()
    held_at = scene.watch.at_ms(lambda _, effects: any(isinstance(effect, HoldPlayout) for effect in effects))
    assert cleared_at == held_at, "a clear left with the first reaction, and with the verdict"
    assert len(held_at) == 2
    assert scene.user_texts == ["What times do you have?", "No wait, I meant Friday."]
    (told,) = cut_replies(call)
    heard_of_it = heard_words(call, HOURS)
    assert words(HOURS)[: len(heard_of_it)] == heard_of_it
    assert abs(len(words(told)) - len(heard_of_it)) <= 1
    assert call.heard.endswith(f"{heard_of_it[-1]} Very well, on Friday."), "nothing of the dead reply after the clear"


def ordered_ms(scene: Scene, call: Told, order: type[Effect]) -> list[float]:
    """When the machine gave this order to silence the phone or to let it go on."""
    return [call.ms(at) for at in scene.watch.at_ms(lambda _, effects: any(isinstance(one, order) for one in effects))]


def heard_words(call: Told, reply: str) -> list[str]:
    """The words of a reply that the caller heard, those that were said again once."""
    heard: list[str] = []
    for word in words(call.heard)[len(words(call.agent[0])) :]:
        if words(reply)[len(heard) :][:1] == [word]:
            heard.append(word)
    return heard


def note_clears(scene: Scene, call: Told, cleared_at: list[int]) -> None:
    line = call.server_side._line
    clear = line.clear

    def noted() -> None:
        cleared_at.append(scene.world.now())
        clear()

    line.clear = noted  # type: ignore[method-assign]  # a wiretap


def test_the_greeting_can_be_interrupted(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "Tomorrow it is.")
    call = scene.call(Say("I want an appointment tomorrow.", SOON), BYE)
    scene.run()
    assert len(words(call.agent[0])) <= 5
    assert call.agent[1:] == ["Tomorrow it is."]
    assert scene.user_texts == ["I want an appointment tomorrow."]


@pytest.mark.parametrize("gap_ms", [60, 150, 300])
def test_two_interruptions_in_a_row_are_one_contribution(tmp_path: Path, gap_ms: int) -> None:
    scene = Scene(tmp_path, HOURS, "Fine.")
    call = scene.call(ASKS, Say("Wait.", SOON), Say("No, stop it.", AtOnce(gap_ms)), BYE)
    scene.run()
    assert scene.user_texts == ["What times do you have?", "Wait. No, stop it."]
    assert call.heard.endswith("Fine.")
    assert len(scene.asked) == 2


def test_a_key_interrupts_like_a_word(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "Two it is.")
    call = scene.call(Press("2", SOON), BYE)
    scene.run()
    assert scene.user_texts == ["[pressed 2]"]
    assert call.agent[1:] == ["Two it is."]
    assert call.ms(call.caller.agent_speech[0].ended_at) - call.said_ms(0)[0] <= 60


def test_words_that_the_voice_detector_missed_interrupt_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VoiceActivity, "push", lambda *_: None)
    scene = Scene(tmp_path, HOURS, "Friday, then.")
    call = scene.call(ASKS, Say("No wait, I meant Friday.", SOON), BYE)
    scene.run("latency-true")  # without a voice detector, silence counts from the words' arrival
    assert scene.user_texts == ["What times do you have?", "No wait, I meant Friday."]
    assert call.agent[2:] == ["Friday, then."]


def test_a_late_final_makes_no_second_answer(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "At nine in the morning.", deepgram=DeepgramBehaviour(late_finals_ms=1_200))
    call = scene.call(Say("When do you open?", after_greeting()), BYE)
    scene.run()
    assert call.agent[-1].endswith("At nine in the morning.")
    assert call.agent.count("At nine in the morning.") == 1
    assert " ".join(scene.user_texts) == "When do you open?", "all the words, once"


def test_what_was_heard_is_reported_when_the_phone_was_silenced(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS, "Yes?")
    call = scene.call(ASKS, Say("Hang on a second.", SOON), BYE)
    scene.run()
    held = [event for _, _, event, _, _ in scene.watch.decisions if isinstance(event, PlayoutHeld)]
    assert held[-1].heard == " ".join(heard_words(call, HOURS))
    assert not held[-1].is_whole


def test_a_caller_who_never_stops_sounding_does_not_keep_the_agent_from_answering(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "At nine.", groq=GroqBehaviour(first_token_ms=600))
    call = scene.call(Say("When do you open?", after_greeting()), Mumble(9_000, AtOnce(480)), BYE)
    scene.run(may_be_silent=True)
    mumble_began_ms, mumble_ended_ms = call.said_ms(1)
    assert mumble_began_ms < call.began_ms("At nine.") < mumble_ended_ms
    assert call.caller.said[1].ended_at - call.caller.said[1].started_at > 8_000 * NS_PER_MS
