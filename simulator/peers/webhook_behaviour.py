"""How a business's own endpoint behaves behind a tool."""

from dataclasses import dataclass
from typing import Literal

from simulator.delays import Delay

Trouble = int | Literal["reset", "hang", "garbage", "huge", "redirect", "done_then_reset"]
"""In place of an answer: a status; the connection lost, before or after the work was done; none at all; no JSON."""


@dataclass(frozen=True, slots=True)
class WebhookBehaviour:
    """What one endpoint answers (`answer_json`), how soon, and what becomes of its first requests, in turn."""

    answer_json: str = "{}"
    status: int = 200
    delay_ms: Delay = 50
    first: tuple[Trouble, ...] = ()
