"""What tools change in mid-call reaches the machine as facts."""

from agent.manners import Manners
from fsm.changes import ProfileChanged
from fsm.profile import Profile
from tests.agent.call_fakes import Outcome

SLOW = Profile(wait_ms=900)
MANNERS = Manners({"usual": Profile(), "slow": SLOW})


def test_a_tool_that_wants_another_profile_has_it_told_with_all_its_values() -> None:
    assert list(MANNERS.changes(Outcome(profile="slow"))) == [ProfileChanged("slow", SLOW)]


def test_nothing_follows_from_other_tools_or_from_names_that_nobody_knows() -> None:
    assert list(MANNERS.changes(Outcome())) == []
    assert list(MANNERS.changes(Outcome(profile="zzz"))) == []
