"""Every bundled script holds; those that cannot yet say why, and fail loudly once they do."""

import pytest

from simulator.runs.run import run
from simulator.scenario import bundled, load

FIELD = """
mhm_kills_reply cough_dead_air stop_ignored false_barge_in_mute greeting_deaf quick_yes pause_jump_in
digits_cut hold_music late_final double_interrupt withheld_first_frame no_clear clear_after_cleanup
cleared_is_not_heard dead_turn_audio lost_tail new_call_stutters slow_start mark_lost frames_burst
stop_missing reconnect stt_stall stt_drop llm_slow_first_token llm_stall_mid llm_429 llm_500 llm_bad_tool_json
tts_stall tts_wrong_context tts_no_final key_wrong dead_reply_tool tool_twice tool_cancelled_by_barge_in
tool_in_progress_forever tool_slow tool_hangs tool_500 tool_after_hangup zombie_call recording_in_memory
voicemail_loop dtmf_storm giant_message bad_base64 wrong_order unknown_event
""".split()
"""What goes wrong in the field, by the names under which people know it."""


@pytest.mark.parametrize("name", bundled())
def test_a_bundled_script_holds(name: str) -> None:
    plan = load(name)
    outcome = run(plan, plan.cast.seed)
    found = "\n".join(f"  {violation.checker}: {violation.what}" for violation in outcome.violations)
    assert not outcome.status.is_failure, f"{outcome.status}; run it again: {outcome.rerun}\n{found}"


def test_each_trouble_of_the_field_has_its_script() -> None:
    assert [name for name in FIELD if name not in bundled()] == []


def test_every_script_says_what_it_shows() -> None:
    assert [name for name in bundled() if not load(name).about] == []
