"""What tools change in mid-call is told again from the record, through the whole shell and to the nanosecond."""

from pathlib import Path

import pytest

from agent.wire_log import wires_path
from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.rehearsal import Cast, rehearse, trace_of
from simulator.replay.core import replay_core
from simulator.replay.recorded import read_recorded
from simulator.replay.shell import replay_shell
from simulator.replay.wires import read_wires
from simulator.scenario.reader import SCENARIOS
from simulator.script import AfterAgentFinished, HangUp, IfLate, Say

SCRIPT = (
    Say("¿Habla español?", AfterAgentFinished()),
    Say("Quiero una cita.", AfterAgentFinished()),
    HangUp(AfterAgentFinished(silence_ms=900, timeout_ms=9_000, if_late=IfLate.HANG_UP)),
)


@pytest.mark.parametrize(
    ("name", "arguments", "fact", "dialled"),
    [
        ("switch_language", '{"language": "es"}', "LanguageChanged", ("language=es&", "/spanish-voice/")),
        ("switch_language", '{"language": "eo"}', "LanguageRefused", ("language=eo&", "language_code=eo")),
        ("change_profile", '{"profile": "patient"}', "ProfileChanged", ()),
    ],
)
def test_a_call_that_was_changed_is_told_again(
    tmp_path: Path, name: str, arguments: str, fact: str, dialled: tuple[str, ...]
) -> None:
    brain = CannedBrain([BrainAnswer(tool_calls=((name, arguments),)), "Claro que sí.", "El martes a las diez."])
    agent = str(SCENARIOS / "agents" / "reception.toml")
    cast = Cast(agent=agent, brain=brain, settings={"OFFHOOK_TRACE_WIRES": "kept"})
    rehearsal, call = rehearse(tmp_path, SCRIPT, cast)
    assert rehearsal.close() == []
    trace = trace_of(tmp_path, call)
    recorded = read_recorded(trace)
    assert fact in [type(decision.event).__name__ for decision in recorded.decisions]
    urls = [line["url"] for woken in read_wires(wires_path(trace)).woken() for _, line in woken.done if "url" in line]
    assert [part for part in dialled if not any(part in url for url in urls)] == []
    assert replay_core(recorded).is_same
    replay = replay_shell(recorded, read_wires(wires_path(trace)))
    assert replay.difference is None
    assert replay.decisions == len(recorded.decisions)
