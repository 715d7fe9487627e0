"""What failed in a recorded call, as faults of a call script: each strikes where its like struck then."""

from collections.abc import Iterator
from typing import Any

from fsm.effects import ContinueReply, DraftReply, StartReply
from fsm.events import EarsFailed, EarsRestored, ReplyFailed, Stage
from fsm.state import Mode
from fsm.units import NS_PER_MS
from simulator.replay.recorded import Decision, Recorded

MODEL = {
    "rate_limited": "llm_429",
    "overloaded": "llm_500",
    "refused_key": "llm_500",
    "cut_short": "llm_cut",
    "stalled": "llm_hang",
    "timeout": "llm_silent",
    "empty": "llm_empty",
}
"""The fault of a model's failure; any other is a refusal."""

VOICE = {"stalled": "tts_hang", "timeout": "tts_hang", "refused_key": "tts_quota", "overloaded": "tts_error_frame"}
"""The same of a voice's; any other is a lost socket."""

EARS_DOWN = {"unreachable", "refused_key", "overloaded"}
SOON_MS = 50
"""A failure this soon after its cue needs no further delay."""


def faults_of(recorded: Recorded) -> list[dict[str, Any]]:
    """The faults, in the order in which they struck; failures in a row that are alike are one."""
    faults: list[dict[str, Any]] = []
    for index, decision in enumerate(recorded.decisions):
        event = decision.event
        if isinstance(event, ReplyFailed) and event.stage is Stage.MODEL:
            _count_model(faults, recorded, index, event.kind)
        elif isinstance(event, ReplyFailed) and event.stage is Stage.VOICE:
            faults.append(
                {"name": VOICE.get(event.kind, "tts_drop"), "strength": 0, **_cue(recorded, index, decision.at)}
            )
        elif isinstance(event, EarsFailed):
            faults.append(_ears(recorded, index, event.kind))
    return faults


def _count_model(faults: list[dict[str, Any]], recorded: Recorded, index: int, kind: str) -> None:
    """One more failed request: it may belong to the fault that struck last."""
    asked = next((d for d in reversed(recorded.decisions[:index]) if _asks(d)), recorded.decisions[index])
    name = MODEL.get(kind, "llm_500")
    if faults and faults[-1]["name"] == name and asked.event.__class__ is ReplyFailed:
        faults[-1]["strength"] += 1
    else:
        faults.append({"name": name, "strength": 1, **_cue_of_request(recorded, asked)})


def _cue_of_request(recorded: Recorded, asked: Decision) -> dict[str, Any]:
    """Of the decision that led to a request; that of an adopted draft was made before the turn was over."""
    drafted = [effect.reply for effect in asked.effects if isinstance(effect, StartReply) and effect.is_drafted]
    for decision in recorded.decisions if drafted else ():
        if any(isinstance(effect, DraftReply) and effect.reply in drafted for effect in decision.effects):
            return _cue(recorded, recorded.decisions.index(decision), decision.at - BEFORE_A_DRAFT_NS)
    return _cue(recorded, recorded.decisions.index(asked), asked.at)


BEFORE_A_DRAFT_NS = 100 * NS_PER_MS
"""A fault is to be there when the draft's request comes, which has no mode of its own to wait for."""


def _asks(decision: Decision) -> bool:
    return any(isinstance(effect, StartReply | ContinueReply) for effect in decision.effects)


def _cue(recorded: Recorded, index: int, at: int) -> dict[str, Any]:
    """The mode that was entered last before, how manieth time that was, and how much later it is."""
    entered = [
        d for d in recorded.decisions[: index + 1] if d.to is not d.mode and d.to in (Mode.THINKING, Mode.SPEAKING)
    ]
    if not entered:
        return {"at_ms": (at - recorded.began_at) // NS_PER_MS}
    last = entered[-1]
    later_ms = (at - last.at) // NS_PER_MS
    cue = {"at": str(last.to).lower(), "nth": sum(1 for d in entered if d.to is last.to)}
    return {**cue, **({"plus_ms": later_ms} if later_ms > SOON_MS else {})}


def _ears(recorded: Recorded, index: int, kind: str) -> dict[str, Any]:
    failed = recorded.decisions[index]
    back = next((d for d in recorded.decisions[index:] if isinstance(d.event, EarsRestored)), failed)
    deaf_ms = max(100, (back.at - failed.at) // NS_PER_MS)
    told = {"name": "stt_down", "strength": min(deaf_ms, 3_600_000)} if kind in EARS_DOWN else {"name": "stt_drop"}
    return {**told, **_cue(recorded, index, failed.at)}


def shown(recorded: Recorded) -> Iterator[str]:
    """The failures in words, as the trace has them."""
    for line in recorded.lines:
        if line["kind"] == "note" and line["note"] == "fault":
            yield str(line["data"].get("fault", ""))
