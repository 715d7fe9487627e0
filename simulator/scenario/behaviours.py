"""The tables of a script whose keys are fields of a behaviour: providers, networks, phones, tuning, environment."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from agent.config import NO_VARIABLES, Config, load_config, variable_of
from agent.errors import SettingsError
from agent.profiles import Told, complaints_of
from fsm.profile import Phrases
from simulator.emulator_settings import Setting, SettingError, make_behaviour
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.rehearsal import AGENT_ORIGIN, DEEPGRAM, ELEVENLABS, GROQ, SETTINGS
from simulator.scenario.complaints import Complaint, Path, nearest, shown
from simulator.scene import plain_words
from simulator.turn_model import TurnModelBehaviour
from simulator.wires import LinkModel

BEHAVIOURS: Mapping[str, type[Any]] = {
    "deepgram": DeepgramBehaviour,
    "groq": GroqBehaviour,
    "elevenlabs": ElevenLabsBehaviour,
    "turn_model": TurnModelBehaviour,
}
"""By the names of their tables."""

ORIGINS: Mapping[str, str] = {
    "deepgram": DEEPGRAM,
    "groq": GROQ,
    "elevenlabs": ELEVENLABS,
    "twilio": AGENT_ORIGIN,
}
"""Of the networks, by the names of their tables."""

OURS = frozenset(
    {
        *SETTINGS,
        *("OFFHOOK_DATA", "OFFHOOK_AGENT", "OFFHOOK_HOST", "OFFHOOK_PORT", "OFFHOOK_STT", "OFFHOOK_TTS"),
        "OFFHOOK_END_OF_TURN_MODEL",
    }
    - {"TWILIO_PAY_CONNECTOR"}
)
"""Variables that a simulation sets itself, and a script may not."""

VARIABLES = tuple(sorted(variable_of(f.name) for f in fields(Config) if f.name not in NO_VARIABLES))


@dataclass(frozen=True, slots=True)
class Traits:
    """Of a caller and their phone, beside how the telephone network behaves."""

    number: str = "+15550001111"
    line_noise_level: int = 0
    patience_s: float = 60.0

    def __post_init__(self) -> None:
        if not self.number.lstrip("+").isdigit() and self.number not in ("anonymous", "restricted", "unavailable"):
            raise ValueError(f'number: expected a telephone number such as "+15550001111", got {self.number!r}')
        if not 0 <= self.line_noise_level <= 5_000:
            raise ValueError(f"line_noise_level: expected 0 to 5000 (RMS), got {self.line_noise_level}")
        if not 0 < self.patience_s <= 24 * 3_600:
            raise ValueError(f"patience_s: expected more than 0, and a day at most, got {self.patience_s}")


TRAITS = tuple(f.name for f in fields(Traits))


def read_table(behaviour: type[Any], table: Mapping[str, Any], path: Path, more: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - an instance of it
    """`behaviour` made of a table. Raises SettingError with the first thing that is wrong; see `table_complaints`."""
    settings = (Setting(str(path[-1]), key, value, "") for key, value in table.items() if key not in more)
    return make_behaviour(behaviour, settings)


def table_complaints(
    behaviour: type[Any], table: Mapping[str, Any], path: Path, more: tuple[str, ...] = ()
) -> Iterator[Complaint]:
    """All that is wrong with a table: keys, values, and how they go together; `more` keys belong to somebody else."""
    names = [f.name for f in fields(behaviour)]
    good: dict[str, Any] = {}
    for key, value in table.items():
        if key in more:
            continue
        if key not in names:
            yield Complaint((*path, key), f'unknown key "{key}"{nearest(key, [*names, *more])}')
        elif what := _refusal(behaviour, {key: value}, path, key) or _impossible(key, value):
            yield Complaint((*path, key), what + _meant(what, value))
        else:
            good[key] = value
    if what := _refusal(behaviour, good, path):
        yield Complaint((*path, _blamed(good, what)), what)


def _refusal(behaviour: type[Any], table: Mapping[str, Any], path: Path, key: str = "") -> str:
    """Why a table cannot be; with `key`, only if that is for this value's own sake, whatever others there are."""
    try:
        read_table(behaviour, table, path)
    except SettingError as error:
        text = str(error).lstrip(":, ").removeprefix(f"{path[-1]}.")
        for value in table.values():
            text = text.replace(f"got {value!r}", f"got {shown(value)}")
        return text if not key or text.split(":")[0] == key else ""
    return ""


