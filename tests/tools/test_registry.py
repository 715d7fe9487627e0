"""Tools by name, and the nearest name for one that does not exist."""

import pytest

from tools.declare import tool
from tools.registry import Registry, UnknownToolError
from tools.tool import Tool


def _named(name: str, *private: str) -> Tool:
    @tool(name=name, private=private)
    def look(place: str, pin: str = "") -> str:
        """Look."""
        return place + pin

    return look


def test_an_agent_takes_its_tools_by_name_in_its_order() -> None:
    registry = Registry([_named("a"), _named("b"), _named("c")])
    chosen = registry.toolset(["c", "a"])
    assert chosen.names == ("c", "a")
    assert [each.name for each in chosen] == ["c", "a"]
    assert len(chosen) == 2


def test_an_unknown_name_is_answered_by_the_nearest() -> None:
    registry = Registry([_named("find_free_slots"), _named("hang_up")])
    with pytest.raises(UnknownToolError, match=r"'find_slots'.*Did you mean 'find_free_slots'.*hang_up"):
        registry.toolset(["find_slots"])
    with pytest.raises(UnknownToolError, match="Tools: none"):
        Registry()["anything"]


def test_two_tools_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="two tools are named 'a'"):
        Registry([_named("a"), _named("a")])


def test_it_knows_what_its_tools_keep_private() -> None:
    registry = Registry([_named("a", "pin"), _named("b")])
    assert registry.private == {"pin"}
    assert registry.toolset(["b"]).private == frozenset()
    assert "a" in registry
    assert "c" not in registry
