"""Calls in other hands on real sockets: orders by Twilio's own package, callbacks that are signed and checked."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.config import load_config
from simulator.brain.of_agent import brain_of
from simulator.demo.live import opened_house, place_call
from simulator.demo.story import Options, Performance, demo_settings
from simulator.emulators import EmulatedProviders, Setup
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_rest import TwilioRestPeer
from simulator.script import AfterAgentFinished, AfterWords, HangUp, IfLate, Say, Script
from tests.patience import run_patiently
from tools.dispatch.schema import SERVICE
from tools.store import rows_of

DISPATCHER = "+15550007777"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HURT = Say("My wife is hurt.", AfterAgentFinished(silence_ms=400))


@dataclass(frozen=True)
class Told:
    """A call that is over: as the demonstration knows it, and what the REST API answered by status."""

    performance: Performance
    answers: dict[int, int]
    handovers: list[dict[str, object]]


def call(data: Path, script: Script, phone: TwilioBehaviour, *, known_to_api: bool = True) -> Told:
    """A driver's call to the breakdown service."""

    async def story() -> Told:
        options = Options(data, data / "call.wav", 0, NOW, "dispatch")
        async with EmulatedProviders(Setup(brain=brain_of("dispatch"))) as emulated:
            config = load_config(demo_settings(emulated.env, data, "dispatch"))
            api = emulated.peer(TwilioRestPeer)
            adopt = api.adopt if known_to_api else lambda _call: None
            async with opened_house(config, options, None) as house:
                told = await place_call(house, options, script, phone=phone, on_placed=adopt)
        return Told(told, dict(api.counts), rows_of(SERVICE, data, "handovers"))

    return run_patiently(story(), speed=4)


def test_a_tool_hands_the_call_over_by_rest_and_who_takes_it_heard_what_it_is_about(tmp_path: Path) -> None:
    told = call(tmp_path, (HURT,), TwilioBehaviour(dial_s=1, pick_up_s=1))
    twilio = told.performance.call
    assert twilio.errors == []
    assert twilio.told_to_others == ["An emergency: somebody is hurt. To take the call, press 1."]
    assert twilio.connected_with == [DISPATCHER]
    assert told.answers == {200: 1}
    assert [row["outcome"] for row in told.handovers] == ["connected"]


def test_where_nobody_takes_it_the_caller_is_back_with_the_agent(tmp_path: Path) -> None:
    script = (
        HURT,
        HangUp(AfterWords("keep the line free", timeout_ms=60_000, if_late=IfLate.HANG_UP)),
    )
    told = call(tmp_path, script, TwilioBehaviour(people=((DISPATCHER, "busy"),)))
    assert told.performance.caller.missed == []
    assert len(told.performance.call.phones) == 2, "the second stream is the one that gave the caller back"
    assert [row["outcome"] for row in told.handovers] == ["busy"]


def test_what_the_api_refuses_leaves_the_call_ours_and_the_driver_is_called_back(tmp_path: Path) -> None:
    script = (HURT, HangUp(AfterWords("keep the line free", timeout_ms=60_000, if_late=IfLate.HANG_UP)))
    told = call(tmp_path, script, TwilioBehaviour(), known_to_api=False)
    assert told.performance.caller.missed == []
    assert (len(told.performance.call.phones), told.performance.call.dialled) == (1, [])
    assert told.answers == {404: 1}
