"""What an MCP server says of its tools, as tools of an agent; what it answers, as an answer for a model. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tools.context import ToolContext, ToolError, ToolFailed
from tools.declare import tool_of_schema
from tools.tool import DEADLINE_MS, Arguments, Kind, Terms, Tool

MAX_TOOLS = 128
"""Of one server: a model that is shown more chooses badly, and every call would send them."""

MAX_ERROR_CHARS = 300
"""So much of a tool's complaint is told."""


@dataclass(frozen=True, slots=True)
class McpTerms:
    """On what terms the tools of one server, called `server` in their names, are used.

    `allow` are patterns of names, such as "find_*"; `kinds` and `cache_ms` go by tool. A tool that is not in `kinds`
    has an effect, unless the server's annotations say that it only reads or may be repeated.
    """

    server: str
    allow: tuple[str, ...] = ("*",)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    cache_ms: Mapping[str, int] = field(default_factory=dict)
    deadline_ms: int = DEADLINE_MS
    private: frozenset[str] = frozenset()

    def name_of(self, tool: str) -> str:
        """What a model calls it: the server's name in front, and nothing that a model could not say."""
        return re.sub(r"[^a-zA-Z0-9_-]", "_", f"{self.server}_{tool}")[:64]


Run = Callable[[str, ToolContext, Arguments], Any]
"""Runs the server's tool of this name."""


def tools_told(told: Iterable[Any], terms: McpTerms, run: Run, complain: Callable[[str], None]) -> list[Tool]:
    """Those of a server's tools that are allowed and can be used; `complain` is told of the others."""
    made: dict[str, Tool] = {}
    for each in told:
        if not any(fnmatchcase(each.name, pattern) for pattern in terms.allow):
            continue
        if len(made) >= MAX_TOOLS:
            complain(f"more than {MAX_TOOLS} tools: the others are left out; choose some with allow")
            break
        try:
            tool = _tool_of(each, terms, run)
        except ValueError as error:
            complain(f"{each.name} cannot be used: {error}")
            continue
        if tool.name in made:
            complain(f"{each.name} cannot be used: another tool is called {tool.name} as well")
            continue
        made[tool.name] = tool
    return list(made.values())


def unknown_names(told: Iterable[Any], terms: McpTerms) -> Iterator[str]:
    """What the agent's file names and the server does not have."""
    names = [each.name for each in told]
    for name in dict.fromkeys([*terms.kinds, *terms.cache_ms]):
        if name not in names:
            yield name
    for pattern in terms.allow:
        if not any(fnmatchcase(name, pattern) for name in names):
            yield pattern


def what_it_says(result: Any, kind: Kind) -> object:  # noqa: ANN401 - the library's result, which is imported late
    """The answer in the result of a call.

    Raises `ToolError` for what the tool calls an error, which may be tried again; `ToolFailed` where it has an effect,
    of which some may have been done.
    """
    texts = [each.text for each in result.content if each.type == "text"]
    if result.is_error:
        told = " ".join(texts)[:MAX_ERROR_CHARS] or "no reason given"
        if kind is Kind.EFFECT:
            raise ToolFailed(f"an error: {told}", told=told)
        raise ToolError(f"The tool could not do that: {told}")
    if result.structured_content is not None:
        content = result.structured_content
        return content["result"] if set(content) == {"result"} else content
    if texts:
        return texts[0] if len(texts) == 1 else texts
    kinds = sorted({each.type for each in result.content})
    return {"note": f"an answer of {', '.join(kinds)}, which cannot be said"} if kinds else {"done": True}


def _tool_of(told: Any, terms: McpTerms, run: Run) -> Tool:  # noqa: ANN401 - as above
    schema = dict(told.input_schema)
    schema.setdefault("type", "object")
    properties = schema.get("properties", {})
    kind = terms.kinds.get(told.name) or _kind_told(told.annotations)
    name = told.name

    async def run_it(context: ToolContext, arguments: Arguments) -> object:
        return what_it_says(await run(name, context, arguments), kind)

    return tool_of_schema(
        terms.name_of(name),
        told.description or told.title or name,
        schema,
        run_it,
        Terms(
            kind=kind,
            deadline_ms=terms.deadline_ms,
            cache_ms=terms.cache_ms.get(name, 0),
            private=terms.private & set(properties),
        ),
    )


def _kind_told(annotations: Any) -> Kind:  # noqa: ANN401 - as above
    if annotations is not None and annotations.read_only_hint:
        return Kind.PURE
    if annotations is not None and annotations.idempotent_hint:
        return Kind.IDEMPOTENT
    return Kind.EFFECT
