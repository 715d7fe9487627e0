"""From a script file to the plan of its run."""

from dataclasses import replace
from pathlib import Path

from agent.profiles import values_of
from simulator.brain.of_agent import brain_of
from simulator.outgoing import Outgoing
from simulator.rehearsal import MONDAY, Cast
from simulator.runs.plan import CallerPlan, Plan
from simulator.scenario.answers import answers_of
from simulator.scenario.behaviours import BEHAVIOURS, ORIGINS, env_text, link_of, phone_of, read_table, traits_of
from simulator.scenario.check import agent_name, check
from simulator.scenario.complaints import Complaint, ScriptError, place
from simulator.scenario.expectations import expectations_of
from simulator.scenario.faults import fault_of
from simulator.scenario.model import CallerTable, MachineTable, ScriptFile
from simulator.scenario.model_mcp import servers_of
from simulator.scenario.model_steps import StepTable
from simulator.scenario.model_webhook import behaviours_of
from simulator.scenario.steps import script_of

_STT: dict[str | None, dict[str, str]] = {None: {}, "nova": {}, "flux": {"DEEPGRAM_MODEL": "flux-general-en"}}
"""The setting that chooses a transcriber."""


def plan_of(script: ScriptFile, name: str, path: Path | None = None) -> Plan:
    """What a script means. Raises ScriptError, without lines, where it cannot mean anything."""
    folder = path.parent if path is not None else Path()
    complaints = list(check(script, folder))
    if complaints:
        raise ScriptError(told(complaints, script, str(path or name)))
    return checked_plan(script, name, path)


def told(complaints: list[Complaint], script: ScriptFile, source: str) -> str:
    """All complaints, one a line, where there is no text whose lines could be named."""
    raw = script.model_dump(exclude_unset=True)
    return "\n".join(f"{source}: {place(complaint.path, raw)}{complaint.what}" for complaint in complaints)


def checked_plan(script: ScriptFile, name: str, path: Path | None) -> Plan:
    """What a script means that was checked."""
    folder = path.parent if path is not None else Path()
    return Plan(
        name=name,
        about=script.about,
        path=path,
        cast=_cast(script, folder),
        callers=tuple(_callers(script, folder)),
        faults=tuple(fault_of(fault) for fault in script.faults),
        expectations=expectations_of(script),
        longest_ms=round(script.longest_s * 1_000),
        xfail=script.xfail or "",
        waives=dict(script.waive),
        tags=tuple(script.tags),
    )


def _cast(script: ScriptFile, folder: Path) -> Cast:
    return Cast(
        seed=script.seed,
        brain=answers_of(script.model) or brain_of(agent_name(script, folder)),
        agent=agent_name(script, folder),
        profile=values_of(script.profile),
        phrases=dict(script.phrases),
        settings={**_STT[script.stt], **{name: env_text(value) for name, value in script.settings.items()}},
        now=script.now or MONDAY,
        database_ms=script.database.delay_ms,
        webhooks=behaviours_of(script.webhook),
        mcp=servers_of(script.mcp),
        links={
            origin: link_of(getattr(script.network, name), name)
            for name, origin in ORIGINS.items()
            if getattr(script.network, name)
        },
        **{name: read_table(behaviour, getattr(script, name), (name,)) for name, behaviour in BEHAVIOURS.items()},
    )


def _callers(script: ScriptFile, folder: Path) -> list[CallerPlan]:
    if script.callers is None:
        steps = script.caller or [] if script.machine is None else machine_steps(script.machine)
        only = CallerTable(name="caller", script=steps)
        return [_caller(script, only, folder)]
    return [_caller(script, caller, folder, index) for index, caller in enumerate(script.callers)]


def _outgoing(script: ScriptFile) -> Outgoing | None:
    """How the agent placed the calls, if it was the agent."""
    if script.outgoing is None:
        return None if script.machine is None else Outgoing()
    return Outgoing(script.outgoing.message or "", detects=script.outgoing.detect)


def machine_steps(machine: MachineTable) -> list[StepTable]:
    """What an answering machine does."""
    steps = [StepTable(say=machine.greeting, delay_ms=machine.starts_ms)]
    if machine.beeps:
        steps.append(StepTable(beep_ms=machine.beep_ms, hz=machine.hz, delay_ms=machine.beep_after_ms))
    return [*steps, StepTable(hang_up=True, delay_ms=machine.records_ms)]


def _people(script: ScriptFile) -> tuple[tuple[str, str], ...]:
    return tuple((person.number, person.answers) for person in script.people.values())


def _caller(script: ScriptFile, caller: CallerTable, folder: Path, index: int = 0) -> CallerPlan:
    own = {"number": caller.number, "line_noise_level": caller.line_noise_level, "patience_s": caller.patience_s}
    traits = traits_of({"number": f"+1555000{1111 + index}"}, script.phone, own)
    return CallerPlan(
        name=caller.name,
        script=script_of(caller.script, folder),
        arrives_ms=caller.arrives_ms,
        number=traits.number,
        line_noise_level=traits.line_noise_level,
        patience_ms=round(traits.patience_s * 1_000),
        outgoing=_outgoing(script),
        phone=replace(phone_of(script.phone, caller.phone), people=_people(script)),
    )
