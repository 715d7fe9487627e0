"""The tools of an agent: those of the catalogue that it names, and its own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from tools.ahead import Ahead
from tools.catalog import CATALOG
from tools.loading import load_tools
from tools.registry import Registry, UnknownToolError
from tools.tool import Tool


def tools_of(
    names: Iterable[str],
    sources: Iterable[str],
    remote: Iterable[Tool] = (),
    prefetch: Mapping[str, Ahead] = MappingProxyType({}),
) -> Registry:
    """Named ones first, in the order of `names`, then all others that come from `sources`, then those from elsewhere.

    A tool of the agent's own goes before one of the catalogue that has the same name.
    Those that `prefetch` names are asked when a call begins, with its arguments. Raises `UnknownToolError` for a name
    that nothing has, `LoadingError` where the agent's own cannot be had, ValueError where two of these have one name or
    one cannot be asked ahead of need.
    """
    own = Registry([*(tool for source in sources for tool in load_tools(source)), *remote])
    chosen = Registry()
    for name in names:
        if name not in own and name not in CATALOG:
            raise UnknownToolError(name, [*CATALOG.names, *own.names])
        chosen.add(own[name] if name in own else CATALOG[name])
    for tool in own:
        if tool.name not in chosen:
            chosen.add(tool)
    if unknown := sorted(set(prefetch) - set(chosen.names)):
        raise UnknownToolError(unknown[0], chosen.names)
    return Registry(_asked_ahead(tool, prefetch[tool.name]) if tool.name in prefetch else tool for tool in chosen)


def _asked_ahead(tool: Tool, ahead: Ahead) -> Tool:
    try:
        return replace(tool, terms=replace(tool.terms, prefetch=ahead))
    except ValueError as error:
        raise ValueError(str(error) if tool.name in str(error) else f"{tool.name}: {error}") from None
