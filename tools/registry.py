"""Tools by name: those of a package, of an agent, of a call."""

import difflib
from collections.abc import Iterable, Iterator

from tools.tool import Tool


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

    @property
    def private(self) -> frozenset[str]:
        """Names of arguments that some tool here keeps private: whatever stands under one is hidden everywhere."""
        return frozenset[str]().union(*(tool.terms.private for tool in self))

    def __getitem__(self, name: str) -> Tool:
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownToolError(name, self._tools) from None

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)
