"""The corpus from its files: every situation by its name, in the order of the files; every mistake with its line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from agent.toml_lines import Lines
from simulator.corpus.model import FamilyFile, SharedFile, Situation, SituationStep, TimingTable
from simulator.delays import DelayError, distribution_of
from simulator.scenario.complaints import Complaint, ScriptError, shape_complaints

FOLDER = Path(__file__).parent.parent / "situations"
"""Where the files lie: one a family, and what they share."""

SHARED = "shared.toml"

TIMES = (
    "mumble_ms",
    "noise_ms",
    "music_ms",
    "silence_ms",
    "after_silence_ms",
    "into_agent_speech_ms",
    "delay_ms",
    "ms_per_char",
    "lasts_ms",
    "gap_ms",
)
"""Keys of a step that may be drawn."""

WORDS = ("say", "backchannel", "hesitate", "aside", "background", "press")
"""Keys of a step whose wording the seed chooses."""

NEEDED = ("greeting", "short", "speaking_pace", "turn_gap")
"""Wordings and timings that situations draw unasked."""

REFERENCE = re.compile(r"\{([a-z_]+)\}")
"""A wording that stands in another."""

PAUSE = re.compile(r"\[([a-z]+(?:_[a-z]+)+)\]")
"""A timing that stands in what is said: its name has an underscore, so it is none of a script's own marks."""

File = TypeVar("File", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all situations draw from."""

    wordings: Mapping[str, list[str]]
    timings: Mapping[str, TimingTable]


@dataclass(frozen=True, slots=True)
class Corpus:
    """All situations by name, the family of each, and what they draw from."""

    situations: Mapping[str, Situation]
    families: Mapping[str, str]
    abouts: Mapping[str, str]
    """Of the families."""
    shared: Shared

    def named(self, name: str) -> Situation:
        """The situation of that name. Raises ScriptError with the nearest one."""
        if name not in self.situations:
            near = get_close_matches(name, self.situations, n=1)
            hint = f'did you mean "{near[0]}"?' if near else "`offhook bench turns --list` shows them all"
            raise ScriptError(f'no situation is called "{name}"; {hint}')
        return self.situations[name]


@cache
def corpus(folder: Path = FOLDER) -> Corpus:
    """All in `folder`, which draws from what the bundled ones share unless it has such a file. Raises ScriptError."""
    source = folder / SHARED if (folder / SHARED).exists() else FOLDER / SHARED
    told, lines = _read(source, SharedFile)
    shared = Shared(told.wordings, told.timings)
    _refuse(source, lines, _shared_complaints(told))
    situations: dict[str, Situation] = {}
    families: dict[str, str] = {}
    abouts: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name == SHARED:
            continue
        family, lines = _read(path, FamilyFile)
        abouts[path.stem] = family.about
        _refuse(path, lines, _family_complaints(family, shared, families))
        for situation in family.situation:
            situations[situation.name] = situation
            families[situation.name] = path.stem
    if not situations:
        raise ScriptError(f"{folder}: expected files of situations (*.toml), found none")
    return Corpus(situations, families, abouts, shared)


def _read(path: Path, model: type[File]) -> tuple[File, Lines]:
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"{path}: not TOML: {error}") from None
    lines = Lines(text)
    try:
        return model.model_validate(raw), lines
    except ValidationError as error:
        _refuse(path, lines, shape_complaints(error, raw, model))
        raise AssertionError("what pydantic refuses has complaints") from error


def _refuse(path: Path, lines: Lines, complaints: Iterator[Complaint] | list[Complaint]) -> None:
    """Raise them all, each with its line, if there are any."""
    told = sorted({(lines.of(each.path), each.what) for each in complaints})
    if told:
        raise ScriptError("\n".join(f"{path}:{line}: {what}" for line, what in told))


# --- what can be wrong ---------------------------------------------------------------------------------------------


def _shared_complaints(shared: SharedFile) -> Iterator[Complaint]:
    for name, texts in shared.wordings.items():
        for index, text in enumerate(texts):
            yield from _text_complaints(text, ("wordings", name, index), Shared(shared.wordings, shared.timings))
    for name in NEEDED:
        if name not in {**shared.wordings, **shared.timings}:
            yield Complaint((), f'expected "{name}", which every situation needs')
    yield from _timing_complaints(shared.timings)


def _timing_complaints(timings: Mapping[str, TimingTable]) -> Iterator[Complaint]:
    for name, timing in timings.items():
        path = ("timings", name)
        if "_" not in name:
            yield Complaint(path, f'{name}: expected a name with an underscore, such as "{name}_pause"')
        try:
            distribution_of({"p50": timing.p50, "p95": timing.p95})
        except DelayError as error:
            yield Complaint(path, f"{name}: {error}")
        if not timing.least_ms <= timing.p50 <= timing.most_ms:
            bounds = f"{timing.least_ms}, {timing.p50} and {timing.most_ms}"
            yield Complaint(path, f"{name}: expected least_ms <= p50 <= most_ms, got {bounds}")


def _family_complaints(family: FamilyFile, shared: Shared, known: Mapping[str, str]) -> Iterator[Complaint]:
    names = dict(known)
    for index, situation in enumerate(family.situation):
        path = ("situation", index)
        if situation.name in names:
            yield Complaint((*path, "name"), f'two situations are called "{situation.name}"; rename one')
        names[situation.name] = ""
        for number, wording in enumerate(situation.agent):
            for text in texts_of(wording):
                yield from _text_complaints(text, (*path, "agent", number), shared)
        for number, step in enumerate(situation.caller):
            yield from _step_complaints(step, (*path, "caller", number), shared)


def _step_complaints(step: SituationStep, path: tuple[str | int, ...], shared: Shared) -> Iterator[Complaint]:
    for key in WORDS:
        for text in texts_of(getattr(step, key)):
            yield from _text_complaints(text, (*path, key), shared)
    for key in TIMES:
        value = getattr(step, key)
        if isinstance(value, str) and value not in shared.timings:
            yield Complaint((*path, key), f'{key}: no timing is called "{value}"{_near(value, shared.timings)}')
        if isinstance(value, dict):
            try:
                distribution_of(value)
            except DelayError as error:
                yield Complaint((*path, key), f"{key}: {error}")
    moments = (step.place, step.after_agent, step.into_agent_speech_ms)
    if sum(moment is not None for moment in moments) > 1:
        yield Complaint(path, "expected one moment: place, after_agent or into_agent_speech_ms")


def _text_complaints(text: str, path: tuple[str | int, ...], shared: Shared) -> Iterator[Complaint]:
    for name in REFERENCE.findall(text):
        if name not in shared.wordings:
            yield Complaint(path, f'no wording is called "{name}"{_near(name, shared.wordings)}')
    for name in PAUSE.findall(text):
        if name not in shared.timings:
            yield Complaint(path, f'no timing is called "{name}"{_near(name, shared.timings)}')


def texts_of(wording: str | list[str] | None) -> list[str]:
    """The texts of a wording."""
    if wording is None:
        return []
    return [wording] if isinstance(wording, str) else wording


def _near(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else f"; there are {', '.join(sorted(known))}"
