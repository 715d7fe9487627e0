"""`offhook score`: what it reads, what it refuses, what it prints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from agent.metrics.tally import RATES
from agent.score_command import score
from tests.agent.metrics.traces import agent, call, sound, turn

Value = dict[str, Any]


def offhook(*arguments: object) -> Result:
    return CliRunner().invoke(score, [str(argument) for argument in arguments])


def values(*arguments: object) -> Value:
    answer = offhook(*arguments, "--json")
    assert answer.exit_code == 0, answer.output
    found: Value = json.loads(answer.stdout)
    return found


def refused(*arguments: object) -> str:
    answer = offhook(*arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    return answer.stderr


def written(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value))
    return path


# --- our calls -----------------------------------------------------------------------------------------------------


def turn_trace(path: Path, latency_ms: int = 800) -> Path:
    said = [turn(1_000, 2_000), turn(8_000, 9_000)]
    ours = [agent(100, 900, 0, kind="greeting"), agent(2_000 + latency_ms, 6_000, 1), agent(9_500, 11_000, 2)]
    trace = call(caller=[*said, sound("backchannel", 10_000, 10_200)], agent=ours, end_ms=12_000)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(trace.to_json())
    return path


@pytest.fixture
def call_trace(tmp_path: Path) -> Path:
    """A call trace by hand: a greeting, and a question that is answered."""
    lines = [
        {"at_ns": 0, "kind": "call", "version": 3, "call_id": "CA1", "agent": "appointments", "phrases": {}},
        event(10, "CallStarted", ["Recite", {"reply": 1, "turn": 0, "text": "Hello."}]),
        event(20, "ReplyAudioStarted", reply=1),
        event(900, "PlayoutFinished", reply=1),
        event(1_000, "SpeechStarted", at=1_000_000_000),
        event(1_900, "WordsHeard", text="Hi.", is_final=True),
        event(2_100, "SpeechStopped", last_voiced_at=2_000_000_000),
        event(2_400, "Tick", ["StartReply", {"reply": 2, "turn": 1}]),
        event(2_800, "ReplyAudioStarted", reply=2),
        event(4_000, "PlayoutFinished", reply=2),
        event(5_000, "CallEnded", reason="stopped"),
    ]
    path = tmp_path / "traces" / "CA1.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


def event(at_ms: int, name: str, *effects: list[Any], **data: object) -> Value:
    line = {"event": name, "mode": "LISTENING", "to": "LISTENING", "data": data, "effects": effects}
    return {"at_ns": at_ms * 1_000_000, "kind": "event", **line}


def test_turn_traces_give_the_panel_and_everything_else_under_its_own_name(tmp_path: Path) -> None:
    found = values(turn_trace(tmp_path / "one.json"))
    assert set(RATES) <= set(found)
    assert found["response_latency_mean"] == 0.6
    assert found["native_20"]["response_latency_mean"] == 0.65
    assert found["voice_to_voice"]["ttfab_ms_p50"] == 650.0
    assert found["eva"]["evaluable_turns"] == 2
    assert found["hotato"]["events_to_hold"] == 1
    assert found["ours"]["caller_turns"] == 2
    assert found["derived_calls"] == 0


def test_a_call_trace_is_derived_and_says_so(call_trace: Path) -> None:
    found = values(call_trace)
    assert found["native_20"]["response_latency_mean"] == 0.8
    assert (found["counts"]["response_total"], found["derived_calls"]) == (1, 1)
    assert "voice edges" in found["derived"]
    assert "1 of 1 calls are derived from a call trace" in offhook(call_trace).stdout


def test_files_and_folders_are_mixed_and_each_file_counts_once(call_trace: Path, tmp_path: Path) -> None:
    turn_trace(tmp_path / "a" / "one.json")
    turn_trace(tmp_path / "a" / "b" / "two.json")
    written(tmp_path / "a" / "report.json", {"runs": []})
    written(tmp_path / "a" / "CA1.wires.jsonl", {"version": 1})
    found = values(tmp_path / "a", tmp_path / "a" / "one.json", call_trace)
    assert found["counts"]["n_simulations"] == 3


def test_many_files_give_what_their_calls_give_together(tmp_path: Path) -> None:
    one, other = turn_trace(tmp_path / "one.json", 500), turn_trace(tmp_path / "two.json", 1_100)
    together = values(one, other)
    assert together["response_latency_mean"] == pytest.approx((0.4 + 0.4 + 1.0 + 0.4) / 4)
    assert together == values(other, one)


def test_people_get_a_table(tmp_path: Path) -> None:
    shown = offhook(turn_trace(tmp_path / "one.json")).stdout
    assert "tau-voice panel" in shown
    assert "response_latency_mean" in shown
    assert "0.600 s" in shown
    assert "EVA's turn score" in shown


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "one.json: Invalid JSON"),
        (b"[1, 2]", "one.json: Input should be an object"),
        (b'{"format": "turn-trace/9"}', "one.json: format: Input should be 'turn-trace/1'"),
        (b'{"format": "turn-trace/1", "end_ms": 5}', "one.json: caller: Field required"),
        (b'{"kind": "call", "at_ns": 0, "version": 2}\n', "expected a trace of version 3, got 2"),
        (b'{"kind": "event", "at_ns": 0}\n', "one.json:1: expected the line of a call first"),
        (b'{"kind":"call","at_ns":0,"version":3}\n{"kind":"event","at_ns":1}\n', "in one of its lines: no 'event'"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_name(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(content)
    assert complaint in refused(path)


def test_a_file_or_folder_that_has_nothing_is_refused(tmp_path: Path) -> None:
    assert "expected a file or folder that can be read: No such file" in refused(tmp_path / "none.jsonl")
    (tmp_path / "empty").mkdir()
    assert "expected traces of calls" in refused(tmp_path / "empty")


# --- tau-voice -----------------------------------------------------------------------------------------------------


def chunk(speaks: bool, action: str | None = None, **effects: Any) -> Value:  # noqa: ANN401 - as the data model has them
    taken = None if action is None else {"action": action, "info": ""}
    return {"contains_speech": speaks, "turn_taking_action": taken, "raw_data": None, **effects}


def simulation(caller: tuple[int, int], ours: tuple[int, int], count: int = 40, **more: object) -> Value:
    ticks = [
        {"tick_id": 99, "user_chunk": chunk(caller[0] <= k < caller[1]), "agent_chunk": chunk(ours[0] <= k < ours[1])}
        for k in range(count)
    ]
    return {"id": "s", "task_id": "1", "termination_reason": "user_stop", "ticks": ticks, **more}


def info(domain: str = "airline", seconds: float | None = 0.2) -> Value:
    config = None if seconds is None else {"tick_duration_seconds": seconds}
    return {"environment_info": {"domain_name": domain}, "audio_native_config": config}


def run(*simulations: Value, **more: Any) -> Value:  # noqa: ANN401 - those of `info`
    return {"info": info(**more), "simulations": list(simulations)}


RESPONSE = simulation((0, 5), (8, 12))
INTERRUPTION = simulation((10, 14), (5, 13))


def test_a_run_in_one_file_is_scored(tmp_path: Path) -> None:
    found = values("--tau", written(tmp_path / "run.json", run(RESPONSE, INTERRUPTION)))
    assert (found["response_latency_mean"], found["yield_latency_mean"], found["yield_rate"]) == (0.6, 0.6, 1.0)
    assert found["counts"]["n_simulations"] == 2
    assert found["tick_ms"] == 200


def results_folder(folder: Path, *simulations: Value, **more: Any) -> Path:  # noqa: ANN401 - those of `info`
    written(folder / "results.json", {"info": info(**more), "simulations": []})
    for number, one in enumerate(simulations):
        written(folder / "simulations" / f"{number}.json", one)
    return folder


def test_a_results_folder_has_a_file_for_each_call(tmp_path: Path) -> None:
    folder = results_folder(tmp_path / "r", RESPONSE, INTERRUPTION)
    assert values("--tau", folder) == values("--tau", written(tmp_path / "run.json", run(INTERRUPTION, RESPONSE)))
    assert values("--tau", folder / "results.json", folder) == values("--tau", folder)


def test_domains_are_pooled_and_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results_folder(tmp_path / "all" / "a", RESPONSE, RESPONSE, domain="airline")
    results_folder(tmp_path / "all" / "b", simulation((0, 5), (15, 20)), INTERRUPTION, domain="retail")
    found = values("--tau", tmp_path / "all")
    assert found["response_latency_mean"] == pytest.approx((0.6 + 0.6 + 2.0) / 3)
    assert found["domains"]["airline"]["response_latency_mean"] == 0.6
    assert found["domains"]["retail"]["response_latency_mean"] == 2.0
    assert found["mean_over_domains"]["response_latency_mean"] == pytest.approx(1.3)
    assert found["mean_over_domains"]["yield_rate"] == 1.0
    assert found["mean_over_domains"]["counts"]["n_simulations"] == 4
    monkeypatch.setenv("COLUMNS", "130")
    shown = offhook("--tau", tmp_path / "all").stdout
    assert "mean over domains" in shown
    assert "ticks of 200 ms" in shown


def test_what_a_chunk_leaves_out_has_its_meaning(tmp_path: Path) -> None:
    one = simulation((0, 0), (8, 12))
    for k in range(5):
        del one["ticks"][k]["user_chunk"]["contains_speech"]  # a chunk that does not say has speech
    for k in range(20, 40):
        one["ticks"][k]["user_chunk"] = None
        one["ticks"][k]["agent_chunk"] = None
    found = values("--tau", written(tmp_path / "run.json", run(one)))
    assert found["response_latency_mean"] == 0.6


def test_inserts_of_both_layers_count(tmp_path: Path) -> None:
    one = simulation((0, 0), (0, 0))
    one["ticks"][10]["user_chunk"]["speech_effects"] = {"speech_insert": {"type": "vocal_tic", "text": "um"}}
    one["ticks"][20]["user_chunk"]["source_effects"] = {
        "burst_noise_file": "door.wav",
        "speech_insert": {"type": "non_directed_phrase", "text": "hold on"},
    }
    counts = values("--tau", written(tmp_path / "run.json", run(one)))["counts"]
    assert (counts["vocal_tic_total"], counts["non_directed_total"]) == (1, 1)


def test_a_backchannel_is_told_by_the_action_of_its_first_tick(tmp_path: Path) -> None:
    one = simulation((10, 12), (5, 30))
    one["ticks"][10]["user_chunk"]["turn_taking_action"] = {"action": "backchannel"}
    one["ticks"][11]["user_chunk"]["turn_taking_action"] = {"action": None}
    found = values("--tau", written(tmp_path / "run.json", run(one)))
    assert (found["selectivity_backchannel"], found["counts"]["yield_total"]) == (1.0, 0)


@pytest.mark.parametrize(
    ("seconds", "tick_ms"), [(None, 200), (0, 200), (0.2, 200), (0.02, 20), (0.1, 100), (1, 1_000)]
)
def test_the_tick_is_the_run_s_own(seconds: float | None, tick_ms: int, tmp_path: Path) -> None:
    assert values("--tau", written(tmp_path / "run.json", run(RESPONSE, seconds=seconds)))["tick_ms"] == tick_ms


def test_calls_without_ticks_are_passed_over(tmp_path: Path) -> None:
    text: Value = {"id": "t", "ticks": None, "messages": []}
    found = values("--tau", written(tmp_path / "run.json", run(text, RESPONSE, {"id": "u", "ticks": []})))
    assert found["counts"]["n_simulations"] == 1


def test_a_run_without_any_event_is_null_throughout(tmp_path: Path) -> None:
    found = values("--tau", written(tmp_path / "run.json", run(simulation((0, 0), (0, 0)))))
    assert [found[key] for key in RATES] == [None] * len(RATES)


def test_runs_of_two_tick_sizes_are_never_pooled(tmp_path: Path) -> None:
    coarse = written(tmp_path / "a.json", run(RESPONSE))
    fine = written(tmp_path / "b.json", run(RESPONSE, seconds=0.02))
    complaint = refused("--tau", coarse, fine)
    assert "20 ms in" in complaint
    assert "score them apart" in complaint


def broken(edit: Callable[[Value], object]) -> Value:
    value: Value = orjson.loads(orjson.dumps(run(RESPONSE)))
    edit(value)
    return value


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ([], 'expected a run of tau-voice, an object with "info" and "simulations"'),
        (RESPONSE, "this is one call of a run, give its results folder"),
        (run(), "expected calls with ticks"),
        (run({"id": "x", "messages": []}), "expected calls with ticks"),
        ({"info": info(), "simulations": {}}, "expected calls with ticks"),
        ({"info": info(), "simulations": {"a": 1}}, "simulations: expected a list"),
        (run("x"), "simulations[0]: expected a simulation as an object"),  # type: ignore[arg-type]  # what is refused
        (run(RESPONSE, seconds="fast"), "tick_duration_seconds: expected seconds, got 'fast'"),
        (run(RESPONSE, seconds=0.0123), "expected whole milliseconds, got 0.0123 s"),
        (run(RESPONSE, seconds=-1), "tick_duration_seconds: expected seconds, got -1"),
        (run(RESPONSE, domain=7), "domain_name: expected a text, got 7"),
        (broken(lambda v: v["simulations"][0].update(ticks="x")), "simulations[0]: ticks: expected a list"),
        (broken(lambda v: v["simulations"][0]["ticks"].insert(3, 7)), "ticks[3]: expected an object, got 7"),
        (
            broken(lambda v: v["simulations"][0]["ticks"][2]["user_chunk"].update(contains_speech="yes")),
            "ticks[2].user_chunk.contains_speech: expected true or false, got 'yes'",
        ),
        (
            broken(lambda v: v["simulations"][0]["ticks"][2]["agent_chunk"].update(contains_speech=None)),
            "ticks[2].agent_chunk.contains_speech: expected true or false, got None",
        ),
        (
            broken(lambda v: v["simulations"][0]["ticks"][2]["user_chunk"].update(turn_taking_action="wait")),
            "ticks[2].user_chunk.turn_taking_action: expected an object or null, got 'wait'",
        ),
    ],
)
def test_what_is_no_run_is_refused_with_its_place(value: object, complaint: str, tmp_path: Path) -> None:
    path = written(tmp_path / "run.json", value)
    told = refused("--tau", path)
    assert complaint in told
    assert str(path) in told


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    assert "expected a results folder of tau-voice" in refused("--tau", tmp_path)
    assert "expected JSON" in refused("--tau", _text(tmp_path / "x.json", "{"))


def _text(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
