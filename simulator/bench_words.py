"""What is said in the benchmarks' calls: every message names its call and turn, on the line, in words and in audio.

The phone hides a tag in the last samples of each voiced frame, the transcriber's peer puts it into the words, and so
it travels through the model to the voice.
"""

import re
from binascii import b2a_base64
from dataclasses import dataclass
from random import Random

from agent.voice_activity import VoiceActivity
from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE, ms_to_ns
from simulator.sounds import noise
from simulator.speech import speak

_DIGITS = str.maketrans("0123456789", "bcdfghjklm")
_NUMBERS = str.maketrans("bcdfghjklm", "0123456789")
_TAG = re.compile(r"x([bcdfghjklm]+)x([bcdfghjklm]+)x")

_PLUS, _MINUS = ULAW_SILENCE, ULAW_SILENCE & 0x7F
_MAGIC = bytes((_PLUS, _MINUS, _PLUS, _MINUS))
_CALL_BITS, _TURN_BITS = 14, 10
TAIL_SAMPLES = len(_MAGIC) + _CALL_BITS + _TURN_BITS
"""Samples at the end of a voiced frame that carry the tag, as positive and negative zeros: they are silent."""

SPOKEN = "please help me today"
"""What a caller says, in a good second, and without pauses that would end the turn."""

QUIET_LEVEL = 12
"""Line noise (RMS, of 32,767) while nobody speaks: real lines are not digitally silent."""

WAIT_MS = 500

AGENT_TOML = f"""\
name = "bench"
prompt = '''
You answer the telephone of a small practice. You are heard, not read: speak in one or two short sentences, in plain
words, without lists and symbols. Ask one question at a time. If you were interrupted, do not repeat what was heard.
'''
[phrases]
greeting = "Hello, how can I help?"
[profile]
wait_ms = {WAIT_MS}
drafts = 0 # what is prepared before the turn is over has no share that could be measured
idle_ms = 120_000
noise_idle_ms = 300_000
"""
"""The agent that is measured: nothing but conversation."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A caller's turn."""

    call: int
    turn: int

    @property
    def word(self) -> str:
        """As a word that no spelling rule touches."""
        return f"x{self.call}x{self.turn}x".translate(_DIGITS)

    @property
    def tail(self) -> bytes:
        """As the last samples of a frame."""
        bits = f"{self.call:0{_CALL_BITS}b}{self.turn % (1 << _TURN_BITS):0{_TURN_BITS}b}"
        assert len(bits) == _CALL_BITS + _TURN_BITS, f"no room for call {self.call}"
        return _MAGIC + bytes(_PLUS if bit == "1" else _MINUS for bit in bits)


def tag_in_text(text: str) -> Tag | None:
    """The last tag in `text`."""
    found = _TAG.findall(text)
    if not found:
        return None
    call, turn = (int(letters.translate(_NUMBERS)) for letters in found[-1])
    return Tag(call, turn)


def tag_in_audio(audio: bytes) -> Tag | None:
    """The tag at the end of a frame; None in silence."""
    tail = audio[-TAIL_SAMPLES:]
    if not tail.startswith(_MAGIC):
        return None
    bits = "".join("1" if sample == _PLUS else "0" for sample in tail[len(_MAGIC) :])
    return Tag(int(bits[:_CALL_BITS], 2), int(bits[_CALL_BITS:], 2))


def spoken_text(tag: Tag, words: int | None = None) -> str:
    """What the caller said in a turn, the first `words` words of it, or all of it as a finished sentence."""
    told = ["Caller", tag.word, "says", *SPOKEN.split()]
    return " ".join(told[:words]) if words is not None else " ".join(told) + "."


def answer_text(tag: Tag, sentences: int) -> str:
    """What the agent answers: two seconds, and one more a sentence."""
    return " ".join((f"Caller {tag.word}, that is noted.", *["We close at six."] * sentences))


@dataclass(frozen=True, slots=True)
class Utterance:
    """A caller's utterance, ready to be sent: base64 of each frame without its tag, and what our detector makes of it.

    `onset_frame`: the frame that completes an onset, told from the same frames by the same detector.
    `voiced_ns`: from the utterance's beginning to the end of its last voiced sound.
    """

    frames: tuple[bytes, ...]
    onset_frame: int
    voiced_ns: int


def make_utterance() -> Utterance:
    """The utterance that every caller says in every turn."""
    speech = speak(SPOKEN)
    end = speech.words[-1].end_samples // FRAME_SAMPLES * FRAME_SAMPLES
    heads = [speech.audio[at : at + FRAME_SAMPLES - TAIL_SAMPLES] for at in range(0, end, FRAME_SAMPLES)]
    onset_frame, voiced_ns = _judge([head + Tag(0, 1).tail for head in heads])
    return Utterance(tuple(b2a_base64(head, newline=False) for head in heads), onset_frame, voiced_ns)


def quiet_frames() -> tuple[bytes, ...]:
    """Two seconds of a line on which nobody speaks, frame by frame."""
    rng = Random("quiet")
    silence = bytes((ULAW_SILENCE,)) * TAIL_SAMPLES
    return tuple(noise(FRAME_MS, rng, QUIET_LEVEL)[:-TAIL_SAMPLES] + silence for _ in range(100))


def _judge(voiced: list[bytes]) -> tuple[int, int]:
    """The frame of `voiced` that completes an onset, and when its last sound ended, in ns."""
    detector = VoiceActivity()
    quiet = quiet_frames()
    begins_at = ms_to_ns(FRAME_MS) * len(quiet)
    started: int | None = None
    for index, frame in enumerate((*quiet, *voiced, *quiet), 1):
        edge = detector.push(frame, ms_to_ns(FRAME_MS) * index)
        if isinstance(edge, SpeechStarted):
            assert started is None, "the utterance has a pause that ends a turn"
            started = index - 1 - len(quiet)
        elif isinstance(edge, SpeechStopped):
            assert started is not None, "the end of an utterance that never began"
            return started, edge.last_voiced_at - begins_at
    raise AssertionError("the detector does not hear the benchmark's utterance")
