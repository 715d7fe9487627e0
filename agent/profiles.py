"""The named profiles that come with us, and what an agent's file or a call script says of its own."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from fsm.profile import Profile, ProfileError

FOLDER = Path(__file__).parent / "profiles"

BASE = "base"
"""The key of a profile's table that names the profile it starts from."""

USUAL, PATIENT = "usual", "patient"
"""Names of an agent's profiles in mid-call: its own, and one that every agent has."""

SLOWED = ("quick_wait_ms", "wait_ms", "unfinished_wait_ms", "patient_wait_ms", "digit_wait_ms", "idle_ms")
"""Waits for a caller that a patient agent doubles."""

Told = str | Mapping[str, object]
"""A profile as a file has it: a name, or a table of values, maybe over a named one."""


def profile_names() -> list[str]:
    """The names of the profiles that come with us."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def named_profile(name: str) -> Profile:
    """One of them. Raises ProfileError with the nearest name."""
    if name not in profile_names():
        near = get_close_matches(name, profile_names(), n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(profile_names())}"
        raise ProfileError(BASE, f'no profile is called "{name}"; {hint}')
    return Profile.from_table(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


def values_of(told: Told) -> dict[str, Any]:
    """The values that `told` settles: all of them where it names a profile, else those of its table.

    Raises ProfileError for a name that nobody knows; the values themselves are for `Profile` to check.
    """
    if isinstance(told, str):
        return asdict(named_profile(told))
    own = dict(told)
    base = own.pop(BASE, None)
    if base is None:
        return own
    if not isinstance(base, str):
        raise ProfileError(BASE, f"base must be the name of a profile ({', '.join(profile_names())}), got {base!r}")
    return {**asdict(named_profile(base)), **own}


def patient(profile: Profile) -> Profile:
    """The same, but it waits twice as long for its caller, as far as the ranges allow."""
    limits = {f.name: f.metadata["high"] for f in fields(Profile)}
    return replace(profile, **{name: min(2 * getattr(profile, name), limits[name]) for name in SLOWED})


def profiles_of(own: Profile, told: Mapping[str, Told]) -> dict[str, Profile]:
    """What an agent may change to in mid-call, by name: its `own` profile, and those of its file over that.

    Raises ProfileError for a table that was not checked before.
    """
    over = {name: Profile.from_table({**asdict(own), **values_of(one)}) for name, one in told.items()}
    return {USUAL: own, PATIENT: patient(own), **over}


def complaints_of(told: Told, under: Mapping[str, object]) -> list[ProfileError]:
    """All that is wrong with `told`, over the values `under` it; each is blamed on a key of `told`."""
    found: list[ProfileError] = []
    try:
        values = values_of(told)
    except ProfileError as error:
        found.append(error)
        values = {} if isinstance(told, str) else {key: value for key, value in told.items() if key != BASE}
    good = {**under, **values}
    while True:
        try:
            Profile.from_table(good)
        except ProfileError as error:
            found.append(_blamed(error, told))
            if good.pop(found[-1].key, None) is None:
                return found
        else:
            return found


def _blamed(error: ProfileError, told: Told) -> ProfileError:
    """The same complaint, blamed on a key that stands in `told`: of two that contradict each other, the one there."""
    if error.key not in told and not isinstance(told, str):
        error.key = next((key for key in told if key in str(error)), error.key)
    return error
