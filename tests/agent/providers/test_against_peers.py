"""The clients against the emulated providers, on one virtual network: what one says, the other must understand."""

from typing import Any

import pytest

from agent.errors import FaultKind
from agent.ports import ToolSchema
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
from simulator.peers.deepgram import DeepgramBehaviour, DeepgramPeer
from simulator.peers.elevenlabs import ElevenLabsPeer
from simulator.peers.elevenlabs_behaviour import AlignmentStyle, ElevenLabsBehaviour, VoiceFault
from simulator.peers.groq import GroqBehaviour, GroqPeer, GroqRefusal, GroqStreamFault
from simulator.speech import SpeechReader, silence, speak
from simulator.wires import SimNetwork
from simulator.world import World
from tests.agent.providers.fakes import GenerationLog, SpeechLog, VoiceLog

# --- ears ------------------------------------------------------------------------------------------------


class Hearing:
    """A caller who speaks to Deepgram in real time."""

    def __init__(self, **behaviour: Any) -> None:  # noqa: ANN401  # whatever the behaviour takes
        self.world = World(1)
        self.peer = DeepgramPeer(self.world, self.world.rng("deepgram"), DeepgramBehaviour(**behaviour))
        self.network = SimNetwork(self.world, {"http://deepgram.sim": self.peer})
        settings = DeepgramSettings(api_key="key", base_url="http://deepgram.sim")
        self.stt = DeepgramSpeechToText(self.network, self.world, settings)
        self.heard = SpeechLog()
        self.ears = self.stt.listen(self.heard)

    def hear(self, audio: bytes) -> None:
        for at in range(0, len(audio), FRAME_SAMPLES):
            self.ears.send(audio[at : at + FRAME_SAMPLES])
            self.world.run_for(20)

    def say(self, text: str, *, pause_ms: int = 1_500) -> None:
        self.hear(speak(text).audio)
        self.hear(silence(pause_ms))

    @property
    def finals(self) -> str:
        return " ".join(entry[0] for entry in self.heard.log if entry[1:2] == ("final",) and entry[0])

    @property
    def pauses(self) -> int:
        return sum("pause" in entry for entry in self.heard.log)

    def release(self) -> None:
        self.ears.close()
        self.world.run_for(5_000)
        assert self.world.pending_count == 0
        assert self.network.open_count == 0


@pytest.mark.parametrize(
    "behaviour",
    [
        {},
        {"revise_interims": True},
        {"late_finals_ms": 900},
        {"speech_started_missing": True, "jitter_ms": 200},
        {"keepalive_needs_audio": True},
    ],
    ids=str,
)
def test_words_and_their_pause_are_heard(behaviour: dict[str, Any]) -> None:
    t = Hearing(**behaviour)
    t.say("Good morning, I need an appointment.")
    t.say("On Monday please.", pause_ms=3_000)
    assert t.finals == "Good morning, I need an appointment. On Monday please."
    assert t.pauses == 2
    assert t.heard.faults == []
    t.release()


def test_where_the_pause_is_never_told_the_gap_between_words_tells_it() -> None:
    t = Hearing(never_speech_final=True)
    t.say("Good morning.", pause_ms=3_000)
    assert t.finals == "Good morning."
    assert t.pauses == 1
    t.release()


def test_a_finalize_settles_the_words_at_once() -> None:
    t = Hearing(finals_missing=True, late_interim_after_finalize=True)
    t.say("Good morning.", pause_ms=400)
    assert t.finals == ""
    t.ears.finalize()
    t.hear(silence(400))
    assert t.finals == "Good morning."
    assert t.heard.log[-1][1] == "final", "the stale interim after it is not heard"
    t.release()


@pytest.mark.parametrize("code", [1011, None], ids=["closed", "torn"])
@pytest.mark.parametrize("drop_after_ms", [300, 700, 1_100, 1_900, 2_600])
def test_a_socket_dropped_anywhere_costs_no_word(drop_after_ms: int, code: int | None) -> None:
    t = Hearing(drop_after_ms=drop_after_ms, drop_code=code, drop_times=1)
    t.say("Good morning, I need an appointment on Monday.", pause_ms=3_000)
    assert t.finals == "Good morning, I need an appointment on Monday."
    assert t.heard.log.count("failed") == t.heard.log.count("restored") == 1
    assert t.heard.faults[0].kind is FaultKind.CLOSED
    t.release()


def test_a_socket_that_falls_silent_is_replaced_and_the_words_are_there() -> None:
    t = Hearing(stall_from_ms=500)
    t.hear(speak("Good morning.").audio)
    t.peer.behaviour = DeepgramBehaviour()
    t.hear(silence(8_000))
    assert t.heard.faults[0].kind is FaultKind.STALLED
    assert t.finals == "Good morning."
    t.release()


