"""What can be wrong with a script, beyond the shape of its tables: names, times, things that do not go together."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path as FilePath

from agent.agent_file import Agent, load_agent
from agent.errors import SettingsError
from simulator.checkers import CHECKERS
from simulator.link import LinkModel
from simulator.scenario.behaviours import (
    BEHAVIOURS,
    ORIGINS,
    phone_complaints,
    phrase_complaints,
    profile_complaints,
    settings_complaints,
    table_complaints,
)
from simulator.scenario.check_model import model_complaints, no_tool
from simulator.scenario.check_steps import say_complaints, step_complaints
from simulator.scenario.complaints import Complaint, Path, nearest
from simulator.scenario.faults import fault_complaints
from simulator.scenario.known_tools import KnownTools, known_tools
from simulator.scenario.model import ScriptFile
from simulator.scenario.model_expect import CallExpectTable, ToolTable
from simulator.scene import plain_words
from tools.store import known_tables


def check(script: ScriptFile, folder: FilePath) -> Iterator[Complaint]:
    """Everything that is wrong with a script whose tables are in shape; files are looked for in `folder`."""
    agent = None
    try:
        agent = agent_of(script, folder)
    except SettingsError as error:
        yield Complaint(("agent",), f"agent: {str(error).removeprefix('OFFHOOK_AGENT: ')}")
    yield from _caller_complaints(script, folder)
    yield from _behaviour_complaints(script, agent)
    for index, fault in enumerate(script.faults):
        yield from fault_complaints(fault, ("faults", index))
    for name in script.waive:
        if name not in CHECKERS:
            yield Complaint(("waive", name), f'unknown checker "{name}"{nearest(name, CHECKERS)}')
    yield from model_complaints(script, agent)
    yield from _expect_complaints(script, agent)


def agent_of(script: ScriptFile, folder: FilePath) -> Agent:
    """The agent of a script. Raises SettingsError."""
    return load_agent(agent_name(script, folder))


def agent_name(script: ScriptFile, folder: FilePath) -> str:
    """The agent's name, or its file, which may lie beside the script."""
    beside = folder / script.agent
    return str(beside) if script.agent.endswith(".toml") and beside.is_file() else script.agent


# --- who calls, and how everybody behaves ------------------------------------------------------------------------


def _caller_complaints(script: ScriptFile, folder: FilePath) -> Iterator[Complaint]:
    longest_ms = round(script.longest_s * 1_000)
    who = [key for key in ("caller", "callers", "machine") if getattr(script, key) is not None]
    if len(who) > 1:
        yield Complaint((who[1],), f"expected one of caller, [[callers]] and [machine], got {' and '.join(who)}")
    if script.machine is not None:
        yield from say_complaints(script.machine.greeting, ("machine", "greeting"))
    if not who:
        yield Complaint((), 'expected somebody who calls: caller = [{ say = "..." }], [[callers]] or [machine]')
    yield from step_complaints(script.caller or [], ("caller",), folder, longest_ms)
    yield from phone_complaints(script.phone, ("phone",))
    names: list[str] = []
    for index, caller in enumerate(script.callers or []):
        if caller.name in names:
            yield Complaint(("callers", index, "name"), f'expected a name of their own, got "{caller.name}" again')
        if caller.arrives_ms >= longest_ms:
            yield Complaint(
                ("callers", index, "arrives_ms"), f"arrives_ms: expected less than {longest_ms} (longest_s)"
            )
        names.append(caller.name)
        yield from step_complaints(caller.script, ("callers", index, "script"), folder, longest_ms)
        yield from phone_complaints(caller.phone, ("callers", index, "phone"), own_traits=False)


def _behaviour_complaints(script: ScriptFile, agent: Agent | None) -> Iterator[Complaint]:
    for name, behaviour in BEHAVIOURS.items():
        yield from table_complaints(behaviour, getattr(script, name), (name,))
    for name in ORIGINS:
        yield from table_complaints(LinkModel, getattr(script.network, name), ("network", name))
    names = [table.name for table in agent.http_tools] if agent is not None else list(script.webhook)
    for name in script.webhook:
        if name not in names:
            known = nearest(name, names) if names else "; its file has no [[http_tools]]"
            yield Complaint(("webhook", name), f'the agent has no HTTP tool "{name}"{known}')
    servers = [table.name for table in agent.mcp_servers] if agent is not None else list(script.mcp)
    if script.mcp and find_spec("mcp") is None:
        yield Complaint(("mcp",), "MCP servers are simulated by the package mcp: pip install 'offhook[mcp]'")
    for name in script.mcp:
        if name not in servers:
            known = nearest(name, servers) if servers else "; its file has no [[mcp_servers]]"
            yield Complaint(("mcp", name), f'the agent has no MCP server "{name}"{known}')
    yield from profile_complaints(agent.profile if agent is not None else {}, script.profile)
    yield from phrase_complaints(script.phrases)
    yield from settings_complaints(script.settings)


# --- what must hold ----------------------------------------------------------------------------------------------


def _expect_complaints(script: ScriptFile, agent: Agent | None) -> Iterator[Complaint]:
    expect, tools = script.expect, known_tools(script, agent)
    yield from _call_complaints(expect, ("expect",), tools)
    names = [caller.name for caller in script.callers or []]
    for name, table in (expect.callers or {}).items():
        if name not in names:
            hint = nearest(name, names) if names else "; there is only one caller: say it in [expect] itself"
            yield Complaint(("expect", "callers", name), f'there is no caller "{name}"{hint}')
        yield from _call_complaints(table, ("expect", "callers", name), tools)
    for index, row in enumerate(expect.database or []):
        path: Path = ("expect", "database", index)
        tables = known_tables()
        if row.table not in tables:
            yield Complaint((*path, "table"), f'there is no table "{row.table}"{nearest(row.table, tables)}')
            continue
        for column in row.where or {}:
            if column not in tables[row.table]:
                known = nearest(column, tables[row.table])
                yield Complaint((*path, "where", column), f'{row.table} has no column "{column}"{known}')


def _call_complaints(table: CallExpectTable, path: Path, tools: KnownTools | None) -> Iterator[Complaint]:
    for key in ("heard", "said", "not_said", "understood", "not_understood", "twilio_says"):
        for index, phrase in enumerate(getattr(table, key) or []):
            if not plain_words(phrase):
                yield Complaint((*path, key, index), f'{key}: expected words, got "{phrase}"')
    if table.no_tools and table.tools:
        yield Complaint((*path, "no_tools"), "expected tools or no_tools, got both")
    for index, tool in enumerate(table.tools or []):
        if tools is not None:
            yield from _tool_complaints(tool, (*path, "tools", index), tools)
    span = table.duration_ms
    if span is not None and span.min is not None and span.max is not None and span.min > span.max:
        yield Complaint((*path, "duration_ms"), f"duration_ms: expected min <= max, got {span.min} and {span.max}")


def _tool_complaints(tool: ToolTable, path: Path, tools: KnownTools) -> Iterator[Complaint]:
    if tool.name not in tools:
        yield Complaint((*path, "name"), no_tool(tool.name, tuple(tools)))
        return
    known = tools[tool.name]
    for name in tool.arguments or {}:
        if name not in known:
            yield Complaint((*path, "arguments", name), f'{tool.name} has no argument "{name}"{nearest(name, known)}')
