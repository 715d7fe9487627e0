"""The agent can end the call itself."""

from datetime import datetime
from pathlib import Path

from tests.tools.virtual import run
from tools.catalog import CATALOG
from tools.context import ToolContext
from tools.outcome import Outcome
from tools.runner import Runner

CONTEXT = ToolContext("call-1", "", Path("nowhere"), lambda: datetime.fromisoformat("2026-11-23T09:00"))


def test_hanging_up_ends_the_call_with_or_without_a_reason() -> None:
    runner = Runner(CATALOG, CONTEXT)
    assert run(runner.run("hang_up", '{"reason": "said goodbye"}')) == Outcome(
        '{"ends":"after your last words were heard","reason":"said goodbye"}', ends_call=True
    )
    assert run(runner.run("hang_up", "")).ends_call


def test_the_model_is_told_to_say_goodbye_in_the_same_answer() -> None:
    assert "Say goodbye in the same answer" in CATALOG["hang_up"].description
