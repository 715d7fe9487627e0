"""A recorded call as a call script: what the caller did, what the providers did, and what came of it, to hold again."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import orjson

from agent.agent_file import bundled_agents, load_agent
from agent.errors import SettingsError
from agent.ledger import ledger_of
from agent.speakable import speakable
from agent.trace_view import TraceError
from fsm.effects import EndCall, RunTool, StartReply
from fsm.events import CallEnded, CallStarted, EarsFailed, PlayoutFinished, ToolReturned
from fsm.profile import Profile
from fsm.state import Mode
from fsm.units import NS_PER_S
from simulator.replay.recorded import Recorded
from simulator.replay.told_faults import faults_of, shown
from simulator.replay.told_model import NOTHING_KNOWN, Answer, answers_of, behaviours_of, has_slow_tool
from simulator.replay.told_steps import Told, steps_of
from simulator.scenario import ScriptFile, write

LAST_WORDS = 5
"""Of an answer that was heard whole: enough to know it by."""

MARGIN_MS = 250
"""What a latency may be over the recorded one, beside a quarter of it: a simulation is no less even than a machine."""

LONGEST_RESULT = 300


def script_of(recorded: Recorded, agent: str = "") -> str:
    """The TOML of a script that lets the recorded call happen again. Raises TraceError.

    `agent`: its TOML file or bundled name, where the trace's own name of it is no bundled one's.
    """
    if not recorded.decisions:
        raise TraceError("nothing was decided in this call: there is nothing to script")
    steps = steps_of(recorded)
    answers = answers_of(recorded)
    name = _agent(recorded, agent)
    raw = {
        "about": f"Recorded call {recorded.call_id}"[:500],
        "agent": name,
        "now": _now(recorded),
        "tags": ["recorded"],
        "caller": [step.table.model_dump(exclude_none=True) for step in steps],
        "phone": _phone(recorded),
        **_outgoing(recorded),
        "profile": _profile(recorded, name),
        **_behaviours(recorded),
        "faults": faults_of(recorded),
        "model": _model(answers, has_slow_tool=has_slow_tool(recorded)),
        "expect": _expectations(recorded),
    }
    body = write(ScriptFile.model_validate(raw))
    return "\n".join([*_about(recorded), "", _timed(body, steps)])


def _model(answers: Sequence[Answer], *, has_slow_tool: bool) -> dict[str, Any]:
    """What the model answers, by what it is asked; a request that came to nothing may come again, or may not.

    A tool that was slow is as quick as it is here, so the model may be asked where it was not then.
    """
    tables = [answer.as_table() for answer in answers if not (answer.failure or answer.is_stale)]
    stale = [answer.said for answer in answers if answer.is_stale]
    told: dict[str, Any] = {"answers": tables} if tables else {}
    if stale or not tables or has_slow_tool:
        told["fallback"] = stale[0] if stale else NOTHING_KNOWN
    return told


def _behaviours(recorded: Recorded) -> dict[str, dict[str, Any]]:
    """How the providers were; where a tool call failed, the model's server must let wrong ones pass."""
    tables = behaviours_of(recorded)
    if any(isinstance(d.event, ToolReturned) and d.event.failed for d in recorded.decisions):
        tables["groq"] = {**tables.get("groq", {}), "check_tool_calls": False}
    return tables


def _agent(recorded: Recorded, agent: str) -> str:
    if agent or recorded.agent in bundled_agents():
        return agent or recorded.agent
    raise TraceError(
        f"the agent of this call, {recorded.agent!r}, is none that comes with us: say where its file is with --agent"
    )


def _now(recorded: Recorded) -> datetime:
    try:
        began = datetime.fromisoformat(recorded.started_at)
    except ValueError:
        raise TraceError(
            f"expected the date and time of the call in its first line, got {recorded.started_at!r}"
        ) from None
    return (began if began.tzinfo else began.replace(tzinfo=UTC)).replace(microsecond=0)


def _phone(recorded: Recorded) -> dict[str, Any]:
    started = next((d.event for d in recorded.decisions if isinstance(d.event, CallStarted)), None)
    number = started.caller if started is not None else ""
    is_number = number.removeprefix("+").isdigit() and 3 <= len(number.removeprefix("+")) <= 15
    return {"number": number} if is_number else {}


def _outgoing(recorded: Recorded) -> dict[str, dict[str, Any]]:
    """How the call was placed, if we placed it."""
    started = next((d.event for d in recorded.decisions if isinstance(d.event, CallStarted)), None)
    if started is None or not started.is_placed:
        return {}
    return {"outgoing": {"message": started.voicemail} if started.voicemail else {}}


def _profile(recorded: Recorded, agent: str) -> dict[str, int]:
    """Where the call's tuning was another than its agent's is now."""
    try:
        own = Profile.from_table(load_agent(agent).profile)
    except SettingsError as error:
        raise TraceError(str(error)) from None
    ours = asdict(recorded.profile)
    return {f.name: ours[f.name] for f in fields(Profile) if ours[f.name] != getattr(own, f.name)}


# --- what must hold ------------------------------------------------------------------------------------------------


