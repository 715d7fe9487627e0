"""The demonstration call: what is said, and everything that is known of it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.agent_file import agent_path
from agent.errors import SettingsError
from simulator.caller import Caller
from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.runs.plan import Plan
from simulator.scenario import ScriptError, load, read
from simulator.script import Script

STORY = Path("scripts") / "demo.toml"
"""The call script of a demonstration, in an agent's folder."""

KEPT_WIRES = {"OFFHOOK_TRACE_WIRES": "kept"}
"""The demonstration's calls can be replayed whole."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the demonstration was asked for."""

    data: Path
    record: Path
    seed: int = 0
    now: datetime | None = None
    """The business's time at which the call begins; None: the story's, or else the real one."""
    agent: str = "appointments"
    """A bundled agent's name, or the folder of one."""


@dataclass(frozen=True, slots=True)
class Performance:
    """A demonstration call that is over."""

    caller: Caller
    call: TwilioCall
    started_at: int
    ended_at: int
    data: Path
    recording: Path
    agent: str = "appointments"
    notes: tuple[str, ...] = ()

    @property
    def trace(self) -> Path:
        """Where the trace lies."""
        return self.data / "traces" / f"{self.call.record.sid}.jsonl"


@dataclass(frozen=True, slots=True)
class Story:
    """Who calls an agent in its demonstration, and what must be in the database then; `now`: see `Options`."""

    plan: Plan
    now: datetime | None

    @property
    def script(self) -> Script:
        """What the caller does."""
        return self.plan.callers[0].script

    @property
    def phone(self) -> TwilioBehaviour:
        """What the telephone network does for them."""
        return self.plan.callers[0].phone


def story_of(agent: str) -> Story:
    """The demonstration of an agent. Raises SettingsError."""
    path = agent_path(agent).parent / STORY
    if not path.is_file():
        raise SettingsError(f"{agent} has no demonstration: write one into {path}, a call script as for simulate")
    try:
        return Story(load(path), read(path).now)
    except ScriptError as error:
        raise SettingsError(str(error)) from error


def demo_settings(providers: Mapping[str, str], data: Path, agent: str = "appointments") -> dict[str, str]:
    """The environment of the demonstration's server: `providers` are its base URLs and keys."""
    here = {"OFFHOOK_DATA": str(data), "OFFHOOK_HOST": "127.0.0.1", "OFFHOOK_PORT": "0", "OFFHOOK_AGENT": agent}
    return {**providers, **here}
