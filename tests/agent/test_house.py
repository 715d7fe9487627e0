"""One process that answers calls: opened and closed in the right order, whatever goes wrong on the way."""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from agent import house as house_module
from agent.agent_file import load_agent
from agent.config import Config, Secret, load_config, opened
from agent.errors import SettingsError
from agent.house import House
from agent.providers.local import LocalSpeech
from agent.telephony import TwilioTelephony
from simulator.emulators import EmulatedProviders, Setup
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from tests.agent.call_fakes import FakeHearing, FakeVoices
from tests.patience import PATIENCE_S, run_patiently
from tests.tools.test_mcp_server import PROGRAM
from tools.waiting import elapse

AGENT = load_agent("appointments")
NOBODY = "http://127.0.0.1:9"
"""A port on which nothing listens."""


class LocalFake:
    """Local speech that only writes down its life; `diary` is shared with whoever made it."""

    def __init__(self, diary: list[str], trouble: Exception | None = None) -> None:
        self.diary = diary
        self._trouble = trouble
        self.speech_to_text = FakeHearing()
        self.text_to_speech = FakeVoices()

    async def start(self) -> None:
        self.diary.append("start")
        if self._trouble is not None:
            raise self._trouble

    def close(self) -> None:
        self.diary.append("close")

    async def wait_closed(self) -> None:
        self.diary.append("closed")

    @property
    def port(self) -> LocalSpeech:
        return cast("LocalSpeech", self)


def settings(data: Path, **more: str) -> Config:
    """A server for this machine alone, whose providers are nowhere."""
    urls = {f"{name}_BASE_URL": NOBODY for name in ("DEEPGRAM", "GROQ", "ELEVENLABS")}
    config = load_config({"OFFHOOK_PORT": "0", "OFFHOOK_DATA": str(data), **urls, **more})
    return opened(config)


def emulated_providers() -> EmulatedProviders:
    """Providers on loopback, with a voice that keeps nobody waiting."""
    quick = ElevenLabsBehaviour(first_byte_ms=0, pause_ms=0, pace=1_000.0)
    return EmulatedProviders(Setup(only=("deepgram", "groq", "elevenlabs"), behaviours={"elevenlabs": quick}))


def told(story: Callable[[], Awaitable[None]]) -> None:
    """Tell a story on a loop of its own; afterwards no task is left."""

    async def tell() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await story()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_patiently(tell(), speed=5)


