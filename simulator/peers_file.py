"""The TOML file of `offhook peers`: a table of settings for each provider, and `[brain]` for what is replied."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.brain.answers import Brain, CannedBrain, RuleBrain
from simulator.emulator_settings import Setting, SettingError, nearest
from simulator.emulators import BEHAVIOURS

BRAIN_KEYS = ("replies", "rules", "fallback")

EXAMPLE = """\
[deepgram]
final_delay_ms = 300

[groq]
refuse = "rate_limited_requests"
fail_first_n = 1

[brain]                                     # instead of the one that books appointments
rules = [{ heard = "open(ing)? hours", say = "We are open from nine to five." }]
fallback = "Could you say that again?"      # or, in place of both: replies = ["First.", "Second."]
"""


@dataclass(frozen=True, slots=True)
class PeersFile:
    """What a file says."""

    settings: tuple[Setting, ...] = ()
    brain: Brain | None = None


def read_peers_file(path: Path) -> PeersFile:
    """Read a file; raises `SettingError` with its name and line for what it cannot mean."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: {error}") from error
    place = _Place(path, text)
    _check_tables(tables, place)
    return PeersFile(tuple(_settings(tables, place)), _brain(tables.get("brain"), place))


@dataclass(frozen=True, slots=True)
class _Place:
    """Finds the line of a key, so that a complaint can name it."""

    path: Path
    text: str

    def of(self, table: str, key: str = "") -> str:
        """Such as "peers.toml, line 3"; only the file where the line is not plain to see."""
        within = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
            within = header.group(1) if header else within
            named = re.match(r"\s*([\w.\"-]+)\s*=", line)
            name = named.group(1).replace('"', "") if named else ""
            if (header and not key and within == table) or (name and name in _spellings(table, key, within)):
                return f"{self.path}, line {number}"
        return str(self.path)


def _spellings(table: str, key: str, within: str) -> set[str]:
    """How a line may begin that sets `key` of `table`, read within a table."""
    if within == table:
        return {key}
    return {table, f"{table}.{key}"} if not within else set()


def _check_tables(tables: Mapping[str, object], place: _Place) -> None:
    known = (*BEHAVIOURS, "brain")
    for name, table in tables.items():
        if name not in known:
            raise SettingError(
                f"{place.of(name)}: there is no table [{name}]{nearest(name, known)} expected {', '.join(known)}"
            )
        if not isinstance(table, dict):
            raise SettingError(f"{place.of(name)}: expected a table [{name}], got {table!r}")


def _settings(tables: Mapping[str, object], place: _Place) -> Iterator[Setting]:
    for name in BEHAVIOURS:
        table = tables.get(name, {})
        assert isinstance(table, dict), "tables were checked"
        for key, value in table.items():
            yield Setting(name, key, value, place.of(name, key))


def _brain(table: object, place: _Place) -> Brain | None:
    if table is None:
        return None
    assert isinstance(table, dict), "tables were checked"
    for key in table:
        if key not in BRAIN_KEYS:
            raise SettingError(f"{place.of('brain', key)}: brain has no setting {key!r}{nearest(key, BRAIN_KEYS)}")
    try:
        return _canned(table, place) if "replies" in table else _ruled(table, place)
    except ValueError as error:
        where = "" if isinstance(error, SettingError) else f"{place.of('brain')}: "
        raise SettingError(f"{where}{error}") from error


def _canned(table: Mapping[str, object], place: _Place) -> Brain:
    replies = table["replies"]
    if not (isinstance(replies, list) and all(isinstance(reply, str) for reply in replies) and len(table) == 1):
        raise SettingError(
            f'{place.of("brain", "replies")}: expected replies = ["...", ...] and nothing else, got {dict(table)!r}'
        )
    return CannedBrain(replies)


def _ruled(table: Mapping[str, object], place: _Place) -> Brain:
    rules = table.get("rules", [])
    if not (isinstance(rules, list) and all(_is_rule(rule) for rule in rules)):
        raise SettingError(
            f'{place.of("brain", "rules")}: expected rules = [{{ heard = "pattern", say = "text" }}, ...], '
            f"got {rules!r}"
        )
    pairs = [(rule["heard"], rule["say"]) for rule in rules]
    fallback = table.get("fallback")
    return RuleBrain(pairs) if fallback is None else RuleBrain(pairs, str(fallback))


def _is_rule(rule: object) -> bool:
    return isinstance(rule, dict) and rule.keys() == {"heard", "say"} and all(isinstance(v, str) for v in rule.values())
