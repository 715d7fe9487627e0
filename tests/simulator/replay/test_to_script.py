"""A recorded call becomes a call script: the same call happens again, and what came of it must hold again."""

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from agent.cli import offhook
from agent.trace_view import TraceError
from simulator.outgoing import Outgoing
from simulator.peers.groq_behaviour import GroqBehaviour, GroqRefusal
from simulator.rehearsal import Cast, rehearse, trace_of
from simulator.replay.recorded import read_recorded, recorded_of
from simulator.replay.to_script import script_of
from simulator.runs.outcome import Outcome
from simulator.runs.run import run
from simulator.scenario import ScriptFile, load, read
from simulator.script import (
    AfterAgentFinished,
    AtOnce,
    Backchannel,
    Beep,
    Cough,
    HangUp,
    IntoAgentSpeech,
    Mumble,
    Press,
    Say,
    Script,
)


def run_script(script: str, folder: Path) -> Outcome:
    path = folder / "recorded.toml"
    path.write_text(script)
    return run(load(str(path)), 0)


def recorded_call(folder: Path, script: Script, cast: Cast | None = None) -> Path:
    _, call = rehearse(folder, script, cast or Cast())
    return trace_of(folder, call)


def told(trace: Path, folder: Path) -> ScriptFile:
    path = folder / "told.toml"
    path.write_text(script_of(read_recorded(trace)))
    return read(path)


def test_the_demonstration_happens_again(demo_trace: Path, tmp_path: Path) -> None:
    script = script_of(read_recorded(demo_trace))
    outcome = run_script(script, tmp_path)
    assert outcome.violations == ()
    assert outcome.status == "passed"


def test_it_says_what_the_caller_did_and_when(demo_trace: Path, tmp_path: Path) -> None:
    script = told(demo_trace, tmp_path)
    steps = script.caller or []
    assert [step.verbs[0] for step in steps] == ["say", "backchannel", "say", "say", "say", "say", "hang_up"]
    assert steps[1].backchannel == "mm-hmm"
    assert steps[1].into_agent_speech_ms == pytest.approx(1_200, abs=60)
    assert steps[3].say == "My name is Ada Lovelace."
    assert steps[3].after_silence_ms == pytest.approx(700, abs=60)
    assert steps[4].into_agent_speech_ms == pytest.approx(1_500, abs=60)
    assert (steps[6].after_silence_ms or 0) > 20_000, "whoever was hung up on would have waited"


def test_it_says_what_must_hold(demo_trace: Path, tmp_path: Path) -> None:
    expect = told(demo_trace, tmp_path).expect
    assert expect.turns == 5
    assert [tool.name for tool in expect.tools or []] == ["find_free_slots", "book_appointment", "hang_up"]
    assert expect.understood is not None
    assert expect.understood[2] == "My name is Ada Lovelace."
    assert (expect.ended_by, expect.interruptions, expect.resumed) == ("agent", 1, 1)
    assert expect.latency_ms is not None
    assert expect.latency_ms.max is not None


def test_what_the_caller_heard_only_in_part_the_model_still_says_whole(demo_trace: Path) -> None:
    script = script_of(read_recorded(demo_trace))
    assert "You're booked, Ada Lovelace. Ten in the morning on Tuesday" in script


def test_pauses_keys_coughs_and_a_hang_up_in_mid_speech_come_again(tmp_path: Path) -> None:
    trace = recorded_call(
        tmp_path,
        (
            Say("I need an appointment on [300 ms] Tuesday.", AfterAgentFinished()),
            Cough(IntoAgentSpeech(1_000)),
            Press("42", AfterAgentFinished(gap_ms=300)),
            Mumble(700, AfterAgentFinished(gap_ms=500)),
            Say("Never mind.", AtOnce(2_500)),
            HangUp(IntoAgentSpeech(600)),
        ),
    )
    script = told(trace, tmp_path)
    steps = script.caller or []
    assert steps[0].say is not None
    assert "[" in steps[0].say
    assert [step.verbs[0] for step in steps][1:3] == ["cough", "press"]
    assert steps[2].press == "42"
    assert steps[3].say is not None
    assert steps[3].say.startswith("[mumble ")
    assert steps[3].say.endswith(" ms] Never mind.")
    assert steps[-1].hang_up
    assert script.expect.ended_by == "caller"
    assert run_script(script_of(read_recorded(trace)), tmp_path).violations == ()