def test_a_refused_key_and_a_busy_service() -> None:
    t = Hearing(refuse_status=401)
    t.hear(silence(500))
    assert t.heard.faults[0].kind is FaultKind.REFUSED_KEY
    t.release()
    t = Hearing(refuse_status=429, refuse_times=2)
    t.say("Good morning.", pause_ms=2_000)
    assert t.heard.faults[0].kind is FaultKind.RATE_LIMITED
    assert t.finals == "Good morning."
    t.release()


def test_a_silent_caller_is_kept_connected() -> None:
    t = Hearing()
    t.say("Hello.")
    t.world.run_for(60_000)
    assert t.peer.counts.idle_closed == 0
    assert t.heard.faults == []
    t.say("Still here.", pause_ms=3_000)
    assert t.finals == "Hello. Still here."
    t.release()


def test_a_warm_socket_hears_the_same_words() -> None:
    t = Hearing(keepalive_needs_audio=True)
    t.ears.close()
    t.stt.warm()
    t.world.run_for(12_000)
    t.heard = SpeechLog()
    t.ears = t.stt.listen(t.heard)
    t.say("Good morning.", pause_ms=3_000)
    assert t.finals == "Good morning."
    assert t.heard.faults == []
    t.stt.close()
    t.release()


# --- the model -------------------------------------------------------------------------------------------

BOOK = ToolSchema("book", "Book a slot.", {"type": "object", "properties": {"day": {"type": "string"}}})
REPLY = "We are open on Monday from nine to five — und nun ein Café."


class Thinking:
    """A question to Groq."""

    def __init__(self, answer: BrainAnswer | None = None, **behaviour: Any) -> None:  # noqa: ANN401  # same
        self.world = World(1)
        brain = CannedBrain([answer or BrainAnswer(REPLY)])
        self.peer = GroqPeer(self.world, self.world.rng("groq"), brain, GroqBehaviour(**behaviour))
        self.network = SimNetwork(self.world, {"http://groq.sim": self.peer})
        settings = ChatSettings(api_key="key", base_url="http://groq.sim")
        self.model = ChatModel(self.network, self.world, settings)
        self.heard = GenerationLog()
        self.generation = self.model.generate([Message("user", "When?")], [BOOK], self.heard)

    def settle(self) -> "Thinking":
        self.world.run_for(30_000)
        assert self.world.pending_count == 0
        return self


@pytest.mark.parametrize(
    "behaviour",
    [{}, {"split_bytes": True}, {"crlf": True, "comments": True}, {"role_content_null": True}, {"hold_open_ms": 9_000}],
    ids=str,
)
def test_an_answer_is_passed_on_whole(behaviour: dict[str, Any]) -> None:
    t = Thinking(**behaviour).settle()
    assert t.heard.text == REPLY
    assert t.heard.calls == ()
    assert t.heard.usage is not None
    assert t.heard.usage.completion_tokens > 0


@pytest.mark.parametrize(
    "behaviour", [{}, {"split_tool_calls": True}, {"tool_calls_in_one_chunk": True}, {"split_bytes": True}], ids=str
)
def test_tools_are_asked_for(behaviour: dict[str, Any]) -> None:
    calls = (("book", '{"day":"Monday"}'), ("book", '{"day":"Tuesday"}'))
    t = Thinking(BrainAnswer("One moment.", calls), **behaviour).settle()
    assert t.heard.text == "One moment."
    assert t.heard.calls is not None
    assert [(call.name, call.arguments) for call in t.heard.calls] == list(calls)
    assert len({call.call_id for call in t.heard.calls}) == 2


@pytest.mark.parametrize(
    ("refuse", "kind"),
    [
        (GroqRefusal.BAD_KEY, FaultKind.REFUSED_KEY),
        (GroqRefusal.EDGE_FORBIDDEN, FaultKind.REFUSED_KEY),
        (GroqRefusal.UNKNOWN_MODEL, FaultKind.BAD_REQUEST),
        (GroqRefusal.TOO_LARGE, FaultKind.BAD_REQUEST),
        (GroqRefusal.RATE_LIMITED_REQUESTS, FaultKind.RATE_LIMITED),
        (GroqRefusal.RATE_LIMITED_TOKENS, FaultKind.RATE_LIMITED),
        (GroqRefusal.FLEX_FULL, FaultKind.OVERLOADED),
        (GroqRefusal.SERVER_ERROR, FaultKind.OVERLOADED),
        (GroqRefusal.BAD_GATEWAY, FaultKind.OVERLOADED),
        (GroqRefusal.OVER_CAPACITY, FaultKind.OVERLOADED),
        (GroqRefusal.TOOL_USE_FAILED, FaultKind.CUT_SHORT),
    ],
)
def test_refusals_are_told_apart(refuse: GroqRefusal, kind: FaultKind) -> None:
    t = Thinking(refuse=refuse).settle()
    assert t.heard.fault is not None
    assert t.heard.fault.kind is kind


