"""Runs the tools of one call: checked arguments in, exactly one bounded answer out, each effect once."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from tools.ahead import arguments_for
from tools.context import ToolContext, ToolError, ToolFailed
from tools.intents import Intents, canonical, digest
from tools.journal import Journal, JournalError
from tools.mistakes import Mistakes
from tools.outcome import Ending, Fate, Outcome, broken, ending_of, failure, too_late
from tools.ports import Cache
from tools.registry import Registry, UnknownToolError
from tools.tool import Arguments, Kind, Tool

MAX_ARGUMENTS_CHARS = 16_000
"""Longer arguments are no slip of the tongue but a model that runs wild."""

_CANCELLED = "The tool was stopped before it ended."
_UNWRITTEN = "This cannot be done right now. Nothing was changed. Say so, and offer another way."

_log = logging.getLogger(__name__)


class Runner:
    """Runs tools for one call.

    Within the call an effect with the same tool and the same meaning (arguments after checking, defaults filled in)
    runs once: a repetition gets the first answer, or waits for it. With a `journal` that holds for a call that goes on
    in another life of the process, and an effect that cannot be written down does not run. With a `cache` answers of
    pure tools are kept, where they are declared so.
    """

    def __init__(
        self, tools: Registry, context: ToolContext, *, journal: Journal | None = None, cache: Cache | None = None
    ) -> None:
        self._tools = tools
        self._context = context
        self._cache = cache
        self._intents = Intents(context, journal)
        self._mistakes = Mistakes()
        self._running: set[asyncio.Task[Ending]] = set()

    async def run(self, name: str, arguments_json: str) -> Outcome:
        """The outcome of one tool call. Raises nothing, except that its own task may be cancelled.

        A cancelled pure tool stops; any other goes on to its end, and a repetition finds its answer.
        """
        try:
            wanted = self._tools[name]
            arguments = wanted.check(_bounded_arguments(arguments_json))
        except (UnknownToolError, ToolError) as error:
            return self._mistakes.made(name, str(error))
        self._mistakes.made_good(name)
        if wanted.terms.kind is Kind.EFFECT:
            return await self._run_once(wanted, arguments)
        if self._cache is not None and wanted.terms.cache_ms:
            return await self._wait_for(self._begin(wanted, self._ask_cache(self._cache, wanted, arguments)), wanted)
        if wanted.is_async:
            return await self._wait_for(self._begin(wanted, self._attempt(wanted, arguments, self._context)), wanted)
        ending = self._attempt_inline(wanted, arguments, self._context)
        await self._outdate(wanted, ending)
        return ending.outcome

    def warm(self) -> None:
        """The call begins: ask what is asked ahead of need, so that its answer is there when the caller wants it."""
        for tool in self._tools:
            is_of_somebody = not tool.reads_call or bool(self._context.caller)
            if self._cache is None or tool.terms.prefetch is None or not is_of_somebody:
                continue
            try:
                told = arguments_for(tool.terms.prefetch, self._context)
                arguments = None if told is None else tool.check(told)
            except ToolError as error:  # a caller whose number is of another kind: "sip:ada@example.com"
                _log.info("tool %s is not asked ahead of need: %s", tool.name, error)
                continue
            if arguments is not None:
                self._begin(tool, self._ask_cache(self._cache, tool, arguments))

    async def settle(self, timeout_ms: int) -> int:
        """Wait, bounded, for what still runs when the call is over; how many did not end in time."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=timeout_ms / 1_000)
        return len(self._running)

    # --- effects -----------------------------------------------------------------------------------------------

    async def _run_once(self, wanted: Tool, arguments: Arguments) -> Outcome:
        try:
            intent = self._intents.intent(wanted, arguments)
            known = self._intents.known(intent)
            if isinstance(known, Ending):
                return known.outcome
            if known is not None:
                return await self._wait_for(known, wanted)
            key = self._intents.begin(intent, wanted, arguments)
        except JournalError as error:
            _log.error("tool %s was not run: %s", wanted.name, error)
            return failure(_UNWRITTEN, say=wanted.terms.on_failure)
        context = replace(self._context, key=key)
        if not wanted.is_async:
            ending = self._attempt_inline(wanted, arguments, context)
            self._note_end(wanted, key, ending)
            self._intents.remember(intent, ending)
            await self._outdate(wanted, ending)
            return ending.outcome
        task = self._begin(wanted, self._attempt(wanted, arguments, context))
        self._intents.remember(intent, task)
        task.add_done_callback(lambda done: self._intents.remember(intent, _ending_of(done)))
        return await self._wait_for(task, wanted)

    def _note_end(self, wanted: Tool, key: str, ending: Ending) -> None:
        """What happened has happened: where it cannot be written down, the entry stays open and is found there."""
        try:
            self._intents.end(key, ending)
        except JournalError as error:
            _log.error("tool %s ended (%s): %s", wanted.name, ending.fate, error)

    # --- one attempt ---------------------------------------------------------------------------------------------

    def _attempt_inline(self, wanted: Tool, arguments: Arguments, context: ToolContext) -> Ending:
        try:
            return ending_of(wanted.run(context, arguments))
        except Exception as error:  # a tool may raise anything, and the call goes on
            return _broken(wanted, error)

    async def _attempt(self, wanted: Tool, arguments: Arguments, context: ToolContext) -> Ending:
        try:
            async with asyncio.timeout(wanted.terms.limit_ms / 1_000):
                ending = ending_of(await wanted.run(context, arguments))
        except Exception as error:  # a tool may raise anything, and the call goes on
            ending = _broken(wanted, error)
        if wanted.terms.kind is Kind.EFFECT:
            self._note_end(wanted, context.key, ending)
        await self._outdate(wanted, ending)
        return ending

    def _begin(self, wanted: Tool, work: Coroutine[Any, Any, Ending]) -> asyncio.Task[Ending]:
        task = asyncio.create_task(work, name=f"tool {wanted.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _wait_for(self, task: asyncio.Task[Ending], wanted: Tool) -> Outcome:
        try:
            done, _ = await asyncio.wait({task}, timeout=wanted.terms.deadline_ms / 1_000)
        except asyncio.CancelledError:
            if wanted.terms.kind is Kind.PURE:
                task.cancel()
            raise
        if done:
            return _ending_of(task).outcome
        if wanted.terms.kind is Kind.PURE:
            task.cancel()
        return too_late(wanted)

    # --- kept answers --------------------------------------------------------------------------------------------

    async def _ask_cache(self, cache: Cache, wanted: Tool, arguments: Arguments) -> Ending:
        """The kept answer, or a fresh one; what depends on the call is kept for its caller alone."""

        async def ask() -> Ending:
            if not wanted.is_async:
                return self._attempt_inline(wanted, arguments, self._context)
            try:  # others may wait for this answer after the one who asked has given up
                async with asyncio.timeout(wanted.terms.deadline_ms / 1_000):
                    return await self._attempt(wanted, arguments, self._context)
            except TimeoutError:
                return Ending(too_late(wanted), Fate.UNSURE)

        whose = (self._context.caller or self._context.call_id) if wanted.reads_call else ""
        key = digest(cache.pepper, [whose, wanted.name, canonical(arguments)])
        return await cache.answer(wanted.name, key, wanted.terms, ask)

    async def _outdate(self, wanted: Tool, ending: Ending) -> None:
        """Forget what is no longer so, before anybody is told; nothing, where nothing was changed."""
        if self._cache is not None and ending.fate is not Fate.NOT_DONE:
            for tool in wanted.terms.outdates:
                await self._cache.forget(tool)


def _bounded_arguments(arguments_json: str) -> str:
    if len(arguments_json) > MAX_ARGUMENTS_CHARS:
        raise ToolError(f"Arguments of {len(arguments_json)} characters are too long: at most {MAX_ARGUMENTS_CHARS}.")
    stripped = arguments_json.strip()
    return "{}" if stripped in ("", "null") else stripped  # how models spell "no arguments"


def _ending_of(task: asyncio.Task[Ending]) -> Ending:
    return Ending(failure(_CANCELLED), Fate.UNSURE) if task.cancelled() else task.result()


def _broken(wanted: Tool, error: Exception) -> Ending:
    if not isinstance(error, ToolError | ToolFailed):
        _log.error("tool %s broke: %s", wanted.name, type(error).__name__)
        _log.debug("tool %s broke", wanted.name, exc_info=error)  # the error's text may hold a caller's words
    return broken(wanted, error)
