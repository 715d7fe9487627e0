"""Handing a caller over to a person: they hear what it is about first; where nobody takes the call, they call back."""

from sqlalchemy import Connection, insert, update

from tools.call_line import CallerLeftError, CallerSpokeError, CallLine
from tools.context import ToolContext, ToolError, ToolFailed
from tools.dispatch.schema import SERVICE, handovers
from tools.store import once, write

DISPATCHER = "dispatcher"
"""Who takes calls over: the name of their number under [people] in the agent's file."""

BRIEFINGS = {
    "emergency": "An emergency: somebody is hurt.",
    "no unit": "A car has broken down, and all units are out.",
    "wants a person": "A driver wants to speak to a person.",
    "other": "A driver needs a person.",
}
"""What a person hears before they take the call, by the reason for it."""

CONNECTED, WITHDRAWN, LEFT, NOT_CONNECTED = "connected", "withdrawn", "caller left", "not connected"

NOBODY = "Nobody can take the call right now."
CALLED_BACK = "A colleague of ours calls you back within a minute. Please keep the line free."
HELP_YOURSELF = "If anybody is in danger, hang up and dial nine one one."
WITHHELD = "The caller's number is withheld, so that nobody can call back: ask them to call 911."

Answer = dict[str, object]


async def give_to_a_person(context: ToolContext, reason: str, place: str | None) -> Answer:
    """Connect the caller, or have them called back: that is written down first, so that no trouble loses them.

    Raises `ToolError` where nobody can be reached either way, and where the caller spoke instead.
    """
    line: CallLine | None = context.ports.get(CallLine)
    can_connect = line is not None and DISPATCHER in line.people
    if not (can_connect or context.caller):
        raise ToolError(WITHHELD)
    asked = await once(context, SERVICE, "hand_over", lambda db: _put(db, context, reason, place))
    assert isinstance(asked, dict), "it is never refused"
    if line is None or not can_connect:
        return asked
    outcome = await _connect(context, line, briefing_of(reason, place))
    await write(context, SERVICE, lambda db: _note(db, context, outcome))
    if outcome == CONNECTED:
        return {"handed_over": True, "outcome": outcome, "handover": asked["handover"]}
    after = CALLED_BACK if context.caller else HELP_YOURSELF
    return {**asked, "outcome": outcome, "answer": f"{NOBODY} {after}"}


def briefing_of(reason: str, place: str | None) -> str:
    """What the person is told."""
    return f"{BRIEFINGS[reason]} They are at: {place[:40]}." if place else BRIEFINGS[reason]


async def _connect(context: ToolContext, line: CallLine, briefing: str) -> str:
    try:
        return await line.transfer(DISPATCHER, briefing)
    except CallerSpokeError:
        await write(context, SERVICE, lambda db: _note(db, context, WITHDRAWN))
        raise
    except CallerLeftError:
        return LEFT
    except (ToolError, ToolFailed):  # the telephone network's bad day: they are called back
        return NOT_CONNECTED


def _put(db: Connection, context: ToolContext, reason: str, place: str | None) -> Answer:
    told = {"reason": reason, "place": place and place[:40], "caller": context.caller, "call_id": context.call_id}
    asked_at = context.now().replace(tzinfo=None).isoformat(timespec="seconds")
    added = insert(handovers).values(**told, asked_at=asked_at, key=context.key).returning(handovers.c.id)
    return {"handed_over": True, "answer": CALLED_BACK, "handover": db.execute(added).scalar_one()}


def _note(db: Connection, context: ToolContext, outcome: str) -> None:
    mine = (handovers.c.call_id == context.call_id, handovers.c.key == context.key)
    db.execute(update(handovers).where(*mine).values(outcome=outcome[:20]))
