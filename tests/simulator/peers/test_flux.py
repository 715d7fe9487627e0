"""The emulated Flux: its turns on the clock of the audio, its orders, its faults, and Deepgram's client as a judge."""

from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.peers.base import Request
from simulator.peers.deepgram import DeepgramBehaviour, DeepgramPeer
from simulator.speech import silence, speak
from tests.fakes import ManualClock
from tests.patience import run_patiently
from tests.simulator.peers.deepgram_line import KEY, Line, seeded
from tests.simulator.peers.test_deepgram_sdk import judge

FLUX = {
    "model": "flux-general-en",
    "encoding": "mulaw",
    "sample_rate": "8000",
    "eot_threshold": "0.7",
    "eager_eot_threshold": "0.5",
    "eot_timeout_ms": "1500",
}
HELLO = speak("Hello there.").audio[:6_240]
"""Up to its last sound, which ends after 774 ms."""


def line(behaviour: DeepgramBehaviour | None = None, **query: str) -> Line:
    clock = ManualClock()
    return Line(clock, DeepgramPeer(clock, seeded(1), behaviour), {**FLUX, **query}, path="/v2/listen")


def story(ears: Line) -> list[str]:
    """What happened to the turns, updates left out."""
    return [f"{told['event']} {told['transcript']}" for told in ears.of("TurnInfo") if told["event"] != "Update"]


# --- turns


def test_a_turn_begins_with_its_first_words_and_ends_with_all_of_them() -> None:
    ears = line()
    ears.play(HELLO + silence(1_000))
    assert story(ears) == ["StartOfTurn Hello", "EagerEndOfTurn Hello there.", "EndOfTurn Hello there."]
    end = ears.of("TurnInfo")[[told["event"] for told in ears.of("TurnInfo")].index("EndOfTurn")]
    assert (end["turn_index"], end["trigger"], end["end_of_turn_confidence"] >= 0.7) == (0, "model", True)
    assert [word["word"] for word in end["words"]] == ["Hello", "there."]


def test_the_next_turn_has_the_next_number_and_only_its_own_words() -> None:
    ears = line()
    ears.play(HELLO + silence(1_000) + speak("Bye.").audio + silence(1_000))
    last = [told for told in ears.of("TurnInfo") if told["event"] == "EndOfTurn"][-1]
    assert (last["turn_index"], last["transcript"]) == (1, "Bye.")


def test_a_guess_is_taken_back_when_the_caller_goes_on() -> None:
    ears = line(DeepgramBehaviour(flux_end_after_ms=600))
    ears.play(HELLO + silence(500) + speak("Are you open?").audio + silence(1_500))
    assert [told.split()[0] for told in story(ears)] == [
        "StartOfTurn",
        "EagerEndOfTurn",
        "TurnResumed",
        "EagerEndOfTurn",
        "EndOfTurn",
    ]
    assert story(ears)[-1] == "EndOfTurn Hello there. Are you open?"


def test_words_that_look_unfinished_are_waited_for_unless_it_is_hasty() -> None:
    audio = speak("I would like to").audio + silence(600)
    patient, hasty = line(), line(DeepgramBehaviour(flux_is_hasty=True))
    for ears in (patient, hasty):
        ears.play(audio)
    assert not any(told.startswith("EndOfTurn") for told in story(patient))
    assert story(hasty)[-1] == "EndOfTurn I would like to"


def test_without_a_threshold_for_it_nothing_is_guessed_and_silence_ends_a_turn_in_the_end() -> None:
    query = {name: value for name, value in FLUX.items() if name != "eager_eot_threshold"}
    clock = ManualClock()
    ears = Line(clock, DeepgramPeer(clock, seeded(1)), {**query, "eot_threshold": "1.0"}, path="/v2/listen")
    ears.play(HELLO + silence(2_000))
    assert story(ears) == ["StartOfTurn Hello", "EndOfTurn Hello there."]
    assert [told["trigger"] for told in ears.of("TurnInfo") if told["event"] == "EndOfTurn"] == ["timeout"]


def test_without_audio_no_turn_ever_ends() -> None:
    ears = line()
    ears.play(HELLO)
    ears.pass_time(5_000)
    assert not any(told.startswith("EndOfTurn") for told in story(ears))


