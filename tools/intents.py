"""What one call wanted done: each intent under a key of its own, written down before it runs, and done once."""

import asyncio
import json
import os
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from pydantic_core import to_json

from tools.context import ToolContext
from tools.journal import Entry, Journal
from tools.outcome import Ending, Fate, Outcome, bounded_json, failure
from tools.tool import Arguments, Tool, json_without

MAX_REMEMBERED = 64
"""Effects of one call whose first answer is kept; far beyond what a phone call can contain."""

_DONE_BEFORE = bounded_json({"done": True, "note": "It was done already, before the line was interrupted."})
_UNSURE_BEFORE = (
    "This was begun before the line was interrupted and may have been done. It is not repeated. "
    "Say neither that it is done nor that it failed: somebody will check it and call back."
)


class Intents:
    """The effects of one call, by intent: the same tool with the same meaning (checked arguments, defaults filled in).

    An attempt that changed nothing may be followed by another, which has a key of its own: whoever keeps answers by
    key would else refuse it again.
    """

    def __init__(self, context: ToolContext, journal: Journal | None) -> None:
        self._context = context
        self._journal = journal
        self._known: dict[str, Ending | asyncio.Task[Ending]] = {}
        self._attempts: dict[str, int] = {}

    def intent(self, tool: Tool, arguments: Arguments) -> str:
        """The name of what is wanted; raises `JournalError`."""
        pepper = b"" if self._journal is None else self._journal.pepper
        return digest(pepper, [self._context.call_id, tool.name, canonical(arguments)])

    def known(self, intent: str) -> "Ending | asyncio.Task[Ending] | None":
        """How it ended, here or in another life of this process, or its task; None: it may run.

        Raises `JournalError`.
        """
        known = self._known.get(intent)
        if known is not None or self._journal is None:
            return known
        last = self._journal.last(intent)
        if last is None:
            return None
        self._attempts[intent] = int(last.key.rpartition(".")[2])
        if last.fate is Fate.NOT_DONE:
            return None
        return Ending(Outcome(_DONE_BEFORE)) if last.fate is Fate.DONE else Ending(failure(_UNSURE_BEFORE), Fate.UNSURE)

    def begin(self, intent: str, tool: Tool, arguments: Arguments) -> str:
        """Write down that it is about to run; its idempotency key. Raises `JournalError`: then it must not."""
        number = self._attempts[intent] = self._attempts.pop(intent, 0) + 1
        if len(self._attempts) > MAX_REMEMBERED:
            del self._attempts[next(iter(self._attempts))]
        key = f"{intent}.{number}"
        if self._journal is not None:
            told = json_without(tool.terms.private, canonical(arguments))
            begun_at = self._context.now().isoformat()
            pid, life = os.getpid(), self._journal.run
            self._journal.begin(Entry(key, intent, tool.name, told, self._context.call_id, begun_at, life, pid))
        return key

    def end(self, key: str, ending: Ending) -> None:
        """Write down how it ended; raises `JournalError`."""
        if self._journal is not None:
            self._journal.end(key, ending.fate, self._context.now().isoformat())

    def remember(self, intent: str, ending: "Ending | asyncio.Task[Ending]") -> None:
        """What a repetition gets; nothing where it may be tried again."""
        self._known.pop(intent, None)
        if isinstance(ending, Ending) and ending.fate is Fate.NOT_DONE:
            return
        self._known[intent] = ending
        if len(self._known) > MAX_REMEMBERED:
            del self._known[next(iter(self._known))]


def canonical(arguments: Mapping[str, Any]) -> str:
    """Arguments as JSON text that is the same for the same meaning."""
    plain = json.loads(to_json(arguments, fallback=repr))
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(pepper: bytes, parts: list[str]) -> str:
    """A name for `parts` in which none of them can be read."""
    return blake2b(json.dumps(parts).encode(), key=pepper, digest_size=16).hexdigest()
