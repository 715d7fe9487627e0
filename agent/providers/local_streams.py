"""The ears and the voice of one call, on streams of the speech worker."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from agent.errors import Fault, FaultKind, Whose
from agent.ports import SpeechListener, VoiceListener
from agent.providers.local_protocol import Kind, Style, pack_speak, unpack_sound, unpack_words
from fsm.units import ms_to_samples

PROVIDER = "local speech"
"""As faults name it."""

KEPT_SAMPLES = ms_to_samples(15_000)
"""Audio whose words are not settled yet is kept for another worker, should this one be lost."""


class Stream(Protocol):
    """Whoever a stream's messages are for."""

    def on_message(self, kind: Kind, payload: bytes) -> None:
        """The worker said something."""

    def on_lost(self, fault: Fault) -> None:
        """The worker is gone and the stream with it."""

    def on_ready(self) -> None:
        """A worker is there; perhaps a new one, that knows nothing of this stream."""


class Exchange(Protocol):
    """Where streams are opened and messages go."""

    def open(self, stream: Stream) -> int:
        """A number for a new stream."""
        ...

    def send(self, kind: Kind, number: int, payload: bytes = b"", *, answered: bool = False) -> None:
        """Tell the worker something about a stream; `answered`: it must answer."""

    def drop(self, number: int) -> None:
        """Nobody wants more of a stream."""

    def later(self, act: Callable[[], None]) -> None:
        """Do something in a later pass."""


class LocalEars:
    """The ears of one call."""

    def __init__(self, exchange: Exchange, listener: SpeechListener) -> None:
        self._exchange = exchange
        self._listener = listener
        self._kept: deque[bytes] = deque()
        self._kept_from = 0
        """Where the kept audio begins, in samples of the stream."""
        self._kept_samples = 0
        self._is_lost = False
        self._is_closed = False
        self._owes_finalize = False
        self._number = exchange.open(self)
        exchange.send(Kind.LISTEN, self._number)

    def send(self, audio: bytes) -> None:
        """Give it the next mu-law audio; kept while there is no worker."""
        if self._is_closed or not audio:
            return
        self._kept.append(audio)
        self._kept_samples += len(audio)
        self._forget_until(self._kept_from + self._kept_samples - KEPT_SAMPLES)
        if not self._is_lost:
            self._exchange.send(Kind.AUDIO, self._number, audio)

    def finalize(self) -> None:
        """Ask for the words held back; without a worker they are asked for when there is one."""
        if self._is_lost:
            self._owes_finalize = True
        elif not self._is_closed:
            self._exchange.send(Kind.FINALIZE, self._number, answered=True)

    def end_turn(self) -> None:
        """It knows no turns."""

    def change_language(self, language: str) -> None:
        """Its model knows one language: any other is refused, in a later pass."""
        detail = f"the local recogniser hears one language only, not {language!r}"
        fault = Fault(Whose.SETTINGS, PROVIDER, FaultKind.BAD_REQUEST, detail)
        self._exchange.later(lambda: None if self._is_closed else self._listener.on_language_refused(fault))

    def close(self) -> None:
        """The call is over; nothing is reported any more."""
        if not self._is_closed:
            self._is_closed = True
            self._exchange.send(Kind.IGNORE, self._number)
            self._exchange.drop(self._number)
            self._kept.clear()

    def on_message(self, kind: Kind, payload: bytes) -> None:
        """Words, or the end of a `finalize`."""
        if kind is not Kind.WORDS:
            return
        words = unpack_words(payload)
        if words.is_final:
            self._forget_until(words.until_samples)
        self._listener.on_words(words.text, is_final=words.is_final, speech_final=words.speech_final)

    def on_lost(self, fault: Fault) -> None:
        """Nothing is heard until another worker is there."""
        self._is_lost = True
        self._listener.on_ears_failed(fault)

    def on_ready(self) -> None:
        """Tell a new worker what the old one did not settle."""
        if not self._is_lost:
            return
        self._is_lost = False
        self._kept_from = 0
        self._exchange.send(Kind.LISTEN, self._number)
        for audio in self._kept:
            self._exchange.send(Kind.AUDIO, self._number, audio)
        if self._owes_finalize:
            self._owes_finalize = False
            self.finalize()
        self._listener.on_ears_restored()

    def _forget_until(self, samples: int) -> None:
        while self._kept and self._kept_from + len(self._kept[0]) <= samples:
            forgotten = len(self._kept.popleft())
            self._kept_from += forgotten
            self._kept_samples -= forgotten


class LocalVoice:
    """The voice of one call."""

    def __init__(self, exchange: Exchange, listener: VoiceListener, style: Style) -> None:
        self._exchange = exchange
        self._listener = listener
        self._style = style
        self._open: dict[int, Utterance] = {}
        self._latest = -1
        """Utterances rise: one that is neither open nor later than this is over."""

    def say(self, utterance: int, text: str) -> None:
        """Speak one more clause."""
        speaking = self._utterance(utterance)
        if speaking is not None:
            self._exchange.send(Kind.SPEAK, speaking.number, pack_speak(text, self._style))

    def finish(self, utterance: int) -> None:
        """No more text comes."""
        speaking = self._utterance(utterance)
        if speaking is not None:
            self._exchange.send(Kind.FINISH, speaking.number, answered=True)

    def drop(self, utterance: int) -> None:
        """Forget the utterance."""
        self._latest = max(self._latest, utterance)
        speaking = self._open.pop(utterance, None)
        if speaking is not None:
            self._exchange.send(Kind.DROP, speaking.number)
            self._exchange.drop(speaking.number)

    def close(self) -> None:
        """Forget all of them."""
        for utterance in list(self._open):
            self.drop(utterance)

    def over(self, utterance: int) -> None:
        """The utterance had its last word."""
        speaking = self._open.pop(utterance, None)
        if speaking is not None:
            self._exchange.drop(speaking.number)

    def _utterance(self, utterance: int) -> "Utterance | None":
        if utterance > self._latest:
            self._latest = utterance
            self._open[utterance] = Utterance(self._exchange, self._listener, self, utterance)
        return self._open.get(utterance)


class Utterance:
    """One utterance of a voice."""

    def __init__(self, exchange: Exchange, listener: VoiceListener, voice: LocalVoice, utterance: int) -> None:
        self._listener = listener
        self._voice = voice
        self._utterance = utterance
        self.number = exchange.open(self)

    def on_message(self, kind: Kind, payload: bytes) -> None:
        """Sound, or the end."""
        match kind:
            case Kind.SOUND:
                audio, alignment = unpack_sound(payload)
                self._listener.on_audio(self._utterance, audio, alignment)
            case Kind.SPOKEN:
                self._voice.over(self._utterance)
                self._listener.on_spoken(self._utterance)
            case Kind.FAULT:
                self.on_lost(Fault(Whose.PROVIDER, PROVIDER, FaultKind.CUT_SHORT, payload.decode(errors="replace")))
            case _:
                pass

    def on_lost(self, fault: Fault) -> None:
        """What was not spoken yet never will be."""
        self._voice.over(self._utterance)
        self._listener.on_voice_failed(self._utterance, fault)

    def on_ready(self) -> None:
        """It waited for this in the pipe."""
