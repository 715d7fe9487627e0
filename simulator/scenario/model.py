"""A call script as its TOML file says it: the tables, their keys, and what each means."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from simulator.scenario.model_answers import ModelTable, ToolName
from simulator.scenario.model_expect import ExpectTable
from simulator.scenario.model_mcp import McpToolTable
from simulator.scenario.model_steps import TABLE, Ms, Path, StepTable, Text
from simulator.scenario.model_webhook import WebhookTable

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$|^(anonymous|restricted|unavailable)$")]
NoiseLevel = Annotated[int, Field(ge=0, le=5_000)]
Seconds = Annotated[float, Field(gt=0, le=24 * 3_600)]
Steps = Annotated[list[StepTable], Field(max_length=1_000)]


class MachineTable(BaseModel):
    """An answering machine that picks up."""

    model_config = TABLE

    greeting: Text
    """What it says, as a step says it."""
    starts_ms: Ms = 600
    """So long after it picked up."""
    beep_after_ms: Ms = 700
    """So long after its greeting it beeps."""
    beeps: bool = True
    """Whether it does."""
    beep_ms: Annotated[int, Field(ge=60, le=3_000)] = 400
    """How long the beep lasts."""
    hz: Annotated[int, Field(ge=300, le=3_400)] = 1_000
    """The beep's pitch."""
    records_ms: Ms = 60_000
    """It hangs up after so long of recording."""


class OutgoingTable(BaseModel):
    """How the agent placed the call."""

    model_config = TABLE

    message: Text | None = None
    """What a machine is told after its beep; unless told, what the agent's file says."""
    detect: bool = True
    """Whether to find out who picks up."""


ServerName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Settings = dict[str, Any]
"""A table whose keys are the fields of a behaviour; checked with the rest of the script."""

CUES = ("greeting", "listening", "thinking", "speaking", "barge_in", "tool")


class CallerTable(BaseModel):
    """One of several callers in the same world."""

    model_config = TABLE

    name: Name
    """What reports call them."""
    script: Steps = Field(default_factory=list)
    """What they do, step by step."""
    arrives_ms: Ms = 0
    """When they call, after the world is ready."""
    number: Number | None = None
    """The number they call from."""
    line_noise_level: NoiseLevel | None = None
    """Noise under all they say, RMS of 32,767; 40 is a bad line."""
    patience_s: Seconds | None = None
    """After their script's end they hang up so much later, whatever happens."""
    phone: Settings = Field(default_factory=dict)
    """Their phone network; see [phone]."""


class FaultTable(BaseModel):
    """A fault that is on: from the beginning, at a moment, or again and again."""

    model_config = TABLE

    name: Name
    """`offhook simulate --faults` lists them all."""
    strength: float | None = None
    """How bad, in the fault's own unit; its default unless told."""
    at_ms: Ms | None = None
    """It strikes so long after the first caller called."""
    at: Literal["greeting", "listening", "thinking", "speaking", "barge_in", "tool"] | None = None
    """It strikes when the agent begins to speak at all, enters a mode, or runs a tool."""
    nth: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """The how manieth time; 1 unless told."""
    plus_ms: Ms | None = None
    """So much later than `at`."""
    rate_per_min: Annotated[float, Field(gt=0, le=600)] | None = None
    """Instead of a moment: so often, at random."""


class PersonTable(BaseModel):
    """Somebody whom a caller may be connected with."""

    model_config = TABLE

    number: Number
    """Their telephone number."""
    answers: Literal["take", "decline", "busy", "never"] = "take"
    """What they do when it rings: take the call once they heard what it is about, decline it then, be on the telephone
    already, or not pick up."""


class DatabaseTable(BaseModel):
    """The business's database."""

    model_config = TABLE

    delay_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    """How long it takes for whatever it is asked."""


class NetworkTable(BaseModel):
    """The networks to the providers."""

    model_config = TABLE

    deepgram: Settings = Field(default_factory=dict)
    """To the transcriber."""
    groq: Settings = Field(default_factory=dict)
    """To the language model."""
    elevenlabs: Settings = Field(default_factory=dict)
    """To the voice."""
    twilio: Settings = Field(default_factory=dict)
    """From the telephone network to us, over and above what [phone] says."""


class ScriptFile(BaseModel):
    """One call, or several in one world: who calls, what they do, how all others behave, what must hold."""

    model_config = TABLE

    about: Annotated[str, Field(max_length=500)] = ""
    """What the script shows, in a line."""
    agent: Path = "appointments"
    """The agent that answers: a bundled one's name, or its TOML file, relative to the script."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """Of everything that is random."""
    now: AwareDatetime | None = None
    """The business's date and time when the world begins, with its offset; a Monday morning unless told."""
    longest_s: Seconds = 600.0
    """A call that is not over by then is a mistake of the script."""
    xfail: Text | None = None
    """Why this cannot hold yet. Once it holds all the same, that is a failure."""
    tags: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    """For choosing scripts by `--tag`."""
    waive: dict[str, Text] = Field(default_factory=dict)
    """Checkers that this script breaks on purpose, each with its reason."""
    caller: Steps | None = None
    """What the caller does, step by step."""
    machine: MachineTable | None = None
    """An answering machine, instead of `caller`; the agent placed the call."""
    outgoing: OutgoingTable | None = None
    """The agent placed the calls: `caller` is who picks up."""
    callers: Annotated[list[CallerTable], Field(min_length=1, max_length=100)] | None = None
    """Several callers, instead of `caller`."""
    phone: Settings = Field(default_factory=dict)
    """The telephone network (delay, loss, signatures), and the caller's `number`, `line_noise_level`, `patience_s`."""
    people: dict[Name, PersonTable] = Field(default_factory=dict)
    """Those whom callers may be connected with, by any name."""
    profile: Name | Settings = Field(default_factory=dict)
    """The agent's tuning: a named profile in place of its own, or values over what its own file says."""
    phrases: dict[str, Text] = Field(default_factory=dict)
    """The agent's fixed phrases, such as `greeting`, over what its own file says."""
    settings: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Environment variables of the server."""
    stt: Literal["nova", "flux"] | None = None
    """Which of Deepgram's transcribers listens: words and pauses ("nova", unless told), or turns ("flux")."""
    deepgram: Settings = Field(default_factory=dict)
    """How the transcriber behaves."""
    groq: Settings = Field(default_factory=dict)
    """How the language model's provider behaves."""
    elevenlabs: Settings = Field(default_factory=dict)
    """How the voice behaves."""
    turn_model: Settings = Field(default_factory=dict)
    """How a model that hears whether callers are done judges; there is one where `listens` is true."""
    network: NetworkTable = Field(default_factory=NetworkTable)
    """The networks to the providers."""
    webhook: dict[ToolName, WebhookTable] = Field(default_factory=dict)
    """How the endpoints of the agent's HTTP tools behave, by tool."""
    mcp: dict[ServerName, dict[ToolName, McpToolTable]] = Field(default_factory=dict)
    """The tools of the agent's MCP servers, by server; a server of which nothing is told is not there."""
    database: DatabaseTable = Field(default_factory=DatabaseTable)
    """How the business's database behaves."""
    faults: Annotated[list[FaultTable], Field(max_length=100)] = Field(default_factory=list)
    """What goes wrong."""
    model: ModelTable = Field(default_factory=ModelTable)
    """What the language model answers."""
    expect: ExpectTable = Field(default_factory=ExpectTable)
    """What must hold."""
