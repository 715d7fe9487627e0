"""Random calls at a simulated Vapi: whatever it does, an effect happens once, a report is kept once, nothing stays."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.vapi_behaviour import Auth, Layout, VapiBehaviour
from simulator.peers.vapi_turns import CallerTurn
from tests.agent.vapi.world import BOOKING, VapiWorld, assistant_at_vapi
from tools.appointments.tools import booking_rows
from tools.outcome import Fate

GENUINE = st.sampled_from([Auth.SECRET, Auth.BEARER, Auth.HMAC, Auth.HMAC_BASE64])
BEHAVIOURS = st.builds(
    VapiBehaviour,
    auth=GENUINE,
    layout=st.sampled_from(Layout),
    say_ms_per_character=st.sampled_from([0, 15, 60]),
    pause_ms=st.integers(0, 800),
    model_delay_ms=st.integers(0, 900),
    report_after_ms=st.sampled_from([0, 3_000]),
    hang_after_ms=st.integers(50, 5_000),
    copies=st.integers(1, 3),
    copy_after_ms=st.sampled_from([0, 40, 2_500]),
    broken_first=st.booleans(),
    report_first=st.booleans(),
    cut_after_chunks=st.integers(0, 4),
    strange_messages=st.booleans(),
)
WAITS_MS = st.one_of(st.none(), st.integers(1, 4_000))
MODELS = st.builds(
    GroqBehaviour, first_token_ms=st.integers(0, 1_500), tokens_per_s=st.sampled_from([8.0, 60.0, 500.0])
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BEHAVIOURS, MODELS, st.lists(WAITS_MS, min_size=len(BOOKING), max_size=len(BOOKING)), st.booleans())
def test_whatever_vapi_does_an_effect_happens_once_and_nothing_stays(
    behaviour: VapiBehaviour, model: GroqBehaviour, waits_ms: list[int | None], is_theirs: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        turns = tuple(CallerTurn(text, wait_ms) for text, wait_ms in zip(BOOKING, waits_ms, strict=True))
        there = VapiWorld(data, turns, behaviour, model=model)
        if is_theirs:
            there = VapiWorld(data, turns, behaviour, assistant=assistant_at_vapi(there.agent))
        call = there.run()
        assert call.problems == []
        entries = there.workshop.journal.entries()
        assert {entry.fate for entry in entries} <= {Fate.DONE, Fate.NOT_DONE}
        done = Counter(entry.intent for entry in entries if entry.fate is Fate.DONE)
        assert set(done.values()) <= {1}
        slots = [row["slot"] for row in booking_rows(data / "appointments.db")]
        booked = [entry for entry in entries if entry.tool == "book_appointment" and entry.fate is Fate.DONE]
        assert len(slots) == len(set(slots)) == len(booked)
        assert there.groq.open_count == 0
        assert [path.stem for path in (data / "traces").iterdir()] == [call.call_id]
        calls = there.webhook.calls
        assert (calls.active, calls.awaited, calls.unreported) == (0, 0, 0)
