"""What a call notes beside its decisions is written by its replay, too."""

from pathlib import Path

import pytest

from agent.trace_view import read_trace
from agent.wire_log import wires_path
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.rehearsal import Cast, rehearse, trace_of
from simulator.replay.recorded import read_recorded
from simulator.replay.shell import replay_shell
from simulator.replay.wires import read_wires
from simulator.script import HangUp, Say


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of a call whose model is so slow that a filler sounds."""
    data = tmp_path_factory.mktemp("filled")
    cast = Cast(settings={"OFFHOOK_TRACE_WIRES": "kept"}, groq=GroqBehaviour(first_token_ms=3_000))
    _, call = rehearse(data, (Say("When are you open?"), HangUp()), cast)
    return trace_of(data, call)


def test_a_filler_is_on_record_with_its_length(filled: Path) -> None:
    (note,) = [line for line in read_trace(filled) if line["kind"] == "note" and line["note"] == "filler"]
    assert 300 < note["data"]["duration_ms"] < 3_000


def test_a_trace_with_the_note_is_replayed(filled: Path) -> None:
    assert replay_shell(read_recorded(filled), read_wires(wires_path(filled))).is_same
