"""What a trace says of each turn: when the caller was last heard, when the turn was over, what was said in it."""

from agent.clock import Clock
from agent.trace import Trace
from fsm.endpointing import heard_until
from fsm.expectations import ANYTHING
from fsm.state import CallState, Mode


class TurnRecord:
    """Writes the beginnings of the latency ledger of one call."""

    def __init__(self, trace: Trace, clock: Clock) -> None:
        self._trace = trace
        self._clock = clock
        self._silence_stamped_at: int | None = None

    def silence(self, state: CallState) -> None:
        """When the caller was last heard, for the turn that is about to be answered; once for one silence."""
        at = heard_until(state)
        if at != self._silence_stamped_at:
            self._silence_stamped_at = at
            turn = state.turn + 1 if state.mode is Mode.LISTENING else state.turn
            self._trace.stage(at, "caller_silent", turn=turn, reply=state.reply)

    def turn_end(self, state: CallState) -> None:
        """A turn is over and is answered; asking again after a failure is no news."""
        if state.attempts:
            return
        self.silence(state)
        now = self._clock.now()
        self._trace.stage(now, "turn_ended", turn=state.turn, reply=state.reply)
        asked_for = {} if state.expected == ANYTHING else {"expected": str(state.expected)}
        self._trace.note(now, f"turn {state.turn}", text=state.asked.text, **asked_for)
