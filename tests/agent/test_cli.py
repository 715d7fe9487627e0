"""The overview of the commands: quick, whole, and helpful about a wrong one."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agent.cli import COMMANDS, STAND_INS, load, offhook
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]

SLOW = ("aiohttp", "uvloop", "pydantic", "twilio", "deepgram", "groq", "elevenlabs", "websockets", "rich", "simulator")
"""What an overview has no use for; some of it takes half a second to import."""


def imported_by(*arguments: str) -> set[str]:
    """Top-level names of the modules that `offhook` with these arguments has imported in the end."""
    code = f"""
import sys
from agent.__main__ import main
sys.argv = ["offhook", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write(" ".join(sorted({{name.split(".")[0] for name in sys.modules}})))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True)  # noqa: S603  # our own
    assert done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_an_overview_imports_nothing_slow(option: str) -> None:
    imported = imported_by(option)
    assert {"agent", "click"} <= imported
    assert imported.isdisjoint(SLOW)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_overview_names_every_command_in_order(option: str) -> None:
    answer = CliRunner().invoke(offhook, [option])
    assert answer.exit_code == 0
    listed = [line.split()[0] for line in answer.output.partition("Commands:\n")[2].splitlines() if line[:3].strip()]
    assert listed == list(COMMANDS)
    assert "Try `offhook demo`" in answer.output


def test_without_a_command_the_overview_is_shown() -> None:
    assert "Commands:" in CliRunner().invoke(offhook, []).output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    command = load(COMMANDS[name][0])
    assert isinstance(command, click.Command)
    assert command.name == name
    answer = CliRunner().invoke(offhook, [name, "--help"])
    assert (answer.exit_code, answer.output.startswith(f"Usage: offhook {name} ")) == (0, True)


def test_the_stand_ins_are_where_the_table_says() -> None:
    assert callable(load(STAND_INS))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("server", 'no command "server"; did you mean "serve"?'),
        ("Demo", 'no command "Demo"; did you mean "demo"?'),
        ("xyz", f'no command "xyz"; known are {", ".join(COMMANDS)}'),
    ],
)
def test_a_wrong_command_gets_the_nearest_right_one(wrong: str, hint: str) -> None:
    answer = CliRunner().invoke(offhook, [wrong])
    assert answer.exit_code == 2
    assert hint in " ".join(answer.output.split())


def test_a_shell_that_completes_names_finds_all_and_no_other() -> None:
    context = click.Context(offhook)
    assert isinstance(offhook, click.Group)
    assert offhook.list_commands(context) == list(COMMANDS)
    assert offhook.get_command(context, "xyz") is None


def test_the_version_is_that_of_the_package() -> None:
    answer = CliRunner().invoke(offhook, ["--version"])
    assert answer.output.startswith("offhook, version ")
