"""What was said in a call, and what tools were asked, as Vapi keeps it."""

from collections.abc import Iterable, Sequence

from agent.clock import Clock
from simulator.peers.vapi_messages import AskedTool, Contribution, Json
from simulator.peers.vapi_tools import ToolEnd


class History:
    """The call's history; results of tools stand behind the question, whenever they come."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_at = clock.now()
        self._lines: list[Contribution] = []

    def begin(self, messages: Iterable[Json]) -> None:
        """What the assistant's model is told before anything was said."""
        self._lines += [Contribution(0, message) for message in messages]

    def add(self, role: str, text: str) -> None:
        """Somebody was heard."""
        self._lines.append(self._now({"role": role, "content": text}))

    def asked(self, calls: Sequence[AskedTool]) -> None:
        """The model asked for tools."""
        self._lines.append(self._now({"role": "assistant", "tool_calls": [call.as_openai() for call in calls]}))

    def answered(self, ends: Sequence[ToolEnd]) -> None:
        """The tools of one question ended."""
        asked = {end.asked.call_id for end in ends}
        index = next(i for i, each in enumerate(self._lines) if _calls_of(each.message) & asked)
        results = [{"role": "tool", "tool_call_id": end.asked.call_id, "content": end.text} for end in ends]
        self._lines[index + 1 : index + 1] = [self._now(result) for result in results]

    def messages(self) -> list[Json]:
        """All of it, as a model is told."""
        return [each.message for each in self._lines]

    def contributions(self) -> list[Contribution]:
        """All of it, with the instants."""
        return list(self._lines)

    def said(self) -> list[tuple[str, str]]:
        """Who was heard to say what."""
        lines = (each.message for each in self._lines)
        return [(m["role"], m["content"]) for m in lines if m["role"] in ("assistant", "user") and "content" in m]

    def _now(self, message: Json) -> Contribution:
        return Contribution(self._clock.now() - self._began_at, message)


def _calls_of(message: Json) -> set[str]:
    return {call["id"] for call in message.get("tool_calls", ())}
