"""What tools change in mid-call reaches the machine as facts."""

import pytest

from agent.manners import Manners
from fsm.changes import LanguageChanged, ProfileChanged
from fsm.profile import Phrases, Profile
from tests.agent.call_fakes import Outcome
from tools.context import ToolError

SLOW = Profile(wait_ms=900)
SPANISH = Phrases(goodbye="Adiós.")
MANNERS = Manners({"usual": Profile(), "slow": SLOW}, {"en-US": Phrases(), "es": SPANISH})


def test_a_tool_that_wants_another_profile_has_it_told_with_all_its_values() -> None:
    assert list(MANNERS.changes(Outcome(profile="slow"))) == [ProfileChanged("slow", SLOW)]


def test_a_tool_that_wants_another_language_has_it_told_with_all_its_phrases() -> None:
    assert list(MANNERS.changes(Outcome(language="es"))) == [LanguageChanged("es", SPANISH)]


def test_nothing_follows_from_other_tools_or_from_names_that_nobody_knows() -> None:
    assert list(MANNERS.changes(Outcome())) == []
    assert list(MANNERS.changes(Outcome(profile="zzz", language="zz"))) == []


def test_what_is_not_known_is_told_with_what_is() -> None:
    assert MANNERS.profile_meant("slow") == "slow"
    assert MANNERS.language_meant("Spanish") == "es"
    with pytest.raises(ToolError, match="no profile called 'calm'; known are usual, slow"):
        MANNERS.profile_meant("calm")
    with pytest.raises(ToolError, match="'French' is not spoken here; spoken are en-US, es"):
        MANNERS.language_meant("French")
