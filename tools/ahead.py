"""What a tool is asked when a call begins, ahead of need: with which arguments, made of what is known of the call."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tools.context import ToolContext

Ahead = Mapping[str, Any]
"""Arguments by name; texts may hold `{caller}`, the caller's number, and `{today}`, the business's present day."""

KNOWN = ("caller", "today")

_PLACE = re.compile(r"\{(\w*)\}")


def check_ahead(ahead: Ahead, parameters: Mapping[str, Any]) -> None:
    """Raises ValueError where a tool with these parameters (a JSON schema) cannot be asked so."""
    known = parameters.get("properties", {})
    if unknown := sorted(set(ahead) - set(known)):
        raise ValueError(f"prefetch gives {', '.join(unknown)}, and its parameters are {', '.join(known) or 'none'}")
    if missing := [name for name in parameters.get("required", ()) if name not in ahead]:
        how = f"with {', '.join(ahead)}" if ahead else "without arguments"
        raise ValueError(f"prefetch asks {how}, and it needs {', '.join(missing)}")
    for place in _places(ahead):
        if place not in KNOWN:
            raise ValueError(f"prefetch: of a call {', '.join(KNOWN)} are known, there is no {{{place}}}")


def arguments_for(ahead: Ahead, context: ToolContext) -> str | None:
    """The arguments as JSON text; None where the call lacks what they are made of: a number that is withheld."""
    facts = {"caller": context.caller, "today": context.today.isoformat()}
    if any(not facts[place] for place in _places(ahead)):
        return None
    return json.dumps({name: _filled(value, facts) for name, value in ahead.items()})


def _places(ahead: Ahead) -> list[str]:
    return [place for value in ahead.values() if isinstance(value, str) for place in _PLACE.findall(value)]


def _filled(value: Any, facts: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever JSON holds
    return _PLACE.sub(lambda place: facts[place[1]], value) if isinstance(value, str) else value
