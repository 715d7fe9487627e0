"""`--profile`: another tuning, from a named profile, a TOML file, a bundled agent or `name=value` pairs."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from agent.agent_file import bundled_agents, load_agent
from agent.errors import SettingsError
from agent.profiles import named_profile, profile_names, values_of
from fsm.profile import Profile


def other_profile(told: Sequence[str], recorded: Profile) -> Profile:
    """The profile that `told` describes; what is left out keeps its recorded value, save for a named or an agent's one.

    Raises SettingsError: no such file, agent or name, a value out of its range, with the nearest right one.
    """
    profile = recorded
    for one in told:
        try:
            profile = _changed(one, profile)
        except ValueError as error:
            raise error if isinstance(error, SettingsError) else SettingsError(f"--profile {one}: {error}") from None
    return profile


def _changed(told: str, profile: Profile) -> Profile:
    name, equals, value = told.partition("=")
    if equals and "/" not in name and not name.endswith(".toml"):
        if not value.strip().lstrip("-").isdigit():
            raise SettingsError(f"--profile {told}: expected a whole number after {name}=, got {value!r}")
        return _over(profile, {name.strip(): int(value)})
    if told in profile_names():
        return named_profile(told)
    if told in bundled_agents():
        return Profile.from_table(load_agent(told).profile)
    if "/" in told or told.endswith(".toml"):
        return _from_file(Path(told), profile)
    raise SettingsError(
        f"--profile {told}: expected a named profile ({', '.join(profile_names())}), a TOML file, "
        f"a bundled agent ({', '.join(bundled_agents())}) or name=value, such as wait_ms=700"
    )


def _from_file(path: Path, profile: Profile) -> Profile:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"--profile {path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"--profile {path}: not TOML: {error}") from None
    if "prompt" in table:
        return Profile.from_table(load_agent(str(path)).profile)
    within = table.get("profile", table)
    if not isinstance(within, str | Mapping):
        raise SettingsError(f"--profile {path}: expected a table [profile] or a profile's name, got {within!r}")
    return _over(profile, values_of(within))


def _over(profile: Profile, table: Mapping[str, object]) -> Profile:
    return Profile.from_table({**asdict(profile), **table})
