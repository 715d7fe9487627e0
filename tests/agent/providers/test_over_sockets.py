"""The clients, the real network and the emulated providers, over loopback sockets: what virtual time cannot show."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.errors import Fault, FaultKind
from agent.net import LoopNetwork
from agent.ports import Alignment, Usage
from agent.providers.chat import ChatModel
from agent.providers.chat_request import ChatSettings
from agent.providers.deepgram import DeepgramSpeechToText
from agent.providers.deepgram_codec import DeepgramSettings
from agent.providers.elevenlabs import ElevenLabsTextToSpeech
from agent.providers.elevenlabs_codec import ElevenLabsSettings
from fsm.events import ToolCall
from fsm.transcript import Message
from fsm.units import FRAME_SAMPLES
from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.hosts import Host
from simulator.peers.base import Peer
from simulator.peers.deepgram import DeepgramBehaviour, DeepgramPeer
from simulator.peers.elevenlabs import ElevenLabsPeer
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq import GroqBehaviour, GroqPeer
from simulator.speech import SpeechReader, silence, speak
from tests.agent.providers.fakes import GenerationLog, SpeechLog, VoiceLog
from tests.patience import PATIENCE_S, run_patiently

DICE = random.Random(1)
REPLY = "We are open on Monday from nine to five."


class Waiting:
    """Lets a test wait until something it looks at has come true."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def note(self) -> None:
        self._changed.set()

    async def until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_true():
                self._changed.clear()
                await self._changed.wait()


class Ears(SpeechLog):
    def __init__(self) -> None:
        super().__init__()
        self.waiting = Waiting()

    def on_words(self, text: str, *, is_final: bool, speech_final: bool, behind_samples: int | None = None) -> None:
        super().on_words(text, is_final=is_final, speech_final=speech_final, behind_samples=behind_samples)
        self.waiting.note()

    def on_ears_failed(self, fault: Fault) -> None:
        super().on_ears_failed(fault)
        self.waiting.note()

    def on_ears_restored(self) -> None:
        super().on_ears_restored()
        self.waiting.note()

    @property
    def finals(self) -> str:
        return " ".join(entry[0] for entry in self.log if entry[1:2] == ("final",) and entry[0])


class Answer(GenerationLog):
    def __init__(self) -> None:
        super().__init__()
        self.waiting = Waiting()

    def on_token(self, text: str) -> None:
        super().on_token(text)
        self.waiting.note()

    def on_generated(self, calls: tuple[ToolCall, ...], usage: Usage) -> None:
        super().on_generated(calls, usage)
        self.waiting.note()

    def on_generation_failed(self, fault: Fault) -> None:
        super().on_generation_failed(fault)
        self.waiting.note()


class Speech(VoiceLog):
    def __init__(self) -> None:
        super().__init__()
        self.waiting = Waiting()

    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        super().on_audio(utterance, audio, alignment)
        self.waiting.note()

    def on_spoken(self, utterance: int) -> None:
        super().on_spoken(utterance)
        self.waiting.note()

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        super().on_voice_failed(utterance, fault)
        self.waiting.note()

    def words(self, utterance: int) -> str:
        reader = SpeechReader()
        return " ".join(word.text for word in [*reader.push(self.audio[utterance]), *reader.finish()])


