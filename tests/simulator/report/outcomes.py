"""Outcomes made by hand: what reports are tested with."""

from dataclasses import replace
from random import Random
from typing import Any

from simulator.runs.outcome import CallOutcome, Lane, Outcome, Span, Status, Turn, Violation

QUESTION, ANSWER = "What times do you have on Tuesday?", "I have nine, ten thirty and four o'clock."


def turn(number: int, voice_to_voice_ms: int | None = 800, caller: str = QUESTION, agent: str = ANSWER) -> Turn:
    if voice_to_voice_ms is None:
        return Turn(number, caller, "", None)
    llm_ms = voice_to_voice_ms - 500
    parts = {"endpointing_ms": 300, "own_ms": 0, "llm_ms": llm_ms, "tts_ms": 120, "send_ms": 20, "phone_ms": 60}
    return Turn(number, caller, agent, voice_to_voice_ms, parts)


SPANS = (
    Span(Lane.CALLER, 2_000, 4_000, QUESTION, "say"),
    Span(Lane.CALLER, 6_400, 6_800, "mm-hmm", "backchannel"),
    Span(Lane.HEARD, 4_800, 8_000, ANSWER),
    Span(Lane.MODE, 0, 1_900, "CONNECTING"),
    Span(Lane.MODE, 1_900, 4_400, "LISTENING"),
    Span(Lane.MODE, 4_400, 4_800, "THINKING"),
    Span(Lane.MODE, 4_800, 8_000, "SPEAKING"),
    Span(Lane.WORDS, 3_000, 3_000, "what times", "interim"),
    Span(Lane.WORDS, 4_300, 4_300, QUESTION, "final"),
    Span(Lane.TOOL, 4_500, 4_600, 'find_free_slots({"day": "tuesday"}) -> 3', "returned"),
    Span(Lane.FAULT, 5_000, 5_000, "stt_stall=4000", "struck"),
    Span(Lane.FAULT, 6_000, 6_000, "deepgram", "noticed"),
)


def call(*latencies_ms: int, caller: str = "caller", **more: Any) -> CallOutcome:  # noqa: ANN401 - any of its fields
    made = CallOutcome(
        caller=caller,
        call_id="CA" + "0" * 32,
        duration_ms=9_000,
        mode="ENDED",
        ended_by="caller",
        turns=tuple(turn(number, ms) for number, ms in enumerate(latencies_ms, 1)),
        spans=SPANS,
        latencies_ms=latencies_ms,
        longest_silence_ms=1_400,
        interruptions=1,
        resumed=1,
    )
    return replace(made, **more)


def outcome(script: str = "booking", seed: int = 0, status: Status = Status.PASSED, **more: Any) -> Outcome:  # noqa: ANN401 - any of its fields
    made = Outcome(
        script=script,
        seed=seed,
        status=status,
        digest=f"{Random(f'{script}/{seed}').getrandbits(256):064x}",
        violations=(),
        calls=(call(700 + seed, 900 + seed),),
        faults=(),
        simulated_ms=9_000,
        rerun=f"offhook simulate {script} --seed {seed}",
        about="A caller books an appointment",
        events=42,
    )
    return replace(made, **more)


TWO_VOICES = Violation("one_voice_at_a_time", "two replies sounded at once", 6_500, "caller")
NO_ROW = Violation("database", "expected 1 row in bookings, found 0")


def failed(script: str = "barge_in", seed: int = 81_723, **more: Any) -> Outcome:  # noqa: ANN401 - any of its fields
    made = outcome(
        script,
        seed,
        Status.FAILED,
        violations=(NO_ROW, TWO_VOICES),
        faults=("stt_stall=4000@8000", "mark_lost"),
        rerun=f"offhook simulate {script} --seed {seed} --until 6500",
    )
    return replace(made, **more)


def xfailed(script: str = "fail_over", seed: int = 0, **more: Any) -> Outcome:  # noqa: ANN401 - any of its fields
    found = Violation("heard", 'expected to hear "hello"', 3_000)
    return outcome(script, seed, Status.XFAILED, xfail="there is one provider only", violations=(found,), **more)
