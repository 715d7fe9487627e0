"""Bugs of the bundled agents' tools, and of what keeps their effects to one."""

from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import count
from typing import Any

from agent import call_line
from agent.agent_file import BUNDLED
from agent.workshop import Workshop
from tests.mutants.mutant import all_of, mutant, swapped
from tools import runner
from tools.context import ToolContext, ToolError
from tools.dispatch import tools as dispatch
from tools.intents import Intents, digest
from tools.journal import FileJournal
from tools.payments import charging
from tools.payments import tools as payments
from tools.runner import Runner
from tools.store import write

Plan = AbstractContextManager[object]


def of_agent(name: str) -> str:
    """The call script of a bundled agent, by "agent/script"."""
    agent, script = name.split("/")
    return str(BUNDLED / agent / "scripts" / f"{script}.toml")


# --- payments


@mutant("a payment is booked each time that it is told of", of_agent("payments/told_twice"))
def booked_by_each_callback() -> Plan:
    numbers, book, keep = count(), charging._book, FileJournal.keep_receipt

    def anew(db: Any, context: ToolContext, *rest: Any) -> Any:  # noqa: ANN401 - passed on
        return book(db, replace(context, key=f"{context.key}/{next(numbers)}"), *rest)

    async def each_time(context: Any, business: Any, _tool: str, work: Any) -> Any:  # noqa: ANN401 - same
        return await write(context, business, work)

    async def never(*_asked: object) -> bool:
        return False

    def all_payments(journal: FileJournal, _now: object) -> list[Any]:
        return [entry for entry in journal.entries() if entry.tool == "take_payment"]

    return all_of(
        swapped(charging, "_book", anew),
        swapped(payments, "once", each_time),
        swapped(payments, "was_done", never),
        swapped(FileJournal, "unsettled", all_payments),
        swapped(FileJournal, "keep_receipt", lambda *told: keep(*told) or True),
    )


@mutant("what is told of a payment after its call is over is dropped", of_agent("payments/hung_up_after_the_charge"))
def late_receipt_dropped() -> Plan:
    return swapped(Workshop, "keep_receipt", lambda *_told: None)


@mutant("who hangs up at the form counts as not charged", of_agent("payments/hung_up_after_the_charge"))
def unknown_taken_for_undone() -> Plan:
    return swapped(call_line, "ToolFailed", lambda reason, **_told: ToolError(reason))


# --- intents


@mutant("what is wanted is told apart by its tool, not by its arguments", of_agent("shipments/two_changes"))
def intent_without_arguments() -> Plan:
    def intent(intents: Intents, tool: Any, _arguments: Any) -> str:  # noqa: ANN401 - what it takes
        return digest(b"", [intents._context.call_id, tool.name])

    return swapped(Intents, "intent", intent)


@mutant("a unit that was sent is free for the next driver", of_agent("dispatch/two_drivers"))
def unit_not_taken() -> Plan:
    return swapped(dispatch, "_take", lambda *_asked: True)


# --- memory


@mutant("what a change outdates is still told from memory", of_agent("appointments/cancel"))
def memory_not_outdated() -> Plan:
    async def nothing(*_ran: object) -> None:
        """Everything stays as it was."""

    return swapped(Runner, "_outdate", nothing)


@mutant("what was looked up for one caller is told to another", of_agent("shipments/known_caller"))
def memory_of_anybody() -> Plan:
    return swapped(runner, "digest", lambda pepper, parts: digest(pepper, parts[1:]))
