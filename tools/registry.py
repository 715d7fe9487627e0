"""Tools from typed functions: name, description and JSON schema come from the signature and the docstring."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticUndefined

from tools.context import ToolContext, ToolError

NAME_PATTERN = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""Names that every model accepts."""

DEADLINE_MS = 3_000
"""How long a tool may take unless it says otherwise: a caller waits no longer in silence or on fillers."""

SHOWN_INPUT_CHARS = 40
"""So much of a wrong argument is quoted back to the model."""


class Kind(StrEnum):
    """What running a tool twice would do."""

    PURE = "pure"
    """Only reads: may be cancelled, repeated, prefetched."""
    IDEMPOTENT = "idempotent"
    """Writes, but twice is as good as once: may be repeated, not cancelled half-way."""
    EFFECT = "effect"
    """Changes the world: runs once for each intent and is never cancelled half-way."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for.

    `parameters` is the JSON schema of its arguments, `filler` a phrase for the caller while it runs, `on_failure` what
    the model is told when it breaks (empty: a general apology).
    """

    name: str
    description: str
    parameters: Mapping[str, object]
    kind: Kind
    deadline_ms: int
    filler: str
    on_failure: str
    function: Callable[..., Any]
    arguments: type[BaseModel]
    context_parameter: str
    is_async: bool

    def parse(self, arguments_json: str) -> BaseModel:
        """The checked arguments, defaults filled in.

        Raises `ToolError` with a text that tells the model what was wrong and what is expected.
        """
        try:
            return self.arguments.model_validate_json(arguments_json)
        except ValidationError as error:
            raise ToolError(self._complaint(error)) from None

    def call(self, arguments: BaseModel, context: ToolContext) -> Any:  # noqa: ANN401 - whatever the function answers
        """What the function answers; for an async one the coroutine."""
        given = {name: getattr(arguments, name) for name in type(arguments).model_fields}
        if self.context_parameter:
            given[self.context_parameter] = context
        return self.function(**given)

    def _complaint(self, error: ValidationError) -> str:
        wrong = "; ".join(_describe(detail) for detail in error.errors(include_url=False, include_context=False))
        expected = _expected(self.parameters)
        return f"Wrong arguments for {self.name}: {wrong}. Expected: {expected}. Correct them and call again."


class UnknownToolError(LookupError):
    """No tool has this name; the message offers the nearest that exists."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"There is no tool {name!r}.{hint} Tools: {', '.join(names) or 'none'}.")


class Registry:
    """Tools by name, in the order in which they were added."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for each in tools:
            self.add(each)

    def add(self, new: Tool) -> None:
        """Take a tool in; its name must be free."""
        if new.name in self._tools:
            raise ValueError(f"two tools are named {new.name!r}: rename one with @tool(name=...)")
        self._tools[new.name] = new

    def toolset(self, names: Iterable[str]) -> "Registry":
        """The tools of one agent, by name; raises `UnknownToolError` for a name that does not exist."""
        return Registry(self[name] for name in names)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return tuple(self._tools)

    def __getitem__(self, name: str) -> Tool:
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownToolError(name, self._tools) from None

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)


def tool(
    *,
    kind: Kind | str = Kind.PURE,
    deadline_ms: int = DEADLINE_MS,
    filler: str = "",
    on_failure: str = "",
    name: str = "",
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a typed function.

    The docstring's text becomes the description, its `Args:` lines those of the parameters. A parameter annotated
    `ToolContext` is filled in by the runner and not shown to the model. Plain functions run on the event loop: only
    what takes microseconds (SQLite on local disk) belongs in one; whatever waits is `async`.
    """

    def make(function: Callable[..., Any]) -> Tool:
        return _make_tool(function, name or function.__name__, Kind(kind), deadline_ms, filler, on_failure)

    return make


def _make_tool(
    function: Callable[..., Any], name: str, kind: Kind, deadline_ms: int, filler: str, on_failure: str
) -> Tool:
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"a tool's name has 1 to 64 of a-z A-Z 0-9 _ -, got {name!r}")
    if deadline_ms <= 0:
        raise ValueError(f"the deadline of {name} must be a positive number of ms, got {deadline_ms}")
    description, about = _read_docstring(inspect.getdoc(function) or "")
    if not description:
        raise ValueError(f"{name} needs a docstring: it is all that the model knows of it")
    arguments, context_parameter = _arguments_of(function, name, about)
    return Tool(
        name=name,
        description=description,
        parameters=_without_titles(arguments.model_json_schema()),
        kind=kind,
        deadline_ms=deadline_ms,
        filler=filler,
        on_failure=on_failure,
        function=function,
        arguments=arguments,
        context_parameter=context_parameter,
        is_async=inspect.iscoroutinefunction(function),
    )


def _arguments_of(function: Callable[..., Any], name: str, about: Mapping[str, str]) -> tuple[type[BaseModel], str]:
    """The model that checks the arguments, and the name of the parameter that takes the context."""
    hints = get_type_hints(function, include_extras=True)
    context_parameter = ""
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{name}: parameter {parameter.name!r} must be an ordinary named one")
        if parameter.name not in hints:
            raise TypeError(f"{name}: parameter {parameter.name!r} needs a type: the model is told of it")
        if hints[parameter.name] is ToolContext:
            context_parameter = parameter.name
            continue
        default = PydanticUndefined if parameter.default is parameter.empty else parameter.default
        described = Field(default, description=about.get(parameter.name))
        fields[parameter.name] = (hints[parameter.name], described)
    if unknown := set(about) - set(fields):
        raise TypeError(f"{name}: the docstring describes {sorted(unknown)}, which are no parameters of it")
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields), context_parameter


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """A docstring's description, and what its `Args:` section says of each parameter."""
    body, _, section = text.partition("\nArgs:\n")
    section = re.split(r"\n(?=\S)", section, maxsplit=1)[0]
    about: dict[str, str] = {}
    last = ""
    for line in section.splitlines():
        entry = re.fullmatch(r" {1,4}(\w+)(?: \([^)]*\))?: (.+)", line)
        if entry:
            last = entry[1]
            about[last] = entry[2].strip()
        elif last and line.strip():
            about[last] += " " + line.strip()
    return " ".join(body.split()), about


def _without_titles(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without pydantic's titles, which cost tokens and say nothing; a property *named* title stays."""
    clean: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title" and isinstance(value, str):
            continue
        if key in ("properties", "$defs"):
            clean[key] = {name: _without_titles(each) for name, each in value.items()}
        elif isinstance(value, dict):
            clean[key] = _without_titles(value)
        elif isinstance(value, list):
            clean[key] = [_without_titles(each) if isinstance(each, dict) else each for each in value]
        else:
            clean[key] = value
    return clean


def _describe(detail: Mapping[str, Any]) -> str:
    where = ".".join(str(step) for step in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"there is no parameter {where!r}"
    if detail["type"] == "missing":
        return f"{where!r} is missing"
    shown = repr(detail["input"])
    if len(shown) > SHOWN_INPUT_CHARS:
        shown = shown[:SHOWN_INPUT_CHARS] + "…"
    return f"{where or 'the arguments'}: {detail['msg']} (got {shown})"


def _expected(schema: Mapping[str, Any]) -> str:
    """The parameters of a schema in a line, for a model that got them wrong."""
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    parts = (
        f"{name} ({_type_of(each)}{'' if name in required else ', optional'})" for name, each in properties.items()
    )
    return ", ".join(parts) or "no arguments"


def _type_of(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type_of(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(repr(each) for each in schema["enum"])
    return str(schema.get("format") or schema.get("type") or "object")