@pytest.mark.parametrize("retry_after_s", [2.0, None])
def test_a_limit_tells_when_to_come_back(retry_after_s: float | None) -> None:
    t = Thinking(refuse=GroqRefusal.RATE_LIMITED_TOKENS, retry_after_s=retry_after_s).settle()
    assert t.heard.fault is not None
    assert t.heard.fault.retry_after_ms is not None
    assert t.heard.fault.retry_after_ms > 0


@pytest.mark.parametrize(
    ("stream_fault", "kind"),
    [
        (GroqStreamFault.ERROR_EVENT, FaultKind.CUT_SHORT),
        (GroqStreamFault.ERROR_DATA, FaultKind.CUT_SHORT),
        (GroqStreamFault.TOOL_USE_FAILED, FaultKind.CUT_SHORT),
        (GroqStreamFault.X_GROQ_ERROR, FaultKind.CUT_SHORT),
        (GroqStreamFault.RESET, FaultKind.CUT_SHORT),
        (GroqStreamFault.CUT, FaultKind.CUT_SHORT),
        (GroqStreamFault.NO_FINISH, FaultKind.CUT_SHORT),
        (GroqStreamFault.HANG, FaultKind.STALLED),
    ],
)
def test_spoiled_streams_are_faults_and_what_was_said_stays_said(
    stream_fault: GroqStreamFault, kind: FaultKind
) -> None:
    t = Thinking(stream_fault=stream_fault, fault_after_tokens=18).settle()
    assert t.heard.fault is not None
    assert t.heard.fault.kind is kind
    assert REPLY.startswith(t.heard.text)


def test_a_missing_end_marker_is_no_fault() -> None:
    t = Thinking(stream_fault=GroqStreamFault.NO_DONE).settle()
    assert (t.heard.text, t.heard.fault) == (REPLY, None)


def test_a_slow_first_token_and_a_starved_answer_are_faults() -> None:
    slow = Thinking(first_token_ms=7_000).settle()
    assert slow.heard.fault is not None
    assert slow.heard.fault.kind is FaultKind.STALLED
    starved = Thinking(starve=True).settle()
    assert starved.heard.fault is not None
    assert starved.heard.fault.kind is FaultKind.CUT_SHORT


def test_a_cancelled_answer_is_noticed_by_the_server_and_says_nothing_more() -> None:
    t = Thinking(tokens_per_s=10.0)
    t.world.run(lambda: bool(t.heard.text))
    said = t.heard.text
    assert said != REPLY
    t.generation.cancel()
    t.settle()
    assert t.heard.text == said
    assert not t.heard.is_over
    assert t.peer.counts["cancelled"] == 1


def test_a_conversation_with_tools_is_one_the_server_accepts() -> None:
    t = Thinking().settle()
    call = ToolCall("id1", "book", "broken {")
    said = [
        Message("system", "Be kind."),
        Message("assistant", "Good mor", cut=True),
        Message("user", "Monday."),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "booked", tool_call_id="id1"),
    ]
    heard = GenerationLog()
    t.model.generate(said, [BOOK], heard)
    t.settle()
    assert (heard.text, heard.fault) == (REPLY, None)


# --- the voice -------------------------------------------------------------------------------------------


class Speaking:
    """A voice of ElevenLabs."""

    def __init__(self, **behaviour: Any) -> None:  # noqa: ANN401  # same
        self.world = World(1)
        self.peer = ElevenLabsPeer(self.world, self.world.rng("elevenlabs"), ElevenLabsBehaviour(**behaviour))
        self.network = SimNetwork(self.world, {"http://elevenlabs.sim": self.peer})
        settings = ElevenLabsSettings(api_key="key", voice_id="v", base_url="http://elevenlabs.sim")
        self.tts = ElevenLabsTextToSpeech(self.network, self.world, settings)
        self.heard = VoiceLog()
        self.voice = self.tts.open_voice(self.heard)

    def say(self, utterance: int, *clauses: str, pause_ms: int = 0) -> None:
        for clause in clauses:
            self.voice.say(utterance, clause)
            self.world.run_for(pause_ms)
        self.voice.finish(utterance)

    def words(self, utterance: int) -> str:
        reader = SpeechReader()
        heard = [*reader.push(self.heard.audio.get(utterance, b"")), *reader.finish()]
        return " ".join(word.text for word in heard)

    def aligned(self) -> str:
        return "".join(alignment.chars for alignment in self.heard.alignments if alignment is not None)

    def release(self) -> None:
        self.voice.close()
        self.tts.close()
        self.world.run_for(5_000)
        assert self.world.pending_count == 0
        assert self.network.open_count == 0