async def status(house: House, path: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{house.server.port}{path}") as answer:
        return answer.status


async def is_answering(house: House) -> bool:
    try:
        return await status(house, "/healthz") == 200
    except aiohttp.ClientConnectionError:
        return False


# --- open, ready, closed -----------------------------------------------------------------------------------


def test_entered_it_answers_prepared_it_is_ready_left_nothing_remains(tmp_path: Path) -> None:
    async def story() -> None:
        async with emulated_providers() as emulated:
            async with House(settings(tmp_path, **emulated.env), AGENT) as house:
                assert await status(house, "/healthz") == 200
                assert await status(house, "/readyz") == 503
                await house.prepared()
                assert await status(house, "/readyz") == 200
                assert house.desk.unrendered == ()
                assert len(list((tmp_path / "phrases").iterdir())) == len(AGENT.fixed_phrases(AGENT.toolset()).all())
            assert not await is_answering(house)
            assert house.network.open_count == 0

    told(story)


def test_it_is_ready_at_once_with_what_the_last_one_rendered(tmp_path: Path) -> None:
    async def story() -> None:
        async with emulated_providers() as emulated:
            config = settings(tmp_path, **emulated.env)
            async with House(config, AGENT) as first:
                await first.prepared()
            async with House(config, AGENT) as second:
                assert await status(second, "/readyz") == 200

    told(story)


def test_a_failure_inside_closes_it_too(tmp_path: Path) -> None:
    kept: list[House] = []

    async def broken() -> None:
        async with House(settings(tmp_path), AGENT) as house:
            kept.append(house)
            raise RuntimeError("inside")

    async def story() -> None:
        with pytest.raises(RuntimeError, match="inside"):
            await broken()
        assert not await is_answering(kept[0])
        assert kept[0].network.open_count == 0

    told(story)


def test_a_model_that_does_not_answer_is_a_warning_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Bell(logging.Handler):
        def __init__(self) -> None:
            super().__init__(logging.WARNING)
            self.rung = asyncio.Event()

        def emit(self, record: logging.LogRecord) -> None:
            self.rung.set()

    async def story() -> None:
        bell = Bell()
        house_module.log.addHandler(bell)
        try:
            async with House(settings(tmp_path), AGENT):
                await bell.rung.wait()
        finally:
            house_module.log.removeHandler(bell)

    told(story)
    assert "the language model does not answer: " in caplog.text


def test_a_model_that_answers_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    house_module._report_model(None)
    assert caplog.text == ""


# --- local speech ------------------------------------------------------------------------------------------


@pytest.fixture(name="diary")
def made_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Local speech that a house makes by itself is a fake; what it was made of and what became of it."""
    diary: list[str] = []

    def make(_clock: object, *, ears: bool, voice: bool) -> LocalFake:
        diary.append(f"made ears={ears} voice={voice}")
        trouble = SettingsError("no weights") if "broken" in diary else None
        return LocalFake(diary, trouble)

    monkeypatch.setattr(house_module, "LocalSpeech", make)
    return diary


@pytest.mark.parametrize(
    ("more", "made"),
    [
        ({"OFFHOOK_STT": "local"}, "made ears=True voice=False"),
        ({"OFFHOOK_TTS": "local"}, "made ears=False voice=True"),
        ({"OFFHOOK_STT": "local", "OFFHOOK_TTS": "local"}, "made ears=True voice=True"),
    ],
)
def test_its_own_local_speech_starts_first_and_ends_last(
    tmp_path: Path, diary: list[str], more: dict[str, str], made: str
) -> None:
    async def story() -> None:
        async with House(settings(tmp_path, **more), AGENT) as house:
            assert diary == [made, "start"]
            assert house.local is not None
            providers = house.desk.providers
            assert (providers.ears is house.local.speech_to_text) == ("OFFHOOK_STT" in more)
            assert (providers.voices is house.local.text_to_speech) == ("OFFHOOK_TTS" in more)
        assert diary == [made, "start", "close", "closed"]

    told(story)


def test_local_speech_that_does_not_start_keeps_the_door_shut(tmp_path: Path, diary: list[str]) -> None:
    async def story() -> None:
        diary.append("broken")
        house = House(settings(tmp_path, OFFHOOK_STT="local"), AGENT)
        with pytest.raises(SettingsError, match="no weights"):
            await house.__aenter__()
        assert diary[1:] == ["made ears=True voice=False", "start", "close", "closed"]
        assert house.server.port == 0, "it never listened"
        assert house.network.open_count == 0

    told(story)


def test_local_speech_of_others_is_used_and_left_alone(tmp_path: Path, diary: list[str]) -> None:
    async def story() -> None:
        others: list[str] = []
        local = LocalFake(others)
        config = settings(tmp_path, OFFHOOK_STT="local", OFFHOOK_TTS="local")
        async with House(config, AGENT, local=local.port) as house:
            assert house.desk.providers.ears is local.speech_to_text
            assert house.desk.providers.voices is local.text_to_speech
        assert (others, diary) == ([], [])

    told(story)


def test_without_local_engines_none_is_made(tmp_path: Path, diary: list[str]) -> None:
    async def story() -> None:
        async with House(settings(tmp_path), AGENT) as house:
            assert house.local is None
        assert diary == []

    told(story)


# --- what the settings do not allow --------------------------------------------------------------------------


def test_an_address_that_is_taken_closes_what_was_open(tmp_path: Path, diary: list[str]) -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            config = settings(tmp_path, OFFHOOK_STT="local", OFFHOOK_PORT=str(taken.getsockname()[1]))
            house = House(config, AGENT)
            with pytest.raises(SettingsError, match="cannot listen"):
                await house.__aenter__()
        assert diary[1:] == ["start", "close", "closed"]
        assert house.network.open_count == 0

    told(story)


def test_doors_that_nobody_guards_stay_shut(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN is not set"):
            House(replace(settings(tmp_path), is_open=False), AGENT)

    told(story)


def test_calls_are_ended_by_rest_where_there_is_an_account(tmp_path: Path) -> None:
    async def story() -> None:
        config = settings(tmp_path)
        token_only = replace(config, twilio_auth_token=Secret("secret"))
        whole = replace(token_only, twilio_account_sid="AC1")
        telephony = [House(each, AGENT).server._telephony for each in (config, token_only, whole)]
        assert telephony[:2] == [None, None]
        assert isinstance(telephony[2], TwilioTelephony)

    told(story)


def test_calls_have_the_tools_of_mcp_servers_while_these_are_there(tmp_path: Path) -> None:
    pid_file, agent_file = tmp_path / "pid", tmp_path / "desk.toml"
    agent_file.write_text(
        'name = "desk"\nprompt = "You answer."\ntools = ["hang_up"]\n'
        f'[[mcp_servers]]\nname = "shop"\ncommand = {json.dumps(list(PROGRAM))}\nenv = ["PID_FILE"]\n'
        '[[mcp_servers]]\nname = "gone"\ncommand = ["/no/such/program"]\n'
    )

    async def story() -> None:
        config = settings(tmp_path, PID_FILE=str(pid_file))
        async with House(config, load_agent(str(agent_file))) as house:
            while "shop_find_order" not in house.desk.workshop.tools:  # a busy machine starts programs slowly
                await elapse(0.01)
            there, gone = house.mcp.describe()
            assert there.is_fine
            assert "shop_find_order" in there.meaning
            assert not gone.is_fine
            assert "the agent works without its tools" in gone.meaning
            outcome = await house.desk.workshop.runner("CA1", "+1").run("shop_find_order", '{"order": "A17"}')
            assert "on its way" in outcome.result
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid_file.read_text()), 0)

    told(story)


# --- a model that hears ends of turns ------------------------------------------------------------------------


def test_a_model_of_ends_of_turns_listens_to_every_call_and_leaves_with_the_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf:
        def __init__(self, path: Path) -> None:
            assert path == tmp_path / "turns.onnx"

        def judge(self, audio: bytes) -> int:
            return 50

    monkeypatch.setattr("agent.turn_room.TurnModel", Deaf)

    async def story() -> None:
        config = settings(tmp_path, OFFHOOK_END_OF_TURN_MODEL=str(tmp_path / "turns.onnx"))
        async with House(config, AGENT) as house:
            assert house.turn_room is not None
            assert house.desk._services.new_turn_scores == house.turn_room.new_scores
        assert house.turn_room._is_closed

    told(story)


def test_a_model_of_ends_of_turns_that_is_not_there_keeps_the_house_shut(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(SettingsError, match=r"OFFHOOK_END_OF_TURN_MODEL: .*; there is no file nowhere\.onnx"):
            House(settings(tmp_path, OFFHOOK_END_OF_TURN_MODEL="nowhere.onnx"), AGENT)

    told(story)
