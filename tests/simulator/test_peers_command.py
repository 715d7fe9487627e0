"""`offhook peers` as a newcomer types it."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from simulator.brain.answers import CannedBrain
from simulator.emulator_settings import SettingError
from simulator.emulators import Setup
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.groq_behaviour import GroqBehaviour, GroqRefusal
from simulator.peers.twilio_behaviour import Signing, TwilioBehaviour
from simulator.peers_command import peers
from simulator.peers_setup import make_setup
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


@contextmanager
def running(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "agent", "peers", "--only", "deepgram,groq", "--reply", "Hello.", *options]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def say_hello(base_url: str) -> str:
    body = json.dumps({"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "Hi"}]}).encode()
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    url = f"{base_url}/openai/v1/chat/completions"
    request = urllib.request.Request(url, body, headers)  # noqa: S310  # loopback
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:  # noqa: S310  # loopback
        answer = json.load(response)
    return str(answer["choices"][0]["message"]["content"])


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_one_line_of_json_then_it_stays_until_stopped(stop: signal.Signals) -> None:
    with running("--json", "--delay", "groq.first_token_ms=0") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert set(told) == {"deepgram", "groq", "env"}
        assert told["env"]["GROQ_BASE_URL"] == told["groq"]
        assert say_hello(told["groq"]) == "Hello."
        assert process.poll() is None
        process.send_signal(stop)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out) == (0, "")
        assert err == "deepgram: nothing was asked\ngroq: requests 1\n"


def test_lines_for_the_environment() -> None:
    with running() as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip() for _ in range(5)]
        assert lines[0].startswith("# ")
        env = dict(line.split("=", 1) for line in lines[1:])
        assert set(env) == {"DEEPGRAM_BASE_URL", "DEEPGRAM_API_KEY", "GROQ_BASE_URL", "GROQ_API_KEY"}
        assert say_hello(env["GROQ_BASE_URL"]) == "Hello."
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--delay", "deepgram.finl_delay_ms=5"], "has no setting 'finl_delay_ms'; did you mean 'final_delay_ms'?"),
        (["--delay", "deepgrm.x=5"], "there is no 'deepgrm'; did you mean 'deepgram'? expected one of deepgram, groq,"),
        (["--fault", "deepgram"], "expected PROVIDER.KEY=VALUE, such as groq.first_token_ms=300"),
        (["--only", "deepgram", "--fault", "groq.crlf"], "groq does not run: --only names deepgram"),
        (["--only", "groq", "--fault", "phone.ring_ms=5"], "twilio does not run: --only names groq"),
        (["--only", "groc"], "--only groc: there is no 'groc'; did you mean 'groq'?"),
        (["--config", "no-such-file.toml"], "no-such-file.toml: No such file or directory"),
    ],
)
def test_what_cannot_be_is_told_with_exit_code_2(options: list[str], complaint: str) -> None:
    result = CliRunner().invoke(peers, options)
    assert result.exit_code == 2
    assert complaint in result.output.replace("\n", " ")


def test_a_taken_port_is_told_with_exit_code_1() -> None:
    def run(_main: object) -> None:
        raise OSError(98, "cannot serve groq on 127.0.0.1:5001: Address already in use; choose another --port-base")

    result = CliRunner().invoke(peers, ["--port-base", "5000"], obj=run)
    assert result.exit_code == 1
    assert result.output.startswith("Error: cannot serve groq on 127.0.0.1:5001")


def test_every_setting_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(peers, ["--list"])
    assert result.exit_code == 0
    for expected in ("deepgram.final_delay_ms", "groq.first_token_ms", "twilio.calls_per_s", "phone.ring_ms"):
        assert expected in result.output
    assert "From the end of the pause to the final result." in result.output
    only = CliRunner().invoke(peers, ["--list", "--only", "groq"]).output
    assert "groq.first_token_ms" in only
    assert "deepgram." not in only


def test_importing_the_command_costs_nothing() -> None:
    code = "import sys, simulator.peers_command; print([m for m in ('aiohttp', 'rich', 'orjson') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    assert done.stdout == "[]\n"


def test_options_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "peers.toml"
    path.write_text(
        '[deepgram]\nfinal_delay_ms = 300\njitter_ms = 5\n[groq]\nrefuse = "flex_full"\n[phone]\nsigning = "missing"\n'
        '[brain]\nreplies = ["From the file."]\n'
    )
    options = [("--delay", "deepgram.final-delay-ms=7"), ("--fault", "groq.crlf")]
    setup = make_setup(options, config=path, replies=("From the option.",), port_base=5_000, seed=3)
    assert setup.behaviours == {
        "deepgram": DeepgramBehaviour(final_delay_ms=7, jitter_ms=5),
        "groq": GroqBehaviour(refuse=GroqRefusal.FLEX_FULL, crlf=True),
        "phone": TwilioBehaviour(signing=Signing.MISSING),
    }
    assert isinstance(setup.brain, CannedBrain)
    assert setup.brain.answer({}).text == "From the option."
    assert (setup.port_base, setup.seed) == (5_000, 3)


def test_nothing_said_is_everything_by_default() -> None:
    assert make_setup([]) == Setup()
    with pytest.raises(SettingError):
        make_setup([("--delay", "=5")])


def test_it_is_a_click_command() -> None:
    assert isinstance(peers, click.Command)
