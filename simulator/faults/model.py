"""What goes wrong at the language model."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from simulator.brain.answers import Brain, BrainAnswer
from simulator.faults.base import Fault, Kind, Scenery, Stage, Strike
from simulator.faults.ways import LASTING, Changes, model_becomes, ms, some
from simulator.peers.groq_behaviour import GroqRefusal, GroqStreamFault
from simulator.rehearsal import GROQ

REQUESTS = some("requests", 100, 1)
STALLS_AFTER_TOKENS = 20
"""What gpt-oss models think takes about a dozen tokens: the stall lies behind the first words."""

Spoil = Callable[[BrainAnswer], BrainAnswer | None]
"""An answer as it is spoilt; None if there is nothing in it to spoil."""


def _next(changes: Changes, times: Callable[[float], int] = round) -> Strike:
    """The next so many completions are like this."""

    def strike(stage: Stage, strength: float) -> None:
        stage.rehearsal.groq.coming.extend([partial(replace, **changes(strength))] * times(strength))

    return strike


def _refused(name: str, about: str, refusal: GroqRefusal, **more: Any) -> Fault:  # noqa: ANN401 - fields of the behaviour
    """The next requests are refused."""
    changes: Mapping[str, Any] = {"refuse": refusal, "fail_first_n": None, **more}
    return Fault(name, Kind.MODEL, about, REQUESTS, strike=_next(lambda _: changes), swarm=(1, 2))


def _spoilt(name: str, about: str, fault: GroqStreamFault, after_tokens: int = STALLS_AFTER_TOKENS) -> Fault:
    """The next streams are spoilt."""
    changes: Mapping[str, Any] = {"stream_fault": fault, "fault_after_tokens": after_tokens, "fail_first_n": None}
    return Fault(name, Kind.MODEL, about, REQUESTS, strike=_next(lambda _: changes), swarm=(1, 2))


class SpoiltBrain:
    """A brain whose next answers are spoilt, each by the first of `coming` that finds something to spoil."""

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self.coming: deque[Spoil] = deque()

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:
        """The answer to `request`."""
        answer = self.brain.answer(request)
        for spoil in tuple(self.coming):
            spoilt = spoil(answer)
            if spoilt is not None:
                self.coming.remove(spoil)
                return spoilt
        return answer


def _answers(name: str, about: str, spoil: Spoil) -> Fault:
    """The next answers are spoilt; what the service would refuse of itself, it lets pass meanwhile."""

    def strike(stage: Stage, strength: float) -> None:
        groq = stage.rehearsal.groq
        if not isinstance(groq.brain, SpoiltBrain):
            groq.brain = SpoiltBrain(groq.brain)
        groq.brain.coming.extend([spoil] * round(strength))
        stage.model.change(check_tool_calls=False)

    return Fault(name, Kind.MODEL, about, some("answers", 20, 1), strike=strike, swarm=(1, 2))


def _with_calls(change: Callable[[str, str], tuple[tuple[str, str], ...]]) -> Spoil:
    """Changes each tool call of an answer that has any."""

    def spoil(answer: BrainAnswer) -> BrainAnswer | None:
        if not answer.tool_calls:
            return None
        return replace(answer, tool_calls=tuple(call for told in answer.tool_calls for call in change(*told)))

    return spoil


def _down(stage: Stage, strength: float) -> None:
    stage.rehearsal.link(GROQ).take_down(round(strength))
    stage.rehearsal.link(GROQ).cut()


def _wrong_keys(scenery: Scenery, strength: float) -> Scenery:
    cast = replace(scenery.cast, groq=replace(scenery.cast.groq, api_key="another"))
    if strength >= 2:
        cast = replace(cast, deepgram=replace(cast.deepgram, api_key="another"))
    if strength >= 3:
        cast = replace(cast, elevenlabs=replace(cast.elevenlabs, api_key="another"))
    return replace(scenery, cast=cast)


FAULTS = (
    Fault(
        "llm_slow_first_token",
        Kind.MODEL,
        "Every answer's first word takes so long.",
        ms(1, 60_000, 2_500),
        strike=model_becomes(lambda s: {"first_token_ms": round(s)}),
        repeats=False,
        swarm=(1, 5_000),
    ),
    Fault(
        "llm_slow_tokens",
        Kind.MODEL,
        "Answers come at so many tokens a second.",
        some("tokens a second", 1_000, 15),
        strike=model_becomes(lambda s: {"tokens_per_s": s, "burst_tokens": 1}),
        repeats=False,
        swarm=(8, 200),
    ),
    Fault(
        "llm_stall_mid",
        Kind.MODEL,
        "The next answer stops for so long in the middle.",
        ms(100, 60_000, 5_000),
        strike=_next(lambda s: {"stall_after_tokens": STALLS_AFTER_TOKENS, "stall_ms": round(s)}, lambda _: 1),
        swarm=(100, 8_000),
    ),
    _refused(
        "llm_429",
        "The next requests are refused: too many tokens, ask again later.",
        GroqRefusal.RATE_LIMITED_TOKENS,
        retry_after_s=2.0,
    ),
    _refused(
        "llm_429_bare",
        "The next requests are refused: too many requests, and nothing says how long to wait.",
        GroqRefusal.RATE_LIMITED_REQUESTS,
        retry_after_s=None,
    ),
    _refused("llm_500", "The next requests are refused: a server error.", GroqRefusal.SERVER_ERROR),
    _refused(
        "llm_502_html", "The next requests are refused by the edge, with a page of HTML.", GroqRefusal.BAD_GATEWAY
    ),
    _refused("llm_503", "The next requests are refused: over capacity.", GroqRefusal.OVER_CAPACITY),
    _refused("llm_498", "The next requests are refused: no capacity of the flexible kind.", GroqRefusal.FLEX_FULL),
    _refused("llm_413", "The next requests are refused: too large.", GroqRefusal.TOO_LARGE),
    _refused(
        "llm_tool_use_failed",
        "The next requests are refused: the model wrote a tool call that cannot be read.",
        GroqRefusal.TOOL_USE_FAILED,
    ),
    _spoilt("llm_reset", "The connection of the next streams is lost in the middle.", GroqStreamFault.RESET),
    _spoilt("llm_cut", "The next streams end in the middle, properly but for the end.", GroqStreamFault.CUT),
    _spoilt("llm_hang", "The next streams stop in the middle and stay open.", GroqStreamFault.HANG),
    _spoilt("llm_silent", "The next streams open and say nothing at all.", GroqStreamFault.HANG, 0),
    _spoilt("llm_error_event", "The next streams end in an error event.", GroqStreamFault.ERROR_EVENT),
    _spoilt("llm_error_data", "The next streams end in an error among the data.", GroqStreamFault.ERROR_DATA),
    _spoilt("llm_error_x_groq", "The next streams end in an error in Groq's own member.", GroqStreamFault.X_GROQ_ERROR),
    _spoilt("llm_no_done", "The next streams say everything but [DONE].", GroqStreamFault.NO_DONE),
    _spoilt("llm_no_finish", "The next streams say [DONE], but not why they finish.", GroqStreamFault.NO_FINISH),
    Fault(
        "llm_starved",
        Kind.MODEL,
        "The next answers are cut off before their first word: the length was used up by thinking.",
        REQUESTS,
        strike=_next(lambda _: {"starve": True, "fail_first_n": None}),
        swarm=(1, 2),
    ),
    Fault(
        "llm_odd_framing",
        Kind.MODEL,
        "Streams are cut at any byte, with comments, blank lines and CRLF; for so long.",
        LASTING,
        strike=model_becomes(lambda _: {"split_bytes": True, "comments": True, "crlf": True}, lasts=True),
    ),
    Fault(
        "llm_split_tools",
        Kind.MODEL,
        "Tool calls come in pieces; for so long.",
        LASTING,
        strike=model_becomes(lambda _: {"split_tool_calls": True}, lasts=True),
    ),
    Fault(
        "llm_down",
        Kind.MODEL,
        "The model cannot be reached for so long, and open connections are lost.",
        ms(100, 3_600_000, 3_000),
        strike=_down,
        swarm=(100, 4_000),
    ),
    _answers(
        "llm_bad_tool_json",
        "The next tool calls have arguments that are no JSON.",
        _with_calls(lambda name, arguments: ((name, arguments[: len(arguments) // 2] or "{"),)),
    ),
    _answers(
        "llm_wrong_tool_types",
        "The next tool calls have arguments of wrong types.",
        _with_calls(lambda name, _: ((name, '{"date": 7, "time": ["nine"], "reason": null}'),)),
    ),
    _answers(
        "llm_unknown_tool",
        "The next tool calls are of a tool that does not exist.",
        _with_calls(lambda name, arguments: ((f"{name}_please", arguments),)),
    ),
    _answers(
        "llm_double_tool",
        "The next tool calls come twice in the same answer.",
        _with_calls(lambda name, arguments: ((name, arguments), (name, arguments))),
    ),
    _answers("llm_empty", "The next answers are empty.", lambda _: BrainAnswer()),
    Fault(
        "key_wrong",
        Kind.MODEL,
        "The keys of so many providers are refused: the model's, then the transcriber's, then the voice's.",
        some("providers", 3, 1),
        prepare=_wrong_keys,
        is_fatal=True,
    ),
)
