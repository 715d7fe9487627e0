"""How tools that wait on a telephone line come to their end: what the machine decided tells them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.clock import Timer
from fsm.occupying import may_leave
from fsm.state import CallState, Mode


@dataclass(slots=True)
class Wait:
    """A tool that waits; `reply` is who asked for it. `check` may settle it after each step of the machine."""

    reply: int
    future: asyncio.Future[bool]
    check: Callable[["Wait", CallState], None]
    digits: list[str] = field(default_factory=list)
    timer: Timer | None = None

    def settle(self, *, is_done: bool) -> None:
        """It is over."""
        if not self.future.done():
            self.future.set_result(is_done)


def ends_with_a_new_reply(wait: Wait, state: CallState) -> None:
    """The caller said something else instead."""
    if state.reply != wait.reply:
        wait.settle(is_done=False)


def ends_when_the_caller_has_the_floor(wait: Wait, state: CallState) -> None:
    """The caller speaks, or was answered."""
    if state.reply != wait.reply or state.mode is Mode.LISTENING:
        wait.settle(is_done=True)


def ends_by_itself(_wait: Wait, _state: CallState) -> None:
    """What the machine decides does not end it."""


def ends_when_all_was_heard(wait: Wait, state: CallState) -> None:
    """All our words were heard: done; the caller spoke before: not done."""
    if state.reply != wait.reply or state.mode is Mode.LISTENING:
        wait.settle(is_done=False)
    elif may_leave(state):
        wait.settle(is_done=True)
