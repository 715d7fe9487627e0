"""Bugs of tools that live elsewhere, and of the memory of their answers."""

from contextlib import AbstractContextManager
from typing import Any

from tests.mutants.mutant import mutant, swapped
from tools import webhook
from tools.cache_store import Found, MemoryStore
from tools.runner import Runner

Plan = AbstractContextManager[object]


@mutant("an endpoint that may have done it is asked to do it again", "webhook_effect_unsure")
def effect_repeated() -> Plan:
    return swapped(webhook._Question, "may_repeat", True)


@mutant("an endpoint that fails is asked only once", "webhook_retry")
def never_repeated() -> Plan:
    return swapped(webhook._Question, "may_repeat", False)


@mutant("nothing is asked ahead of need", "prefetched")
def not_warmed() -> Plan:
    return swapped(Runner, "warm", lambda _runner: None)


@mutant("what is kept is never found", "prefetched")
def memory_lost() -> Plan:
    async def nothing(_store: MemoryStore, _tool: str, _key: str) -> Any:  # noqa: ANN401 - what the store would find
        return Found("0")

    return swapped(MemoryStore, "look", nothing)
