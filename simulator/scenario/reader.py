"""Call scripts from TOML: found by path or name, read, checked, and every mistake told with its line."""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.toml_lines import Lines
from simulator.runs.plan import Plan
from simulator.scenario.check import check
from simulator.scenario.complaints import Complaint, ScriptError, place, shape_complaints
from simulator.scenario.model import ScriptFile
from simulator.scenario.plans import checked_plan
from simulator.scenario.prune import pruned

SCENARIOS = Path(__file__).parent.parent / "scenarios"
"""Where the bundled ones lie."""

MAX_FILE_BYTES = 1024 * 1024
"""A script is a page; anything longer is some other file."""

PRUNINGS = 3
"""A script whose shape is wrong is checked without the wrong parts; so often is tried to find them all."""


def bundled() -> list[str]:
    """The names of the scripts that come with us."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))


def load(path_or_name: str | Path) -> Plan:
    """The plan of a script: a file's, or a bundled one's by its name. Raises ScriptError with all that is wrong."""
    path = find(path_or_name)
    plan = checked_plan(parse(_text(path), path), _name(path), path)
    return replace(plan, path=None) if path.parent == SCENARIOS else plan  # its name says where it is


def _name(path: Path) -> str:
    """A script's name; in an agent's folder with that of the agent: all of them have a `demo`."""
    folder = path.resolve().parent
    return f"{folder.parent.name}_{path.stem}" if folder.name == "scripts" else path.stem


def read(path_or_name: str | Path) -> ScriptFile:
    """A script as it is written. Raises ScriptError with all that is wrong."""
    path = find(path_or_name)
    return parse(_text(path), path)


def find(path_or_name: str | Path) -> Path:
    """The file of a script. Raises ScriptError."""
    text = str(path_or_name)
    path = Path(text).expanduser()
    if text.endswith(".toml") or "/" in text or path.is_file():
        if not path.is_file():
            raise ScriptError(f"{text}: there is no such file; bundled scripts go by their names, without .toml")
        return path
    names = bundled()
    if text not in names:
        near = get_close_matches(text, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "`offhook simulate --list` shows them all"
        raise ScriptError(f'no bundled script is called "{text}", and there is no such file; {hint}')
    return SCENARIOS / f"{text}.toml"


def parse(text: str, path: Path) -> ScriptFile:
    """A script from its TOML; `path` is where it lies, for complaints and for files it names. Raises ScriptError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"{path}{_toml_complaint(str(error))}") from None
    raw.pop("$schema", None)
    script, complaints = _shaped(raw)
    if script is not None:
        complaints += check(script, path.parent)
    if complaints:
        raise ScriptError(_told(complaints, raw, Lines(text), path))
    assert script is not None, "a script that could not be read has complaints"
    return script


def _shaped(raw: dict[str, Any]) -> tuple[ScriptFile | None, list[Complaint]]:
    """The script, without its wrong parts, and what is wrong with their shape."""
    complaints: list[Complaint] = []
    rest = raw
    for attempt in range(PRUNINGS):
        try:
            return ScriptFile.model_validate(rest), complaints
        except ValidationError as error:
            found = shape_complaints(error, rest)
            if attempt == 0:
                complaints = found
            rest = pruned(rest, (each.path[: len(each.path) - attempt] for each in found))
    return None, complaints


def _told(complaints: Iterable[Complaint], raw: dict[str, Any], lines: Lines, path: Path) -> str:
    told = {(lines.of(each.path), f"{place(each.path, raw)}{each.what}"): None for each in complaints}
    return "\n".join(f"{path}:{line}: {what}" for line, what in sorted(told))


def _toml_complaint(text: str) -> str:
    """What tomllib complains about, with its line in front: ":3: not TOML: expected ..."."""
    what, _, where = text.partition(" (at ")
    number = where.removeprefix("line ").split(",")[0]
    return f":{number}: not TOML: {what}" if number.isdigit() else f": not TOML: {text}"


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ScriptError(f"{path}: expected a script of at most {MAX_FILE_BYTES // 1024} KiB")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: not TOML: expected UTF-8, got byte {error.object[error.start]:#04x}") from None
