"""Which chat completions requests the emulated Groq takes (protocol page, sections 3 and 4)."""

from collections.abc import Mapping, Sequence

from simulator.brain.answers import tool_name
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.groq_refusals import GroqProblem, invalid, retired_model, unknown_model

ROLES = ("system", "developer", "user", "assistant", "tool")
MAX_TOOLS = 128
MAX_STOPS = 4
UNSUPPORTED = ("logprobs", "top_logprobs", "logit_bias")


def check_request(body: Mapping[str, object], behaviour: GroqBehaviour) -> GroqProblem | None:
    """The first thing wrong with a decoded request body, or `None`."""
    for check in (_check_messages, _check_limits, _check_tools, _check_reasoning, _check_format):
        problem = check(body)
        if problem is not None:
            return problem
    return _check_model(body, behaviour)


def _check_model(body: Mapping[str, object], behaviour: GroqBehaviour) -> GroqProblem | None:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return invalid("property 'model' is missing", param="model")
    if model in behaviour.retired_models:
        return retired_model(model)
    if behaviour.models and model not in behaviour.models:
        return unknown_model(model)
    return None


def _check_messages(body: Mapping[str, object]) -> GroqProblem | None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return invalid("'messages' : minimum number of items is 1", param="messages")
    callable_ids: frozenset[object] = frozenset()
    for index, message in enumerate(messages):
        problem = _check_message(f"messages.{index}", message, callable_ids)
        if problem is not None:
            return problem
        if message["role"] != "tool":
            callable_ids = _called_ids(message)
    return None


def _check_message(where: str, message: object, callable_ids: frozenset[object]) -> GroqProblem | None:
    """`callable_ids` are the calls of the assistant message that this one follows, if only tool messages intervene."""
    if not isinstance(message, Mapping):
        return invalid(f"'{where}' : value must be an object", param="messages")
    role = message.get("role")
    if role not in ROLES:
        return invalid(f"'{where}.role' : value must be one of {', '.join(ROLES)}; got {role!r}", param="messages")
    content = message.get("content")
    if content is None and not (role == "assistant" and message.get("tool_calls")):
        return invalid(f"'{where}' : property 'content' is missing", param="messages")
    if content is not None and not isinstance(content, str | list):
        return invalid(f"'{where}.content' : value must be a string or a list of parts", param="messages")
    if role == "tool" and message.get("tool_call_id") not in callable_ids:
        said = message.get("tool_call_id")
        return invalid(f"'{where}' : tool_call_id {said!r} answers no preceding assistant tool call", param="messages")
    return None


def _called_ids(message: Mapping[str, object]) -> frozenset[object]:
    calls = message.get("tool_calls")
    if message.get("role") != "assistant" or not isinstance(calls, list):
        return frozenset()
    return frozenset(call["id"] for call in calls if isinstance(call, Mapping) and isinstance(call.get("id"), str))


def _check_limits(body: Mapping[str, object]) -> GroqProblem | None:
    for name in UNSUPPORTED:
        if body.get(name):
            return invalid(f"`{name}` is not supported", param=name)
    if body.get("n") not in (None, 1):
        return invalid("'n' : number must be at most 1", param="n")
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > MAX_STOPS:
        return invalid(f"'stop' : maximum number of items is {MAX_STOPS}", param="stop")
    if body.get("stream_options") is not None and not body.get("stream"):
        return invalid("'stream_options' is only allowed when 'stream' is true", param="stream_options")
    return _check_numbers(body)


def _check_numbers(body: Mapping[str, object]) -> GroqProblem | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = body.get(name)
        if value is not None and not (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return invalid(f"'{name}' : value must be a positive integer, got {value!r}", param=name)
    for name, top in (("temperature", 2), ("top_p", 1)):
        value = body.get(name)
        if value is not None and not (isinstance(value, int | float) and 0 <= value <= top):
            return invalid(f"'{name}' : number must be between 0 and {top}, got {value!r}", param=name)
    return None


def _check_tools(body: Mapping[str, object]) -> GroqProblem | None:
    tools = body.get("tools")
    if tools is None:
        return None
    if not isinstance(tools, list) or len(tools) > MAX_TOOLS:
        return invalid(f"'tools' : expected a list of at most {MAX_TOOLS} tools", param="tools")
    for index, tool in enumerate(tools):
        if tool_name(tool) is None:
            return invalid(f"'tools.{index}' : expected type 'function' with a function name", param="tools")
    if tools and str(body.get("model")).startswith("groq/compound"):
        return invalid("custom tools are not supported with compound systems", param="tools")
    return None


def _check_reasoning(body: Mapping[str, object]) -> GroqProblem | None:
    effort = body.get("reasoning_effort")
    if effort is not None:
        allowed = _efforts(str(body.get("model")))
        if effort not in allowed:
            return invalid(_effort_message(allowed), param="reasoning_effort")
    shape = body.get("reasoning_format")
    if shape is not None and body.get("include_reasoning") is not None:
        return invalid("cannot specify both `reasoning_format` and `include_reasoning`", param="reasoning_format")
    if shape not in (None, "hidden", "raw", "parsed"):
        return invalid("`reasoning_format` must be one of `hidden`, `raw` or `parsed`", param="reasoning_format")
    if shape == "raw" and (body.get("tools") or wants_json(body)):
        return invalid("`reasoning_format` `raw` cannot be used with tools or JSON mode", param="reasoning_format")
    return None


def _efforts(model: str) -> Sequence[str]:
    if model.startswith("openai/gpt-oss"):
        return ("low", "medium", "high")
    if model.startswith("qwen/"):
        return ("none", "default", "low", "medium", "high")
    return ()


def _effort_message(allowed: Sequence[str]) -> str:
    if not allowed:
        return "`reasoning_effort` is not supported with this model"
    return f"`reasoning_effort` must be one of {', '.join(f'`{name}`' for name in allowed)}"


def _check_format(body: Mapping[str, object]) -> GroqProblem | None:
    if not wants_json(body):
        return None
    if body.get("tools"):
        return invalid("json mode cannot be combined with tool/function calling", param="response_format")
    shape = body.get("response_format")
    if isinstance(shape, Mapping) and shape.get("type") == "json_schema" and body.get("stream"):
        return invalid("response format `json_schema` cannot be combined with streaming", param="response_format")
    return None


def wants_json(body: Mapping[str, object]) -> bool:
    """Whether the request asks for JSON instead of text."""
    shape = body.get("response_format")
    return isinstance(shape, Mapping) and shape.get("type") in ("json_object", "json_schema")
