"""README tells the truth: its commands exist, its settings are those there are."""

import re
from dataclasses import fields
from pathlib import Path

from click.testing import CliRunner

from agent.cli import COMMANDS, offhook
from agent.config import NO_VARIABLES, Config, variable_of

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_every_command_it_shows_exists() -> None:
    shown = set(re.findall(r"offhook (\w+)(?=[\s`.]|$)", README)) - {"is", "answers", "needs"}
    assert shown <= set(COMMANDS), f"README shows {sorted(shown - set(COMMANDS))}, which are no commands"


def test_every_option_it_shows_exists() -> None:
    for name, option in re.findall(r"offhook ((?:bench |tools |peers (?=vapi))?\w+) [^\n`]*?(--[a-z]+)", README):
        answer = CliRunner().invoke(offhook, [*name.split(), "--help"])
        assert option in answer.output, f"offhook {name} has no option {option}"


def test_its_settings_are_those_there_are() -> None:
    there_are = {variable_of(f.name) for f in fields(Config) if f.name not in NO_VARIABLES}
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    shown = set(re.findall(r"`((?:TWILIO|DEEPGRAM|GROQ|ELEVENLABS|DATABASE|REDIS|VAPI|OFFHOOK)_[A-Z_]+)`", table))
    assert shown == there_are


def test_every_make_target_it_shows_exists() -> None:
    makefile = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets
