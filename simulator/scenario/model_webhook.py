"""How the endpoints of an agent's HTTP tools behave in a call script."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from simulator.delays import LONGEST_MS, distribution_of
from simulator.peers.webhook_behaviour import WebhookBehaviour
from simulator.scenario.model_steps import TABLE

Status = Annotated[int, Field(ge=200, le=599)]


def _delay(value: int | dict[str, Any]) -> int | dict[str, Any]:
    if isinstance(value, dict):
        distribution_of(value)
    elif not 0 <= value <= LONGEST_MS:
        raise ValueError(f"expected 0 to {LONGEST_MS} (ms), got {value}")
    return value


class WebhookTable(BaseModel):
    """The endpoint of one HTTP tool."""

    model_config = TABLE

    answer: dict[str, Any] | list[Any] | str | float | bool = Field(default_factory=dict)
    """What it answers, as JSON."""
    status: Status = 200
    """With this status."""
    delay_ms: Annotated[int | dict[str, Any], AfterValidator(_delay)] = 50
    """How long it takes, in ms, or a distribution: { p50 = 120, p95 = 900 }."""
    first: Annotated[
        list[Status | Literal["reset", "hang", "garbage", "huge", "redirect", "done_then_reset"]], Field(max_length=100)
    ] = Field(default_factory=list)
    """What becomes of its first requests instead, in turn: a status, or a trouble."""


def behaviours_of(tables: Mapping[str, WebhookTable]) -> dict[str, WebhookBehaviour]:
    """By the names of their tools."""
    return {name: _behaviour(table) for name, table in tables.items()}


def _behaviour(table: WebhookTable) -> WebhookBehaviour:
    delay = distribution_of(table.delay_ms) if isinstance(table.delay_ms, dict) else table.delay_ms
    return WebhookBehaviour(json.dumps(table.answer), table.status, delay, tuple(table.first))
