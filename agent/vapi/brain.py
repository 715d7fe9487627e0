"""Our brain for Vapi's calls: the agent's prompt, model and tools, its fillers and its ways out when something fails.

The tools are run here, within the answer: one round trip less than by Vapi. What Vapi names besides our own (`endCall`,
`transferCall`) is left to Vapi. Protocol page "vapi", section 6.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from agent.errors import Fault
from agent.ports import Generation, LanguageModel, ToolSchema, Usage
from agent.vapi.assistant import END_CALL, HANG_UP, ON_OUR_LINE
from agent.vapi.calls import Run, ToolRound, VapiCall
from agent.vapi.chat import ChatRequest, Piece, Pieces, history
from agent.vapi.outbox import Outbox
from fsm.events import ToolCall
from fsm.profile import Phrases, Profile
from fsm.transcript import Message
from tools.registry import Registry

log = logging.getLogger(__name__)

FLUSH = " <flush /> "
"""Has Vapi speak at once what came before it."""

Emit = Callable[[Piece], None]


class GivenUpError(Exception):
    """Nothing more of this answer will come; the caller was told."""


class Brain:
    """Answers for the calls of one agent.

    `prompt` makes the system prompt, of caller's number, present time, and no openings: Vapi's voice has none ready.
    """

    def __init__(
        self,
        model: LanguageModel,
        tools: Callable[[], Registry],
        prompt: Callable[[str, datetime, Sequence[str]], str],
        profile: Profile,
        phrases: Phrases,
        now: Callable[[], datetime],
    ) -> None:
        self._model = model
        self._tools = tools
        self._prompt = prompt
        self._profile = profile
        self._phrases = phrases
        self._now = now

    async def answer(self, call: VapiCall, request: ChatRequest) -> Pieces:
        """The pieces of one answer, as they come.

        It ends an answer that still runs: the caller went on speaking. What that one asked of tools stays in `call`.
        """
        if call.answering is not None:
            call.answering.cancel()
        pieces: Outbox[Piece] = Outbox()
        thinking = _Thinking(self, call, request, pieces.put)
        task = call.answering = asyncio.create_task(thinking.run(), name="vapi answer")
        task.add_done_callback(lambda _: pieces.close())
        try:
            async for piece in pieces:
                yield piece
        finally:
            task.cancel()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call %s: a mistake of ours in its answer", call.call_id, exc_info=error)
            yield self._phrases.apology

    async def farewell(self, request: ChatRequest, text: str = "") -> Pieces:
        """An answer that ends the call: `text`, or else the goodbye, and Vapi's own tool, where it is offered."""
        yield text or self._phrases.goodbye
        if any(each.name == END_CALL for each in request.tools):
            yield (ToolCall(f"farewell-{len(request.messages)}", END_CALL, "{}"),)


