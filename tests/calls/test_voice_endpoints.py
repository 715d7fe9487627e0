"""A whole call with a voice that offers only one of the two sockets: the caller notices nothing of it."""

from pathlib import Path
from typing import Any

import pytest

from fsm.effects import HoldPlayout
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.rehearsal import ELEVENLABS
from simulator.script import Backchannel, IntoAgentSpeech, Say
from tests.calls.scene import BYE, HOURS, Scene, Told, after, after_greeting

SOON = IntoAgentSpeech(1_500)
ANSWERS = (HOURS, "Of course, on Friday. At nine in the morning?", "Booked. See you on Friday.")
SCRIPT = (
    Say("What times do you have?", after_greeting()),
    Say("No wait, I meant Friday.", SOON),
    Backchannel("mm-hmm", IntoAgentSpeech(900)),
    Say("Yes please.", after("morning?", 1_500)),
    BYE,
)

ONLY_SINGLE: dict[str, Any] = {"offers": ("single",)}
WAYS: dict[str, dict[str, Any]] = {
    "refused with 404": ONLY_SINGLE,
    "refused with 403": {**ONLY_SINGLE, "refuse_endpoint_status": 403},
    "granted and denied": {**ONLY_SINGLE, "refuse_endpoint_at": "frame"},
    "no final message": {**ONLY_SINGLE, "sends_final": False},
    "only multi": {"offers": ("multi",)},
    "no names of contexts": {"names_contexts": False},
}


def perform(data: Path, settings: dict[str, str] | None = None, **behaviour: Any) -> tuple[Scene, Told]:  # noqa: ANN401 - those of `ElevenLabsBehaviour`
    scene = Scene(data, *ANSWERS, elevenlabs=ElevenLabsBehaviour(**behaviour), settings=settings or {})
    call = scene.call(*SCRIPT)
    scene.run()
    return scene, call


@pytest.mark.parametrize("way", WAYS)
def test_the_conversation_is_the_same(tmp_path: Path, way: str) -> None:
    usual_scene, usual = perform(tmp_path / "usual")
    scene, call = perform(tmp_path / "single", **WAYS[way])
    assert (
        scene.user_texts
        == usual_scene.user_texts
        == ["What times do you have?", "No wait, I meant Friday.", "Yes please."]
    )
    assert call.agent[0] == usual.agent[0], "the greeting"
    assert " ".join(call.agent[2:]).endswith("Booked. See you on Friday.")
    assert [message.content for message in call.transcript if not message.cut] == [
        message.content for message in usual.transcript if not message.cut
    ]
    assert usual.ms(usual.caller.agent_speech[-1].started_at) + 150 >= call.ms(call.caller.agent_speech[-1].started_at)
    assert call.notes("fault") == []
    assert scene.rehearsal.elevenlabs.complaints == []


@pytest.mark.parametrize("way", WAYS)
def test_an_interruption_clears_and_nothing_of_the_dead_reply_is_heard_after_it(tmp_path: Path, way: str) -> None:
    scene, call = perform(tmp_path, **WAYS[way])
    held_at = scene.watch.at_ms(lambda _, effects: any(isinstance(effect, HoldPlayout) for effect in effects))
    assert held_at, "the agent was interrupted"
    assert call.phone.clears >= 1
    dead = call.agent[1].split()
    assert HOURS.split()[: len(dead)] == dead
    assert len(dead) < len(HOURS.split())
    assert not set("thirty, afternoon two, three o'clock.".split()) & set(" ".join(call.agent[2:]).split())


@pytest.mark.parametrize("endpoint", ["auto", "single", "multi"])
def test_the_setting_decides_what_is_dialled(tmp_path: Path, endpoint: str) -> None:
    scene, call = perform(tmp_path, {"ELEVENLABS_ENDPOINT": endpoint})
    assert call.notes("fault") == []
    sockets = scene.rehearsal.elevenlabs.counts["sockets"]
    contexts = scene.rehearsal.elevenlabs.counts["contexts"]
    assert (sockets >= contexts) == (endpoint == "single"), "one socket an utterance, or one a call"


def test_single_streams_that_are_cut_in_mid_call_are_replaced(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "At nine.", elevenlabs=ElevenLabsBehaviour(**ONLY_SINGLE))
    call = scene.call(Say("When do you open?", after_greeting()), BYE)
    scene.rehearsal.at(5_000, scene.rehearsal.link(ELEVENLABS).cut)
    scene.run()
    assert call.agent[-1] == "At nine."
