"""A simulated call against our real server, and the official client against the simulated API, on loopback sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]  # ships no types
from twilio.rest import Client  # type: ignore[import-untyped]  # same

from agent.clock import LoopClock
from agent.config import Config, Secret
from agent.net import LoopNetwork
from simulator.caller import Caller
from simulator.hosts import Host
from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import Signing, TwilioBehaviour
from simulator.peers.twilio_records import CallPlan, Status, TwilioAccount
from simulator.peers.twilio_rest import TwilioRestPeer
from simulator.recording import StereoRecorder
from simulator.script import AfterWords, At, HangUp, Press, Say, Script
from simulator.speech import SpeechReader, speak
from tests.agent.server_house import TOKEN, House
from tests.patience import PATIENCE_S, run_patiently
from tests.simulator.peers.twilio_fakes import seeded

ACCOUNT = TwilioAccount("AC" + "a" * 32, TOKEN)
PUBLIC = "https://agent.example.com"
PROXIED = Config(port=0, max_calls=3, twilio_auth_token=Secret(TOKEN), public_url=PUBLIC)


class Ringing:
    """A house behind a proxy, and one call to it."""

    def __init__(self, house: House, script: Script, behaviour: TwilioBehaviour, recorder: StereoRecorder) -> None:
        clock = LoopClock(asyncio.get_running_loop())
        self.house = house
        self.network = LoopNetwork()
        self.over = asyncio.Event()
        self.caller = Caller(clock, seeded(), script)
        self.call = TwilioCall(
            clock,
            seeded(),
            self.network,
            ACCOUNT,
            self.caller,
            CallPlan(url=f"{PUBLIC}/voice", status_callback=f"{PUBLIC}/status"),
            behaviour=behaviour,
            routes={PUBLIC: house.url},
            tap=recorder,
            on_ended=self.over.set,
        )
        self.caller.attach(self.call)


def ring(
    tmp_path: Path,
    script: Script,
    story: Callable[[Ringing], Awaitable[None]],
    behaviour: TwilioBehaviour | None = None,
) -> Ringing:
    async def run() -> Ringing:
        house = House(PROXIED)
        await house.server.start()
        with StereoRecorder(tmp_path / "call.wav") as recorder:
            ringing = Ringing(house, script, behaviour or TwilioBehaviour(say_ms_per_character=0), recorder)
            ringing.call.place()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await story(ringing)
                    await ringing.over.wait()
            finally:
                await ringing.network.close()
                await house.http.close()
                await house.server.stop()
        assert recorder.written_samples > 0 or ringing.call.phone is None
        return ringing

    return run_patiently(run(), speed=5)


def test_a_whole_call_through_a_proxy_signed_and_heard_word_by_word(tmp_path: Path) -> None:
    reader = SpeechReader()

    async def story(ringing: Ringing) -> None:
        house = ringing.house
        await house.until(lambda: bool(house.made))
        phone = house.last.phone
        audio = speak("Hello, how can I help?").audio
        phone.send_audio(audio)
        phone.send_mark("greeting")
        await house.until(lambda: "mark" in house.last.kinds and "digit" in house.last.kinds)

    script: Script = [Say("Book a table.", At(100)), Press("7", At(0)), HangUp(AfterWords("help", delay_ms=600))]
    ringing = ring(tmp_path, script, story)
    notes = ringing.house.last.notes
    assert [note[1] for note in notes if note[0] in {"mark", "digit"}] == ["7", "greeting"]
    heard = [word.text for note in notes if note[0] == "media" for word in reader.push(note[1])]
    assert heard == ["Book", "a", "table."]
    assert [word.text for word in ringing.caller.heard] == ["Hello,", "how", "can", "I", "help?"]
    assert ringing.call.record.status is Status.COMPLETED
    assert ringing.call.errors == []
    assert ringing.call.phone is not None
    assert ringing.call.phone.warnings == []
    assert ringing.call.phone.underruns == []


def test_our_server_hangs_up_and_twilio_asks_what_comes_next(tmp_path: Path) -> None:
    async def story(ringing: Ringing) -> None:
        await ringing.house.until(lambda: "media" in ringing.house.last.kinds if ringing.house.made else False)
        ringing.house.last.phone.hang_up()

    ringing = ring(tmp_path, [], story)
    assert ringing.call.record.status is Status.COMPLETED
    assert ringing.call.errors == []
    assert ringing.house.last.kinds[-1] == "ended"


@pytest.mark.parametrize("signing", [Signing.MISSING, Signing.WRONG_TOKEN, Signing.CHANGED_BODY])
def test_our_server_refuses_what_is_not_signed_properly(tmp_path: Path, signing: Signing) -> None:
    async def story(_ringing: Ringing) -> None:
        """Nothing to do but wait for the end."""

    ringing = ring(tmp_path, [], story, TwilioBehaviour(signing=signing, say_ms_per_character=0))
    assert ringing.call.phone is None
    assert "status 403" in ringing.call.errors[0].message
    assert ringing.house.made == []


def test_a_lost_stream_comes_back_and_the_same_call_goes_on(tmp_path: Path) -> None:
    async def story(ringing: Ringing) -> None:
        house = ringing.house
        await house.until(lambda: bool(house.made) and "media" in house.last.kinds)
        ringing.call.drop_stream()
        await house.until(lambda: "replaced" in house.last.kinds)
        await house.until(lambda: house.last.kinds[-1] == "media")
        ringing.call.hang_up()

    ringing = ring(tmp_path, [], story)
    assert len(ringing.house.made) == 1
    assert len(ringing.call.phones) == 2
    assert ringing.call.errors == []


def test_the_official_client_over_http() -> None:
    def use(url: str) -> tuple[str, int]:
        client = Client(ACCOUNT.account_sid, ACCOUNT.auth_token)
        client.api.base_url = url
        created = client.calls.create(to="+15550003333", from_="+15550002222", twiml="<Response/>")
        with pytest.raises(TwilioRestException) as caught:
            client.calls.create(to="nobody", from_="+15550002222", url="https://a.example.com/")
        return client.calls(created.sid).fetch().status, caught.value.code

    async def run() -> None:
        peer = TwilioRestPeer(LoopClock(asyncio.get_running_loop()), seeded(), ACCOUNT)
        async with asyncio.timeout(PATIENCE_S), Host(peer) as host:
            assert await asyncio.to_thread(use, host.url) == ("queued", 21211)

    run_patiently(run())
