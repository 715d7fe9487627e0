"""Who picked up a call that we placed: beeps in the audio, and what the telephone network says, as facts.

The values of `AnsweredBy` are those of the protocol page "twilio", section 5.4.
"""

from agent.beep import BeepDetector
from agent.twilio import Phone
from fsm.answerer import Answerer
from fsm.events import AnswererReported, BeepHeard, CallStarted, HangUpRequested
from fsm.pickup import may_be_machine
from fsm.state import CallState

HUMAN = "human"
FAX = "fax"
MACHINE = "machine_start"
MACHINE_LISTENS = frozenset({"machine_end_beep", "machine_end_silence", "machine_end_other"})
"""Values of `AnsweredBy`; any other tells nothing, like "unknown"."""


class PickupWatch:
    """Listens for beeps for as long as whoever picked up may be a machine; of a call to us, never."""

    def __init__(self, *, is_placed: bool) -> None:
        self.is_open = is_placed
        """Whether it is still to be found out who is there."""
        self._beeps = BeepDetector()
        self._noted = Answerer.CALLER

    def hear(self, audio: bytes, ended_at: int, state: CallState) -> BeepHeard | None:
        """The next mu-law audio, which ends at `ended_at` (ns)."""
        self.is_open = may_be_machine(state)
        return self._beeps.push(audio, ended_at)

    def news(self, state: CallState) -> dict[str, str] | None:
        """Who it is, and what tells so, whenever that is another than before."""
        if state.answerer in (self._noted, Answerer.UNKNOWN):
            return None
        self._noted = state.answerer
        return {"who": str(state.answerer), "by": state.answerer_by}


def started_of(phone: Phone, voicemail: str, *, has_music: bool = False) -> CallStarted:
    """The beginning of a call; `voicemail` is the agent's message where the call was not placed with one of its own.

    `has_music`: there is some for waits.
    """
    if not phone.is_placed:
        return CallStarted(phone.caller, phone.called, has_music=has_music)
    message = phone.voicemail or voicemail
    return CallStarted(phone.caller, phone.called, is_placed=True, voicemail=message, has_music=has_music)


def report_of(answered_by: str) -> AnswererReported | HangUpRequested | None:
    """What Twilio's word for who picked up means to the machine; None: nothing."""
    if answered_by == FAX:
        return HangUpRequested("a fax answered")
    if answered_by == HUMAN:
        return AnswererReported(is_machine=False)
    if answered_by == MACHINE or answered_by in MACHINE_LISTENS:
        return AnswererReported(is_machine=True, has_beeped=answered_by in MACHINE_LISTENS)
    return None
