"""What the catalogue promises of every fault, and what it says of one that cannot be."""

import re

import pytest

from simulator.faults.base import Fault, Kind
from simulator.faults.catalogue import ALL, CATALOGUE, fault_named
from simulator.faults.planned import armed, wrong_with
from simulator.faults.strikes import FaultError
from simulator.runs.plan import FaultPlan, Moment
from simulator.scenario import bundled, load

FROM_THE_FIELD = (
    *("mark_lost", "frames_burst", "stop_missing", "reconnect", "slow_start", "zombie_call", "late_final"),
    *("stt_stall", "stt_drop", "llm_slow_first_token", "llm_stall_mid", "llm_429", "llm_500", "llm_bad_tool_json"),
    *("tts_stall", "tts_wrong_context", "tts_no_final", "key_wrong"),
    *("tool_slow", "tool_hangs", "tool_500", "tool_after_hangup"),
    *("dtmf_storm", "giant_message", "bad_base64", "wrong_order", "unknown_event"),
)


def test_there_are_faults_of_every_kind_and_all_that_the_field_knows() -> None:
    assert len(ALL) >= 100
    assert {fault.kind for fault in ALL} == set(Kind)
    assert [name for name in FROM_THE_FIELD if name not in CATALOGUE] == []


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_every_fault_says_what_it_does_and_how_strong_it_can_be(fault: Fault) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", fault.name)
    assert fault.about.endswith(".")
    assert len(fault.about) <= 120
    low, high = fault.swarm or (fault.strength.low, fault.strength.high)
    assert fault.strength.low <= low < high <= fault.strength.high
    assert str(fault.strength).startswith(f"{fault.strength.low:g} to ")


def test_every_fault_has_a_script_of_its_own() -> None:
    missing = [fault.name for fault in ALL if not {f"fault_{fault.name}", fault.name} & set(bundled())]
    assert missing == []
    own = [name for name in bundled() if name.startswith("fault_")]
    other = [name for name in own if name.removeprefix("fault_") not in {fault.name for fault in load(name).faults}]
    assert other == []


@pytest.mark.parametrize(
    ("planned", "complaint"),
    [
        (FaultPlan("stt_stal"), "there is no fault 'stt_stal'; did you mean 'stt_stall'?"),
        (FaultPlan("sunspots"), "there is no fault 'sunspots'; `offhook simulate --faults` lists them all"),
        (FaultPlan("stt_stall", 1e9), "strength of stt_stall: expected 100 to 60000 ms, got 1e+09"),
        (FaultPlan("phone_far", at=Moment()), "phone_far is there from the beginning or not at all: give it no moment"),
        (FaultPlan("phone_far", rate_per_min=1), "phone_far does not come again and again: give it no rate"),
        (FaultPlan("stt_drop", at=Moment("SINGING")), "moment of stt_drop: expected one of LISTENING, THINKING"),
        (FaultPlan("stt_drop", at=Moment("tool", 0)), "moment of stt_drop: expected an nth of at least 1"),
        (FaultPlan("stt_drop", at=Moment(), rate_per_min=1), "stt_drop: expected a moment or a rate, got both"),
        (
            FaultPlan("stt_drop", rate_per_min=0),
            "rate_per_min of stt_drop: expected more than 0 and at most 600, got 0",
        ),
    ],
    ids=lambda value: value.text if isinstance(value, FaultPlan) else "",
)
def test_what_cannot_be_is_told_in_words(planned: FaultPlan, complaint: str) -> None:
    (told,) = wrong_with(planned)
    assert told.startswith(complaint)
    with pytest.raises(FaultError, match=re.escape(complaint)):
        armed([planned])


def test_a_fault_is_found_by_its_name() -> None:
    assert fault_named("tts_drop").kind is Kind.VOICE
    assert wrong_with(FaultPlan("tts_drop", 300, Moment("SPEAKING", 2, 100))) == []
