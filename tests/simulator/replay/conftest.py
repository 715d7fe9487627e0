"""The demonstration call, recorded once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.demo.fast import perform_fast
from simulator.demo.story import Options

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the trace of the demonstration call in virtual time lies, with all that was recorded beside it."""
    home = tmp_path_factory.mktemp("recorded")
    return perform_fast(Options(home, home / "call.wav", 7, NOW)).trace