class Stage:
    """A peer on a socket, the real network and the real clock."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.url = host.url
        self.network = LoopNetwork()
        self.clock = LoopClock(asyncio.get_running_loop())

    @property
    def groq(self) -> GroqPeer:
        assert isinstance(self.host.peer, GroqPeer)
        return self.host.peer


def play(make: Callable[[LoopClock], Peer], story: Callable[[Stage], Awaitable[None]]) -> None:
    async def staged() -> None:
        async with Host(make(LoopClock(asyncio.get_running_loop()))) as host:
            stage = Stage(host)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await story(stage)
            finally:
                await stage.network.close()
                assert stage.network.open_count == 0

    run_patiently(staged(), speed=5)


def test_ears_hear_through_real_sockets_also_when_one_is_torn() -> None:
    def peer(clock: LoopClock) -> Peer:
        return DeepgramPeer(clock, DICE, DeepgramBehaviour(drop_after_ms=700, drop_code=None, drop_times=1))

    async def story(stage: Stage) -> None:
        stt = DeepgramSpeechToText(stage.network, stage.clock, DeepgramSettings(api_key="key", base_url=stage.url))
        heard = Ears()
        ears = stt.listen(heard)
        audio = speak("Good morning, I need an appointment.").audio + silence(1_000)
        for at in range(0, len(audio), FRAME_SAMPLES):
            ears.send(audio[at : at + FRAME_SAMPLES])
        await heard.waiting.until(lambda: "pause" in heard.log[-1] if heard.log else False)
        assert heard.finals == "Good morning, I need an appointment."
        assert heard.log.count("failed") == heard.log.count("restored") == 1
        ears.close()
        stt.close()

    play(peer, story)


def test_a_refused_key_is_told_with_the_services_own_words() -> None:
    async def story(stage: Stage) -> None:
        stt = DeepgramSpeechToText(stage.network, stage.clock, DeepgramSettings(api_key="bad", base_url=stage.url))
        heard = Ears()
        ears = stt.listen(heard)
        await heard.waiting.until(lambda: bool(heard.faults))
        assert heard.faults[0].kind is FaultKind.REFUSED_KEY
        assert "HTTP 401" in str(heard.faults[0])
        ears.close()

    play(lambda clock: DeepgramPeer(clock, DICE, DeepgramBehaviour(api_key="good")), story)


@pytest.mark.parametrize("suffix", ["", "/", "/openai/v1"])
def test_answers_share_one_connection_and_a_cancelled_one_frees_the_server(suffix: str) -> None:
    def peer(clock: LoopClock) -> Peer:
        return GroqPeer(clock, DICE, CannedBrain([BrainAnswer(REPLY)]), GroqBehaviour(split_bytes=True, crlf=True))

    async def story(stage: Stage) -> None:
        model = ChatModel(stage.network, stage.clock, ChatSettings(api_key="key", base_url=stage.url + suffix))
        checked: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()
        model.check_models(checked.set_result)
        assert await checked is None
        for _ in range(2):
            answer = Answer()
            model.generate([Message("user", "When?")], [], answer)
            await answer.waiting.until(lambda: answer.is_over)  # noqa: B023  # waited for within the round
            assert (answer.text, answer.fault) == (REPLY, None)
        peer, cut = stage.groq, Answer()
        whole, peer.behaviour = peer.behaviour, replace(peer.behaviour, stall_after_tokens=24, stall_ms=3_600_000)
        generation = model.generate([Message("user", "When?")], [], cut)
        await cut.waiting.until(lambda: bool(cut.text))
        generation.cancel()
        peer.behaviour, after = whole, Answer()
        model.generate([Message("user", "When?")], [], after)
        await after.waiting.until(lambda: after.is_over)
        assert after.text == REPLY
        assert not cut.is_over
        assert 0 < len(cut.text) < len(REPLY)
        model.close()

    play(peer, story)


@pytest.mark.parametrize(
    "behaviour", [{}, {"offers": ("single",)}, {"offers": ("single",), "sends_final": False}], ids=str
)
def test_a_voice_speaks_through_real_sockets_with_a_warm_spare(behaviour: dict[str, Any]) -> None:
    async def story(stage: Stage) -> None:
        settings = ElevenLabsSettings(api_key="key", voice_id="v", base_url=stage.url)
        tts = ElevenLabsTextToSpeech(stage.network, stage.clock, settings)
        tts.warm()
        heard = Speech()
        voice = tts.open_voice(heard)
        voice.say(1, "Never mind.")
        await heard.waiting.until(lambda: 1 in heard.audio)
        voice.drop(1)
        voice.say(2, "Good morning.")
        voice.say(2, REPLY)
        voice.finish(2)
        await heard.waiting.until(lambda: 2 in heard.over)
        assert heard.words(2) == f"Good morning. {REPLY}"
        assert heard.faults == {}
        voice.close()
        tts.close()

    play(lambda clock: ElevenLabsPeer(clock, DICE, ElevenLabsBehaviour(pace=float("inf"), **behaviour)), story)


def test_a_service_that_is_not_there_is_a_fault_and_no_exception() -> None:
    async def story(stage: Stage) -> None:
        nowhere = "http://127.0.0.1:1"
        heard, answer, speech = Ears(), Answer(), Speech()
        stt = DeepgramSpeechToText(stage.network, stage.clock, DeepgramSettings(api_key="key", base_url=nowhere))
        ears = stt.listen(heard)
        model = ChatModel(stage.network, stage.clock, ChatSettings(api_key="key", base_url=nowhere))
        model.generate([Message("user", "When?")], [], answer)
        settings = ElevenLabsSettings(api_key="key", voice_id="v", base_url=nowhere)
        voice = ElevenLabsTextToSpeech(stage.network, stage.clock, settings).open_voice(speech)
        voice.say(1, "Hello.")
        await heard.waiting.until(lambda: bool(heard.faults))
        await answer.waiting.until(lambda: answer.is_over)
        await speech.waiting.until(lambda: 1 in speech.over)
        assert answer.fault is not None
        assert {heard.faults[0].kind, answer.fault.kind, speech.faults[1].kind} == {FaultKind.UNREACHABLE}
        ears.close()
        voice.close()

    play(lambda clock: DeepgramPeer(clock, DICE), story)
