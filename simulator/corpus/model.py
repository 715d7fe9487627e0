"""The files of the corpus as TOML has them: situations by family, and the wordings and timings they draw from."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from simulator.scenario.model import FaultTable, Name
from simulator.scenario.model_steps import TABLE, Ms, Text

Wording = Text | Annotated[list[Text], Field(min_length=1, max_length=50)]
"""A text, or several of which the seed chooses; `{name}` stands for one of the wordings of that name."""

Time = Ms | Text | dict[str, Any]
"""Milliseconds, the name of a timing, or a distribution: { p50 = 120, p95 = 900 }, { from = 50, to = 300 } ..."""

Place = Literal["start", "middle", "late", "end", "on_its_heels"]


class SituationStep(BaseModel):
    """A step of the caller: as in a call script, but words may be several, times may be drawn, places may be named."""

    model_config = TABLE

    say: Wording | None = None
    """Words; `[name]` among them is a pause of the timing of that name."""
    backchannel: Wording | None = None
    """See call scripts, as for all that follow."""
    hesitate: Wording | None = None
    """A hesitation."""
    aside: Wording | None = None
    """Words to somebody else."""
    background: Wording | None = None
    """Words of others."""
    cough: Literal[True] | None = None
    """A cough."""
    laugh: Literal[True] | None = None
    """A laugh."""
    sneeze: Literal[True] | None = None
    """A sneeze."""
    clear_throat: Literal[True] | None = None
    """The caller clears their throat."""
    mumble_ms: Time | None = None
    """A voice without words."""
    noise_ms: Time | None = None
    """Sound that is no voice."""
    music_ms: Time | None = None
    """Music."""
    press: Wording | None = None
    """Keys of the telephone."""
    silence_ms: Time | None = None
    """Silence."""
    hang_up: Literal[True] | None = None
    """Hang up."""

    place: Place | None = None
    """Where in what the agent is saying: "start", "middle", "late", "end"; "on_its_heels" is a human gap after it."""
    after_agent: Literal[True] | None = None
    """Once the agent answered and fell silent."""
    after_silence_ms: Time | None = None
    """How long it must have been silent."""
    into_agent_speech_ms: Time | None = None
    """Once the agent has been speaking for so long."""
    delay_ms: Time | None = None
    """So much later."""
    if_late: Literal["go-ahead", "skip", "hang-up"] | None = None
    """What to do when the moment does not come; "skip" unless told."""

    ms_per_char: Time | None = None
    """How fast words are spoken."""
    loudness: Annotated[float, Field(ge=0.05, le=4.0)] | Annotated[list[float], Field(min_length=1)] | None = None
    """How loud words are spoken; the seed chooses of several."""
    lasts_ms: Time | None = None
    """How long a cough and its like lasts."""
    level: Annotated[int, Field(ge=0, le=18_000)] | None = None
    """Loudness of `noise_ms`."""
    gap_ms: Time | None = None
    """Between two keys."""


class Situation(BaseModel):
    """A short call that shows one thing."""

    model_config = TABLE

    name: Name
    """What it is called, everywhere."""
    about: Text
    """What it shows, in a line."""
    caller: Annotated[list[SituationStep], Field(min_length=1, max_length=40)]
    """What the caller does, step by step."""
    agent: Annotated[list[Wording], Field(max_length=20)] = Field(default_factory=list)
    """What the agent answers, in order; what comes after is "{short}"."""
    no_openings: Literal[True] | None = None
    """Its answers begin with no opening: moments of the caller's count from their first word."""
    faults: Annotated[list[FaultTable], Field(max_length=5)] = Field(default_factory=list)
    """What goes wrong on the line, such as an echo."""
    line_noise_level: Annotated[int, Field(ge=0, le=5_000)] | None = None
    """Noise under all the caller says; drawn unless told."""


class FamilyFile(BaseModel):
    """Situations that belong together."""

    model_config = TABLE

    about: Text
    """What they have in common."""
    situation: Annotated[list[Situation], Field(min_length=1, max_length=200)]
    """One after the other."""


class TimingTable(BaseModel):
    """A time that situations draw, and where its numbers come from."""

    model_config = TABLE

    what: Text
    """What is so long."""
    source: Text
    """Who measured it; "assumed", where nobody is known to have."""
    p50: Ms
    """Half of them are shorter ..."""
    p95: Ms
    """... and one in twenty is longer than this: a log-normal distribution."""
    least_ms: Ms
    """None is shorter."""
    most_ms: Ms
    """None is longer."""


class SharedFile(BaseModel):
    """What all situations draw from."""

    model_config = TABLE

    wordings: dict[str, Annotated[list[Text], Field(min_length=1)]]
    """Texts by name: `{name}` in a wording is one of them."""
    timings: dict[str, TimingTable]
    """Times by name."""
