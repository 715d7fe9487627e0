"""Trouble between Twilio and us: lost, late, doubled, malformed and hostile, while a caller wants an appointment."""

import random
from pathlib import Path

import orjson
import pytest

from agent.switchboard import MAX_RESUMES
from fsm.units import NS_PER_MS
from simulator.brain.answers import RuleBrain
from simulator.peers.base import Request
from simulator.peers.twilio_behaviour import Signing, TwilioBehaviour
from simulator.rehearsal import AGENT_ORIGIN
from simulator.script import IntoAgentSpeech, Press, Say
from tests.calls.scene import BYE, HOURS, Scene, Told, after, after_greeting

ASKS = Say("When do you open?", after_greeting())
ANSWER = "We open at nine in the morning."
THANKS = Say("Thank you, and when do you close?", after("in the morning."))
CLOSES = "At five in the afternoon."
CHAT = (ASKS, THANKS, BYE)
RULES = (("close", CLOSES), ("open", ANSWER))


def assert_conversation(call: Told) -> None:
    """The caller had the whole conversation, whatever went on below; a word under way may have been said again."""
    words = " ".join(call.agent[-2:]).split()
    assert [word for index, word in enumerate(words) if words[index - 1] != word] == f"{ANSWER} {CLOSES}".split()
    assert len(words) <= len(f"{ANSWER} {CLOSES}".split()) + 1


# --- the link


@pytest.mark.parametrize(
    "behaviour",
    [
        TwilioBehaviour(one_way_ms=75),
        TwilioBehaviour(one_way_ms=150, jitter_ms=60),
        TwilioBehaviour(one_way_ms=75, stall_every_ms=3_000, stall_ms=600),
        TwilioBehaviour(lost_mark_rate=1.0),
        TwilioBehaviour(one_way_ms=75, lost_mark_rate=0.5),
        TwilioBehaviour(drop_rate=0.02),
        TwilioBehaviour(sends_stop=False),
        TwilioBehaviour(first_timestamp_ms=100_000),
        TwilioBehaviour(start_after_ms=900),
    ],
    ids=["far", "jitter", "bursts", "no marks", "some marks", "lost frames", "no stop", "odd timestamps", "late start"],
)
def test_a_poor_link_costs_time_and_nothing_else(tmp_path: Path, behaviour: TwilioBehaviour) -> None:
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    call = scene.call(*CHAT, behaviour=behaviour)
    scene.run()
    assert_conversation(call)


def test_turns_are_timed_by_the_callers_clock_not_by_arrival(tmp_path: Path) -> None:
    """A burst after a stall of 600 ms must neither end a turn early nor be taken for one long sound."""
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    call = scene.call(*CHAT, behaviour=TwilioBehaviour(stall_every_ms=2_000, stall_ms=600))
    scene.run()
    stops = [line["data"]["last_voiced_at"] for line in call.events("SpeechStopped")]
    for said in call.caller.said:
        assert min(abs(stop - said.ended_at) for stop in stops) <= 100 * NS_PER_MS


@pytest.mark.parametrize("at_ms", [300, 3_000, 7_300, 8_500, 9_600, 11_000, 12_500])
def test_a_dropped_stream_is_resumed_where_it_was(tmp_path: Path, at_ms: int) -> None:
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    call = scene.call(*CHAT)
    scene.rehearsal.at(at_ms, call.twilio.drop_stream)
    scene.run()
    assert len(call.twilio.phones) == 2
    assert_conversation(call)
    assert call.agent[0].endswith("Which day would suit you?")


@pytest.mark.parametrize("outage_ms", [300, 1_000])
def test_words_said_into_a_lost_stream_are_said_again(tmp_path: Path, outage_ms: int) -> None:
    scene = Scene(tmp_path, brain=RuleBrain([*RULES, ("times", HOURS)]))
    call = scene.call(Say("What times do you have?", after_greeting()), BYE)

    def lose() -> None:
        call.twilio.drop_stream()
        scene.rehearsal.link(AGENT_ORIGIN).stall(outage_ms)

    scene.rehearsal.at(11_000, lose)
    scene.run()
    assert len(call.twilio.phones) == 2
    words = " ".join(call.agent[1:]).split()
    assert [word for index, word in enumerate(words) if words[index - 1] != word] == HOURS.split()


def test_a_stream_that_opens_anew_with_a_used_token_is_refused_and_the_call_goes_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    call = scene.call(*CHAT)
    scene.rehearsal.at(10_000, call.twilio.reconnect)
    scene.run()
    assert_conversation(call)


def test_a_call_that_keeps_losing_its_stream_ends_in_words(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS)
    call = scene.call(ASKS, BYE)
    for again in range(MAX_RESUMES + 1):
        scene.rehearsal.at(9_800 + 900 * again, call.twilio.drop_stream)
    scene.run()
    assert len(call.twilio.phones) == MAX_RESUMES + 1
    assert len(call.by_twilio) == 1


def test_a_stream_that_never_starts_is_closed_and_forgotten(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER)
    call = scene.call(BYE, behaviour=TwilioBehaviour(start_after_ms=None))
    scene.run()
    assert call.agent == []
    assert call.twilio.record.sid not in scene.rehearsal.answered


# --- keys


def test_keys_during_speech_are_one_answer(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "Four two it is.")
    call = scene.call(Press("42#", IntoAgentSpeech(1_000), gap_ms=300), BYE)
    scene.run()
    assert scene.user_texts == ["[pressed 4 2 #]"]
    assert call.agent[1:] == ["Four two it is."]


