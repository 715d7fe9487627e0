"""Messages that callers leave for somebody of the house: stored with the call, and told of in the log."""

import logging
from typing import Annotated

from pydantic import Field
from sqlalchemy import Column, Connection, MetaData, String, Table, Text, insert

from tools.business import Business
from tools.context import NotDone, ToolContext
from tools.declare import tool
from tools.store import add_deeds, once, was_done
from tools.tool import Arguments, Kind

log = logging.getLogger(__name__)

TABLES = MetaData()

messages = Table(
    "messages",
    TABLES,
    Column("key", String(64), primary_key=True),
    Column("call_id", String(64), nullable=False, index=True),
    Column("taken_at", String(32), nullable=False),
    Column("recipient", String(80), nullable=False),
    Column("sender", String(80), nullable=False),
    Column("call_back", String(32), nullable=False),
    Column("text", Text, nullable=False),
)
add_deeds(TABLES, "messages")

MESSAGES = Business("messages", TABLES)


async def _was_taken(context: ToolContext, _arguments: Arguments) -> bool:
    return await was_done(context, MESSAGES)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=2_000,
    filler="I am writing that down.",
    on_failure="I cannot write that down right now. Please call again later.",
    private=["text"],
    reconcile=_was_taken,
)
async def take_message(
    context: ToolContext,
    text: Annotated[str, Field(min_length=1, max_length=2_000)],
    sender: Annotated[str, Field(min_length=1, max_length=80)],
    recipient: Annotated[str, Field(max_length=80)] = "",
    call_back: Annotated[str, Field(pattern=r"^(\+?[0-9 ]{5,31})?$")] = "",
) -> dict[str, object] | NotDone:
    """Take a message for somebody who cannot come to the telephone. Ask for the caller's name, what to tell, and a
    number to call back where theirs is withheld; say the message back once before you take it.

    Args:
        text: The message, in the caller's own words.
        sender: Who leaves it.
        recipient: Whom it is for; empty: for whoever reads it.
        call_back: The number to call back; empty: the one they call from.
    """  # noqa: D205 - the whole text is one description for the model

    def take(db: Connection) -> dict[str, object]:
        row = {
            "key": context.key,
            "call_id": context.call_id,
            "taken_at": context.now().isoformat(timespec="seconds"),
            "recipient": recipient,
            "sender": sender,
            "call_back": call_back or context.caller,
            "text": text,
        }
        db.execute(insert(messages).values(row))
        return {"taken": True, "call_back": row["call_back"]}

    answer = await once(context, MESSAGES, "take_message", take)
    log.info("call %s: a message was left; `offhook messages` shows it", context.call_id)
    return answer
