"""What must hold at the end of a scripted call."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from simulator.scenario.model_answers import ToolName
from simulator.scenario.model_steps import TABLE, Ms, Text

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Phrases = Annotated[list[Text], Field(max_length=200)]
Mode = Literal["CONNECTING", "LISTENING", "THINKING", "SPEAKING", "BARGE_IN", "ENDED"]
Provider = Literal["deepgram", "groq", "elevenlabs", "twilio"]


class ToolTable(BaseModel):
    """A tool that must have run."""

    model_config = TABLE

    name: ToolName
    """The tool."""
    times: Count | None = None
    """How often, exactly; 1 unless told."""
    arguments: dict[str, Any] | None = None
    """Arguments it must have been given; others do not matter."""
    result: dict[str, Any] | None = None
    """What its result must contain; the rest does not matter."""


class RowTable(BaseModel):
    """Rows that must be in the business's database."""

    model_config = TABLE

    table: Text
    """A table, such as "appointments"."""
    where: dict[str, Any] | None = None
    """Values of columns, all of which a row must have."""
    rows: Count | None = None
    """How many such rows, exactly; 1 unless told."""


class LatencyTable(BaseModel):
    """From the caller's last sound to the agent's first, at the phone."""

    model_config = TABLE

    p50: Ms | None = None
    """The median is at most this."""
    p95: Ms | None = None
    """19 of 20 turns are at most this."""
    max: Ms | None = None
    """No turn is over this."""


class RangeTable(BaseModel):
    """A length of time."""

    model_config = TABLE

    min: Ms | None = None
    """At least."""
    max: Ms | None = None
    """At most."""


class MessageTable(BaseModel):
    """A message of the conversation as the model is told it."""

    model_config = TABLE

    role: Literal["user", "assistant"]
    """Whose."""
    text: str
    """Its words; case and punctuation do not matter."""
    cut: bool | None = None
    """Whether the caller cut it short."""


class CallExpectTable(BaseModel):
    """What must hold of one call."""

    model_config = TABLE

    heard: Phrases | None = None
    """Phrases the caller really heard, word by word, in this order; other words may come between them."""
    said: Phrases | None = None
    """The same in any order."""
    not_said: Phrases | None = None
    """Phrases the caller must not have heard."""
    understood: Phrases | None = None
    """Phrases of the caller's, in this order, in what the model was told that they said."""
    not_understood: Phrases | None = None
    """Phrases that must not be in it."""
    turns: Count | None = None
    """How often the caller was answered, by the model's being asked."""
    tools: list[ToolTable] | None = None
    """Tools that ran, whatever else ran."""
    no_tools: Literal[True] | None = None
    """No tool ran."""
    mode: Mode | None = None
    """The mode in which the call was when it ended."""
    ended_by: Literal["agent", "caller", "network"] | None = None
    """Who ended the call."""
    answered_by: Literal["human", "machine", "screener"] | None = None
    """Who picked up a call that the agent placed, by its own judgement at the end."""
    interruptions: Count | None = None
    """How often the caller took the floor from the agent."""
    resumed: Count | None = None
    """How often the agent went on after a sound that was no interruption."""
    latency_ms: LatencyTable | None = None
    """Voice to voice, over all answered turns."""
    longest_silence_ms: Ms | None = None
    """Neither side was silent for longer than this at once."""
    yields_within_ms: Ms | None = None
    """From the first sound of a caller who interrupts to the agent's first silence at the phone, every time."""
    stops_within_ms: Ms | None = None
    """The same to the last sound of what was interrupted: quiet words while it is open whose floor it is count too."""
    faults_noticed: list[Provider] | None = None
    """Providers whose failure the agent noticed."""
    twilio_says: Phrases | None = None
    """What Twilio's own voice said: where the agent could not."""
    connected_with: Text | None = None
    """The number of the person who took the call in the end."""
    told_others: Phrases | None = None
    """What people were told before they took the call, or declined it."""
    charged: Text | None = None
    """The amount that the telephone network's payment form charged."""
    duration_ms: RangeTable | None = None
    """How long the call was."""
    transcript: list[MessageTable] | None = None
    """The whole conversation as the model would be told it, message by message; tools left out."""


class ExpectTable(CallExpectTable):
    """What must hold. With several callers it must hold of each; `callers` has what holds of one only.

    `tools`, `no_tools`, `model_requests`, `database` and `queries` count over all callers.
    """

    model_requests: Count | None = None
    """How often the model was asked, repeated requests too."""
    database: list[RowTable] | None = None
    """Rows in the business's database."""
    queries: dict[Text, Count] | None = None
    """How often the database of a business was asked, by its name, for whatever reason."""
    callers: dict[str, CallExpectTable] | None = None
    """By the caller's name."""