def test_a_storm_of_keys_is_bounded(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "That was a lot.", "And more.")
    call = scene.call(Press("1234567890" * 40, IntoAgentSpeech(1_000), gap_ms=10), BYE)
    scene.run()
    assert len(scene.asked) <= 2
    assert all(len(text) < 200 for text in scene.user_texts)
    assert call.notes("released")[0].count("too many digits") == 1


# --- messages that are none


def noise_messages() -> list[str | bytes]:
    rng = random.Random(7)
    return [
        "{",
        "null",
        "[1, 2]",
        '"media"',
        b"\x00\xff\xfe",
        rng.randbytes(2_000),
        '{"event": "media"}',
        '{"event": "media", "media": {"payload": "!!!"}}',
        '{"event": "media", "media": {"payload": 7, "timestamp": "x"}}',
        '{"event": "media", "media": {"payload": "' + "A" * 4_000_000 + '", "timestamp": "20"}}',
        '{"event": "mark", "mark": {"name": null}}',
        '{"event": "mark", "mark": {"name": "9:9"}}',
        '{"event": "dtmf", "dtmf": {"digit": "Z"}}',
        '{"event": "coffee", "sequenceNumber": "3"}',
        '{"event": ["stop"]}',
        '{"event": "start", "start": {}}',
        '{"event": "connected"}',
        "",
    ]


@pytest.mark.parametrize("at_ms", [40, 3_000, 8_000, 11_000])
def test_malformed_messages_are_counted_and_nobody_notices(tmp_path: Path, at_ms: int) -> None:
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    disturbed, other = scene.call(*CHAT), scene.call(*CHAT)

    def disturb() -> None:
        wire = disturbed.phone._up._wire
        assert wire is not None
        for message in noise_messages():
            wire.send(message)

    scene.rehearsal.at(at_ms, disturb)
    scene.run()
    for call in (disturbed, other):
        assert_conversation(call)
    (released,) = disturbed.notes("released")
    for reason in ("malformed: not JSON", "unknown event", "second connected", "no key of a telephone"):
        assert reason in released
    assert "malformed" not in other.notes("released")[0]


def test_a_stream_of_nothing_but_rubbish_is_closed_and_the_others_talk_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    hostile, other = scene.call(*CHAT), scene.call(*CHAT)

    def disturb() -> None:
        wire = hostile.phone._up._wire
        assert wire is not None
        for _ in range(200):
            wire.send("{")

    scene.rehearsal.at(3_000, disturb)
    scene.run()
    assert len(hostile.by_twilio) == 1
    assert_conversation(other)


# --- people who are not Twilio


@pytest.mark.parametrize("signing", [Signing.MISSING, Signing.WRONG_TOKEN, Signing.CHANGED_BODY])
def test_a_call_that_is_not_signed_rightly_is_refused_while_another_goes_on(tmp_path: Path, signing: Signing) -> None:
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    call = scene.call(*CHAT)
    scene.world.run_for(8_000)
    forged = scene.call(BYE, behaviour=TwilioBehaviour(signing=signing))
    scene.run()
    assert_conversation(call)
    assert forged.agent == []
    assert forged.twilio.phones == []
    assert scene.rehearsal.webhook.counters["refused 403"] >= 1
    assert len(scene.rehearsal.answered) == 1


class Intruder:
    """Somebody who dials our stream."""

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages
        self.got: list[str | bytes] = []
        self.closed: int | None = None

    def attach(self, scene: Scene, headers: dict[str, str]) -> None:
        self.wire = scene.rehearsal.network.open_websocket(
            f"{AGENT_ORIGIN}/media", headers, self, open_timeout_ms=1_000
        )

    def on_open(self) -> None:
        for message in self.messages:
            self.wire.send(message)

    def on_message(self, message: str | bytes) -> None:
        self.got.append(message)

    def on_close(self, code: int, reason: str) -> None:
        self.closed = code


def test_a_replayed_stream_gets_no_call_and_takes_none_over(tmp_path: Path) -> None:
    scene = Scene(tmp_path, brain=RuleBrain(RULES))
    upgrades: list[Request] = []
    check = scene.rehearsal.webhook.upgrade_refusal

    def note(request: Request) -> object:
        upgrades.append(request)
        return check(request)  # type: ignore[arg-type]  # both have the fields that are looked at

    scene.rehearsal.webhook.upgrade_refusal = note  # type: ignore[method-assign, assignment]  # a wiretap
    call = scene.call(*CHAT)
    scene.world.run_for(9_000)
    leg = call.phone.leg
    start = {
        "accountSid": leg.account_sid,
        "callSid": leg.call_sid,
        "streamSid": "MZ" + "0" * 32,
        "tracks": ["inbound"],
        "customParameters": dict(leg.custom_parameters),
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    messages = [
        '{"event":"connected","protocol":"Call","version":"1.0.0"}',
        orjson.dumps({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": "MZ" + "0" * 32}).decode(),
    ]
    replayed = Intruder(messages)
    replayed.attach(scene, dict(upgrades[0].headers))
    unsigned = Intruder(messages)
    unsigned.attach(scene, {})
    scene.run()
    assert replayed.closed == 1008
    assert unsigned.closed == 403
    assert replayed.got == unsigned.got == []
    assert_conversation(call)
    assert len(call.twilio.phones) == 1
