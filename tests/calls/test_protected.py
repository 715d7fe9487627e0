"""A passage that must be heard: nobody interrupts it, and nobody is unheard for it."""

from pathlib import Path

import pytest

from agent.agent_file import load_agent
from agent.errors import SettingsError
from simulator.script import IntoAgentSpeech, Press, Say
from tests.calls.scene import BYE, Scene

AGENT = """
name = "notice"
prompt = "You answer the telephone."
protected = ["This call may be recorded for training."]

[phrases]
greeting = "Hello. This call may be recorded for training. How can I help you today, please tell me?"
"""


def agent_file(folder: Path, text: str = AGENT) -> str:
    path = folder / "notice.toml"
    path.write_text(text)
    return str(path)


def test_a_notice_is_heard_whole_and_what_was_said_into_it_is_answered(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "On Friday, then.", agent=agent_file(tmp_path))
    call = scene.call(Say("Stop, I want Friday.", IntoAgentSpeech(1_000)), BYE)
    scene.run()
    assert call.heard.startswith("Hello. This call may be recorded for training.")
    assert "tell me" not in call.heard, "after the notice the caller has the floor"
    assert scene.user_texts == ["Stop, I want Friday."]
    assert call.heard.endswith("On Friday, then.")


def test_a_key_does_not_cut_a_notice_either(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "Two it is.", agent=agent_file(tmp_path))
    call = scene.call(Press("2", IntoAgentSpeech(1_000)), BYE)
    scene.run()
    assert "may be recorded for training." in call.heard
    assert scene.user_texts == ["[pressed 2]"]


def test_an_empty_passage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="protected"):
        load_agent(agent_file(tmp_path, AGENT.replace('This call may be recorded for training."]', '..."]')))
