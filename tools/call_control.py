"""Tools that act on the call itself."""

from tools.context import EndsCall
from tools.declare import tool
from tools.tool import Kind


@tool(kind=Kind.EFFECT)
def hang_up(reason: str | None = None) -> EndsCall:
    """End the call after the caller heard your last words. Say goodbye in the same answer, and use it only once
    the caller wants nothing more or said goodbye.

    Args:
        reason: Why the call is over, in a few words; for the record, not spoken.
    """  # noqa: D205 - the whole text is one description for the model
    return EndsCall({"ends": "after your last words were heard", "reason": reason})
