"""Tools that act on the call itself."""

from typing import Annotated, Literal

from pydantic import Field

from tools.call_line import line_of, receipt_of
from tools.context import Changes, EndsCall, NotDone, ToolContext, ToolError
from tools.declare import tool
from tools.tool import Arguments, Kind

KEY_WAIT_MS = 8_000
"""So long a caller may take for the next key."""

HOLD_S = 120


@tool(kind=Kind.EFFECT)
def hang_up(reason: str | None = None) -> EndsCall:
    """End the call after the caller heard your last words. Say goodbye in the same answer, and use it only once
    the caller wants nothing more or said goodbye.

    Args:
        reason: Why the call is over, in a few words; for the record, not spoken.
    """  # noqa: D205 - the whole text is one description for the model
    return EndsCall({"ends": "after your last words were heard", "reason": reason})


@tool(kind=Kind.IDEMPOTENT, deadline_ms=100_000, waits_for_people=True)
async def collect_digits(
    context: ToolContext, count: Annotated[int, Field(ge=1, le=32)], finish_on: Literal["#", "*", ""] = "#"
) -> dict[str, object]:
    """Have the caller key in a number that is no secret, on the keypad of their telephone. Say in the same answer what
    to key in, and which key ends it. Never for card numbers, PINs or passwords.

    Args:
        count: How many digits at most.
        finish_on: The key that ends a shorter number; empty: none does.
    """  # noqa: D205 - the whole text is one description for the model
    keyed = await line_of(context).collect_digits(count, finish_on, KEY_WAIT_MS)
    return {"digits": keyed.digits, "is_whole": keyed.is_whole}


@tool(kind=Kind.IDEMPOTENT, deadline_ms=100_000, waits_for_people=True)
async def collect_secret_digits(
    context: ToolContext, count: Annotated[int, Field(ge=1, le=32)], finish_on: Literal["#", "*", ""] = "#"
) -> dict[str, object]:
    """Have the caller key in a secret number (a PIN, a code, a card number) that you never get to see: other tools take
    it by the name that this one answers. Say in the same answer what to key in, and which key ends it.

    Args:
        count: How many digits at most.
        finish_on: The key that ends a shorter number; empty: none does.
    """  # noqa: D205 - the whole text is one description for the model
    line = line_of(context)
    keyed = await line.collect_digits(count, finish_on, KEY_WAIT_MS)
    if not keyed.digits:
        raise ToolError("The caller pressed no key.")
    return {"kept_as": line.keep(keyed.digits), "count": len(keyed.digits), "is_whole": keyed.is_whole}


@tool(kind=Kind.IDEMPOTENT, deadline_ms=HOLD_S * 1_000 + 5_000, waits_for_people=True)
async def wait_for_caller(context: ToolContext, seconds: Annotated[int, Field(ge=5, le=HOLD_S)] = 60) -> object:
    """Give a caller who asks for a moment ("hold on, I need to find it") the time, until they speak again. Say in the
    same answer that they may take their time.

    Args:
        seconds: How long at most.
    """  # noqa: D205 - the whole text is one description for the model
    is_back = await line_of(context).hold(seconds * 1_000)
    return {"caller": "is back" if is_back else f"said nothing for {seconds} s: ask whether they are still there"}


@tool(kind=Kind.IDEMPOTENT)
def change_profile(context: ToolContext, profile: str) -> Changes:
    """Listen more patiently from here on, or as usual again: to somebody who speaks slowly, searches for words or was
    cut off by you. Do not speak of it.

    Args:
        profile: One of the names that you were given; "usual" is how the call began.
    """  # noqa: D205 - the whole text is one description for the model
    name = line_of(context).manner.profile_meant(profile)
    return Changes({"profile": name}, profile=name)


@tool(kind=Kind.IDEMPOTENT)
def switch_language(context: ToolContext, language: str) -> Changes:
    """Go on in another language, as soon as the caller asks for it or speaks it: from here on they are understood in it
    and hear it from a voice of its own. Say nothing before; answer in that language afterwards.

    Args:
        language: One of those that you were given, such as "es".
    """  # noqa: D205 - the whole text is one description for the model
    tag = line_of(context).manner.language_meant(language)
    return Changes({"language": tag, "next": "answer in it"}, language=tag)


@tool(kind=Kind.EFFECT, deadline_ms=20_000)
async def send_digits(context: ToolContext, digits: Annotated[str, Field(pattern=r"^[0-9*#A-Dw]{1,32}$")]) -> object:
    """Press keys of the telephone for the caller, such as an extension or the answer to a menu.

    Args:
        digits: The keys 0-9 * # A-D; w is a pause of half a second.
    """
    await line_of(context).send_digits(digits)
    return {"sent": len(digits)}


@tool(kind=Kind.EFFECT, deadline_ms=100_000, waits_for_people=True)
async def transfer_call(context: ToolContext, to: str, briefing: str = "") -> object:
    """Connect the caller with a person. Say in the same answer that you are connecting them. If nobody takes the call,
    the caller is back with you: say so and offer another way, such as taking a message.

    Args:
        to: Who, by the name you were given.
        briefing: One or two sentences that the person hears before they take the call: who calls, and what for. Empty:
            they have the caller at once.
    """  # noqa: D205 - the whole text is one description for the model
    outcome = await line_of(context).transfer(to, briefing)
    answer = {"to": to, "outcome": outcome}
    return answer if outcome == "connected" else NotDone(answer)


async def _was_paid(context: ToolContext, _arguments: Arguments) -> bool | None:
    """By the receipt, which comes even where the caller was gone."""
    receipt = receipt_of(context)
    return None if receipt is None else receipt.get("outcome") == "success"


@tool(kind=Kind.EFFECT, deadline_ms=148_000, waits_for_people=True, reconcile=_was_paid)
async def take_payment(
    context: ToolContext,
    amount: Annotated[str, Field(pattern=r"^[0-9]{1,6}\.[0-9]{2}$")],
    currency: Literal["usd", "eur", "gbp"],
    description: Annotated[str, Field(max_length=100)] = "",
) -> object:
    """Have the caller pay by card, with the keys of their telephone. Name the amount and have them agree before; say in
    the same answer that they will be asked for their card now. You never see or hear a card number, and never ask for
    one.

    Args:
        amount: Such as "49.90".
        currency: In which money.
        description: What for; for the receipt.
    """  # noqa: D205 - the whole text is one description for the model
    told = {"chargeAmount": amount, "currency": currency} | ({"description": description} if description else {})
    facts = await line_of(context).pay(context.key, told)
    return dict(facts) if facts.get("outcome") == "success" else NotDone(dict(facts))
