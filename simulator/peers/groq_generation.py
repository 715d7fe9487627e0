"""What the emulated model generates: a brain's answer as tokens and deltas (protocol page, section 2.1)."""

import random
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from simulator.brain.answers import BrainAnswer, offered_tools
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.groq_checks import wants_json
from simulator.peers.groq_refusals import GroqProblem, json_validate_failed, tool_use_failed

_TOKEN = re.compile(r"\s*\S{1,5}|\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A delta, and how many tokens the model needed for it; hidden pieces have no delta."""

    tokens: int
    delta: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole generation."""

    pieces: tuple[Piece, ...]
    finish_reason: str
    reasoning_tokens: int

    @property
    def completion_tokens(self) -> int:
        """Tokens generated, reasoning included."""
        return sum(piece.tokens for piece in self.pieces)

    @property
    def message(self) -> dict[str, object]:
        """The assistant message all deltas add up to."""
        deltas = [piece.delta for piece in self.pieces if piece.delta is not None]
        message: dict[str, object] = {"role": "assistant", "content": _joined(deltas, "content")}
        reasoning = _joined(deltas, "reasoning")
        calls = _merged_calls(deltas)
        if reasoning:
            message["reasoning"] = reasoning
        if calls:
            message["tool_calls"] = calls
        return message


def tokens_of(text: str) -> list[str]:
    """`text` cut into tokens; joined again they are `text`."""
    return _TOKEN.findall(text)


def compose(
    answer: BrainAnswer, body: Mapping[str, object], behaviour: GroqBehaviour, rng: random.Random, *, starve: bool
) -> Composition:
    """The generation of `answer` for the request `body`; `starve` ends it after the reasoning."""
    model = str(body.get("model"))
    reasoning = answer.reasoning or (behaviour.reasoning if model.startswith("openai/gpt-oss") else "")
    thoughts = _reasoning_pieces(reasoning, body)
    pieces = [*thoughts]
    if not starve:
        pieces += [Piece(1, {"content": token}) for token in tokens_of(answer.text)]
        pieces += _call_pieces(answer.tool_calls, behaviour, rng)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    kept = _within(pieces, limit) if isinstance(limit, int) else pieces
    is_short = starve or len(kept) < len(pieces)
    finish = "length" if is_short else "tool_calls" if answer.tool_calls else "stop"
    return Composition(tuple(kept), finish, sum(piece.tokens for piece in kept[: len(thoughts)]))


def check_answer(answer: BrainAnswer, body: Mapping[str, object]) -> GroqProblem | None:
    """What the service finds wrong with its own model's output."""
    offered = offered_tools(body)
    for name, arguments in answer.tool_calls:
        if not body.get("disable_tool_validation") and (name not in offered or not _is_arguments(arguments)):
            return tool_use_failed(f"<function={name}>{arguments}</function>")
    if wants_json(body) and not _is_json(answer.text):
        return json_validate_failed(answer.text)
    return None


def _reasoning_pieces(reasoning: str, body: Mapping[str, object]) -> list[Piece]:
    tokens = tokens_of(reasoning)
    shape = body.get("reasoning_format")
    if shape == "raw" and tokens:
        return [Piece(1, {"content": token}) for token in ("<think>", *tokens, "</think>")]
    if shape == "hidden" or body.get("include_reasoning") is False:
        return [Piece(1, None) for _ in tokens]
    return [Piece(1, {"reasoning": token, "channel": "analysis"}) for token in tokens]


def _call_pieces(calls: Sequence[tuple[str, str]], behaviour: GroqBehaviour, rng: random.Random) -> list[Piece]:
    pieces: list[Piece] = []
    for index, (name, arguments) in enumerate(calls):
        written = tokens_of(arguments)
        whole = {"index": index, "id": _call_id(rng), "type": "function"}
        if behaviour.split_tool_calls:
            pieces.append(Piece(1, {"tool_calls": [{**whole, "function": {"name": name, "arguments": ""}}]}))
            pieces += [
                Piece(1, {"tool_calls": [{"index": index, "function": {"arguments": part}}]}) for part in written
            ]
        else:
            function = {"name": name, "arguments": arguments}
            pieces.append(Piece(1 + len(written), {"tool_calls": [{**whole, "function": function}]}))
    if behaviour.tool_calls_in_one_chunk and not behaviour.split_tool_calls and len(pieces) > 1:
        together = [call for piece in pieces for call in _calls_of(piece.delta)]
        return [Piece(sum(piece.tokens for piece in pieces), {"tool_calls": together})]
    return pieces


def _within(pieces: Iterable[Piece], limit: int) -> list[Piece]:
    """The pieces a model can write in `limit` tokens."""
    kept: list[Piece] = []
    for piece in pieces:
        limit -= piece.tokens
        if limit < 0:
            break
        kept.append(piece)
    return kept


def _joined(deltas: Iterable[Mapping[str, object]], name: str) -> str | None:
    texts = [text for delta in deltas if isinstance(text := delta.get(name), str)]
    return "".join(texts) if texts else None


def _merged_calls(deltas: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    calls: list[dict[str, object]] = []
    for delta in deltas:
        for part in _calls_of(delta):
            function = part["function"]
            assert isinstance(function, Mapping)
            if "id" in part:
                calls.append({"id": part["id"], "type": "function", "function": dict(function)})
            else:
                written = calls[-1]["function"]
                assert isinstance(written, dict)
                written["arguments"] += function["arguments"]
    return calls


def _calls_of(delta: Mapping[str, object] | None) -> list[Mapping[str, object]]:
    calls = None if delta is None else delta.get("tool_calls")
    return calls if isinstance(calls, list) else []


def _call_id(rng: random.Random) -> str:
    """Nine letters and digits, as recorded."""
    return "".join(rng.choices(string.ascii_lowercase + string.digits, k=9))


def _is_arguments(arguments: str) -> bool:
    """Arguments are a JSON object, or nothing at all for a tool without parameters."""
    return not arguments or (_is_json(arguments) and arguments.lstrip().startswith("{"))


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
