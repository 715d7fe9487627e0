"""What one call's servers are told, and asked (protocols/vapi.md, section 2)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fsm.units import NS_PER_MS
from simulator.peers.fetch import HttpAnswer
from simulator.peers.vapi_line import Deliveries, Delivery, VapiLine
from simulator.peers.vapi_messages import CallFacts, Contribution, Json, report
from simulator.peers.vapi_schema import DEFAULT_MESSAGES, Assistant, Server


class News:
    """Messages of one call. `problems` are what of the servers' answers Vapi did not take, each once."""

    def __init__(self, line: VapiLine, facts: CallFacts) -> None:
        self.assistant: Assistant | None = None
        self.status = "ringing"
        self.problems: list[str] = []
        self.deliveries = Deliveries(line, self._on_delivered)
        self.facts = facts
        self._line = line
        self._began_at = line.clock.now()

    @property
    def server(self) -> Server:
        """Who is told: the assistant's server, or else the number's."""
        own = self.assistant.server if self.assistant is not None else None
        return own or self._line.account.server

    def tell(self, kind: str, *, is_wanted: bool = False, **fields: Any) -> None:  # noqa: ANN401 - whatever it has
        """Send a message, if the assistant wants such ones, whatever is answered."""
        wanted = self.assistant.server_messages if self.assistant is not None else DEFAULT_MESSAGES
        if is_wanted or kind in wanted:
            self.deliveries.ask(self.server, self.envelope(kind, **fields))

    def ask(self, kind: str, on_answer: Callable[[HttpAnswer], None], *, timeout_ms: int = 0) -> None:
        """Send a message that must be answered."""
        self.deliveries.ask(self.server, self.envelope(kind), on_answer, timeout_ms=timeout_ms)

    def envelope(self, kind: str, **fields: Any) -> Json:  # noqa: ANN401 - as above
        """What every message has, and its own fields."""
        facts, call = self.facts, self.facts.call(self.status)
        if kind == "tool-calls" and self._line.behaviour.strange_call:
            call["id"] = f"strange-{facts.call_id[:8]}"
        parties = {"call": call, "phoneNumber": facts.phone_number, "customer": facts.customer}
        return {"timestamp": round(self._line.wall_clock().timestamp() * 1_000), "type": kind, **parties, **fields}

    def tell_end(self, reason: str, history: list[Contribution], then: Callable[[], None]) -> None:
        """The call is over: its status, and later its report; `then` comes once everything was answered."""
        self.status = "ended"
        lasted_ms = (self._line.clock.now() - self._began_at) // NS_PER_MS
        fields = report(history, reason, self.facts.began_at, lasted_ms)
        told = [
            partial(self.tell, "status-update", status="ended", endedReason=reason),
            partial(self.tell, "end-of-call-report", **fields),
        ]
        first, last = reversed(told) if self._line.behaviour.report_first else told

        def finish() -> None:
            last()
            self.deliveries.when_idle(then)

        first()
        self._line.after(self._line.behaviour.report_after_ms, finish)

    def problem(self, text: str) -> None:
        """Something of the server's Vapi did not take."""
        if text not in self.problems:
            self.problems.append(text)

    def _on_delivered(self, delivery: Delivery) -> None:
        if delivery.status != 200 and not delivery.is_broken:
            self.problem(f"{delivery.type}: {delivery.answer}")