CLAUSES = ("Good morning.", "We are open on Monday,", "from nine to five.")
WHOLE = "Good morning. We are open on Monday, from nine to five."


@pytest.mark.parametrize(
    "behaviour",
    [
        {},
        {"context_key": "context_id", "final_key": "is_final", "final_is_false": True},
        {"starts_key": "charsStartTimesMs", "durations_key": "charsDurationsMs"},
        {"alignment": AlignmentStyle.NONE},
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
def test_what_is_said_is_heard_whole_and_ends_at_once(behaviour: dict[str, Any], pause_ms: int) -> None:
    t = Speaking(**behaviour)
    t.say(1, *CLAUSES, pause_ms=pause_ms)
    t.world.run_for(15_000)
    assert t.words(1) == WHOLE
    assert t.heard.log[-1] == ("spoken", 1)
    assert t.tts.counts["without_end_marker"] == 0
    assert t.peer.complaints == type(t.peer.complaints)()
    t.release()


def test_the_words_times_follow_the_text() -> None:
    t = Speaking()
    t.say(1, *CLAUSES)
    t.world.run_for(10_000)
    assert t.aligned().split() == WHOLE.split()
    t.release()


def test_an_interruption_is_fenced_and_the_next_reply_is_whole() -> None:
    t = Speaking()
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
    assert t.peer.counts["sockets"] == 1
    t.release()


def test_a_missing_end_marker_is_mended() -> None:
    t = Speaking(fault=VoiceFault.NO_FINAL)
    t.say(1, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(1) == WHOLE
    assert t.heard.log[-1] == ("spoken", 1)
    assert t.tts.counts["without_end_marker"] == 1
    t.release()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (VoiceFault.HANG, FaultKind.STALLED),
        (VoiceFault.CLOSE, FaultKind.CLOSED),
        (VoiceFault.QUOTA, FaultKind.REFUSED_KEY),
        (VoiceFault.UNUSUAL_ACTIVITY, FaultKind.REFUSED_KEY),
    ],
)
def test_a_voice_that_breaks_in_mid_word_is_a_fault_and_the_next_utterance_sounds(
    fault: VoiceFault, kind: FaultKind
) -> None:
    t = Speaking(fault=fault, fail_first_n=1, frame_max_ms=200)
    t.say(1, *CLAUSES)
    t.world.run_for(8_000)
    assert t.heard.log[-1] == ("failed", 1)
    assert t.heard.faults[1].kind is kind
    t.say(2, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(2) == WHOLE
    t.release()


@pytest.mark.parametrize("refuse_key_at", ["upgrade", "frame"])
def test_a_refused_key_is_one_however_it_is_refused(refuse_key_at: str) -> None:
    t = Speaking(api_key="another", refuse_key_at=refuse_key_at)
    t.say(1, *CLAUSES)
    t.world.run_for(8_000)
    assert t.heard.log == [("failed", 1)]
    assert t.heard.faults[1].kind is FaultKind.REFUSED_KEY
    t.release()


@pytest.mark.parametrize(("status", "kind"), [(429, FaultKind.RATE_LIMITED), (503, FaultKind.OVERLOADED)])
def test_a_refused_socket(status: int, kind: FaultKind) -> None:
    t = Speaking(refuse_status=status)
    t.say(1, *CLAUSES)
    t.world.run_for(8_000)
    assert t.heard.faults[1].kind is kind
    t.release()


def test_a_long_silence_of_the_call_does_not_cost_the_next_reply() -> None:
    t = Speaking()
    t.say(1, *CLAUSES)
    t.world.run_for(400_000)
    t.say(2, *CLAUSES)
    t.world.run_for(15_000)
    assert t.words(2) == WHOLE
    assert t.heard.faults == {}
    t.release()


def test_a_reply_that_waits_long_for_its_tool_goes_on_in_its_context() -> None:
    t = Speaking()
    t.voice.say(1, CLAUSES[0])
    t.world.run_for(400_000)
    t.say(1, *CLAUSES[1:])
    t.world.run_for(15_000)
    assert t.words(1) == WHOLE
    assert t.heard.faults == {}
    t.release()


def test_a_warm_socket_saves_the_handshake_and_sounds_the_same() -> None:
    t = Speaking()
    t.tts.warm()
    t.world.run_for(400_000)
    heard = VoiceLog()
    voice = t.tts.open_voice(heard)
    voice.say(1, "Good morning.")
    voice.finish(1)
    t.world.run_for(5_000)
    assert heard.log[-1] == ("spoken", 1)
    voice.close()
    t.release()
