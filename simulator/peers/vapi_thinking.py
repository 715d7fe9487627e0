"""Who thinks in a call at Vapi: a custom model over HTTP, or one of Vapi's own, which a scripted brain plays."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from agent.clock import Timer
from fsm.units import NS_PER_MS
from simulator.brain.answers import Brain, BrainAnswer
from simulator.peers.vapi_auth import own_headers
from simulator.peers.vapi_behaviour import Auth
from simulator.peers.vapi_completion import Completion, CompletionListener
from simulator.peers.vapi_line import VapiLine
from simulator.peers.vapi_messages import AskedTool, CallFacts, Json
from simulator.peers.vapi_schema import Assistant, Model, Tool

CUSTOM = "custom-llm"
WRONG = frozenset({Auth.WRONG_SECRET, Auth.WRONG_SIGNATURE, Auth.STALE_SIGNATURE})


class ThinkingListener(CompletionListener, Protocol):
    """What comes of thinking."""

    def on_started_again(self) -> None:
        """The connection was lost: what was said of the answer is void, and another one comes."""


class Thinker:
    """Thinks one answer at a time. `completions` are all that were asked of a custom model."""

    def __init__(self, line: VapiLine, listener: ThinkingListener, brain: Brain | None) -> None:
        self.completions: list[Completion] = []
        self._line = line
        self._listener = listener
        self._brain = brain
        self._completion: Completion | None = None
        self._timer: Timer | None = None

    @property
    def is_thinking(self) -> bool:
        """Whether an answer is awaited, or comes."""
        return self._timer is not None or (self._completion is not None and self._completion.is_under_way)

    def think(self, assistant: Assistant, facts: CallFacts, messages: Sequence[Json]) -> None:
        """Answer `messages`."""
        model = assistant.model
        request = {
            "model": model.model,
            "messages": list(messages),
            "temperature": model.temperature,
            "max_tokens": model.max_tokens,
            "tools": [schema_of(tool) for tool in model.tools],
        }
        if model.provider == CUSTOM:
            usage = {"stream_options": {"include_usage": True}} if self._line.behaviour.wants_usage else {}
            self._ask(model, {**request, "stream": True, **usage, **_metadata(model, facts)})
            return
        assert self._brain is not None, f"a call with {model.provider}'s model needs a brain that plays it"
        answer = self._brain.answer(request)
        due = self._line.clock.now() + self._line.behaviour.model_delay_ms * NS_PER_MS
        self._timer = self._line.clock.call_at(due, partial(self._answer, answer))

    def stop(self) -> bool:
        """Give up what is thought; whether anything was."""
        was_thinking = self.is_thinking
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._completion is not None:
            self._completion.abort()
            self._completion = None
        return was_thinking

    # --- a custom model ------------------------------------------------------------------------------------------

    def _ask(self, model: Model, request: Json) -> None:
        behaviour, auth = self._line.behaviour, self._line.behaviour.auth
        headers = own_headers(auth, model.headers)
        if auth is not Auth.NONE:
            headers = {"Authorization": f"Bearer {self._line.account.secret}{'x' if auth in WRONG else ''}", **headers}
        completion = self._completion = Completion(self._line, self._listener)
        self.completions.append(completion)
        if behaviour.cut_after_chunks and len(self.completions) == 1:
            completion.on_chunk = partial(self._cut, completion, partial(self._ask, model, request))
        assert model.url is not None, "a custom model has a url"
        timeout_ms = behaviour.model_timeout_ms or round(model.timeout_seconds * 1_000)
        completion.start(model.url, headers, request, timeout_ms)

    def _cut(self, completion: Completion, again: Callable[[], None]) -> None:
        if completion.chunks == self._line.behaviour.cut_after_chunks and completion.is_under_way:
            completion.abort()
            self._listener.on_started_again()
            again()

    # --- a model of Vapi's ---------------------------------------------------------------------------------------

    def _answer(self, answer: BrainAnswer) -> None:
        self._timer = None
        if answer.text:
            self._listener.on_text(answer.text)
        calls = (AskedTool(self._line.fresh_id("call"), name, arguments) for name, arguments in answer.tool_calls)
        self._listener.on_completed(tuple(calls))


def schema_of(tool: Tool) -> dict[str, Any]:
    """A tool as a model is told of it; Vapi's own are functions as well."""
    if tool.function is not None:
        function = tool.function.model_dump(by_alias=True, exclude_unset=True)
    elif tool.type == "endCall":
        parameters: Json = {"type": "object", "properties": {}}
        function = {"name": tool.type, "description": "Use this function to end the call.", "parameters": parameters}
    else:
        numbers = {"type": "string", "enum": [each.number for each in tool.destinations]}
        parameters = {"type": "object", "properties": {"destination": numbers}, "required": ["destination"]}
        function = {
            "name": tool.type,
            "description": "Use this function to transfer the call.",
            "parameters": parameters,
        }
    return {"type": "function", "function": function}


def _metadata(model: Model, facts: CallFacts) -> Json:
    """What a custom model is told of the call."""
    if model.metadata_send_mode == "off":
        return {}
    parties = {"call": facts.call("in-progress"), "phoneNumber": facts.phone_number, "customer": facts.customer}
    return {**parties, "metadata": {}} if model.metadata_send_mode == "variable" else parties
