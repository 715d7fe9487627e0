"""What tools may change in mid-call, at any time."""

from hypothesis import strategies as st

from agent.profiles import PATIENT, USUAL, patient
from fsm.changes import LanguageChanged, LanguageRefused, ProfileChanged
from simulator.strategies.moves import move
from simulator.strategies.telling import Telling


class ChangeMoves(Telling):
    """Rules of a `ChartMachine`."""

    @move(ProfileChanged, is_patient=st.booleans())
    def a_tool_changes_how_patient_we_are(self, is_patient: bool) -> None:
        """For the rest of the call, or back to the usual."""
        changed = (PATIENT, patient(self.profile)) if is_patient else (USUAL, self.profile)
        self.feed(ProfileChanged(*changed))

    @move(LanguageChanged, language=st.sampled_from(["en", "es", "de"]))
    def a_tool_changes_the_language(self, language: str) -> None:
        """To one that we speak already, or to another."""
        self.feed(LanguageChanged(language, self.phrases))

    @move(LanguageRefused, lambda self: self.state.language_before is not None)
    def the_new_language_cannot_be_heard(self) -> None:
        """Its transcriber never came."""
        self.feed(LanguageRefused("rejected"))