class _Thinking:
    """One answer being thought."""

    def __init__(self, brain: Brain, call: VapiCall, request: ChatRequest, emit: Emit) -> None:
        self._model, self._profile, self._phrases = brain._model, brain._profile, brain._phrases
        self._system = Message("system", brain._prompt(call.caller, brain._now(), ()))
        self._tools = brain._tools()
        self._call = call
        self._request = request
        self._emit = emit
        self._said = ""

    async def run(self) -> None:
        """Answer: the model, the tools it asks for, the model again, as often as the profile allows."""
        try:
            await self._wait_for(self._call.unfinished(), self._phrases.filler)
            messages = [self._system, *history(self._request.messages, self._call.rounds)]
            tools = self._offered()
            for left in range(self._profile.tool_rounds, -1, -1):
                said_before = self._said
                calls = await self._generate(messages, tools if left else ())
                if not calls:
                    return
                said = self._said.removeprefix(said_before)
                each = await self._use(calls, said)
                if each is None:
                    return
                messages += each.messages(said)
                if any(outcome.ends_round for outcome in each.outcomes()):
                    tools = ()
        except GivenUpError:
            return

    def _offered(self) -> tuple[ToolSchema, ...]:
        """Ours, and what only Vapi can do; the call is ended by our own tool, where there is one."""
        ours = [tool for tool in self._tools if tool.name == HANG_UP or tool.name not in ON_OUR_LINE]
        taken = {tool.name for tool in self._tools} | ({END_CALL} if HANG_UP in self._tools else set())
        schemas = [ToolSchema(tool.name, tool.description, tool.parameters) for tool in ours]
        return (*schemas, *(each for each in self._request.tools if each.name not in taken))

    async def _use(self, calls: tuple[ToolCall, ...], said: str) -> ToolRound | None:
        """Run what is ours; None: the rest, or the end of the call, is Vapi's, or the caller was told all there is."""
        theirs = tuple(call for call in calls if call.name not in self._tools and self._is_theirs(call.name))
        ours = tuple(call for call in calls if call not in theirs)
        each = None
        if ours:
            if said.strip():
                self._emit(FLUSH)
            each = self._call.use_tools(self._request.heard, ours)
            await self._wait_for(each.runs, self._filler(ours))
            if any(outcome.ends_call for outcome in each.outcomes()):
                self._end_call(ours[0])
                return None
        if theirs:
            self._emit(theirs)
            return None
        return each

    def _is_theirs(self, name: str) -> bool:
        return any(each.name == name for each in self._request.tools)

    def _end_call(self, asked: ToolCall) -> None:
        """Vapi ends it once the last words were heard."""
        if not self._said.strip():
            self._say(self._phrases.goodbye)
        if self._is_theirs(END_CALL):
            self._emit((replace(asked, name=END_CALL, arguments="{}"),))

    # --- tools ---------------------------------------------------------------------------------------------------

    def _filler(self, calls: Iterable[ToolCall]) -> str:
        told = (self._phrases.tools[call.name] for call in calls if call.name in self._phrases.tools)
        return next(told, self._phrases.filler)

    async def _wait_for(self, runs: Sequence[Run], filler: str) -> None:
        """Until all have returned; meanwhile the caller hears that something is done. Raises GivenUpError."""
        waited_ms, phrase = 0, filler
        while pending := [run for run in runs if not run.done()]:
            if waited_ms >= self._profile.tool_timeout_ms:
                self._say(self._phrases.overdue)
                raise GivenUpError
            if waited_ms:
                self._say(phrase + FLUSH)
                phrase = self._phrases.still_at_it
            await asyncio.wait(pending, timeout=self._profile.filler_ms / 1_000)
            waited_ms += self._profile.filler_ms

    # --- the model -----------------------------------------------------------------------------------------------

    async def _generate(self, messages: Sequence[Message], tools: tuple[ToolSchema, ...]) -> tuple[ToolCall, ...]:
        """What the model asks for, once all its words were said. Raises GivenUpError after the apology."""
        for _ in range(1 + self._profile.retries):
            said_before = self._said
            listening = _Listening(self._say, self._emit)
            generation: Generation = self._model.generate(messages, tools, listening)
            try:
                calls = await listening.done
            finally:
                if not listening.done.done() or listening.done.cancelled():
                    generation.cancel()
            if calls or (calls is not None and self._said != said_before):
                return calls
            if listening.fault is not None:
                log.warning("call %s: %s", self._call.call_id, listening.fault)
            if self._said != said_before or (listening.fault is not None and not listening.fault.is_retryable):
                break
        self._say(self._phrases.apology)
        raise GivenUpError

    def _say(self, text: str) -> None:
        self._said += text
        self._emit(text)


class _Listening:
    """Passes on the words of one generation; `done` is what tools it asked for, None where it failed."""

    def __init__(self, say: Callable[[str], None], emit: Emit) -> None:
        self.done: asyncio.Future[tuple[ToolCall, ...] | None] = asyncio.get_running_loop().create_future()
        self.fault: Fault | None = None
        self.on_token = say
        self._emit = emit

    def on_generated(self, calls: tuple[ToolCall, ...], usage: Usage) -> None:
        """It finished properly."""
        self._emit(usage)
        if not self.done.done():
            self.done.set_result(calls)

    def on_generation_failed(self, fault: Fault) -> None:
        """It failed."""
        self.fault = fault
        if not self.done.done():
            self.done.set_result(None)
