"""Scripts, run: delays are drawn anew each time, and a wrong script is told from a wrong agent."""

from pathlib import Path

from simulator.runs.outcome import Outcome, Status
from simulator.runs.run import run
from simulator.scenario import parse, plan_of

DRAWN = """
caller = [{ say = "One." }, { say = "Two." }, { say = "Three." }]
[profile]
drafts = 0
[deepgram]
final_delay_ms = { one_of = [80, 160] }
processing_ms = { from = 40, to = 120 }
[groq]
first_token_ms = { from = 100, to = 900 }
[elevenlabs]
first_byte_ms = { p50 = 150, p95 = 300 }
[model]
fallback = "As you like."
"""


def parts(outcome: Outcome, name: str) -> list[int]:
    """A part of the latency, turn by turn."""
    return [turn.parts_ms[name] for call in outcome.calls for turn in call.turns]


def test_delays_are_drawn_anew_for_each_message_and_are_the_same_for_a_seed() -> None:
    plan = plan_of(parse(DRAWN, Path("my.toml")), "my")
    once, again, other = run(plan, 1), run(plan, 1), run(plan, 2)
    assert once.digest == again.digest != other.digest
    for name in ("llm_ms", "tts_ms"):
        assert len(set(parts(once, name))) == 3, name
    assert all(100 <= ms <= 960 for ms in parts(once, "llm_ms"))


def test_a_script_that_is_wrong_about_its_model_is_no_failure_of_the_agent() -> None:
    text = 'caller = [{ say = "Hello." }]\n[model]\nreplies = ["One.", "Two."]\n'
    outcome = run(plan_of(parse(text, Path("my.toml")), "my"), 0)
    assert outcome.status is Status.WRONG
    assert [violation.checker for violation in outcome.violations] == ["script"]
    assert 'asked for model reply 2 ("Two.")' in outcome.violations[0].what
