"""Making tools: of a typed function, by `@tool`, or of a JSON schema that somebody else wrote, by `tool_of_schema`."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticUndefined

from tools.ahead import Ahead
from tools.context import ToolContext
from tools.schema import checker_of
from tools.tool import DEADLINE_MS, Arguments, Kind, Reconcile, Terms, Tool, shown


def tool(  # noqa: PLR0913 - a declaration: each is named where it is used, and all but none are left out
    *,
    kind: Kind | str = Kind.PURE,
    deadline_ms: int = DEADLINE_MS,
    cache_ms: int = 0,
    stale_ms: int = 0,
    prefetch: bool | Ahead = False,
    outdates: Iterable[str] = (),
    waits_for_people: bool = False,
    filler: str = "",
    on_failure: str = "",
    private: Iterable[str] = (),
    reconcile: Reconcile | None = None,
    name: str = "",
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a typed function; see `Terms` for what is declared with it. `prefetch=True`: without arguments.

    The docstring's text becomes the description, its `Args:` lines those of the parameters. A parameter annotated
    `ToolContext` is filled in by the runner and not shown to the model. Plain functions run on the event loop: only
    what takes microseconds (SQLite on local disk) belongs in one; whatever waits is `async`.
    Raises TypeError or ValueError where the function or the declaration cannot make a tool.
    """
    terms = Terms(
        kind=Kind(kind),
        deadline_ms=deadline_ms,
        cache_ms=cache_ms,
        stale_ms=stale_ms,
        prefetch={} if prefetch is True else prefetch or None,
        outdates=tuple(outdates),
        waits_for_people=waits_for_people,
        filler=filler,
        on_failure=on_failure,
        private=frozenset(private),
        reconcile=reconcile,
    )
    return lambda function: _tool_of(function, name or function.__name__, terms)


def tool_of_schema(
    name: str,
    description: str,
    parameters: Mapping[str, Any],
    run: Callable[[ToolContext, Arguments], Any],
    terms: Terms,
) -> Tool:
    """A tool whose JSON schema is given, as remote ones tell theirs; `run` is `async` and takes context and arguments.

    Raises ValueError where the schema is none, or describes anything but an object.
    """

    def check(arguments_json: str) -> Arguments:
        return checked(arguments_json)

    made = Tool(
        name=name,
        description=description,
        parameters=parameters,
        check=check,
        run=run,
        is_async=True,
        reads_call=True,
        terms=terms,
    )
    checked = checker_of(made)
    return made


def _tool_of(function: Callable[..., Any], name: str, terms: Terms) -> Tool:
    description, about = _read_docstring(inspect.getdoc(function) or "")
    if not description:
        raise ValueError(f"{name} needs a docstring: it is all that the model knows of it")
    model, context_parameter = _arguments_of(function, name, about)

    def check(arguments_json: str) -> Arguments:
        try:
            checked = model.model_validate_json(arguments_json)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False)
            raise made.complaint(_describe(detail, terms.private) for detail in wrong) from None
        return dict(checked)  # field by field: models in it stay models

    def run(context: ToolContext, arguments: Arguments) -> Any:  # noqa: ANN401 - whatever the function answers
        given = {context_parameter: context} if context_parameter else {}
        return function(**given, **arguments)

    made = Tool(
        name=name,
        description=description,
        parameters=_without_titles(model.model_json_schema()),
        check=check,
        run=run,
        is_async=inspect.iscoroutinefunction(function),
        reads_call=bool(context_parameter),
        terms=terms,
    )
    return made


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


def _describe(detail: Mapping[str, Any], private: frozenset[str]) -> str:
    """One of pydantic's complaints, in a few words that help a model."""
    where = ".".join(str(step) for step in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"there is no parameter {where!r}"
    if detail["type"] == "missing":
        return f"{where!r} is missing"
    is_private = not private.isdisjoint(detail["loc"]) or (not detail["loc"] and bool(private))
    return f"{where or 'the arguments'}: {detail['msg']} ({shown(detail['input'], is_private=is_private)})"
