"""A script without what is wrong in it, so that the rest of it can be checked, too."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from simulator.scenario.complaints import Path
from simulator.scenario.model_steps import VERBS

HARMLESS_STEP = {"silence_ms": 20}
"""In place of a step that is broken altogether: the numbers of the others stay."""


def pruned(script: dict[str, Any], wrong: Iterable[Path]) -> dict[str, Any]:
    """A copy of `script` without what stands at these places; who calls is not forgotten, only what they do."""
    copy = deepcopy(script)
    wrong = list(wrong)
    for path in wrong:
        _remove(copy, path)
    if any(path in (("caller",), ("callers",)) for path in wrong) and "callers" not in copy:
        copy.setdefault("caller", [])
    return copy


def _remove(script: dict[str, Any], path: Path) -> None:
    holder: Any = script
    trail: list[tuple[Any, Any]] = []
    for part in path[:-1]:
        trail.append((holder, part))
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return
    if _is_step(path, holder):
        holder.clear()
        holder.update(HARMLESS_STEP)
    elif isinstance(holder, dict):
        holder.pop(path[-1], None)
    elif isinstance(holder, list) and _is_steps(path):
        holder[int(path[-1])] = dict(HARMLESS_STEP)
    elif trail:
        outer, key = trail[-1]
        if isinstance(outer, dict):
            outer.pop(key, None)


def _is_step(path: Path, holder: object) -> bool:
    """Whether it is a verb that is wrong: without it nothing is left of the step."""
    return isinstance(holder, dict) and path[-1] in VERBS and _is_steps(path[:-1])


def _is_steps(path: Path) -> bool:
    return len(path) >= 2 and path[-2] in ("caller", "script") and isinstance(path[-1], int)
