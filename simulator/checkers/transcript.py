"""What the model is told: valid for it, and true."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from agent.providers.chat_request import BROKEN_NOTE, CUT_NOTE
from fsm.transcript import is_valid
from simulator.checkers.base import Finding
from simulator.runs.evidence import CallEvidence, Evidence, Line

Told = Mapping[str, Any]


def invalid_requests(evidence: Evidence) -> Iterator[str]:
    """Requests that break what a model expects of a conversation."""
    told: set[str] = set()
    for number, body in enumerate(evidence.asked, 1):
        for what in _faults_of(body["messages"]):
            if what not in told:
                told.add(what)
                yield f"request {number} to the model: {what}"


def _faults_of(messages: Sequence[Told]) -> Iterator[str]:
    if not messages or messages[0]["role"] != "system":
        yield "it does not begin with the system prompt"
    open_calls: list[str] = []
    for index, message in enumerate(messages):
        role = message["role"]
        calls = [call["id"] for call in message.get("tool_calls") or ()]
        if role == "system" and index:
            yield f"message {index} is a second system prompt"
        if not message.get("content") and not (role == "assistant" and calls):
            yield f"message {index}, of role {role}, is empty"
        if role == "tool" and open_calls[:1] == [message.get("tool_call_id")]:
            open_calls.pop(0)
        elif role == "tool" or open_calls:
            yield f"message {index}, of role {role}, comes where {open_calls[:1]} is to be answered"
            open_calls = []
        open_calls += calls
    if open_calls:
        yield f"tool call {open_calls[0]!r} is not answered"


def unmarked_cuts(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Replies that the caller cut short, and that stand in the transcript as if they had been all there was to say."""
    if call.agent is None or call.notes("our_mistake"):
        return
    held: dict[int, Line] = {}
    cut = []
    told = {line["data"]["said"] for line in call.events if line["event"] == "ToolsRequested"}
    for line in call.events:
        if line["event"] in ("PlayoutHeld", "PlayoutDucked"):
            held[line["data"]["reply"]] = line
        for name, data in line["effects"]:
            if name in ("ResumePlayout", "DuckPlayout"):
                held.pop(data["reply"], None)
            elif name == "CancelReply" and _is_cut(held.get(data["reply"]), told):
                cut.append(held.pop(data["reply"]))
    marked = sum(message.cut or message.broken for message in call.agent.state.transcript)
    if len(cut) > marked:
        at = call.trace_began_at + cut[-1]["at_ns"]
        yield f"{len(cut)} replies were cut short, {marked} are marked so in the transcript", at


def _is_cut(held: Line | None, told: Set[str]) -> bool:
    """Whether more was to come; what came before a tool may have been heard to its end."""
    if held is None or held["data"]["is_whole"]:
        return False
    return bool(held["data"]["heard"]) and held["data"]["heard"] not in told


def false_transcripts(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """A conversation at its end that a model would not accept, or whose cuts it was not told of."""
    if call.agent is None:
        return
    transcript = call.agent.state.transcript
    if not is_valid(transcript):
        yield "the conversation at its end is not valid for a model", None
    bodies = evidence.asked
    agents = [one.agent for one in evidence.calls if one.agent is not None]  # one may be told what another one cut
    said = [message for agent in agents for message in agent.state.transcript]
    whole = {message.content for message in said if not (message.cut or message.broken)}
    for message in transcript:
        if not (message.cut or message.broken) or not message.content or message.content in whole:
            continue
        told = [str(one.get("content")) for body in bodies for one in body["messages"] if one["role"] == "assistant"]
        if message.content in told:
            note = CUT_NOTE if message.cut else BROKEN_NOTE
            yield f'the model was told "{message.content}" without "{note}"', None
