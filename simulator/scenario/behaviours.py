"""The tables of a script whose keys are fields of a behaviour: providers, networks, phones, tuning, environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from agent.config import Config, load_config, variable_of
from agent.errors import SettingsError
from fsm.profile import Profile
from simulator.emulator_settings import Setting, SettingError, make_behaviour
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.rehearsal import AGENT_ORIGIN, DEEPGRAM, ELEVENLABS, GROQ, SETTINGS
from simulator.scenario.complaints import Complaint, Path, nearest, shown
from simulator.wires import LinkModel

BEHAVIOURS: Mapping[str, type[Any]] = {
    "deepgram": DeepgramBehaviour,
    "groq": GroqBehaviour,
    "elevenlabs": ElevenLabsBehaviour,
}
"""By the names of their tables."""

ORIGINS: Mapping[str, str] = {
    "deepgram": DEEPGRAM,
    "groq": GROQ,
    "elevenlabs": ELEVENLABS,
    "twilio": AGENT_ORIGIN,
}
"""Of the networks, by the names of their tables."""

OURS = frozenset({*SETTINGS, "OFFHOOK_DATA", "OFFHOOK_AGENT"})
"""Variables that a simulation sets itself."""

VARIABLES = tuple(sorted(variable_of(f.name) for f in fields(Config) if f.name not in {"is_open", "unknown"}))


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


@dataclass(slots=True)
class Reading:
    """A table read field by field: what came of it, and what is wrong with it."""

    values: dict[str, Any] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)


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
            continue
        try:
            read_table(behaviour, {key: value}, path)
        except SettingError as error:
            what = _plain(str(error), path, value)
            if _is_of_type(behaviour, key, value):
                good[key] = value  # perhaps it is right together with another one
                continue
            yield Complaint((*path, key), what)
        else:
            good[key] = value
    try:
        read_table(behaviour, good, path)
    except SettingError as error:
        what = _plain(str(error), path, None)
        yield Complaint((*path, what.split(":")[0].split(",")[0].strip()), what)


def _is_of_type(behaviour: type[Any], key: str, value: object) -> bool:
    """Whether a value that was refused was so by the behaviour's own check, not for what it is."""
    try:
        read_table(behaviour, {key: value}, ("table",))
    except SettingError as error:
        return not str(error).startswith(": table.")
    return True


def _plain(text: str, path: Path, value: object) -> str:
    """A complaint of a setting without its source, which is named by the line, and its value as TOML has it."""
    text = text.lstrip(": ").removeprefix(f"{path[-1]}.")
    return text if value is None else text.replace(f"got {value!r}", f"got {shown(value)}")


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


def profile_complaints(agents: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with tuning over what the agent's file says."""
    names = [f.name for f in fields(Profile)]
    good: dict[str, Any] = {}
    for key, value in table.items():
        if key not in names:
            yield Complaint(("profile", key), f'unknown key "{key}"{nearest(key, names)}')
        elif complaint := _refusal({key: value}, key):
            yield Complaint(("profile", key), complaint)
        else:
            good[key] = value
    if complaint := _refusal({**agents, **good}, ""):
        yield Complaint(("profile", complaint.split()[0]), complaint)


def _refusal(table: Mapping[str, Any], key: str) -> str:
    """Why a profile cannot be; with `key`, only if it is for this value's own sake."""
    try:
        Profile.from_table(table)
    except ValueError as error:
        text = str(error).removeprefix("profile: ")
        return text if not key or "must not be less" not in text else ""
    return ""


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
