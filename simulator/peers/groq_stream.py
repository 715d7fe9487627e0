"""A completion on the wire: server-sent events with their times, or one JSON object (protocol page, section 2)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import orjson

from fsm.units import NS_PER_S, ms_to_ns
from simulator.peers.groq_behaviour import GroqBehaviour, GroqStreamFault
from simulator.peers.groq_generation import Composition, Piece
from simulator.peers.groq_refusals import GroqProblem, tool_use_failed

DONE = b"data: [DONE]\n\n"
COMMENT = b": keep-alive\n\n\n"


class Ending(Enum):
    """What happens after the last beat."""

    END = auto()
    ABORT = auto()
    HANG = auto()


@dataclass(frozen=True, slots=True)
class Beat:
    """Bytes written together, `at_ns` after the request came."""

    at_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Completion:
    """One admitted request and its generation."""

    id: str
    request_id: str
    model: str
    created: int
    seed: int
    first_token_ns: int
    prompt_tokens: int
    cached_tokens: int
    composition: Composition
    include_usage: bool


def usage(completion: Completion, behaviour: GroqBehaviour) -> dict[str, object]:
    """The usage object; times are seconds."""
    composition = completion.composition
    tokens = composition.completion_tokens
    queue_s = min(ms_to_ns(behaviour.queue_ms), completion.first_token_ns) / NS_PER_S
    prompt_s = completion.first_token_ns / NS_PER_S - queue_s
    completion_s = tokens / behaviour.tokens_per_s
    return {
        "queue_time": round(queue_s, 9),
        "prompt_tokens": completion.prompt_tokens,
        "prompt_time": round(prompt_s, 9),
        "completion_tokens": tokens,
        "completion_time": round(completion_s, 9),
        "total_tokens": completion.prompt_tokens + tokens,
        "total_time": round(prompt_s + completion_s, 9),
        "prompt_tokens_details": {"cached_tokens": completion.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": composition.reasoning_tokens},
    }


def whole_answer(completion: Completion, behaviour: GroqBehaviour) -> Beat:
    """The answer to a request without `stream`."""
    choice = {
        "index": 0,
        "message": completion.composition.message,
        "logprobs": None,
        "finish_reason": completion.composition.finish_reason,
    }
    body = {
        **_frame(completion, "chat.completion"),
        "choices": [choice],
        "usage": usage(completion, behaviour),
        "service_tier": "on_demand",
        "x_groq": {"id": completion.request_id, "seed": completion.seed},
    }
    return Beat(_token_at_ns(completion, completion.composition.completion_tokens, behaviour), orjson.dumps(body))


def stream_beats(
    completion: Completion, behaviour: GroqBehaviour, fault: GroqStreamFault | None
) -> tuple[list[Beat], Ending]:
    """The stream as timed writes, and how it ends; `fault` strikes after `fault_after_tokens`."""
    pieces = completion.composition.pieces
    if fault not in (None, GroqStreamFault.NO_DONE, GroqStreamFault.NO_FINISH):
        pieces = _first_tokens(pieces, behaviour.fault_after_tokens)
    events = [(0, _role_event(completion, behaviour))]
    written = 0
    for piece in pieces:
        written += piece.tokens
        if piece.delta is not None:
            events.append((written - 1, _delta_event(completion, piece.delta)))
    events += [(written, event) for event in _last_events(completion, behaviour, fault)]
    beats = [Beat(0, COMMENT)] if behaviour.comments else []
    return beats + _beats(events, completion, behaviour), _ENDINGS.get(fault, Ending.END)


_ENDINGS: Mapping[GroqStreamFault | None, Ending] = {
    GroqStreamFault.RESET: Ending.ABORT,
    GroqStreamFault.HANG: Ending.HANG,
}


def _beats(events: Sequence[tuple[int, bytes]], completion: Completion, behaviour: GroqBehaviour) -> list[Beat]:
    """Events of one burst become one write; a stall parts a burst."""
    stall_after = behaviour.stall_after_tokens
    bursts: dict[tuple[int, bool], list[tuple[int, bytes]]] = {}
    for position, event in events:
        is_late = stall_after is not None and position >= stall_after
        bursts.setdefault((position // behaviour.burst_tokens, is_late), []).append((position, event))
    before = COMMENT if behaviour.comments else b""
    return [
        Beat(_token_at_ns(completion, burst[0][0], behaviour), before + b"".join(event for _, event in burst))
        for burst in bursts.values()
    ]


def _token_at_ns(completion: Completion, position: int, behaviour: GroqBehaviour) -> int:
    """When the token at `position` of the generation leaves, counted from the request."""
    stall_after = behaviour.stall_after_tokens
    is_late = stall_after is not None and position >= stall_after
    stall_ns = ms_to_ns(behaviour.stall_ms) if is_late else 0
    return completion.first_token_ns + int(position / behaviour.tokens_per_s * NS_PER_S) + stall_ns


def _first_tokens(pieces: Sequence[Piece], tokens: int) -> tuple[Piece, ...]:
    kept = []
    for piece in pieces:
        tokens -= piece.tokens
        if tokens < 0:
            break
        kept.append(piece)
    return tuple(kept)


def _last_events(completion: Completion, behaviour: GroqBehaviour, fault: GroqStreamFault | None) -> Iterator[bytes]:
    """What follows the last delta."""
    match fault:
        case GroqStreamFault.ERROR_EVENT:
            yield b"event: error\n" + _event({"error": _OVERLOADED.error})
        case GroqStreamFault.ERROR_DATA:
            yield _event({"error": _OVERLOADED.error})
        case GroqStreamFault.TOOL_USE_FAILED:
            yield b"event: error\n" + _event({"error": {**_MISCALLED.error, "status_code": 400}})
        case GroqStreamFault.X_GROQ_ERROR:
            spoilt = {"id": completion.request_id, "error": _OVERLOADED.message}
            yield _event({**_chunk(completion, {}), "x_groq": spoilt})
            yield DONE
        case GroqStreamFault.RESET | GroqStreamFault.CUT | GroqStreamFault.HANG:
            return
        case _:
            yield from _proper_end(completion, behaviour, fault)


def _proper_end(completion: Completion, behaviour: GroqBehaviour, fault: GroqStreamFault | None) -> Iterator[bytes]:
    if fault is not GroqStreamFault.NO_FINISH:
        spent = usage(completion, behaviour)
        finish = _chunk(completion, {}, completion.composition.finish_reason)
        finish["x_groq"] = {"id": completion.request_id, "usage": spent}
        if completion.include_usage:
            yield _event({**finish, "usage": spent})
            frame = _frame(completion, "chat.completion.chunk")
            yield _event({**frame, "choices": [], "usage": spent, "service_tier": "on_demand"})
        else:
            yield _event(finish)
    if fault is not GroqStreamFault.NO_DONE:
        yield DONE


_OVERLOADED = GroqProblem(503, "The model is currently over capacity.", type="internal_server_error")
_MISCALLED = tool_use_failed("<function=find_free_slots>{not json</function>")


def _role_event(completion: Completion, behaviour: GroqBehaviour) -> bytes:
    delta = {"role": "assistant", "content": None if behaviour.role_content_null else ""}
    return _event({**_chunk(completion, delta), "x_groq": {"id": completion.request_id, "seed": completion.seed}})


def _delta_event(completion: Completion, delta: Mapping[str, object]) -> bytes:
    return _event(_chunk(completion, delta))


def _chunk(completion: Completion, delta: Mapping[str, object], finish_reason: str | None = None) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**_frame(completion, "chat.completion.chunk"), "choices": [choice]}


def _frame(completion: Completion, kind: str) -> dict[str, object]:
    """The members that all chunks of an answer share."""
    return {
        "id": completion.id,
        "object": kind,
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": "fp_offhook",
    }


def _event(data: object) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"
