"""Whole calls at a simulated Vapi, in virtual time: bookings, interruptions, and everything that goes wrong there."""

from pathlib import Path

import pytest

from agent.trace_view import read_trace
from simulator.peers.groq_behaviour import GroqBehaviour, GroqStreamFault
from simulator.peers.vapi import VapiCall
from simulator.peers.vapi_behaviour import Auth, VapiBehaviour
from simulator.peers.vapi_turns import CallerTurn
from tests.agent.vapi.world import BOOKING, VapiWorld, how
from tools.journal import Entry
from tools.outcome import Fate

BOOKED = "You're booked, Ann Lee. Nine in the morning on Tuesday, November twenty-fourth."
NOT_OURS = "status 401, application/json"


def booked(there: VapiWorld) -> list[Entry]:
    return [entry for entry in there.workshop.journal.entries() if entry.tool == "book_appointment"]


def answers(call: VapiCall) -> list[str]:
    return [text for role, text in call.said if role == "assistant"]


def test_a_call_books_and_ends_with_a_goodbye_and_a_report(tmp_path: Path) -> None:
    there = VapiWorld(tmp_path)
    call = there.run()
    assert call.problems == []
    assert answers(call)[0] == there.agent.phrases["greeting"]
    assert answers(call)[3].startswith(BOOKED)
    assert [entry.fate for entry in booked(there)] == [Fate.DONE]
    assert call.ended_reason == "assistant-ended-call"
    report = next(line["data"] for line in read_trace(tmp_path / "traces" / f"{call.call_id}.jsonl")
                  if line.get("note") == "vapi_report")  # fmt: skip
    assert report["reason"] == "assistant-ended-call"
    assert report["recording"] == "https://storage.vapi.ai/recording.wav"


def test_what_the_model_used_is_told_with_each_answer(tmp_path: Path) -> None:
    there = VapiWorld(tmp_path)
    usages = [completion.usage for completion in there.run().completions]
    assert all(usage and usage["completion_tokens"] > 0 and usage["prompt_tokens"] > 1_000 for usage in usages)


def test_nothing_of_the_carriers_account_is_kept(tmp_path: Path) -> None:
    there = VapiWorld(tmp_path, behaviour=VapiBehaviour(carrier_token="carrier-token-of-a-number"))
    there.run()
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"carrier-token" in path.read_bytes()]


@pytest.mark.parametrize(
    "behaviour",
    [
        VapiBehaviour(auth=Auth.BEARER),
        VapiBehaviour(auth=Auth.HMAC),
        VapiBehaviour(auth=Auth.HMAC_BASE64),
        VapiBehaviour(copies=3),
        VapiBehaviour(copies=2, copy_after_ms=2_000),
        VapiBehaviour(broken_first=True),
        VapiBehaviour(strange_messages=True),
        VapiBehaviour(report_first=True),
        VapiBehaviour(report_after_ms=60_000),
        VapiBehaviour(cut_after_chunks=2),
        VapiBehaviour(wants_usage=False),
        VapiBehaviour(say_ms_per_character=60, pause_ms=400),
    ],
    ids=how,
)
def test_whatever_happens_on_the_way_it_is_booked_once_and_reported_once(
    tmp_path: Path, behaviour: VapiBehaviour
) -> None:
    there = VapiWorld(tmp_path, behaviour=behaviour)
    call = there.run()
    assert call.problems == []
    assert answers(call)[3].startswith(BOOKED)
    assert [entry.fate for entry in booked(there)] == [Fate.DONE]
    assert [path.stem for path in (tmp_path / "traces").iterdir()] == [call.call_id]


@pytest.mark.parametrize("auth", [Auth.NONE, Auth.WRONG_SECRET, Auth.WRONG_SIGNATURE, Auth.STALE_SIGNATURE])
def test_who_is_not_vapi_gets_nowhere(tmp_path: Path, auth: Auth) -> None:
    there = VapiWorld(tmp_path, behaviour=VapiBehaviour(auth=auth))
    call = there.run()
    assert call.ended_reason == "assistant-request-failed"
    assert f"assistant-request: {NOT_OURS}" in call.problems
    assert there.groq.counts["requests"] == 0
    assert there.workshop.journal.entries() == []


def test_a_caller_who_goes_on_ends_the_answer_and_only_what_was_heard_is_remembered(tmp_path: Path) -> None:
    turns = (CallerTurn("Tuesday"), CallerTurn("Tuesday morning, please.", after_ms=2_500), *BOOKING[1:])
    there = VapiWorld(tmp_path, turns, VapiBehaviour(say_ms_per_character=60))
    call = there.run()
    cut, whole = answers(call)[1:3]
    assert cut
    assert not cut.endswith("?")
    assert "morning" in whole
    assert [entry.fate for entry in booked(there)] == [Fate.DONE]
    assert call.problems == []


def test_a_caller_who_goes_on_at_once_leaves_no_answer_behind_that_still_runs(tmp_path: Path) -> None:
    turns = (CallerTurn("Tuesday"), CallerTurn("Tuesday morning, please.", after_ms=50), *BOOKING[1:])
    there = VapiWorld(tmp_path, turns)
    call = there.run()
    assert call.completions[0].is_aborted
    assert call.completions[0].text == ""
    assert "morning" in answers(call)[1]
    assert there.groq.counts["cancelled"] == 1
    assert [entry.fate for entry in booked(there)] == [Fate.DONE]


def test_who_hangs_up_in_mid_answer_leaves_nothing_running(tmp_path: Path) -> None:
    there = VapiWorld(tmp_path, ("Tuesday morning, please.",), model=GroqBehaviour(first_token_ms=5_000))
    there.world.call_in(3_000_000_000, there.call.hang_up)
    call = there.run()
    assert call.ended_reason == "customer-ended-call"
    assert call.completions[0].is_aborted
    assert there.groq.counts["cancelled"] == 1
    assert len(list((tmp_path / "traces").iterdir())) == 1


def test_a_model_that_fails_is_apologised_for_and_the_call_goes_on(tmp_path: Path) -> None:
    model = GroqBehaviour(stream_fault=GroqStreamFault.RESET, fail_first_n=2)
    there = VapiWorld(tmp_path, ("Tuesday morning, please.", *BOOKING), model=model)
    call = there.run()
    assert answers(call)[1].endswith(there.agent.phrases["apology"])
    assert [entry.fate for entry in booked(there)] == [Fate.DONE]
    assert call.problems == []


def test_a_vapi_that_has_no_patience_is_told_nothing_and_hangs_up(tmp_path: Path) -> None:
    there = VapiWorld(tmp_path, behaviour=VapiBehaviour(model_timeout_ms=1), model=GroqBehaviour(first_token_ms=500))
    call = there.run()
    assert call.ended_reason == "pipeline-error-custom-llm-llm-failed"
    assert "chat completion: timed out" in call.problems[0]


def test_an_answer_that_is_late_is_told_by_hang_and_counted_in_the_report(tmp_path: Path) -> None:
    model = GroqBehaviour(first_token_ms=1_500)
    there = VapiWorld(tmp_path, BOOKING[:1], VapiBehaviour(hang_after_ms=1_000), model=model)
    call = there.run()
    assert [each.type for each in call.deliveries].count("hang") == 1
    lines = read_trace(tmp_path / "traces" / f"{call.call_id}.jsonl")
    assert next(line["data"]["hang"] for line in lines if line.get("note") == "vapi_report") == 1
