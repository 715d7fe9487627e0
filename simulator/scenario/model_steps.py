"""What a caller does, step by step, as a call script says it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TABLE = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
"""Of every table: no unknown keys, no number that is really a text."""

LONGEST_MS = 600_000
"""One sound or silence of a caller lasts ten minutes at most."""

Ms = Annotated[int, Field(ge=0, le=24 * 3_600_000)]
Duration = Annotated[int, Field(ge=20, le=LONGEST_MS)]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Path = Annotated[str, Field(min_length=1, max_length=1_000)]

VERBS = (
    "say",
    "backchannel",
    "hesitate",
    "aside",
    "background",
    "cough",
    "laugh",
    "sneeze",
    "clear_throat",
    "mumble_ms",
    "noise_ms",
    "music_ms",
    "beep_ms",
    "press",
    "silence_ms",
    "play",
    "hang_up",
)
"""What a step can be; each has exactly one of them."""

MOMENTS = ("after_agent", "after_words", "into_agent_speech_ms", "at_ms")
"""When a step happens; each has one of them at most, or only `delay_ms`."""


class StepTable(BaseModel):
    """One thing the caller does, and when.

    Exactly one verb (`say`, `backchannel`, `hesitate`, `aside`, `background`, `cough`, `laugh`, `sneeze`,
    `clear_throat`, `mumble_ms`, `noise_ms`, `music_ms`, `beep_ms`, `press`, `silence_ms`, `play`, `hang_up`) and at
    most one moment (`after_agent`, `after_words`, `into_agent_speech_ms`, `at_ms`). Without a moment, contributions
    wait until the agent has finished, listeners' sounds come into its speech, a silence or a beep begins at once.
    """

    model_config = TABLE

    say: Text | None = None
    """Words; pauses and sounds may stand among them: "It is five five [900 ms] one two", [cough], [laugh], [sneeze],
    [throat], [mumble 400 ms]."""
    backchannel: Text | None = None
    """A sign of listening, such as "mm-hmm": it claims nothing. Comes into the agent's speech."""
    hesitate: Text | None = None
    """A hesitation that nothing follows, such as "um": it claims nothing either."""
    aside: Text | None = None
    """Words to somebody else in the room, half as loud: not for the agent."""
    background: Text | None = None
    """The words of others, at a quarter of the loudness: a television, children."""
    cough: Literal[True] | None = None
    """A cough."""
    laugh: Literal[True] | None = None
    """A laugh, without words."""
    sneeze: Literal[True] | None = None
    """A sneeze."""
    clear_throat: Literal[True] | None = None
    """The caller clears their throat."""
    mumble_ms: Duration | None = None
    """A voice without words, for so long."""
    noise_ms: Duration | None = None
    """Sound that is no voice (a car, a street), for so long."""
    music_ms: Duration | None = None
    """Hold music, for so long."""
    beep_ms: Duration | None = None
    """The tone after which an answering machine records, for so long; at once."""
    press: Annotated[str, Field(pattern=r"^[0-9*#A-D]{1,64}$")] | None = None
    """Keys of the telephone, one after another: "0172#"."""
    silence_ms: Duration | None = None
    """Say nothing for so long."""
    play: Path | None = None
    """A WAV file (PCM), relative to the script; `text` is what it says. The emulated transcriber finds words only in
    recordings of simulated callers, and a voice without words in all others."""
    hang_up: Literal[True] | None = None
    """Hang up. A script that does not end so hangs up once the agent has finished."""

    after_agent: Literal[True] | None = None
    """Once the agent answered and fell silent (for `after_silence_ms`)."""
    after_silence_ms: Ms | None = None
    """How long the agent must have been silent to have finished; 700 unless told."""
    after_words: Text | None = None
    """Once the agent said these words, since the caller's last contribution."""
    into_agent_speech_ms: Annotated[int, Field(ge=0, le=LONGEST_MS)] | None = None
    """Once the agent has been speaking for so long, and still speaks."""
    at_ms: Ms | None = None
    """So long after the call was answered."""
    delay_ms: Ms | None = None
    """So much later; without another moment: so long after the step before was done."""
    timeout_ms: Annotated[int, Field(ge=1, le=24 * 3_600_000)] | None = None
    """How long to wait for the moment."""
    if_late: Literal["go-ahead", "skip", "hang-up"] | None = None
    """What to do when the moment does not come. Unless this is said, a moment that does not come is a failure."""

    ms_per_char: Annotated[int, Field(ge=10, le=500)] | None = None
    """How fast words are spoken; 65 unless told, which is some 150 words a minute."""
    loudness: Annotated[float, Field(ge=0.05, le=4.0)] | None = None
    """How loud words are spoken; 1 is usual, and below 0.2 they get lost."""
    lasts_ms: Annotated[int, Field(ge=60, le=5_000)] | None = None
    """How long a cough, laugh, sneeze or `clear_throat` lasts; drawn from the seed unless told."""
    level: Annotated[int, Field(ge=0, le=18_000)] | None = None
    """Loudness of `noise_ms`, RMS of 32,767; speech has about 3,500."""
    hz: Annotated[int, Field(ge=300, le=3_400)] | None = None
    """Pitch of `beep_ms`; 1000 unless told."""
    gap_ms: Annotated[int, Field(ge=20, le=60_000)] | None = None
    """Between two keys of `press`; 200 unless told."""
    text: Text | None = None
    """What a `play`ed file says."""

    @property
    def verbs(self) -> list[str]:
        """The verbs it has: one, if it is right."""
        return [verb for verb in VERBS if getattr(self, verb) is not None]

    @property
    def moments(self) -> list[str]:
        """The moments it has: one at most, if it is right."""
        return [moment for moment in MOMENTS if getattr(self, moment) is not None]
