"""What Vapi is answered: its server messages, and whose chat completions our brain takes on. Without sockets.

Protocol page "vapi", sections 2 to 6. Whatever is not asked of us gets a 200 and an empty object.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from agent.agent_file import Agent
from agent.config import Config
from agent.vapi.assistant import assistant_of, destination_answer
from agent.vapi.brain import Brain
from agent.vapi.calls import Run, VapiCalls
from agent.vapi.chat import ChatRequest, encode_whole, stream_of
from agent.vapi.messages import (
    MessageError,
    VapiMessage,
    WantedTool,
    call_id_of,
    caller_of,
    message_of,
    one_line,
    read_body,
    wanted_tools,
)
from agent.vapi.reports import Reports
from agent.vapi.security import VapiCheck
from agent.web_request import WebRequest, WebResponse
from agent.workshop import Workshop

log = logging.getLogger(__name__)

WEBHOOKS = frozenset({"/vapi", "/vapi/webhook", "/vapi/tools"})
CHATS = frozenset({"/vapi/chat/completions", "/vapi/chat/completions/chat/completions"})
"""Vapi adds the last part to the URL it is given, which may have it already."""

OVER = frozenset({"ended", "not-found", "deletion-failed"})
"""Values of `status` after which nothing more happens to a call."""

COUNTED = frozenset({"hang", "user-interrupted"})

IS_OVER = "The call is over. Nothing was done."
TURNED_AWAY = "Nothing was done: we are busy right now. Say so, and ask the caller to call again in a few minutes."
BROKE = "The tool broke. Say that this does not work right now, and offer another way."


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """An answer of 200 whose pieces come as they are thought; who leaves closes the iterator."""

    pieces: AsyncGenerator[bytes, None]
    content_type: str = "text/event-stream"


Answer = WebResponse | StreamedResponse


class VapiWebhook:
    """Answers Vapi. `origin` tells where it reaches us, `now` the business's local time.

    Calls beyond `OFFHOOK_MAX_CALLS`, and new ones while `is_closing`, are told that we are busy: an error that Vapi
    speaks, an answer that ends the call, tool results that say so. `on_change` is called when a call may be over.
    """

    def __init__(  # noqa: PLR0913 - its surroundings, each by name
        self,
        config: Config,
        agent: Agent,
        workshop: Workshop,
        brain: Brain,
        reports: Reports,
        *,
        origin: Callable[[], str],
        now: Callable[[], datetime],
        is_closing: Callable[[], bool],
    ) -> None:
        self.calls = VapiCalls(workshop.runner, lambda: now().timestamp())
        self.counters: Counter[str] = Counter()
        self.on_change: Callable[[], None] = lambda: None
        self._config = config
        self._agent = agent
        self._workshop = workshop
        self._brain = brain
        self._reports = reports
        self._origin = origin
        self._now = now
        self._is_closing = is_closing
        self.takes_leave = False
        self._check = VapiCheck(config.vapi_secret.reveal())
        self._answers: dict[str, Callable[[VapiMessage], Awaitable[WebResponse]]] = {
            "assistant-request": self._assistant,
            "tool-calls": self._tools,
            "transfer-destination-request": self._destination,
            "status-update": self._status,
            "end-of-call-report": self._report,
        }

    async def handle(self, request: WebRequest) -> Answer:
        """Answer one request; every refusal is logged, and never with its body."""
        path = request.path.rstrip("/")
        if path not in WEBHOOKS | CHATS:
            known = f"Vapi's server URL is {self._origin()}/vapi/webhook, its custom LLM {self._origin()}/vapi"
            return self._refuse(request, 404, f"nothing is served here; {known}")
        if request.method != "POST":
            return WebResponse(405, orjson.dumps({"error": "use POST"}), headers={"allow": "POST"})
        try:
            told = read_body(request.body)
            if path in CHATS:
                return self._refused(request, call_id_of(told)) or await self._chat(told)
            message = message_of(told)
            return self._refused(request, message.call_id) or await self._answer(message)
        except MessageError as error:
            return self._refused(request, "") or self._refuse(request, 400, str(error))

    def take_leave(self) -> None:
        """Answers and tools under way come to their end; whoever asks for more is told goodbye."""
        self.takes_leave = True

    def close(self) -> None:
        """The house closes: answers under way end."""
        self.calls.end_all()

    # --- messages ------------------------------------------------------------------------------------------------

    async def _answer(self, message: VapiMessage) -> WebResponse:
        self.counters[message.type if message.type in self._answers else "other messages"] += 1
        if message.type in self._answers:
            return await self._answers[message.type](message)
        if message.type in COUNTED and message.call_id:
            self.calls.of(message.call_id, message.caller).counts[message.type.replace("-", "_")] += 1
        return _json({})

    async def _assistant(self, message: VapiMessage) -> WebResponse:
        call_id = message.call_id
        if not call_id:
            raise MessageError("assistant-request needs call.id: it names the call that is to be answered")
        if not self._has_place(call_id):
            return _json({"error": self._agent.busy})
        call = self.calls.of(call_id, message.caller)
        call.has_place = call.tells_end = True
        self._workshop.warm()
        token = self._check.token(call_id)
        tools = self._workshop.tools
        return _json({"assistant": assistant_of(self._agent, self._config, tools, self._origin(), token)})

    async def _tools(self, message: VapiMessage) -> WebResponse:
        """Every failure is a result: what has another status than 200 Vapi ignores."""
        if not message.call_id:
            raise MessageError("tool-calls needs call.id: it is whose effects happen once")
        wanted = wanted_tools(message.body)
        may_begin = self._has_place(message.call_id, if_full=True)  # it is under way already, whoever thinks for it
        call = self.calls.of(message.call_id, message.caller)
        call.has_place |= may_begin
        runs = [call.run(each, may_begin=may_begin) for each in wanted]
        await asyncio.wait([run for run in runs if run is not None] or [_nothing()])
        why_not = IS_OVER if call.is_over else TURNED_AWAY
        return _json({"results": [_result(each, run, why_not) for each, run in zip(wanted, runs, strict=True)]})

    async def _destination(self, _message: VapiMessage) -> WebResponse:
        return _json(destination_answer(self._agent, self._config))

    async def _status(self, message: VapiMessage) -> WebResponse:
        if message.call_id:
            call = self.calls.of(message.call_id, message.caller)
            call.tells_end = True
            if message.body.get("status") in OVER:
                call.end()
                self.on_change()
        return _json({})

    async def _report(self, message: VapiMessage) -> WebResponse:
        if not message.call_id:
            raise MessageError("end-of-call-report needs call.id: it is kept under it")
        call = self.calls.of(message.call_id, message.caller)
        call.end()
        self.on_change()
        private = self._workshop.tools.private
        try:
            is_new = self._reports.keep(message, call.counts, private, self._now().isoformat())
        except OSError as error:
            log.warning("call %s: its report is not kept: %s", message.call_id, error)
            return _json({"error": "the report could not be kept: send it again"}, 500)
        log.info("call %s: its report is %s", message.call_id, "kept" if is_new else "known already")
        call.is_reported = True
        self.on_change()
        return _json({})

    # --- the brain -----------------------------------------------------------------------------------------------

    async def _chat(self, told: dict[str, Any]) -> Answer:
        request = ChatRequest.of(told)
        call_id = call_id_of(told)
        if not call_id:
            raise MessageError('expected "call" with its id: leave metadataSendMode at "variable"')
        known = self.calls.known(call_id)
        if known is not None and known.is_over:
            return _json({"error": {"message": IS_OVER, "type": "invalid_request_error", "code": "call_ended"}}, 409)
        if self._has_place(call_id):
            call = self.calls.of(call_id, caller_of(told))
            call.has_place = True
            self.counters["chats"] += 1
            pieces = self._brain.answer(call, request)
        else:
            pieces = self._brain.farewell(request, "" if known is not None and known.has_place else self._agent.busy)
        if request.is_streamed:
            return StreamedResponse(stream_of(request, pieces, self._now()))
        return WebResponse(200, await encode_whole(request, pieces, self._now()))

    # --- inside --------------------------------------------------------------------------------------------------

    def _has_place(self, call_id: str, *, if_full: bool = False) -> bool:
        """Whether a call is taken on, or goes on; one that was taken on goes on until we take leave."""
        known = self.calls.known(call_id)
        if known is not None and known.has_place:
            return not self.takes_leave
        is_full = not if_full and self.calls.active >= self._config.max_calls
        if not (is_full or self._is_closing()):
            return True
        self.counters["turned away"] += 1
        log.warning("call %s: turned away, %s", call_id, "closing" if self._is_closing() else "full")
        return False

    def _refused(self, request: WebRequest, call_id: str) -> WebResponse | None:
        reason = self._check.refusal(request, call_id, self._now().timestamp())
        return None if reason is None else self._refuse(request, 401, reason)

    def _refuse(self, request: WebRequest, status: int, reason: str) -> WebResponse:
        self.counters[f"refused {status}"] += 1
        log.warning("refused %s %.100r with %d: %s", request.method, request.path, status, reason)
        return _json({"error": reason}, status)


async def _nothing_to_wait_for() -> None:
    """A call that is over has no tools that run."""


def _nothing() -> asyncio.Task[None]:
    return asyncio.create_task(_nothing_to_wait_for())


def _result(wanted: WantedTool, run: Run | None, why_not: str) -> dict[str, str]:
    told = {"toolCallId": wanted.call_id, "name": wanted.name}
    if run is None:
        return {**told, "error": why_not}
    if run.cancelled() or run.exception() is not None:  # a runner never raises: one that does is a mistake of ours
        log.error("call's tool %s: a mistake of ours", wanted.name)
        return {**told, "error": BROKE}
    outcome = run.result()
    return {**told, "error" if outcome.failed else "result": one_line(outcome.result)}


def _json(told: dict[str, Any], status: int = 200) -> WebResponse:
    return WebResponse(status, orjson.dumps(told))
