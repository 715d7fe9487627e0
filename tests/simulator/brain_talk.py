"""A telephone conversation with the scripted brain, over a small calendar that answers like the real tools."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import orjson

from simulator.brain import AppointmentBrain, BrainAnswer

TOOLS = ("find_free_slots", "book_appointment", "hang_up")
TODAY = date(2026, 11, 22)
"""A Sunday."""


class Calendar:
    """Free slots by day; answers at most three, and the next days' when a day has none."""

    def __init__(self, tells_today: bool = True) -> None:
        self.tells_today = tells_today
        self.free = {
            (TODAY + timedelta(days=days)).isoformat(): ["09:00", "09:30", "10:00", "11:30", "13:00", "14:30", "16:00"]
            for days in (1, 2, 3, 4, 5, 8, 9)
        }
        self.booked: dict[str, str] = {}
        self.failures: list[str] = []
        """Results to give instead of an answer, next one first."""

    def run(self, name: str, arguments: Mapping[str, Any]) -> str:
        if self.failures:
            return self.failures.pop(0)
        answer = {"find_free_slots": self.find, "book_appointment": self.book, "hang_up": self.hang_up}[name](arguments)
        return orjson.dumps(answer).decode()

    def find(self, arguments: Mapping[str, Any]) -> object:
        wanted, part = arguments["date"], arguments["part_of_day"]
        later = [slot for slot in self.slots() if slot["date"] >= (wanted or "")]
        if part is not None:
            later = [slot for slot in later if (slot["time"] < "12:00") == (part == "morning")]
        found = [slot for slot in later if slot["date"] == wanted] or later
        return {"slots": found[:3], **({"today": TODAY.isoformat()} if self.tells_today else {})}

    def book(self, arguments: Mapping[str, Any]) -> object:
        slot = arguments["slot_id"]
        if slot not in [free["slot_id"] for free in self.slots()]:
            near = [free for free in self.slots() if free["slot_id"] >= slot][:3]
            return {"booked": False, "reason": "It has just been taken.", "alternatives": near}
        self.booked[slot] = arguments["name"]
        self.free[slot[:10]].remove(slot[11:])
        return {"booked": True, "appointment_id": len(self.booked), "spoken": f"on {slot}", "name": arguments["name"]}

    def hang_up(self, arguments: Mapping[str, Any]) -> object:
        return {"ends": "after your last words were heard", "reason": arguments["reason"]}

    def slots(self) -> list[dict[str, str]]:
        return [
            {"slot_id": f"{day}T{time}", "date": day, "time": time, "spoken": f"{day} at {time}"}
            for day, times in sorted(self.free.items())
            for time in times
        ]


class Talk:
    """Says lines to the brain, runs the tools it asks for, and keeps everything as the model's messages."""

    def __init__(
        self,
        prompt: str = "You book appointments. Today is 2026-11-22.",
        *,
        tools: Sequence[str] = TOOLS,
        calendar: Calendar | None = None,
    ) -> None:
        self.calendar = calendar or Calendar()
        self.messages: list[dict[str, object]] = [{"role": "system", "content": prompt}]
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.has_hung_up = False
        self._tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in tools]
        self._told: set[str] = set()

    def say(self, *lines: str) -> str:
        """What the brain says to the last of `lines`."""
        spoken = ""
        for line in lines:
            self.messages.append({"role": "user", "content": line})
            spoken = self.answer()
        return spoken

    def answer(self) -> str:
        """Let the brain speak, and run its tools until it asks for no more."""
        spoken: list[str] = []
        for _ in range(4):
            answer = AppointmentBrain().answer({"messages": self.messages, "tools": self._tools})
            self._keep(answer)
            spoken += [answer.text] if answer.text else []
            if not answer.tool_calls:
                return " ".join(spoken)
        raise AssertionError("the brain calls tools without end")

    def cut(self, heard: str) -> "Talk":
        """The caller interrupted the last answer after `heard`."""
        last = next(message for message in reversed(self.messages) if message["role"] == "assistant")
        assert heard in str(last["content"])
        last["content"] = f"{heard} — [the caller interrupted here]"
        return self

    def _keep(self, answer: BrainAnswer) -> None:
        message: dict[str, object] = {"role": "assistant", "content": answer.text}
        results: list[dict[str, object]] = []
        calls = []
        for name, arguments_json in answer.tool_calls:
            arguments = orjson.loads(arguments_json)
            self._check(name, arguments)
            self.called.append((name, arguments))
            call_id = f"call_{len(self.called)}"
            calls.append({"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments_json}})
            result = self.calendar.run(name, arguments)
            self._told |= set(re.findall(r'"slot_id":"([^"]+)"', result))
            results.append({"role": "tool", "tool_call_id": call_id, "content": result})
            self.has_hung_up = self.has_hung_up or name == "hang_up"
        if calls:
            message["tool_calls"] = calls
        self.messages += [message, *results]

    def _check(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Only tools that were offered, only slots that a tool told."""
        assert name in [str(tool["function"]["name"]) for tool in self._tools if isinstance(tool["function"], dict)]
        if name == "book_appointment":
            assert arguments["slot_id"] in self._told, "a slot was invented"
            assert arguments["name"]
