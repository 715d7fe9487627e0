"""Runs the tools of one call: checked arguments in, exactly one bounded answer out, each effect once."""

import asyncio
import logging
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from tools.context import EndsCall, NotDone, ToolContext, ToolError
from tools.registry import Kind, Registry, Tool, UnknownToolError

MAX_ARGUMENTS_CHARS = 16_000
"""Longer arguments are no slip of the tongue but a model that runs wild."""

MAX_RESULT_CHARS = 4_000
"""About a thousand tokens: what a spoken answer could need, and no more."""

MAX_REMEMBERED_EFFECTS = 64
"""Effects of one call whose first answer is kept; far beyond what a phone call can contain."""

EFFECT_LIMIT_MS = 30_000
"""What may not be cancelled goes on after its deadline, to end properly; what hangs is given up after this."""

_BROKE = "The tool broke. Say that this does not work right now, and offer another way."
_CANCELLED = "The tool was stopped before it ended."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one ending of a tool call; `result` is JSON text for the model."""

    result: str
    failed: bool = False
    ends_call: bool = False


@dataclass(frozen=True, slots=True)
class _Ending:
    outcome: Outcome
    repeatable: bool = False
    """Nothing was done: the same request may run again."""


class Runner:
    """Runs tools for one call.

    Within the call an effect with the same tool and the same meaning (arguments after checking, defaults filled in)
    runs once: a repetition gets the first answer, or waits for it.
    """

    def __init__(self, tools: Registry, context: ToolContext) -> None:
        self._tools = tools
        self._context = context
        self._effects: dict[bytes, _Ending | asyncio.Task[_Ending]] = {}
        self._running: set[asyncio.Task[_Ending]] = set()

    async def run(self, name: str, arguments_json: str) -> Outcome:
        """The outcome of one tool call. Raises nothing, except that its own task may be cancelled.

        A cancelled pure tool stops; any other goes on to its end, and a repetition finds its answer.
        """
        try:
            wanted = self._tools[name]
            arguments = wanted.parse(_bounded_arguments(arguments_json))
        except (UnknownToolError, ToolError) as error:
            return _failure(str(error)).outcome
        if wanted.kind is Kind.EFFECT:
            return await self._run_once(wanted, arguments)
        if wanted.is_async:
            return await self._wait_for(self._begin(wanted, arguments), wanted)
        return self._run_inline(wanted, arguments).outcome

    async def settle(self, timeout_ms: int) -> int:
        """Wait, bounded, for what still runs when the call is over; how many did not end in time."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=timeout_ms / 1_000)
        return len(self._running)

    async def _run_once(self, wanted: Tool, arguments: BaseModel) -> Outcome:
        key = to_json([wanted.name, arguments.model_dump(mode="json")])
        known = self._effects.get(key)
        if isinstance(known, _Ending):
            return known.outcome
        if known is not None:
            return await self._wait_for(known, wanted)
        if not wanted.is_async:
            ending = self._run_inline(wanted, arguments)
            self._remember(key, ending)
            return ending.outcome
        task = self._begin(wanted, arguments)
        self._remember(key, task)
        task.add_done_callback(lambda done: self._remember(key, _ending_of(done)))
        return await self._wait_for(task, wanted)

    def _remember(self, key: bytes, ending: "_Ending | asyncio.Task[_Ending]") -> None:
        self._effects.pop(key, None)
        if isinstance(ending, _Ending) and ending.repeatable:
            return
        self._effects[key] = ending
        if len(self._effects) > MAX_REMEMBERED_EFFECTS:
            del self._effects[next(iter(self._effects))]

    def _run_inline(self, wanted: Tool, arguments: BaseModel) -> _Ending:
        try:
            return _answer(wanted.call(arguments, self._context))
        except Exception as error:  # a tool may raise anything, and the call goes on
            return _broken(wanted, error)

    def _begin(self, wanted: Tool, arguments: BaseModel) -> asyncio.Task[_Ending]:
        task = asyncio.create_task(self._attempt(wanted, arguments), name=f"tool {wanted.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _attempt(self, wanted: Tool, arguments: BaseModel) -> _Ending:
        try:
            async with asyncio.timeout(max(wanted.deadline_ms, EFFECT_LIMIT_MS) / 1_000):
                return _answer(await wanted.call(arguments, self._context))
        except Exception as error:  # a tool may raise anything, and the call goes on
            return _broken(wanted, error)

    async def _wait_for(self, task: asyncio.Task[_Ending], wanted: Tool) -> Outcome:
        try:
            done, _ = await asyncio.wait({task}, timeout=wanted.deadline_ms / 1_000)
        except asyncio.CancelledError:
            if wanted.kind is Kind.PURE:
                task.cancel()
            raise
        if done:
            return _ending_of(task).outcome
        if wanted.kind is Kind.PURE:
            task.cancel()
        return _too_late(wanted)


def _bounded_arguments(arguments_json: str) -> str:
    if len(arguments_json) > MAX_ARGUMENTS_CHARS:
        raise ToolError(f"Arguments of {len(arguments_json)} characters are too long: at most {MAX_ARGUMENTS_CHARS}.")
    stripped = arguments_json.strip()
    return "{}" if stripped in ("", "null") else stripped  # how models spell "no arguments"


def _ending_of(task: asyncio.Task[_Ending]) -> _Ending:
    return _failure(_CANCELLED) if task.cancelled() else task.result()


def _answer(value: object) -> _Ending:
    match value:
        case EndsCall(answer):
            return _Ending(Outcome(_bounded_json(answer), ends_call=True))
        case NotDone(answer):
            return _Ending(Outcome(_bounded_json(answer)), repeatable=True)
        case _:
            return _Ending(Outcome(_bounded_json(value)))


def _failure(text: str, *, repeatable: bool = False) -> _Ending:
    return _Ending(Outcome(_bounded_json({"error": text}), failed=True), repeatable)


def _broken(wanted: Tool, error: Exception) -> _Ending:
    """The ending for an exception; its text reaches the model only where the tool meant it to."""
    if isinstance(error, ToolError):
        return _failure(str(error), repeatable=True)
    _log.error("tool %s broke: %s", wanted.name, type(error).__name__)
    _log.debug("tool %s broke", wanted.name, exc_info=error)  # the error's text may hold a caller's words
    return _failure(wanted.on_failure or _BROKE)


def _too_late(wanted: Tool) -> Outcome:
    seconds = wanted.deadline_ms / 1_000
    if wanted.kind is Kind.PURE:
        return _failure(wanted.on_failure or f"No answer within {seconds:g} s. Say so, and offer another way.").outcome
    unsure = (
        f"Not confirmed within {seconds:g} s; it may still be done. Say neither that it is done nor that it failed."
    )
    return _failure(unsure).outcome


def _bounded_json(value: object) -> str:
    try:
        text = to_json(value, inf_nan_mode="null").decode()
    except (PydanticSerializationError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise TypeError(f"a tool must answer with what JSON can hold, got {type(value).__name__}") from error
    if len(text) <= MAX_RESULT_CHARS:
        return text
    return to_json({"cut": f"{len(text)} characters, this is the beginning", "beginning": _head_of(text)}).decode()


def _head_of(text: str) -> str:
    """The beginning of `text`, short enough that it fits although quoting may double it."""
    return text[: MAX_RESULT_CHARS // 2 - 100]