def _impossible(key: str, value: object) -> str:
    """Why no behaviour can have such a number: times, counts and shares."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    if value < 0:
        return f"{key}: expected 0 or more, got {value}"
    return (
        f"{key}: expected a share from 0 to 1, got {value}" if key.endswith(("_rate", "_share")) and value > 1 else ""
    )


def _blamed(table: Mapping[str, Any], what: str) -> str:
    """The key of a table that a complaint is about."""
    return next((key for key in table if re.search(rf"\b{re.escape(key)}\b", what)), "")


def _meant(what: str, value: object) -> str:
    """The nearest of the values that a complaint lists."""
    listed = re.search(r"expected one of (.*), got", what)
    if listed is None or not isinstance(value, str):
        return ""
    close = get_close_matches(value, listed[1].replace(" or ", ", ").split(", "), n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else ""


# --- the others --------------------------------------------------------------------------------------------------


def phone_complaints(table: Mapping[str, Any], path: Path, *, own_traits: bool = True) -> Iterator[Complaint]:
    """What is wrong with a phone: the network's settings, and with `own_traits` those of the person."""
    yield from table_complaints(TwilioBehaviour, table, path, TRAITS if own_traits else ())
    if own_traits:
        traits = {key: value for key, value in table.items() if key in TRAITS}
        yield from table_complaints(Traits, traits, path)


def phone_of(*tables: Mapping[str, Any]) -> TwilioBehaviour:
    """A phone network; later tables win."""
    merged = {key: value for table in tables for key, value in table.items() if key not in TRAITS}
    phone: TwilioBehaviour = read_table(TwilioBehaviour, merged, ("phone",))
    return phone


def traits_of(*tables: Mapping[str, Any]) -> Traits:
    """A person's traits; later tables win, None says nothing."""
    merged = {key: value for table in tables for key, value in table.items() if key in TRAITS and value is not None}
    traits: Traits = read_table(Traits, merged, ("phone",))
    return traits


def link_of(table: Mapping[str, Any], name: str) -> LinkModel:
    """The network to an origin."""
    link: LinkModel = read_table(LinkModel, table, ("network", name))
    return link


def profile_complaints(agents: Mapping[str, Any], told: Told) -> Iterator[Complaint]:
    """What is wrong with tuning over what the agent's file says."""
    for error in complaints_of(told, agents):
        path: Path = ("profile",) if isinstance(told, str) else ("profile", error.key)
        yield Complaint(path, str(error).removeprefix("profile: "))


def phrase_complaints(table: Mapping[str, str]) -> Iterator[Complaint]:
    """What is wrong with fixed phrases."""
    names = [f.name for f in fields(Phrases)]
    for key, text in table.items():
        if key not in names:
            yield Complaint(("phrases", key), f'unknown key "{key}"{nearest(key, names)}')
        elif not plain_words(text):
            yield Complaint(("phrases", key), f'{key}: expected words, got "{text}"')


def settings_complaints(table: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with the environment."""
    for name, value in table.items():
        if name in OURS:
            yield Complaint(("settings", name), f"{name} is set by the simulation itself; leave it out")
        elif name not in VARIABLES:
            settable = [variable for variable in VARIABLES if variable not in OURS]
            yield Complaint(("settings", name), f'unknown variable "{name}"{nearest(name, settable)}')
        else:
            try:
                load_config({**SETTINGS, name: env_text(value)})
            except SettingsError as error:
                yield Complaint(("settings", name), str(error))


def env_text(value: object) -> str:
    """A setting as an environment has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
