"""What a trace tells of a caller is the settings' choice."""

from pathlib import Path

import pytest

from simulator.demo.story import story_of
from simulator.rehearsal import Cast, rehearse, trace_of


@pytest.mark.parametrize(("words", "is_told"), [("kept", True), ("hidden", False)])
def test_a_trace_keeps_words_or_only_their_lengths(tmp_path: Path, words: str, is_told: bool) -> None:
    _, call = rehearse(tmp_path, story_of("appointments").script, Cast(settings={"OFFHOOK_TRACE_WORDS": words}))
    trace = trace_of(tmp_path, call).read_text(encoding="utf-8")
    for private in ("Ada Lovelace", "twelve Willow", "Tuesday morning", call.twilio.record.from_number):
        assert (private in trace) is is_told, private
    assert "BARGE_IN" in trace