@pytest.mark.parametrize("frame_ms", [20, 80, 100])
def test_its_framing_makes_no_difference_to_the_turns(frame_ms: int) -> None:
    ears = line()
    ears.play(HELLO + silence(1_500), frame_ms=frame_ms)
    assert story(ears)[-1] == "EndOfTurn Hello there."


# --- messages and orders


def test_messages_of_all_types_are_counted_from_the_first() -> None:
    ears = line()
    ears.play(HELLO + silence(1_000))
    ears.order("ForceEndTurn")
    ears.order("Configure", thresholds={"eot_threshold": 0.8})
    ears.pass_time(500)
    assert [told["sequence_id"] for told in ears.messages] == list(range(len(ears.messages)))
    assert ears.messages[0]["type"] == "Connected"
    assert ears.of("Warning")[0]["code"] == "FORCE_END_TURN_NO_ACTIVE_TURN"
    assert ears.of("ConfigureSuccess")[0]["thresholds"]["eot_threshold"] == 0.8


def test_a_turn_ends_when_it_is_told_to() -> None:
    ears = line()
    ears.play(HELLO + silence(100))
    ears.order("ForceEndTurn")
    ears.pass_time(500)
    assert story(ears)[-1] == "EndOfTurn Hello there."
    assert [told["trigger"] for told in ears.of("TurnInfo") if told["event"] == "EndOfTurn"] == ["manual"]


def test_closing_tells_what_is_left_and_ends_no_turn() -> None:
    ears = line()
    ears.play(HELLO)
    ears.order("CloseStream")
    ears.pass_time(1_000)
    assert (ears.messages[-1]["event"], ears.messages[-1]["transcript"]) == ("Update", "Hello there.")
    assert [code for code, _ in ears.closings] == [None]


@pytest.mark.parametrize("kind", ["KeepAlive", "Finalize"])
def test_orders_of_the_other_version_are_not_known(kind: str) -> None:
    ears = line()
    ears.order(kind)
    ears.pass_time(500)
    assert ears.messages[-1]["type"] == "Error"


# --- faults


def test_a_server_may_leave_out_what_older_ones_did_not_know() -> None:
    ears = line(DeepgramBehaviour(flux_starts_missing=True, flux_trigger_missing=True))
    ears.play(HELLO + silence(1_000))
    assert story(ears) == ["EagerEndOfTurn Hello there.", "EndOfTurn Hello there."]
    assert not any("trigger" in told for told in ears.messages)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"model": "nova-3"}, "Expected one of flux-general-en, flux-general-multi"),
        ({"eot_threshold": "0.2"}, "Expected 0.5 to 1.0"),
        ({"eager_eot_threshold": "0.8"}, "exceeds 'eot_threshold'"),
        ({"eot_timeout_ms": "90000"}, "Expected 500 to 60000"),
        ({"eot_timeout_ms": "soon"}, "Expected 500 to 60000"),
        ({"language_hint": "de"}, "needs flux-general-multi"),
        ({"sample_rate": ""}, "'sample_rate' is required"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(query: dict[str, str], complaint: str) -> None:
    peer = DeepgramPeer(ManualClock(), seeded(1))
    refused = peer.upgrade(Request("GET", "/v2/listen?" + urlencode({**FLUX, **query}), KEY))
    assert refused is not None
    assert (refused.status, complaint in refused.headers["dg-error"]) == (400, True)


# --- the outside judge


@pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")
def test_deepgrams_own_client_understands_every_turn() -> None:
    async def converse() -> None:
        async with judge("secret") as (_, client):
            query: dict[str, Any] = {name: value for name, value in FLUX.items() if name != "language_hint"}
            async with client.listen.v2.connect(**query) as connection:
                audio = HELLO + silence(1_500)
                for at in range(0, len(audio), 640):
                    await connection.send_media(audio[at : at + 640])
                await connection.send_close_stream()
                received = [message async for message in connection]
            assert type(received[0]).__name__ == "ListenV2Connected"
            turns = [message for message in received if message.type == "TurnInfo"]
            assert all(type(message).__name__ == "ListenV2TurnInfo" for message in turns)
            ended = [message for message in turns if message.event == "EndOfTurn"]
            assert [message.transcript for message in ended] == ["Hello there."]
            assert ended[0].words[0].word == "Hello"
            assert [message.sequence_id for message in received] == list(range(len(received)))

    run_patiently(converse())
