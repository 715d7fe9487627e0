"""From the steps of a script file to the steps of a simulated caller."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator.scenario.model_steps import StepTable
from simulator.script import (
    AfterAgentFinished,
    AfterWords,
    Aside,
    At,
    AtOnce,
    Backchannel,
    Background,
    Beep,
    ClearThroat,
    Cough,
    HangUp,
    Hesitate,
    IfLate,
    IntoAgentSpeech,
    Laugh,
    Mumble,
    Music,
    Noise,
    Pause,
    Play,
    Press,
    Say,
    Script,
    Sneeze,
    Step,
    When,
)
from simulator.wav import read_wav

LAST_SILENCE_MS = 2_500
"""A caller who has nothing more to do waits so long for the agent to say more, or to hang up by itself."""

LAST_TIMEOUT_MS = 30_000

DEFAULT_HANG_UP = HangUp(
    AfterAgentFinished(silence_ms=LAST_SILENCE_MS, timeout_ms=LAST_TIMEOUT_MS, if_late=IfLate.HANG_UP)
)

KEY_GAP_MS = Press("0").gap_ms
NOISE_LEVEL = Noise(20).level
BEEP_HZ = Beep().hz

_INTO_SPEECH = (
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
)
"""What listeners do: comes into the agent's speech where nothing else is said."""


def script_of(tables: Iterable[StepTable], folder: Path) -> Script:
    """The steps, and a hang-up at their end; files are looked for in `folder`."""
    script = tuple(step_of(table, folder) for table in tables)
    return script if script and isinstance(script[-1], HangUp) else (*script, DEFAULT_HANG_UP)


def step_of(table: StepTable, folder: Path) -> Step:
    """One step, which was checked; a file it plays is looked for in `folder`."""
    (verb,) = table.verbs
    when = when_of(table)
    if table.play is not None:
        return Play(read_wav(folder / table.play), table.text or "", when)
    return _MAKERS[verb](table, when)


_MAKERS: Mapping[str, Callable[[StepTable, When], Step]] = {
    "say": lambda table, when: Say(str(table.say), when, table.ms_per_char, _loudness(table, Say)),
    "backchannel": lambda table, when: Backchannel(
        str(table.backchannel), when, table.ms_per_char, _loudness(table, Backchannel)
    ),
    "hesitate": lambda table, when: Hesitate(str(table.hesitate), when, table.ms_per_char, _loudness(table, Hesitate)),
    "aside": lambda table, when: Aside(str(table.aside), when, table.ms_per_char, _loudness(table, Aside)),
    "background": lambda table, when: Background(
        str(table.background), when, table.ms_per_char, _loudness(table, Background)
    ),
    "cough": lambda table, when: Cough(when, table.lasts_ms),
    "laugh": lambda table, when: Laugh(when, table.lasts_ms),
    "sneeze": lambda table, when: Sneeze(when, table.lasts_ms),
    "clear_throat": lambda table, when: ClearThroat(when, table.lasts_ms),
    "mumble_ms": lambda table, when: Mumble(_int(table.mumble_ms), when),
    "noise_ms": lambda table, when: Noise(_int(table.noise_ms), _int(table.level, NOISE_LEVEL), when),
    "music_ms": lambda table, when: Music(_int(table.music_ms), when),
    "beep_ms": lambda table, when: Beep(_int(table.beep_ms), _int(table.hz, BEEP_HZ), when),
    "press": lambda table, when: Press(str(table.press), when, _int(table.gap_ms, KEY_GAP_MS)),
    "silence_ms": lambda table, when: Pause(_int(table.silence_ms), when),
    "hang_up": lambda _, when: HangUp(when),
}


def when_of(table: StepTable) -> When:
    """The moment of a step, which was checked."""
    late = _lateness(table)
    delay_ms = table.delay_ms or 0
    match moment_of(table):
        case "after_words":
            return AfterWords(str(table.after_words), delay_ms, **late)
        case "into_agent_speech_ms":
            return IntoAgentSpeech(_int(table.into_agent_speech_ms, IntoAgentSpeech().after_ms), **late)
        case "at_ms":
            return At(_int(table.at_ms), **late)
        case "delay_ms":
            return AtOnce(delay_ms, **late)
    return AfterAgentFinished(delay_ms, _int(table.after_silence_ms, AfterAgentFinished().silence_ms), **late)


def _lateness(table: StepTable) -> dict[str, Any]:
    """What a step says about a moment that does not come."""
    late: dict[str, Any] = {}
    if table.timeout_ms is not None:
        late["timeout_ms"] = table.timeout_ms
    if table.if_late is not None:
        late["if_late"] = IfLate(table.if_late)
    elif table.hang_up:
        late["if_late"] = IfLate.HANG_UP
    return late


def moment_of(table: StepTable) -> str:
    """The name of a step's moment: its own, or the usual one of its verb."""
    if table.moments:
        return table.moments[0]
    if table.after_silence_ms is not None:
        return "after_agent"
    if table.delay_ms is not None or table.silence_ms is not None or table.beep_ms is not None:
        return "delay_ms"
    return "into_agent_speech_ms" if table.verbs and table.verbs[0] in _INTO_SPEECH else "after_agent"


def _loudness(table: StepTable, made: type[Say | Backchannel | Hesitate | Aside | Background]) -> float:
    """What a step says, else what is usual of its kind."""
    return made("-").loudness if table.loudness is None else table.loudness


def _int(value: int | None, usual: int | None = None) -> int:
    """What a step says, else what is usual."""
    chosen = usual if value is None else value
    assert chosen is not None, "a step without its verb"
    return chosen
