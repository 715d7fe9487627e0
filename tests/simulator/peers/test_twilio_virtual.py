"""A simulated call on in-memory wires in virtual time."""

import base64
import json
from collections.abc import Mapping

from agent.ports import Wire
from fsm.units import NS_PER_MS
from simulator.caller import Caller
from simulator.link import LinkModel
from simulator.peers.base import Request
from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_records import CallPlan, Status
from simulator.script import AfterAgentFinished, HangUp, Say, Step
from simulator.speech import SpeechReader, speak
from simulator.wires import Route, SimAcceptor, SimNetwork
from simulator.world import World
from tests.simulator.peers.twilio_fakes import ACCOUNT, ORIGIN, clear, mark, media, xml

CONNECT = xml('<Connect action="/after"><Stream url="wss://agent.example.com/media"/></Connect>')


class Agent:
    """The smallest agent: greets, listens, says goodbye when it heard three words."""

    def __init__(self) -> None:
        self.wire: Wire | None = None
        self.sid = ""
        self.reader = SpeechReader()
        self.heard: list[str] = []
        self.closes: list[int] = []

    def accept(self, request: Request, wire: Wire) -> "Agent":
        assert "x-twilio-signature" in {name.lower() for name in request.headers}
        self.wire = wire
        return self

    def answer(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        document = CONNECT if request.path == "/voice" or not self.heard else xml("<Hangup/>")
        return document[0], {"content-type": document[1]}, document[2].encode()

    def on_open(self) -> None:
        """Nothing yet."""

    def on_message(self, message: str | bytes) -> None:
        told = json.loads(message)
        if told["event"] == "start":
            self.sid = told["streamSid"]
            self.say("What can I do for you?")
        if told["event"] == "media":
            self.heard += [word.text for word in self.reader.push(base64.b64decode(told["media"]["payload"]))]
            if len(self.heard) == 3:
                self.heard.append("")
                assert self.wire is not None
                self.wire.send(clear(self.sid))
                self.say("Done.")

    def say(self, text: str) -> None:
        assert self.wire is not None
        self.wire.send(media(speak(text).audio, self.sid))
        self.wire.send(mark(text, self.sid))

    def on_close(self, code: int, reason: str) -> None:
        self.closes.append(code)


class Story:
    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.agent = Agent()
        acceptor = SimAcceptor(self.agent.accept, self.agent.answer)
        self.network = SimNetwork(self.world, {ORIGIN: Route(acceptor, LinkModel())})
        script: list[Step] = [Say("Book a table."), HangUp(AfterAgentFinished())]
        self.caller = Caller(self.world, self.world.rng("caller"), script)
        self.call = TwilioCall(
            self.world,
            self.world.rng("twilio"),
            self.network,
            ACCOUNT,
            self.caller,
            CallPlan(url=f"{ORIGIN}/voice"),
            behaviour=TwilioBehaviour(one_way_ms=75, jitter_ms=30),
        )
        self.caller.attach(self.call)
        self.call.place()

    def run_ms(self, duration_ms: int) -> None:
        self.world.run_until(self.world.now() + duration_ms * NS_PER_MS)


def test_a_conversation_in_virtual_time() -> None:
    story = Story(7)
    story.run_ms(60_000)
    assert story.call.record.status is Status.COMPLETED
    assert story.call.errors == []
    assert story.agent.heard[:3] == ["Book", "a", "table."]
    assert [utterance.text for utterance in story.caller.agent_speech] == ["What can I do for you?", "Done."]
    assert story.agent.closes == [1000]
    assert story.network.open_count == 0
    assert story.call.phone is not None
    assert story.call.phone.warnings == []


def test_a_torn_stream_is_seen_as_lost_and_the_call_comes_back() -> None:
    story = Story(7)
    story.run_ms(500)
    story.call.drop_stream()
    story.run_ms(60_000)
    assert story.agent.closes == [1006, 1000]
    assert len(story.call.phones) == 2
    assert story.call.record.status is Status.COMPLETED
    assert story.agent.heard[:3] == ["Book", "a", "table."]


def test_one_seed_is_one_conversation() -> None:
    first, second = Story(3), Story(3)
    for story in (first, second):
        story.run_ms(60_000)
    assert first.caller.said == second.caller.said
    assert first.caller.heard == second.caller.heard
    assert first.call.record == second.call.record
