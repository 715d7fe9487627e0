"""The plumbing of `offhook bench call`; nothing here depends on how quick the machine is."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.agent_file import load_agent
from agent.config import load_config, opened
from agent.house import House
from simulator import bench_call, bench_process
from simulator.bench_capacity import capacity, limited_by
from simulator.bench_command import bench, make_plan
from simulator.bench_load import BenchError, Load
from simulator.bench_phone import Phone
from simulator.bench_plan import GOALS, QUICK, Figures, Plan, Step
from simulator.bench_process import ServerProcess, Stats, start_offhook
from simulator.bench_turns import Turn, Turns
from simulator.bench_words import Tag
from tests.patience import PATIENCE_S, run_patiently

KEYS = (
    "share_ms_p50 share_ms_p99 clear_ms_p99 cpu_percent_listening cpu_percent_speaking memory_kb_per_call "
    "calls_per_core start_ms help_ms"
).split()
"""What README and other programs rely on."""


def step(calls: int, *, holds: bool = True, **changes: float) -> Step:
    values = {"jitter_ms_p99": 2.0, "underruns": 0, "load_late_ms_p99": 1.0, "cpu_percent": 40.0, **changes}
    return Step(calls=calls, missing_answers=0, holds=holds, **values)  # type: ignore[arg-type]  # some are whole


# --- a call under load ---------------------------------------------------------------------------------------


async def talk(directory: Path) -> tuple[Phone, Turn, int]:
    """One caller interrupts the greeting and gets an answer; the phone, the turn, calls left at the end."""
    async with Load() as load:
        config = opened(load_config(bench_call.settings(load, directory)))
        async with House(config, load_agent(config.agent)) as house:
            await house.prepared()
            (phone,) = await load.place(1, house.server.port)
            phone.say()
            await load.until(lambda: phone.answers > 0, "an answer")
            await load.hang_up([phone])
            await load.until(lambda: house.server.active_calls == 0, "the call's end")
            turn = load.turns.get(Tag(phone.number, 1))
            assert turn is not None
            return phone, turn, len(load.phones)


def test_a_turn_is_followed_through_phone_and_peers(tmp_path: Path) -> None:
    phone, turn, left = run_patiently(talk(tmp_path), speed=5)
    instants = [turn.due_at, turn.asked_at, turn.token_at, turn.text_at, turn.audio_at, turn.heard_at]
    assert None not in instants
    assert instants == sorted(instants), "one after the other"  # type: ignore[type-var]  # none is None
    parts = turn.parts_ns()
    assert parts is not None
    assert all(part >= 0 for part in parts)
    assert len(phone.clears_ns) == 1, "the greeting was interrupted"
    assert phone.missing_answers == phone.missing_clears == 0
    assert left == 0


def test_a_wait_in_vain_says_for_what() -> None:
    async def wait() -> None:
        async with Load() as load:
            await load.until(lambda: False, "a miracle", limit_ms=1)

    with pytest.raises(BenchError, match="in vain for a miracle"):
        asyncio.run(wait())


def test_only_turns_that_were_heard_count() -> None:
    turns = Turns()
    heard, lost = turns.begin(Tag(1, 1), 100), turns.begin(Tag(1, 2), 200)
    heard.asked_at, heard.token_at, heard.text_at, heard.audio_at, heard.heard_at = 103, 110, 114, 120, 125
    lost.asked_at = 201
    assert turns.shares_ns() == [3 + 4 + 5]
    turns.forget()
    assert turns.shares_ns() == []


# --- processes -----------------------------------------------------------------------------------------------


@pytest.fixture
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("START_S", "ANSWER_S", "STOP_S"):
        monkeypatch.setattr(bench_process, limit, PATIENCE_S)


@pytest.mark.usefixtures("_patience")
def test_the_measured_server_tells_of_itself_and_ends(tmp_path: Path) -> None:
    async def look() -> tuple[Stats, Stats]:
        async with Load() as load, ServerProcess(bench_call.settings(load, tmp_path), tmp_path / "log") as server:
            assert server.port > 0
            return await server.stats(), await server.stats(collect=True)

    before, after = asyncio.run(look())
    assert after.at > before.at
    assert after.cpu_ns > before.cpu_ns
    assert after.calls == 0
    assert after.tasks > 0
    assert after.memory_kb > 0


@pytest.mark.usefixtures("_patience")
def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    async def start() -> None:
        async with ServerProcess({"OFFHOOK_PORT": "many"}, tmp_path / "log"):
            raise AssertionError("it must not start")

    with pytest.raises(BenchError, match="OFFHOOK_PORT must be a whole number"):
        asyncio.run(start())


def test_commands_are_started_far_from_any_env_file(tmp_path: Path) -> None:
    async def run() -> int:
        return await (await start_offhook("--help", env={}, cwd=tmp_path)).wait()

    assert asyncio.run(run()) == 0


def test_cpu_is_told_of_one_core() -> None:
    before, after = Stats(0, 0, 0, "", 0, 0), Stats(2_000, 500, 0, "", 0, 0)
    assert after.cpu_percent_since(before) == 25


# --- the climb -----------------------------------------------------------------------------------------------


def test_the_capacity_is_the_last_number_that_held() -> None:
    steps = [step(20), step(40, holds=False), step(40), step(60, holds=False), step(60, holds=False)]
    assert capacity(steps) == steps[2]
    assert capacity(steps[3:]) is None


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (step(60), "nothing: 60 calls is the largest"),
        (step(60, holds=False, load_late_ms_p99=20.0), "the load"),
        (step(60, holds=False, cpu_percent=97.0), "the server's CPU"),
        (step(60, holds=False, underruns=3), "3 underruns"),
        (step(60, holds=False, jitter_ms_p99=12.0), "jitter of 12.0 ms"),
    ],
)
def test_the_limit_has_a_name(last: Step, reason: str) -> None:
    assert limited_by([step(20), last]).startswith(reason)


# --- the command ---------------------------------------------------------------------------------------------


def invoke(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Result, list[Plan]]:
    plans: list[Plan] = []

    async def measure(plan: Plan) -> Figures:
        plans.append(plan)
        return Figures(share_ms_p50=1.2345, calls_per_core=60, limited_by="nothing", steps=[step(60)], notes=["a note"])

    monkeypatch.setattr(bench_call, "measure", measure)
    return CliRunner().invoke(bench, ["call", *arguments]), plans


def test_the_figures_are_one_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = invoke(monkeypatch, "--json")
    printed = json.loads(result.output)
    assert set(KEYS) < set(printed)
    assert printed["share_ms_p50"] == 1.23
    assert printed["clear_ms_p99"] is None
    assert printed["notes"] == ["a note"]
    assert {"cpu", "cores", "python", "command"} < set(printed)


def test_the_table_has_a_goal_beside_each_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = invoke(monkeypatch)
    assert result.exit_code == 0
    for goal in GOALS:
        assert goal.what in result.output
    assert "at least 100" in result.output
    assert "not measured" in result.output


def test_options_change_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    _, plans = invoke(monkeypatch, "--quick", "--calls", "3", "--seconds", "1")
    assert plans == [make_plan(calls=3, seconds=1, quick=True)]
    assert plans[0].steps == QUICK.steps
    assert (plans[0].calls, plans[0].talking_ms) == (3, 1_000)
    assert make_plan(calls=None, seconds=None, quick=False) == Plan()


def test_what_cannot_be_measured_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(_: Plan) -> Figures:
        raise BenchError("the server gives no answer")

    monkeypatch.setattr(bench_call, "measure", measure)
    result = CliRunner().invoke(bench, ["call"], obj=lambda main: asyncio.run(main()))
    assert result.exit_code == 1
    assert "the server gives no answer" in result.output


def test_every_goal_names_a_figure() -> None:
    values = Figures().values()
    assert {goal.figure for goal in GOALS} | {"limited_by"} == set(values)
    assert GOALS[0].is_met(GOALS[0].limit)
    assert not GOALS[0].is_met(GOALS[0].limit + 1)
    assert next(goal for goal in GOALS if goal.is_at_least).is_met(1_000)