def _expectations(recorded: Recorded) -> dict[str, Any]:
    effects = [effect for decision in recorded.decisions for effect in decision.effects]
    modes = [decision.to for decision in recorded.decisions if decision.to is not Mode.ENDED]
    told: dict[str, Any] = {
        "heard": list(_heard(recorded)),
        "understood": list(_understood(recorded)),
        "turns": len({effect.turn for effect in effects if isinstance(effect, StartReply)}),
        "tools": _tools(
            [run for run in effects if isinstance(run, RunTool) and run.call.call_id not in _failed(recorded)]
        ),
        "mode": str(modes[-1]) if modes else None,
        "ended_by": _ended_by(recorded),
        "interruptions": _left_barge_in(recorded, Mode.LISTENING),
        "resumed": _left_barge_in(recorded, Mode.SPEAKING),
        "latency_ms": _latency(recorded),
    }
    if any(isinstance(decision.event, EarsFailed) for decision in recorded.decisions):
        del told["interruptions"], told["resumed"]  # who was deaf at which word is no promise
    return {key: value for key, value in told.items() if value not in (None, [], {})}


def _heard(recorded: Recorded) -> Iterator[str]:
    """The end of each reply that was heard whole, as it sounds."""
    for decision in recorded.decisions:
        if isinstance(decision.event, PlayoutFinished):
            words = speakable(decision.event.text).split()[-LAST_WORDS:]
            if words:
                yield " ".join(words)


def _understood(recorded: Recorded) -> Iterator[str]:
    """What the model was told of each turn, as it was when it was answered last."""
    latest: dict[str, str] = {}
    for line in recorded.lines:
        if line["kind"] == "note" and line["note"].startswith("turn ") and "text" in line["data"]:
            latest[line["note"]] = str(line["data"]["text"])
    return (text for text in latest.values() if text.strip() and "[" not in text)


def _failed(recorded: Recorded) -> set[str]:
    """The tool calls that failed: they are no expectation."""
    return {d.event.call_id for d in recorded.decisions if isinstance(d.event, ToolReturned) and d.event.failed}


def _tools(runs: Sequence[RunTool]) -> list[dict[str, Any]]:
    """Each tool with what it was given, and how often one that was given at least that ran."""
    given = [(run.call.name, _arguments(run.call.arguments)) for run in runs]
    tables: list[dict[str, Any]] = []
    for name, told in given:
        times = sum(1 for other, more in given if other == name and more.items() >= told.items())
        table = {"name": name, "times": times, "arguments": told}
        table = {key: value for key, value in table.items() if value not in (1, {})}
        if table not in tables:
            tables.append(table)
    return tables


def _arguments(text: str) -> dict[str, Any]:
    """What a tool was given, without what is null: no script can expect that."""
    try:
        decoded = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return {key: value for key, value in decoded.items() if value is not None} if isinstance(decoded, dict) else {}


def _ended_by(recorded: Recorded) -> str | None:
    if any(isinstance(effect, EndCall) for decision in recorded.decisions for effect in decision.effects):
        return "agent"
    ended = next((d.event for d in recorded.decisions if isinstance(d.event, CallEnded)), None)
    if ended is None or ended.reason.startswith("lost"):
        return None
    return "caller"


def _left_barge_in(recorded: Recorded, to: Mode) -> int:
    return sum(1 for decision in recorded.decisions if decision.mode is Mode.BARGE_IN and decision.to is to)


def _latency(recorded: Recorded) -> dict[str, int]:
    """What the recorded latencies were, and some more."""
    all_ms = sorted(turn.voice_to_voice_ms for turn in ledger_of(recorded.lines) if turn.voice_to_voice_ms is not None)
    if not all_ms:
        return {}
    return {"p50": _bound(all_ms[(len(all_ms) - 1) // 2]), "max": _bound(all_ms[-1])}


def _bound(latency_ms: int) -> int:
    return -(-(latency_ms * 5 // 4 + MARGIN_MS) // 50) * 50


# --- comments ------------------------------------------------------------------------------------------------------


def _about(recorded: Recorded) -> Iterator[str]:
    """What a reader should know before they trust the script."""
    seconds = recorded.duration_ns / NS_PER_S
    yield f"# Recorded call {recorded.call_id}, {recorded.started_at}, {seconds:.0f} s."
    yield "# Made by offhook trace-to-script."
    yield "# What the caller did is told by what the agent was doing then. Tools run for real, on an empty database."
    for decision in recorded.decisions:
        if isinstance(decision.event, ToolReturned):
            result = " ".join(decision.event.result.split())[:LONGEST_RESULT]
            yield f"# A tool {'failed' if decision.event.failed else 'returned'} {_shown(result)}"
    for fault in shown(recorded):
        yield f"# A failure then: {_shown(fault)[:LONGEST_RESULT]}"


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _timed(body: str, steps: Sequence[Told]) -> str:
    """The script with the recorded instant behind each step."""
    lines, waiting, within = [], iter(steps), False
    for line in body.splitlines():
        if within and line.startswith("  {"):
            lines.append(f"{line}  # {next(waiting).begin / NS_PER_S:.1f} s")
            continue
        within = line == "caller = [" or (within and line != "]")
        lines.append(line)
    return "\n".join(lines) + "\n"
