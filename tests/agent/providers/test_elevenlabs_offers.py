"""The ElevenLabs client against emulated servers that offer one endpoint, or speak the protocol loosely."""

from typing import Any

import pytest

from agent.errors import FaultKind
from simulator.peers.elevenlabs_behaviour import AlignmentStyle, VoiceFault
from tests.agent.providers.fakes import VoiceLog
from tests.agent.providers.test_against_peers import CLAUSES, WHOLE, Speaking

REFUSALS: list[dict[str, Any]] = [
    *({"refuse_endpoint_status": status} for status in (400, 403, 404, 405, 501)),
    {"refuse_endpoint_at": "frame"},
]


def single(**behaviour: Any) -> Speaking:  # noqa: ANN401  # whatever the behaviour takes
    return Speaking(offers=("single",), **behaviour)


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_the_utterance_that_finds_it_out_is_heard_whole(refusal: dict[str, Any]) -> None:
    t = single(**refusal)
    t.say(1, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(1) == WHOLE
    assert t.heard.log[-1] == ("spoken", 1)
    assert t.heard.faults == {}
    t.release()


@pytest.mark.parametrize(
    "behaviour",
    [
        {},
        {"final_key": "is_final", "final_is_false": True},
        {"starts_key": "charsStartTimesMs", "durations_key": "charsDurationsMs"},
        {"alignment": AlignmentStyle.NONE},
        {"alignment": AlignmentStyle.NONE, "sends_final": False},
        {"sends_final": False},
        {"alignment": AlignmentStyle.BEFORE_AUDIO},
        {"alignment": AlignmentStyle.LAGGING},
        {"null_alignment_share": 0.5},
        {"leading_blank": True, "flush_done": True},
        {"pace": float("inf")},
        {"pace": 0.8},
        {"frame_min_ms": 13, "frame_max_ms": 40},
        {"first_byte_jitter_ms": 800, "pause_ms": 500},
    ],
    ids=str,
)
@pytest.mark.parametrize("pause_ms", [0, 900])
def test_what_is_said_on_single_streams_is_heard_whole(behaviour: dict[str, Any], pause_ms: int) -> None:
    t = single(**behaviour)
    t.say(1, *CLAUSES, pause_ms=pause_ms)
    t.world.run_for(15_000)
    t.say(2, *CLAUSES, pause_ms=pause_ms)
    t.world.run_for(15_000)
    assert (t.words(1), t.words(2)) == (WHOLE, WHOLE)
    assert [entry for entry in t.heard.log if entry[0] != "audio"] == [("spoken", 1), ("spoken", 2)]
    assert t.peer.complaints == []
    t.release()


@pytest.mark.parametrize("sends_final", [True, False])
def test_the_end_is_told_as_soon_as_it_came(sends_final: bool) -> None:
    t = single(sends_final=sends_final)
    t.say(1, *CLAUSES)
    quiet_ms = heard = 0
    while 1 not in t.heard.over:
        t.world.run_for(10)
        quiet_ms = quiet_ms + 10 if len(t.heard.audio.get(1, b"")) == heard else 0
        heard = len(t.heard.audio.get(1, b""))
    assert t.words(1) == WHOLE
    assert quiet_ms <= 200, "the patience of 1.5 s is for servers that tell no end"
    t.release()


def test_an_interruption_is_fenced_and_the_next_reply_is_whole() -> None:
    t = single()
    for utterance in range(1, 12):
        t.say(utterance, *CLAUSES)
        t.world.run_for(400)
        t.voice.drop(utterance)
        t.world.run_for(300)
    t.say(12, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(12) == WHOLE
    assert t.heard.log[-1] == ("spoken", 12)
    assert t.heard.faults == {}
    t.release()


@pytest.mark.parametrize("alignment", [AlignmentStyle.WITH_AUDIO, AlignmentStyle.NONE])
def test_contexts_without_names_are_told_apart_all_the_same(alignment: AlignmentStyle) -> None:
    t = Speaking(names_contexts=False, alignment=alignment)
    t.say(1, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(1) == WHOLE
    for utterance in range(2, 9):
        t.say(utterance, "Something quite different, and never heard to its end.")
        t.world.run_for(600)
        t.voice.drop(utterance)
        t.world.run_for(100)
    t.say(9, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(9) == WHOLE
    assert t.heard.log[-1] == ("spoken", 9)
    assert t.heard.faults == {}
    t.release()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (VoiceFault.HANG, FaultKind.STALLED),
        (VoiceFault.CLOSE, FaultKind.CLOSED),
        (VoiceFault.QUOTA, FaultKind.REFUSED_KEY),
    ],
)
def test_a_single_stream_that_breaks_in_mid_word_is_a_fault_and_the_next_utterance_sounds(
    fault: VoiceFault, kind: FaultKind
) -> None:
    t = single(fault=fault, fail_first_n=1, frame_max_ms=200)
    t.say(1, *CLAUSES)
    t.world.run_for(8_000)
    assert t.heard.log[-1] == ("failed", 1)
    assert t.heard.faults[1].kind is kind
    t.say(2, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(2) == WHOLE
    t.release()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_one_whatever_is_offered(status: int) -> None:
    t = single(api_key="another", refuse_key_status=status)
    t.say(1, *CLAUSES)
    t.world.run_for(8_000)
    assert t.heard.log == [("failed", 1)]
    assert t.heard.faults[1].kind is FaultKind.REFUSED_KEY
    t.release()


def test_a_reply_that_waits_long_for_its_tool_goes_on_in_its_stream() -> None:
    t = single()
    t.voice.say(1, CLAUSES[0])
    t.world.run_for(400_000)
    t.say(1, *CLAUSES[1:])
    t.world.run_for(15_000)
    assert t.words(1) == WHOLE
    assert t.heard.faults == {}
    t.release()


def test_a_warm_socket_is_there_for_every_utterance_of_a_long_call() -> None:
    t = single()
    t.tts.warm()
    t.world.run_for(1_000)
    heard = VoiceLog()
    voice = t.tts.open_voice(heard)
    for utterance, pause_ms in enumerate((0, 5_000, 70_000, 200_000, 400_000), 1):
        t.world.run_for(pause_ms)
        voice.say(utterance, "Good morning.")
        voice.finish(utterance)
        t.world.run_for(5_000)
        assert heard.log[-1] == ("spoken", utterance)
    assert t.peer.counts["errors"] == 0, "no spare ever grew old enough to be closed by the server"
    voice.close()
    t.release()
