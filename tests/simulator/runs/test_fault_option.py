"""Faults as options of the command name them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.faults.base import Fault
from simulator.faults.catalogue import ALL
from simulator.faults.planned import CUES, FaultError
from simulator.runs.fault_option import parse_fault
from simulator.runs.plan import FaultPlan, Moment

MOMENTS = st.one_of(
    st.builds(Moment, delay_ms=st.integers(0, 100_000)),
    st.builds(Moment, st.sampled_from(CUES), st.integers(1, 9), st.integers(0, 5_000)),
)


@st.composite
def fault_plans(draw: st.DrawFn) -> FaultPlan:
    fault: Fault = draw(st.sampled_from(ALL))
    strengths = st.integers(math.ceil(fault.strength.low), min(999_999, int(fault.strength.high)))
    ways = ["at once", *(["moment"] if fault.has_moment else []), *(["rate"] if fault.may_repeat else [])]
    way = draw(st.sampled_from(ways))
    return FaultPlan(
        fault.name,
        draw(st.none() | strengths.map(float)),
        draw(MOMENTS) if way == "moment" else None,
        draw(st.sampled_from((0.5, 2.0, 60.0))) if way == "rate" else None,
    )


@given(fault_plans())
def test_what_a_report_names_can_be_typed(fault: FaultPlan) -> None:
    assert parse_fault(fault.text) == fault


def test_a_mode_may_be_written_small() -> None:
    assert parse_fault("stt_stall=4000@speaking#2+300").at == Moment("SPEAKING", 2, 300)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("stt_stal", "--fault stt_stal: there is no fault 'stt_stal'; did you mean 'stt_stall'?"),
        ("stt_stall=", "expected NAME"),
        ("", "expected NAME"),
        ("stt_stall=much", 'strength: expected a number, got "much"'),
        ("stt_stall=nan", 'strength: expected a number, got "nan"'),
        ("stt_stall=-4", "strength of stt_stall: expected "),
        ("stt_stall*x", 'times a minute: expected a number, got "x"'),
        ("stt_stall*2@8000", "expected a moment or a rate, got both"),
        ("stt_stall@talking", 'moment: expected ms ("8000") or CUE'),
        ("stt_stall@-5", 'got "-5"'),
        ("stt_stall@SPEAKING#0", 'got "SPEAKING#0"'),
    ],
)
def test_what_cannot_be_is_said_with_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_fault(text)
    assert complaint in str(caught.value)
