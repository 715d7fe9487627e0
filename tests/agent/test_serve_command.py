"""`offhook serve` as it is typed: one clear line where it cannot, and a whole server where it can."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli import offhook
from agent.errors import SettingsError
from agent.providers import local
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
OURS = ("OFFHOOK_", "TWILIO_", "DEEPGRAM_", "GROQ_", "ELEVENLABS_")
AGENT = 'name = "test"\nprompt = "Be brief."\ntools = ["bok_appointment"]\n'


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings but the test's own, an empty directory, and loggers as they were."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    levels = {name: logging.getLogger(name).level for name in ("asyncio", "urllib3", "twilio", "transitions")}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def serve(*arguments: str, **settings: str) -> Result:
    return CliRunner().invoke(offhook, ["serve", *arguments], env=settings)


# --- where it cannot -------------------------------------------------------------------------------------


def complaint_of(answer: Result) -> str:
    """The one line a refusal consists of."""
    assert answer.exit_code == 1
    (line,) = answer.output.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


@pytest.mark.parametrize(
    ("arguments", "settings", "complaint"),
    [
        ([], {}, "TWILIO_AUTH_TOKEN is not set: without it Twilio's requests cannot be told from anybody's"),
        ([], {"OFFHOOK_PORT": "http"}, "OFFHOOK_PORT must be a whole number from 0 to 65535; got 'http'"),
        (["--agent", "apointments"], {}, "no bundled agent is called 'apointments'; did you mean 'appointments'?"),
        ([], {"OFFHOOK_AGENT": "my.toml"}, "OFFHOOK_AGENT: there is no file my.toml"),
        (
            ["--host", "0.0.0.0", "--port", "0"],
            {"TWILIO_AUTH_TOKEN": "secret"},
            "OFFHOOK_PUBLIC_URL is not set: Twilio signs the address it calls",
        ),
        (
            ["--open", "--port", "0"],
            {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "secret", "TWILIO_REGION": "ie1"},
            "TWILIO_REGION is 'ie1' but TWILIO_EDGE is not set",
        ),
    ],
)
def test_a_wrong_setting_is_one_clear_line(arguments: list[str], settings: Mapping[str, str], complaint: str) -> None:
    said = complaint_of(serve(*arguments, **settings))
    assert complaint in said
    assert "secret" not in said


@pytest.mark.parametrize("foreign", ["0.0.0.0", "192.0.2.7", "example.com", "::"])
def test_open_doors_are_refused_on_an_address_that_others_reach(foreign: str) -> None:
    for answer in (serve("--open", "--host", foreign), serve("--open", OFFHOOK_HOST=foreign)):
        said = complaint_of(answer)
        assert "works on loopback only" in said
        assert f"got {foreign!r}" in said


def test_a_tool_that_does_not_exist_is_one_clear_line_too(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(AGENT)
    said = complaint_of(serve("--open", "--port", "0", "--agent", "my.toml"))
    assert "bok_appointment" in said
    assert "book_appointment" in said


def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = complaint_of(serve("--open", "--port", str(port)))
    assert f"cannot listen on OFFHOOK_HOST 127.0.0.1, OFFHOOK_PORT {port}" in said
    assert "is another server running there?" in said


def test_local_speech_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> str:
        raise SettingsError("local speech to text needs the package moonshine-voice")

    monkeypatch.setattr(local, "find_ears", absent)
    said = complaint_of(serve("--open", "--port", "0", OFFHOOK_STT="local"))
    assert said == "local speech to text needs the package moonshine-voice"


def test_a_port_that_no_machine_has_is_a_mistake_in_the_command() -> None:
    answer = serve("--port", "65536")
    assert answer.exit_code == 2
    assert "--port" in answer.output


# --- where it can ----------------------------------------------------------------------------------------


class Served:
    """A server in a process of its own; `said` is what it told on its way to `origin`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self.origin = ""
        assert process.stderr is not None
        for line in process.stderr:
            self.said.append(line.rstrip())
            if found := re.match(r"listening at (http://127\.0\.0\.1:\d+): ", line):
                self.origin = found[1]
                return
        raise AssertionError(f"it never listened: {self.said}")

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(self.origin + path)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - loopback
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def end(self, by: signal.Signals) -> tuple[int, str]:
        """Its exit code, and what it said last."""
        self.process.send_signal(by)
        _, last = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, last


@contextmanager
def served(directory: Path, *options: str, **settings: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "agent", "serve", "--port", "0", *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OFFHOOK_DATA": str(directory / "data"), **settings}
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=directory, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Served(process)
        finally:
            process.kill()


def test_an_open_server_starts_says_what_is_missing_and_ends_when_told(tmp_path: Path) -> None:
    with served(tmp_path, "--open") as house:
        assert house.get("/healthz") == (200, {"alive": True})
        while (answer := house.get("/readyz"))[0] == 503:  # bounded by the test's own time limit
            assert answer[1]["reason"] == "the greeting is being rendered"
        assert answer == (200, {"ready": True, "active_calls": 0, "max_calls": 100})
        assert house.said[-1] == (
            f"listening at {house.origin}: voice webhook {house.origin}/voice, streams {house.origin}/media"
        )
        starts = [line.split(":")[0] for line in house.said]
        assert "ok       --open" in starts
        assert [f"missing  {name}" in starts for name in ("deepgram", "groq", "elevenlabs")] == [True] * 3
        assert not any("_API_KEY" in start for start in starts), "what is emulated is told once"
        code, last = house.end(signal.SIGTERM)
        assert code == 0, last
        assert last.rstrip().endswith("drained: goodbye")
        assert "Traceback" not in last


def test_a_guarded_server_reads_its_settings_from_a_file_and_keeps_its_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWILIO_AUTH_TOKEN=very-secret-token\nOFFHOOK_MAX_CALLS=3\n")
    with served(tmp_path, "--verbose") as house:
        assert house.get("/readyz")[1]["max_calls"] == 3
        assert house.get("/voice?CallSid=CA1")[0] == 403
        code, last = house.end(signal.SIGINT)
        assert code == 0, last
        assert "very-secret-token" not in "\n".join([*house.said, last])
