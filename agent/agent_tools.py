"""The tools of an agent: those of the catalogue that it names, and its own."""

from collections.abc import Iterable

from tools.catalog import CATALOG
from tools.loading import load_tools
from tools.registry import Registry, UnknownToolError


def tools_of(names: Iterable[str], sources: Iterable[str]) -> Registry:
    """Named ones first, in the order of `names`, then all others that come from `sources`.

    A tool of the agent's own goes before one of the catalogue that has the same name.
    Raises `UnknownToolError` for a name that nothing has, `LoadingError` where the agent's own cannot be had,
    ValueError where two of these have one name.
    """
    own = Registry(tool for source in sources for tool in load_tools(source))
    chosen = Registry()
    for name in names:
        if name not in own and name not in CATALOG:
            raise UnknownToolError(name, [*CATALOG.names, *own.names])
        chosen.add(own[name] if name in own else CATALOG[name])
    for tool in own:
        if tool.name not in chosen:
            chosen.add(tool)
    return chosen
