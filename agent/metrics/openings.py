"""What opens the agent's mouth, in the words of a turn-trace."""

from collections.abc import Mapping

from agent.metrics.turn_trace import AgentKind

OPENINGS = frozenset({"StartReply", "Recite"})
"""The orders with which a reply begins."""

INACTIVE = "nobody spoke any more"
"""Why the machine hangs up on a silent line."""


def kind_of(order: str, text: object, phrases: Mapping[str, object], *, is_first: bool) -> AgentKind:
    """What a reply is, by its opening, the `phrases` of the agent, and whether it is the first of its call."""
    if order != "Recite":
        return AgentKind.REPLY
    if is_first:
        return AgentKind.GREETING
    return AgentKind.REPROMPT if text == phrases.get("still_there") else AgentKind.RECITAL
