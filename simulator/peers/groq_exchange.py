"""One HTTP exchange of the emulated Groq: writes what was composed, when it is due."""

import random
from collections import Counter, deque
from collections.abc import Mapping

import orjson

from agent.clock import Clock, Timer
from fsm.units import ms_to_ns
from simulator.peers.base import Answer
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.groq_refusals import GroqProblem
from simulator.peers.groq_stream import Beat, Ending


class GroqExchange:
    """One HTTP exchange: plays beats one after the other, with a single timer."""

    def __init__(
        self, clock: Clock, rng: random.Random, answer: Answer, counts: Counter[str], behaviour: GroqBehaviour
    ) -> None:
        self._counts = counts
        self._behaviour = behaviour
        self._clock = clock
        self._rng = rng
        self._answer = answer
        self._timer: Timer | None = None
        self._headers: dict[str, str] | None = None
        self._beats: deque[Beat] = deque()
        self._ending = Ending.END
        self._began_at = clock.now()
        self._is_open = False

    def refuse(self, problem: GroqProblem, headers: Mapping[str, str]) -> None:
        """Answer with an error."""
        self._counts["refused"] += 1
        self._answer.start(problem.status, headers)
        self._answer.write(problem.body)
        self._answer.end()

    def answer_json(self, body: object, headers: Mapping[str, str]) -> None:
        """Answer at once."""
        self._answer.start(200, {**headers, "content-type": "application/json"})
        self._answer.write(orjson.dumps(body))
        self._answer.end()

    def play(self, headers: dict[str, str], beats: list[Beat], ending: Ending = Ending.END) -> None:
        """Write `beats` at their times, then end as told; headers leave with the first one."""
        self._headers, self._ending = headers, ending
        self._beats.extend(beats)
        self._is_open = True
        self._counts["started"] += 1
        self._advance()

    def on_disconnect(self) -> None:
        """The client went away."""
        if self._is_open:
            self._counts["cancelled"] += 1
            self._release()

    @property
    def is_open(self) -> bool:
        """Whether an answer is under way."""
        return self._is_open

    def stall(self, duration_ms: int) -> None:
        """Pause for so long before the next beat."""
        if self._is_open and self._beats:
            self._began_at += ms_to_ns(duration_ms)
            if self._timer is not None:
                self._timer.cancel()
            self._advance()

    def _advance(self) -> None:
        """Write everything that is due, then wait for the next beat."""
        while self._is_open and self._beats:
            due_at = self._began_at + self._beats[0].at_ns
            if due_at > self._clock.now():
                self._timer = self._clock.call_at(due_at, self._advance)
                return
            self._write(self._beats.popleft().data)
        if self._is_open:
            self._finish()

    def _write(self, data: bytes) -> None:
        if self._headers is not None:
            self._answer.start(200, self._headers)
            self._headers = None
        if self._behaviour.crlf:
            data = data.replace(b"\n", b"\r\n")
        for part in self._parts(data):
            self._answer.write(part)

    def _parts(self, data: bytes) -> list[bytes]:
        """`data` in one part, or cut at random bytes."""
        if not self._behaviour.split_bytes or len(data) < 2:
            return [data]
        cuts = sorted(self._rng.sample(range(1, len(data)), k=min(len(data) - 1, self._rng.randint(1, 6))))
        return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def _finish(self) -> None:
        if self._ending is Ending.HANG:
            return
        if self._ending is Ending.ABORT:
            self._counts["aborted"] += 1
            self._release()
            self._answer.abort()
            return
        hold_ns = ms_to_ns(self._behaviour.hold_open_ms)
        if hold_ns:
            self._timer = self._clock.call_at(self._clock.now() + hold_ns, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self._counts["finished"] += 1
        self._release()
        self._answer.end()

    def _release(self) -> None:
        self._is_open = False
        self._beats.clear()
        if self._timer is not None:
            self._timer.cancel()
