"""What tools can do with the line of a call: keys for them alone, keys of ours, a moment for the caller.

It waits, and leaves the deciding to the machine: each wait of a tool is told to it as what occupies the caller, and
what becomes of that is read off its state after every step.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from agent import twiml
from agent.clock import Clock
from agent.errors import Fault, FaultKind
from agent.handover import OUTCOME, Facts, Handover, Lent
from agent.key_tones import tones_of
from agent.line_waits import (
    Wait,
    ends_by_itself,
    ends_when_all_was_heard,
    ends_when_the_caller_has_the_floor,
    ends_with_a_new_reply,
)
from agent.manners import Manners
from agent.telephony import TelephonyError
from fsm.events import CallerOccupied, CallerReturned, Event, Occupation
from fsm.occupying import may_leave
from fsm.state import CallState, Mode
from fsm.units import ms_to_ns, samples_to_ns
from tools.call_line import CallerLeftError, CallerSpokeError, Keyed
from tools.context import ToolError, ToolFailed

BUSY = "Something else is being done with this call: wait for its end."
OVER = "The caller is gone."
INTERRUPTED = "The caller spoke instead. Nothing was done."
NO_CONNECTOR = "This line takes no payments: TWILIO_PAY_CONNECTOR is not set."
UNTOLD = "The caller was at the payment form; whether the card was charged is not known yet."

UNANSWERED = (FaultKind.TIMEOUT, FaultKind.UNREACHABLE)
"""After these nobody knows whether the order was carried out."""

RING_S = 25
"""A person's telephone rings so long: five times. More lets voicemail pick up."""

TRANSFER_MS = 90_000
"""Ringing, briefing, and the key that takes the call."""

PAYMENT_MS = 140_000
"""A card's number, date and code, each keyed twice."""


class LineOwner(Protocol):
    """The call whose line it is."""

    state: CallState

    def feed(self, event: Event) -> None:
        """Something happened."""

    def note_fault(self, fault: Fault) -> None:
        """A provider failed."""

    def note(self, note: str, **data: object) -> None:
        """Something worth knowing goes into the trace."""


