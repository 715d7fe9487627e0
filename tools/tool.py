"""What a tool is: name, schema, kind, and what runs when the model asks for it; however it came to be."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tools.ahead import Ahead, check_ahead
from tools.context import ToolContext, ToolError

NAME_PATTERN = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""Names that every model accepts."""

DEADLINE_MS = 3_000
"""How long a tool may take unless it says otherwise: a caller waits no longer in silence or on fillers."""

EFFECT_LIMIT_MS = 30_000
"""What may not be cancelled goes on after its deadline, to end properly; what hangs is given up after this."""

PEOPLE_LIMIT_MS = 150_000
"""The same for a tool that waits for a person: somebody who looks for a number, or whose telephone rings."""

SHOWN_INPUT_CHARS = 40
"""So much of a wrong argument is quoted back to the model."""

Arguments = Mapping[str, Any]
"""Checked arguments by name, defaults filled in."""
Reconcile = Callable[[ToolContext, Arguments], Any]
"""Whether the effect under `context.key` happened: True, False, or None where that cannot be told; may be `async`.

Its arguments come from the journal: private ones are hidden.
"""


class Kind(StrEnum):
    """What running a tool twice would do."""

    PURE = "pure"
    """Only reads: may be cancelled, repeated, prefetched."""
    IDEMPOTENT = "idempotent"
    """Writes, but twice is as good as once: may be repeated, not cancelled half-way."""
    EFFECT = "effect"
    """Changes the world: runs once for each intent and is never cancelled half-way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a tool is run. Raises ValueError where they contradict each other."""

    kind: Kind = Kind.PURE
    deadline_ms: int = DEADLINE_MS
    cache_ms: int = 0
    """How long an answer stays good for the same arguments (of the same caller, if the tool looks at the call)."""
    stale_ms: int = 0
    """So long after that the old answer is given all the same, at once, while a fresh one is asked for."""
    prefetch: Ahead | None = None
    """Asked with these arguments when a call begins, so that the caller's first question is answered from memory."""
    waits_for_people: bool = False
    """It waits for the caller or for somebody else, not for a machine, and may take longer for it."""
    outdates: tuple[str, ...] = ()
    """Tools whose kept answers are no longer good once this one ran."""
    filler: str = ""
    """A phrase for a caller who waits for this tool."""
    on_failure: str = ""
    """What may be said to a caller when it breaks or takes too long; empty: the model finds words of its own.

    Of an effect it may have been done all the same: do not say that it was not.
    """
    private: frozenset[str] = frozenset()
    """Arguments that never stand in the clear in a trace, a log, the journal or a key."""
    reconcile: Reconcile | None = None
    """Tells whether an effect happened that was under way when the process died."""

    def __post_init__(self) -> None:
        if not 0 < self.deadline_ms <= self.limit_ms:
            raise ValueError(f"deadline_ms must lie between 1 and {self.limit_ms}, got {self.deadline_ms}")
        if self.cache_ms < 0:
            raise ValueError(f"cache_ms must be 0 (answers are not kept) or more, got {self.cache_ms}")
        if self.cache_ms and self.kind is not Kind.PURE:
            raise ValueError(f"only a pure tool's answers can be kept, and this one is {self.kind}: leave out cache_ms")
        if self.stale_ms < 0 or (self.stale_ms and not self.cache_ms):
            raise ValueError(f"stale_ms must be 0 or more and goes with cache_ms only, got {self.stale_ms}")
        if self.prefetch is not None and not self.cache_ms:
            raise ValueError("what is asked ahead of need must be kept: prefetch needs cache_ms")
        if self.reconcile is not None and self.kind is not Kind.EFFECT:
            raise ValueError(f"reconcile is for effects, and this tool is {self.kind}: leave it out")

    @property
    def limit_ms(self) -> int:
        """After so long it is given up, whatever it does."""
        return PEOPLE_LIMIT_MS if self.waits_for_people else EFFECT_LIMIT_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something that the model may ask for.

    `parameters` is the JSON schema of its arguments. `check` makes checked arguments of the model's JSON text and
    raises `ToolError` with what was wrong and what is expected; `run` does it, and answers a coroutine if `is_async`.
    `reads_call`: its answer may depend on the call it serves, not on its arguments alone.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    check: Callable[[str], Arguments]
    run: Callable[[ToolContext, Arguments], Any]
    is_async: bool
    reads_call: bool
    terms: Terms

    def __post_init__(self) -> None:
        if not NAME_PATTERN.fullmatch(self.name):
            raise ValueError(f"a tool's name has 1 to 64 of a-z A-Z 0-9 _ -, got {self.name!r}")
        if not self.description:
            raise ValueError(f"{self.name} needs a description: it is all that the model knows of it")
        known = self.parameters.get("properties", {})
        if unknown := sorted(self.terms.private - set(known)):
            raise ValueError(f"{self.name}: private names {unknown}, which are no parameters of it")
        if self.terms.prefetch is not None:
            try:
                check_ahead(self.terms.prefetch, self.parameters)
            except ValueError as error:
                raise ValueError(f"{self.name}: {error}") from None

    def complaint(self, wrong: Iterable[str]) -> ToolError:
        """What the model is told of arguments in which all this is wrong."""
        expected = _expected(self.parameters)
        told = "; ".join(wrong)
        return ToolError(f"Wrong arguments for {self.name}: {told}. Expected: {expected}. Correct them and call again.")


def shown(value: object, *, is_private: bool = False) -> str:
    """A wrong argument as it is quoted back: bounded, and never a private one."""
    if is_private:
        return f"got {hidden(value)}"
    text = repr(value)
    return f"got {text[:SHOWN_INPUT_CHARS]}…" if len(text) > SHOWN_INPUT_CHARS else f"got {text}"


def hidden(value: object) -> str:
    """What stands in place of a private value."""
    return f"<{len(value if isinstance(value, str) else str(value))} chars>"


def without(names: frozenset[str], value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """`value` with everything that stands under one of `names` hidden, at any depth."""
    match value:
        case dict():
            return {key: hidden(each) if key in names else without(names, each) for key, each in value.items()}
        case list():
            return [without(names, each) for each in value]
        case _:
            return value


def json_without(names: frozenset[str], text: str) -> str:
    """The same for JSON text; where it is none, all of it is hidden, for nobody knows what it holds."""
    if not names or not text:
        return text
    try:
        return json.dumps(without(names, json.loads(text)), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return hidden(text)


def _expected(schema: Mapping[str, Any]) -> str:
    """The parameters of a schema in a line, for a model that got them wrong."""
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    parts = (
        f"{name} ({_type_of(each)}{'' if name in required else ', optional'})" for name, each in properties.items()
    )
    return ", ".join(parts) or "no arguments"


def _type_of(schema: Any) -> str:  # noqa: ANN401 - a JSON schema, also one that somebody else wrote
    if not isinstance(schema, Mapping):
        return "anything"
    if "anyOf" in schema:
        return " or ".join(_type_of(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(repr(each) for each in schema["enum"])
    named = schema.get("format") or schema.get("type") or "object"
    return " or ".join(map(str, named)) if isinstance(named, list) else str(named)
