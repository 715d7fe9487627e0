"""What could be left out of a script, or said more simply: smaller scripts, the boldest first."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from simulator.faults.catalogue import CATALOGUE

Raw = dict[str, Any]
Place = tuple[str | int, ...]
"""Where something stands in a script."""

TABLES: tuple[Place, ...] = (
    ("phone",),
    ("deepgram",),
    ("groq",),
    ("elevenlabs",),
    ("network", "deepgram"),
    ("network", "groq"),
    ("network", "elevenlabs"),
    ("network", "twilio"),
    ("profile",),
    ("settings",),
    ("expect",),
    ("waive",),
    ("model",),
)
"""What may be left out, whole or in parts."""

PLAIN_WORDS = "Yes."
ROUND_MS = (1_000, 100)


def smaller(raw: Raw) -> Iterator[Raw]:
    """Scripts that are smaller than this one."""
    for place in (("faults",), ("callers",), *_scripts(raw), ("model", "answers"), ("model", "replies")):
        yield from _shorter_list(raw, place)
    for place in TABLES:
        yield from _shorter_table(raw, place)
    for index in range(len(raw.get("faults", ()))):
        yield from _weaker(raw, index)
    for place in _scripts(raw):
        for index, step in enumerate(_at(raw, place)):
            yield from _simpler(raw, (*place, index), step)


def _scripts(raw: Raw) -> list[Place]:
    """Where the steps of callers stand."""
    several: list[Place] = [("callers", index, "script") for index in range(len(raw.get("callers", ())))]
    return several or [("caller",)]


def _shorter_list(raw: Raw, place: Place) -> Iterator[Raw]:
    """Without a half, a quarter, ... one of its items."""
    items: Sequence[object] = _at(raw, place) or ()
    least = 1 if place == ("callers",) else 0
    size = len(items)
    while size >= 1:
        for begin in range(0, len(items), size):
            kept = [*items[:begin], *items[begin + size :]]
            if len(kept) >= least:
                yield _with(raw, place, kept)
        size //= 2


def _shorter_table(raw: Raw, place: Place) -> Iterator[Raw]:
    """Without the table, or one of its keys."""
    table = _at(raw, place)
    if not table:
        return
    yield _with(raw, place, None)
    if len(table) > 1:
        for key in table:
            yield _with(raw, place, {other: value for other, value in table.items() if other != key})


def _weaker(raw: Raw, index: int) -> Iterator[Raw]:
    """The fault at a simpler moment, of its usual strength, or weaker."""
    fault: Raw = raw["faults"][index]
    place: Place = ("faults", index)
    for key in ("nth", "plus_ms", "rate_per_min"):
        if key in fault:
            yield _with(raw, (*place, key), None)
    if "at" in fault or "at_ms" in fault:
        yield _with(raw, place, {key: value for key, value in fault.items() if key in ("name", "strength")})
    yield from _rounded(raw, (*place, "at_ms"), fault.get("at_ms"))
    if "strength" in fault:
        yield _with(raw, (*place, "strength"), None)
        for weaker in _less(fault["name"], fault["strength"]):
            yield _with(raw, (*place, "strength"), weaker)


def _less(name: str, strength: float) -> Iterator[float]:
    """Half of it, or about the same in fewer digits."""
    least = CATALOGUE[name].strength.low if name in CATALOGUE else 0
    for plain in (float(f"{strength / 2:.2g}"), float(f"{strength:.1g}"), float(f"{strength:.2g}")):
        if least <= plain < strength:
            yield plain


def _simpler(raw: Raw, place: Place, step: Raw) -> Iterator[Raw]:
    """The step with plainer words, without what refines its moment."""
    if "say" in step:
        yield from _plainer(raw, (*place, "say"), step["say"])
    for key in ("timeout_ms", "if_late", "ms_per_char", "loudness", "level", "gap_ms", "after_silence_ms", "delay_ms"):
        if key in step:
            yield _with(raw, (*place, key), None)
    for key in ("delay_ms", "after_silence_ms", "into_agent_speech_ms", "at_ms", "silence_ms", "mumble_ms", "music_ms"):
        yield from _rounded(raw, (*place, key), step.get(key))


def _plainer(raw: Raw, place: Place, text: str) -> Iterator[Raw]:
    words = text.split()
    if text != PLAIN_WORDS:
        yield _with(raw, place, PLAIN_WORDS)
    half = len(words) // 2
    if half and len(words) > 1:
        yield _with(raw, place, " ".join(words[:half]))
        yield _with(raw, place, " ".join(words[half:]))


def _rounded(raw: Raw, place: Place, value: int | None) -> Iterator[Raw]:
    for step in ROUND_MS:
        if value and value % step and value // step:
            yield _with(raw, place, value // step * step)


# --- places ------------------------------------------------------------------------------------------------------


def _at(raw: Raw, place: Place) -> Any:  # noqa: ANN401 - whatever stands there
    """What stands there; None if nothing does."""
    found: Any = raw
    for key in place:
        if isinstance(found, dict):
            found = found.get(key)
        elif isinstance(found, list) and isinstance(key, int):
            found = found[key]
        if found is None:
            return None
    return found


def _with(raw: Raw, place: Place, value: object) -> Raw:
    """The script with that value there; None leaves it out."""
    changed = deepcopy(raw)
    *way, last = place
    holder = _at(changed, tuple(way))
    if value is None and isinstance(holder, dict):
        holder.pop(last, None)
    else:
        holder[last] = value
    return changed
