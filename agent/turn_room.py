"""One end-of-turn model for all calls of a process: they wait in line for it, and it works in a thread, never the loop.

A score is a piece of evidence and no more, so nothing ever waits for one. A call stands in line at most once, and the
newest silence goes first, since a long one is nearly decided. It is judged as it is when its turn comes, or not at all
where it is over by then. A model that fails or is too slow several times in a row is left alone for a minute.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from agent.clock import Clock
from agent.config import Config
from agent.turn_model import TurnModel
from agent.turn_scores import TurnOwner, TurnScores
from fsm.units import ms_to_ns, ns_to_ms

log = logging.getLogger(__name__)

SLOW_NS = ms_to_ns(1_500)
"""An answer that took longer comes after nearly every turn's end: it is worth no CPU."""

FAILURES_LIMIT = 5
"""Answers in a row that did not come, or came too late, before the model is left alone."""

REST_NS = ms_to_ns(60_000)
"""For how long; then one call's question decides whether it goes on."""


class Judge(Protocol):
    """Whatever judges a turn."""

    def judge(self, audio: bytes) -> int:
        """How likely (%) the turn is over that sounded as mu-law `audio`."""
        ...


class TurnRoom:
    """Where calls wait for the model. Everything but the model itself runs in the loop."""

    def __init__(self, model: Judge, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="end-of-turn")
        self._waiting: dict[TurnScores, None] = {}
        self._is_asking = self._is_closed = False
        self._failures = 0
        self._rests_until = 0
        self.judged = self.passed_over = 0
        """Silences that got a score, and those that were over before their turn came."""

    def new_scores(self, call_id: str, owner: TurnOwner) -> TurnScores:
        """What asks for one call."""
        return TurnScores(call_id, owner, self.wants)

    def wants(self, scores: TurnScores) -> None:
        """A silence is to be judged."""
        if self._is_closed or self._clock.now() < self._rests_until:
            return
        self._waiting.pop(scores, None)
        self._waiting[scores] = None  # now the newest
        if not self._is_asking:
            self._ask_next()

    def close(self) -> None:
        """Judge nothing more; what the thread is at is waited for, some 100 ms."""
        self._is_closed = True
        self._waiting.clear()
        self._thread.shutdown(cancel_futures=True)

    def _ask_next(self) -> None:
        """Give the thread the newest silence that still lasts."""
        while self._waiting and not self._is_asking:
            scores, _ = self._waiting.popitem()
            asked = scores.take()
            if asked is None:
                self.passed_over += 1
            else:
                self._ask(scores, *asked)

    def _ask(self, scores: TurnScores, audio: bytes, heard_to: int) -> None:
        self._is_asking = True
        asked_at = self._clock.now()
        job = self._loop.run_in_executor(self._thread, self._model.judge, audio)
        job.add_done_callback(lambda done: self._answered(scores, heard_to, asked_at, done))

    def _answered(self, scores: TurnScores, heard_to: int, asked_at: int, done: "asyncio.Future[int]") -> None:
        self._is_asking = False
        if done.cancelled():
            return
        error, took_ns = done.exception(), self._clock.now() - asked_at
        if self._is_closed:
            return
        if error is not None:
            self._failed(f"{type(error).__name__}: {error}")
        elif took_ns > SLOW_NS:
            self._failed(f"it took {ns_to_ms(took_ns)} ms")
        else:
            self._succeeded()
            scores.scored(done.result(), heard_to)
        self._ask_next()

    def _failed(self, why: str) -> None:
        self._failures += 1
        if self._failures < FAILURES_LIMIT:
            return
        if self._failures == FAILURES_LIMIT:
            log.error("the end-of-turn model failed %d times in a row and is left alone: %s", self._failures, why)
        self._rests_until = self._clock.now() + REST_NS
        self._waiting.clear()

    def _succeeded(self) -> None:
        if self._failures >= FAILURES_LIMIT:
            log.info("the end-of-turn model works again")
        self._failures = 0
        self.judged += 1


def open_turn_room(config: Config, clock: Clock) -> TurnRoom | None:
    """The room that the settings ask for, its model loaded; None where they name none. Raises SettingsError."""
    if config.end_of_turn_model is None:
        return None
    return TurnRoom(TurnModel(config.end_of_turn_model), clock)