def test_a_hesitant_caller_and_a_listener_are_told_apart(tmp_path: Path) -> None:
    trace = recorded_call(
        tmp_path,
        (
            Say("What times do you have on Tuesday?", AfterAgentFinished()),
            Backchannel("okay", IntoAgentSpeech(1_000)),
            Say("Hold on a second.", IntoAgentSpeech(2_500)),
            HangUp(AfterAgentFinished()),
        ),
    )
    verbs = [step.verbs[0] for step in told(trace, tmp_path).caller or []]
    assert verbs == ["say", "backchannel", "say", "hang_up"]
    assert run_script(script_of(read_recorded(trace)), tmp_path).violations == ()


def test_what_failed_fails_again(tmp_path: Path) -> None:
    trace = recorded_call(
        tmp_path,
        (
            Say("Where are you?", AfterAgentFinished()),
            Say("I said, where are you?", AfterAgentFinished(silence_ms=1_500)),
        ),
        Cast(groq=GroqBehaviour(refuse=GroqRefusal.SERVER_ERROR, fail_first_n=4)),
    )
    script = told(trace, tmp_path)
    faults = [(fault.name, fault.at, fault.strength) for fault in script.faults]
    assert faults == [("llm_500", "speaking", 2), ("llm_500", "speaking", 2)], "twice in each of two turns"
    outcome = run_script(script_of(read_recorded(trace)), tmp_path)
    assert outcome.violations == ()
    assert outcome.faults != ()


def test_a_message_that_we_left_with_a_machine_is_left_again(tmp_path: Path) -> None:
    machine = (Say("You have reached Ada. Please leave a message.", AtOnce(500)), Beep(400, 1_000, AtOnce(700)))
    _, call = rehearse(tmp_path, (*machine, HangUp(AtOnce(30_000))), outgoing=Outgoing("Call us."))
    script = told(trace_of(tmp_path, call), tmp_path)
    assert script.outgoing is not None
    assert script.outgoing.message == "Call us."
    assert script.expect.heard == ["Call us."]


def test_a_call_in_which_nobody_did_anything_is_no_script(demo_trace: Path) -> None:
    lines = [orjson.loads(line) for line in demo_trace.read_bytes().splitlines()]
    with pytest.raises(TraceError, match="there is nothing to script"):
        script_of(recorded_of(lines[:4]))


# --- the command ---------------------------------------------------------------------------------------------------


def command(*arguments: object) -> Result:
    return CliRunner().invoke(offhook, ["trace-to-script", *map(str, arguments)])


def test_the_command_prints_or_writes_a_script(demo_trace: Path, tmp_path: Path) -> None:
    printed = command(demo_trace)
    assert printed.exit_code == 0, printed.output
    assert printed.stdout.startswith(f"# Recorded call {demo_trace.stem}")
    written = command(demo_trace, "-o", tmp_path / "night.toml")
    assert written.exit_code == 0
    assert "run it with: offhook simulate" in written.output
    assert (tmp_path / "night.toml").read_text() == printed.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["night.toml"]


def test_where_no_file_can_be_written_none_is(demo_trace: Path, tmp_path: Path) -> None:
    answer = command(demo_trace, "-o", tmp_path / "no" / "night.toml")
    assert answer.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_half_a_call_is_no_script(demo_trace: Path, tmp_path: Path) -> None:
    trace = tmp_path / "half.jsonl"
    trace.write_bytes(demo_trace.read_bytes()[:9_000])
    answer = command(trace, "-o", tmp_path / "night.toml")
    assert answer.exit_code == 2
    assert f"{trace}: cut off in line" in answer.output
    assert not (tmp_path / "night.toml").exists()


def test_an_agent_that_does_not_come_with_us_has_to_be_named(demo_trace: Path, tmp_path: Path) -> None:
    trace = tmp_path / "x.jsonl"
    trace.write_bytes(demo_trace.read_bytes().replace(b'"agent":"appointments"', b'"agent":"ours"'))
    answer = command(trace)
    assert answer.exit_code == 2
    assert (
        "the agent of this call, 'ours', is none that comes with us: say where its file is with --agent"
        in answer.output
    )
    answer = command(trace, "--agent", "appointments")
    assert answer.exit_code == 0
    assert "warning: " in answer.output
    assert "does not replay without a difference" in answer.output


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("nothing of the kind\n", "expected one JSON object a line"),
        ('{"at_ns": 0, "kind": "call", "version": 3, "words": "hidden"}\n', "this trace hides what was said"),
    ],
)
def test_what_is_no_trace_is_no_script(tmp_path: Path, content: str, complaint: str) -> None:
    trace, out = tmp_path / "x.jsonl", tmp_path / "x.toml"
    trace.write_text(content)
    answer = command(trace, "-o", out)
    assert answer.exit_code == 2
    assert complaint in answer.output
    assert not out.exists()
