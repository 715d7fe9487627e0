"""The chart is complete, and contradictions in it are found at import."""

import pytest

from fsm import chart, rows
from fsm.events import EVENTS
from fsm.ignored import IGNORED
from fsm.state import Mode


def test_every_pair_is_decided() -> None:
    decided = {(mode, event.__name__) for mode, event in chart.TABLE} | set(IGNORED)
    assert decided == {(mode, event.__name__) for mode in Mode for event in EVENTS}


def test_every_ignored_pair_has_a_reason() -> None:
    assert all(reason.strip() for reason in IGNORED.values())


def test_nothing_leads_out_of_the_end() -> None:
    assert not [mode for mode, _ in chart.TABLE if mode is Mode.ENDED]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (rows._row("Tick", Mode.LISTENING, Mode.ENDED, "rearm"), "last row, and only it"),
        (rows._row("TurnResumed", Mode.SPEAKING, None, "rearm"), "not both"),
        (rows._row("PhaseOfTheMoon", Mode.LISTENING, None, "rearm"), "unknown event"),
        (rows._row("Tick", Mode.LISTENING, None, "dance"), '"dance"'),
        (rows._row("Tick", Mode.LISTENING, None, "rearm", "is_tuesday"), '"is_tuesday"'),
    ],
)
def test_a_contradiction_is_found(monkeypatch: pytest.MonkeyPatch, row: dict[str, object], complaint: str) -> None:
    monkeypatch.setattr(chart, "ROWS", [*rows.ROWS, row])
    with pytest.raises(chart.ChartError, match=complaint):
        chart.freeze()


def test_an_undecided_pair_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [row for row in rows.ROWS if row["trigger"] != "DigitPressed"]
    monkeypatch.setattr(chart, "ROWS", kept)
    with pytest.raises(chart.ChartError, match="DigitPressed"):
        chart.freeze()