class TelephoneLine:
    """`tools.call_line.CallLine` of one call, one use at a time."""

    def __init__(
        self,
        owner: LineOwner,
        clock: Clock,
        play: Callable[[bytes], None],
        handover: Handover | None,
        call_sid: str,
        manners: Manners,
    ) -> None:
        self.manner = manners
        self._play = play
        self._handover = handover
        self._call_sid = call_sid
        self._owner = owner
        self._clock = clock
        self._wait: Wait | None = None
        self._keys: tuple[int, str, int] | None = None
        self._is_over = False
        self._kept: dict[str, str] = {}
        self._names = 0

    # --- for tools -----------------------------------------------------------------------------------------------

    async def collect_digits(self, count: int, finish_on: str, timeout_ms: int) -> Keyed:
        """The next keys; see `CallLine`. A caller who says something else instead ends it."""
        wait = self._begin(ends_with_a_new_reply)
        self._keys = (count, finish_on, timeout_ms)
        self._await_key(wait, timeout_ms)
        self._owner.feed(CallerOccupied(Occupation.KEYS, wait.reply, (count + 1) * timeout_ms))
        try:
            is_whole = await wait.future
        finally:
            self._keys = None
            self._end(wait)
        return Keyed("".join(wait.digits), is_whole)

    def keep(self, digits: str) -> str:
        """Keep keys for another tool; see `CallLine`."""
        self._names += 1
        name = f"digits-{self._names}"
        self._kept[name] = digits
        return name

    def kept(self, name: str) -> str:
        """What was kept under a name, once; see `CallLine`."""
        digits = self._kept.pop(name, None)
        if digits is None:
            raise ToolError(f"No digits are kept as {name!r}: collect them first.")
        return digits

    async def hold(self, at_most_ms: int) -> bool:
        """Whether the caller came back in time; see `CallLine`."""
        wait = self._begin(ends_when_the_caller_has_the_floor)
        self._time_out(wait, at_most_ms)
        self._owner.feed(CallerOccupied(Occupation.HOLD, wait.reply, at_most_ms))
        try:
            return await wait.future
        finally:
            self._end(wait)

    async def send_digits(self, digits: str) -> None:
        """Sound keys of ours once our words were heard; see `CallLine`."""
        wait = self._begin(ends_when_all_was_heard)
        wait.check(wait, self._owner.state)
        try:
            if not await wait.future:
                raise CallerSpokeError(INTERRUPTED)
            audio = tones_of(digits)
            self._owner.note("tones", samples=len(audio))
            self._play(audio)
            await self._pause(samples_to_ns(len(audio)))
        finally:
            self._end(wait)

    async def transfer(self, to: str, briefing: str) -> str:
        """Connect the caller with a person; see `CallLine`."""
        handover = self._given_handover()
        number = handover.people.get(to)
        if number is None:
            known = ", ".join(handover.people) or "none: the agent's file names them under [people]"
            raise ToolError(f"There is nobody called {to!r} to connect to; known are {known}.")
        lent = Lent(briefing, TRANSFER_MS, _nobody)
        facts = await self._give(handover, twiml.dial(handover.origin, number, RING_S), lent)
        if OUTCOME not in facts:
            raise CallerLeftError(OVER)
        return facts[OUTCOME]

    @property
    def people(self) -> Sequence[str]:
        """Whom a caller may be connected with; see `CallLine`."""
        return tuple(self._handover.people) if self._handover is not None else ()

    @property
    def takes_payments(self) -> bool:
        """Whether Twilio has somebody who charges cards; see `CallLine`."""
        return self._handover is not None and bool(self._handover.pay_connector)

    async def pay(self, key: str, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """Have Twilio take a payment; see `CallLine`."""
        handover = self._given_handover()
        if not handover.pay_connector:
            raise ToolError(NO_CONNECTOR)
        ours = {"paymentConnector": handover.pay_connector, "language": handover.language, **attributes}
        facts = await self._give(handover, twiml.pay(handover.origin, key, ours), Lent("", PAYMENT_MS, _nobody, key))
        if OUTCOME not in facts:
            raise ToolFailed("the payment form told nothing before the call was over", told=UNTOLD)
        return facts

    # --- for the call --------------------------------------------------------------------------------------------

    def takes(self, digit: str) -> bool:
        """Whether a key that was pressed is for a tool alone."""
        wait, keys = self._wait, self._keys
        if wait is None or keys is None or wait.future.done():
            return False
        count, finish_on, timeout_ms = keys
        if digit == finish_on:
            wait.settle(is_done=True)
            return True
        wait.digits.append(digit)
        if len(wait.digits) >= count:
            wait.settle(is_done=True)
        else:
            self._await_key(wait, timeout_ms)
        return True

    @property
    def is_away(self) -> bool:
        """Whether the caller is in other hands."""
        occupied = self._owner.state.occupied
        return occupied is not None and occupied.kind is Occupation.AWAY

    def look(self, state: CallState) -> None:
        """The machine decided something."""
        if self._wait is not None:
            self._wait.check(self._wait, state)

    def close(self) -> None:
        """The call is over."""
        self._is_over = True
        self._kept.clear()
        wait = self._wait
        if wait is None or wait.future.done():
            return
        if wait.check is ends_by_itself:
            wait.settle(is_done=False)  # the caller was in other hands: what became of it is for the tool to find out
        else:
            wait.future.set_exception(ToolError(OVER))

    # --- inside --------------------------------------------------------------------------------------------------

    def _given_handover(self) -> Handover:
        if self._handover is None:
            raise ToolError("This line cannot be handed over: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set.")
        return self._handover

    async def _give(self, handover: Handover, document: bytes, lent: Lent) -> Facts:
        """Hand the call over once our words were heard, and wait for what becomes of it."""
        wait = self._begin(ends_when_all_was_heard)
        wait.check(wait, self._owner.state)
        try:
            if not await wait.future:
                raise CallerSpokeError(INTERRUPTED)
            self._owner.feed(CallerOccupied(Occupation.AWAY, wait.reply, lent.limit_ms))
            if self._owner.state.occupied is None:
                raise CallerSpokeError(INTERRUPTED)
            wait.future, wait.check = asyncio.get_running_loop().create_future(), ends_by_itself
            lent.on_back = lambda _facts: wait.settle(is_done=True)
            await self._ask(handover, document, lent)
            await wait.future
            return lent.facts
        finally:
            self._end(wait)

    async def _ask(self, handover: Handover, document: bytes, lent: Lent) -> None:
        try:
            if not await handover.give(self._call_sid, document, lent):
                raise ToolError(OVER)
        except TelephonyError as error:
            self._owner.note_fault(error.fault)
            if error.fault.kind in UNANSWERED:
                raise ToolFailed(str(error), told="The telephone network may have done it all the same.") from error
            raise ToolError("The telephone network refused it. Nothing was done.") from error

    def _begin(self, check: Callable[[Wait, CallState], None]) -> Wait:
        if self._is_over:
            raise ToolError(OVER)
        if self._wait is not None:
            raise ToolError(BUSY)
        self._wait = Wait(self._owner.state.reply, asyncio.get_running_loop().create_future(), check)
        return self._wait

    def _end(self, wait: Wait) -> None:
        self._wait = None
        if wait.timer is not None:
            wait.timer.cancel()
        if not self._is_over and self._owner.state.occupied is not None:
            self._owner.feed(CallerReturned())

    def _await_key(self, wait: Wait, timeout_ms: int) -> None:
        """The wait for the first key begins once our words were heard: until then it begins anew."""
        self._time_out(wait, timeout_ms, lambda: may_leave(self._owner.state) or bool(wait.digits))

    def _time_out(self, wait: Wait, after_ms: int, is_fair: Callable[[], bool] = lambda: True) -> None:
        if wait.timer is not None:
            wait.timer.cancel()

        def fire() -> None:
            if is_fair() or self._owner.state.mode in (Mode.LISTENING, Mode.ENDED):
                wait.settle(is_done=False)
            else:
                self._time_out(wait, after_ms, is_fair)

        wait.timer = self._clock.call_at(self._clock.now() + ms_to_ns(after_ms), fire)

    async def _pause(self, ns: int) -> None:
        over = asyncio.Event()
        timer = self._clock.call_at(self._clock.now() + ns, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()


def _nobody(_facts: Facts) -> None:
    """Nobody waits yet."""
