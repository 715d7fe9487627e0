"""The scripted brain with the real appointment tools on a real database."""

import asyncio
from datetime import datetime
from pathlib import Path

import orjson

from simulator.brain import AppointmentBrain
from tools.appointments.tools import DATABASE, book_appointment, booking_rows, find_free_slots
from tools.call_control import hang_up
from tools.context import ToolContext
from tools.registry import Registry
from tools.runner import Runner

NOW = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001 - the business's wall clock


async def converse(runner: Runner, registry: Registry, lines: list[str]) -> list[str]:
    """What the brain says to each line; it knows the date only from the tools."""
    tools = [{"type": "function", "function": {"name": tool.name, "parameters": tool.parameters}} for tool in registry]
    messages: list[dict[str, object]] = [{"role": "system", "content": "You book appointments."}]
    said: list[str] = []
    for line in lines:
        messages.append({"role": "user", "content": line})
        while True:
            answer = AppointmentBrain().answer({"messages": messages, "tools": tools})
            calls = [
                {"id": f"c{len(messages)}", "type": "function", "function": {"name": name, "arguments": arguments}}
                for name, arguments in answer.tool_calls
            ]
            messages.append({"role": "assistant", "content": answer.text, "tool_calls": calls})
            for name, arguments in answer.tool_calls:
                outcome = await runner.run(name, arguments)
                assert not outcome.failed or "error" in orjson.loads(outcome.result)
                messages.append({"role": "tool", "tool_call_id": calls[0]["id"], "content": outcome.result})
            if answer.text or not calls:
                break
        said.append(answer.text)
    return said


def test_an_appointment_is_booked_in_the_database(tmp_path: Path) -> None:
    registry = Registry([find_free_slots, book_appointment, hang_up])
    runner = Runner(registry, ToolContext("call", "+1", tmp_path, lambda: NOW))
    lines = ["hi i need a checkup on saturday", "then tuesday afternoon", "one o'clock", "it's ada lovelace", "no bye"]
    said = asyncio.run(converse(runner, registry, lines))
    assert said[0].startswith("Nothing is free on Saturday, November twenty-eighth. On Monday, November thirtieth")
    assert said[-1] == "Goodbye, and see you on Tuesday."
    [row] = booking_rows(tmp_path / DATABASE)
    assert (row["slot"], row["name"], row["service"]) == ("2026-11-24T13:00", "Ada Lovelace", "check-up")


def test_a_day_too_far_ahead_is_explained_by_the_tool_and_understood(tmp_path: Path) -> None:
    registry = Registry([find_free_slots, book_appointment, hang_up])
    runner = Runner(registry, ToolContext("call", "+1", tmp_path, lambda: NOW))
    said = asyncio.run(converse(runner, registry, ["june third please", "tomorrow then"]))
    assert said[0] == "That is too far ahead. Which other day would suit you?"
    assert said[1].startswith("On Monday, November twenty-third, I have nine")
