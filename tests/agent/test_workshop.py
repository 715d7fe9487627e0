"""The tools of one agent in one process: what a crash left is told at the start, what still runs may end."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import RandomIds
from agent.workshop import Workshop
from tests.tools.test_journal import ENTRY, NOW
from tests.tools.virtual import elapse, run
from tools.declare import tool
from tools.journal import FILE
from tools.outcome import Fate
from tools.registry import Registry
from tools.tool import Tool


def ring(takes_s: float) -> Tool:
    @tool(kind="effect", deadline_ms=100, private=["number"])
    async def ring(number: str) -> str:
        """Ring."""
        await elapse(takes_s)
        return number

    return ring


def workshop(data: Path, *tools: Tool) -> Workshop:
    return Workshop(Registry(tools), data, lambda: NOW, RandomIds())


def test_what_a_crash_left_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    it = workshop(tmp_path, ring(0))
    it.journal.begin(replace(ENTRY, tool="ring", pid=2**22 + 1))
    with caplog.at_level(logging.INFO):
        run(it.settle())
    assert "unsettled: ring {} of call call-1" in caplog.text


def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    run(workshop(tmp_path).settle())
    assert "effects will not be run" in caplog.text


@pytest.mark.parametrize(("takes_s", "fate", "told"), [(3, Fate.DONE, ""), (20, None, "1 tools did not end")])
def test_a_closing_house_lets_effects_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, takes_s: float, fate: Fate | None, told: str
) -> None:
    it = workshop(tmp_path, ring(takes_s))

    async def story() -> None:
        asked = asyncio.ensure_future(it.runner("CA1", "").run("ring", '{"number": "1"}'))
        await elapse(0.05)
        asked.cancel()
        await it.close()
        assert [entry.fate for entry in it.journal.entries()] == [fate]
        await elapse(20)

    run(story())
    assert told in caplog.text
    assert bool(caplog.text) is bool(told)
