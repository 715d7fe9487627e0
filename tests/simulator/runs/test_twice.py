"""Two runs of one script and seed are the same, and where they are not, the first difference is shown."""

import pytest

from simulator.brain.answers import Brain, CannedBrain
from simulator.rehearsal import Cast
from simulator.runs.digest import combined
from simulator.runs.twice import divergence
from tests.simulator.runs.stories import ASKS, INTERRUPTED, LONG_ANSWER, plan


def test_a_run_is_the_same_twice() -> None:
    assert divergence(INTERRUPTED, 11) is None


def test_the_first_difference_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([LONG_ANSWER, "We are closed."])

    def unsteady(_told: Cast) -> Brain:
        return CannedBrain([next(answers)])

    monkeypatch.setattr("simulator.runs.run._fresh", unsteady)
    found = divergence(plan(*ASKS), 0)
    assert found is not None
    assert "the two runs differ at record" in str(found)
    assert len(found.before) == 3
    assert (found.one, found.two) != ("", "")


def test_digests_combine_in_order() -> None:
    assert combined(["ab"]) == "ab"
    assert combined(["ab", "cd"]) != combined(["cd", "ab"])
