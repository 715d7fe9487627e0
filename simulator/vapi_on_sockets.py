"""Calls at an emulated Vapi on real sockets."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from agent.clock import LoopClock
from agent.net import LoopNetwork
from simulator.brain.of_agent import brain_of
from simulator.emulator_settings import Setting, SettingError, make_behaviour
from simulator.peers.vapi import VapiCall
from simulator.peers.vapi_behaviour import VapiBehaviour
from simulator.peers.vapi_line import VapiAccount, VapiLine
from simulator.peers.vapi_schema import AssistantError, read_assistant
from simulator.peers.vapi_turns import CallerTurn


@dataclass(frozen=True, slots=True)
class VapiVisit:
    """One call to be placed, to the server at `url`. What is at `public_url` is asked at that origin instead."""

    url: str
    secret: str
    turns: tuple[CallerTurn, ...]
    behaviour: VapiBehaviour
    assistant: Mapping[str, Any] | None = None
    agent: str = "appointments"
    public_url: str = ""
    seed: int | None = None
    """Of its id and those of its tool calls; None: new ones."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise SettingError(f"--url {self.url}: expected a URL such as http://127.0.0.1:8080/vapi/webhook")

    async def call(self, on_said: Callable[[str, str], None] = lambda _role, _text: None) -> VapiCall:
        """The call from the first ring to its report."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        network = LoopNetwork()
        parts = urlsplit(self.url)
        routes = {self.public_url.rstrip("/"): f"{parts.scheme}://{parts.netloc}"} if self.public_url else {}
        line = VapiLine(
            LoopClock(loop),
            Random(secrets.randbits(128) if self.seed is None else f"{self.seed}/vapi"),
            network,
            VapiAccount(self.url, self.secret, self.assistant),
            self.behaviour,
            lambda: datetime.now(UTC),
            routes,
        )
        call = VapiCall(line, self.turns, brain=brain_of(self.agent), on_said=on_said, on_ended=over.set)
        call.place()
        await over.wait()
        await network.close()
        return call


def behaviour_of(options: Iterable[tuple[str, str]]) -> VapiBehaviour:
    """From the options `--delay` and `--fault`; raises SettingError."""
    settings = []
    for option, text in options:
        key, has_value, value = text.partition("=")
        name = key.strip().removeprefix("vapi.").replace("-", "_")
        settings.append(Setting("vapi", name, value.strip() if has_value else "true", f"{option} {text}", is_text=True))
    made = make_behaviour(VapiBehaviour, settings, shown_by="offhook peers vapi --list")
    assert isinstance(made, VapiBehaviour), "that is what was asked for"
    return made


def read_assistant_file(path: Path) -> dict[str, Any]:
    """The assistant of a JSON file. Raises SettingError where Vapi would not take it."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        read_assistant(told)
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SettingError(f"{path}: not JSON: {error}") from error
    except AssistantError as error:
        raise SettingError(f"{path}: Vapi would not take this assistant: {error}") from error
    assert isinstance(told, dict), "an assistant is an object"
    return told
