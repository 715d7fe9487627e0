"""The shell's ports, in our own words. Adapters translate; nothing above them names a provider.

All of it is plain `def`: results come back as calls on a listener, on the loop's thread, never re-entrantly from
within the call that asked for them (an adapter that knows the answer at once still delivers it in a later pass).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.errors import Fault
from fsm.events import ToolCall, TurnEnded, TurnLikelyEnded, TurnResumed
from fsm.transcript import Message

# --- wires -----------------------------------------------------------------------------------------------


class WireListener(Protocol):
    """What happens on a websocket; after `on_close` nothing else does, and `on_close` comes exactly once."""

    def on_open(self) -> None:
        """The handshake is done."""

    def on_message(self, message: str | bytes) -> None:
        """A whole text or binary message came."""

    def on_close(self, code: int, reason: str) -> None:
        """The wire is gone. A handshake refused by HTTP status N has code N (400-599), no answer at all code 1006."""


class Wire(Protocol):
    """One websocket, open or opening."""

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done and nobody closed it."""
        ...

    def send(self, message: str | bytes) -> None:
        """Send a message; kept (bounded) while the wire opens, dropped and counted once it is closed."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the wire; harmless twice. `on_close` follows."""


class ExchangeListener(Protocol):
    """What happens on one HTTP request; `on_end` and `on_failure` exclude each other and come last, once."""

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Status line and headers (names in lower case) came."""

    def on_data(self, data: bytes) -> None:
        """A piece of the body came, split anywhere."""

    def on_end(self) -> None:
        """The body is complete."""

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        """No complete answer will come."""


class Exchange(Protocol):
    """One HTTP request under way."""

    def cancel(self) -> None:
        """Give up; no call on the listener follows."""


class Network(Protocol):
    """Opens connections. Returns at once; trouble arrives at the listener."""

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> Wire:
        """Dial `url` (`ws` or `wss`)."""
        ...

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,
    ) -> Exchange:
        """Send an HTTP request on a pooled connection; `timeout_ms` bounds the wait for the response's headers."""
        ...


# --- speech to text --------------------------------------------------------------------------------------


class SpeechListener(Protocol):
    """What a transcriber reports. Texts have their surrounding blanks stripped; empty ones are not reported."""

    def on_words(self, text: str, *, is_final: bool, speech_final: bool, behind_samples: int | None = None) -> None:
        """Words of the current segment; see `fsm.events.WordsHeard`. An empty text comes only with `speech_final`.

        `behind_samples`: of the audio it was given, what it had not listened to yet; None where it does not say.
        """

    def on_nothing_heard(self, behind_samples: int | None) -> None:
        """It listens, and knows of no words in what it has listened to. It may say so now and then, or never."""

    def on_turn(self, told: TurnLikelyEnded | TurnResumed | TurnEnded) -> None:
        """What it thinks of the caller's turn, where it thinks of turns; texts are never empty."""

    def on_voice_noticed(self) -> None:
        """Its own detector takes what sounds for a voice. It may say so late, twice, or never."""

    def on_ears_failed(self, fault: Fault) -> None:
        """Nothing is transcribed any more; a reconnection with the audio of the gap is already under way."""

    def on_ears_restored(self) -> None:
        """Transcription goes on, and nothing said meanwhile was lost within the buffer's bound."""

    def on_language_refused(self, fault: Fault) -> None:
        """The language that was asked for last cannot be had: the one before is listened for again, nothing is lost."""


class Ears(Protocol):
    """The transcriber of one call."""

    def send(self, audio: bytes) -> None:
        """Give it the next mu-law audio, any length; buffered while it connects or reconnects."""

    def finalize(self) -> None:
        """Ask it to settle the words it holds back."""

    def end_turn(self) -> None:
        """The caller's turn was taken as over, whatever it thinks: what it hears from now on is another one."""

    def change_language(self, language: str) -> None:
        """Listen for another language (a tag, such as `es`) from the first word on that is not settled yet."""

    def close(self) -> None:
        """The call is over; release everything."""


class SpeechToText(Protocol):
    """A provider of ears."""

    def listen(self, listener: SpeechListener) -> Ears:
        """Ears for one call; usable at once."""
        ...

    def warm(self) -> None:
        """Open ahead of need what the next call will use."""

    def close(self) -> None:
        """Release what no call owns."""


# --- language model --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """A tool as a model is told of it; `parameters` is a JSON schema.

    `is_pure`: it only reads, so that nobody notices whether it ran; the model is not told that.
    """

    name: str
    description: str
    parameters: Mapping[str, object]
    is_pure: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one generation, as far as the provider told."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Of both together."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


class GenerationListener(Protocol):
    """What a model says; `on_generated` and `on_generation_failed` exclude each other and come last, once."""

    def on_token(self, text: str) -> None:
        """The next piece of spoken text; never empty, never reasoning."""

    def on_generated(self, calls: tuple[ToolCall, ...], usage: Usage) -> None:
        """The model finished properly; `calls` are the tools it asks for, in its order."""

    def on_generation_failed(self, fault: Fault) -> None:
        """The model failed; tokens so far stay valid."""


class Generation(Protocol):
    """One answer under way."""

    def cancel(self) -> None:
        """Stop it; no call on the listener follows."""


class LanguageModel(Protocol):
    """A provider of answers."""

    def generate(
        self, messages: Sequence[Message], tools: Sequence[ToolSchema], listener: GenerationListener
    ) -> Generation:
        """Answer `messages` (system prompt first)."""
        ...

    def warm(self) -> None:
        """Open a connection ahead of need, at no cost in tokens."""

    def close(self) -> None:
        """Release what no call owns."""


# --- text to speech --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where the characters of a piece of audio sound: `starts_samples[i]` is where `chars[i]` begins in the piece."""

    chars: str
    starts_samples: tuple[int, ...]


class VoiceListener(Protocol):
    """What a voice delivers, by utterance id; `on_spoken` and `on_voice_failed` come last, once an utterance."""

    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        """The next mu-law audio of an utterance, any length, headerless."""

    def on_spoken(self, utterance: int) -> None:
        """All audio of a finished utterance was delivered."""

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        """No more audio of this utterance comes; what was delivered stays valid."""


class Voice(Protocol):
    """The voice of one call. Utterance ids are the caller's of these methods: rising integers, one a reply."""

    def say(self, utterance: int, text: str) -> None:
        """Speak one more clause of an utterance; clauses arrive whole."""

    def finish(self, utterance: int) -> None:
        """No more text of this utterance comes; `on_spoken` follows its last audio."""

    def drop(self, utterance: int) -> None:
        """Forget the utterance; nothing more of it is delivered."""

    def close(self) -> None:
        """The call is over; release everything."""


class TextToSpeech(Protocol):
    """A provider of voices."""

    def open_voice(self, listener: VoiceListener) -> Voice:
        """A voice for one call; usable at once."""
        ...

    def warm(self) -> None:
        """Open ahead of need what the next call will use."""

    def close(self) -> None:
        """Release what no call owns."""

    @property
    def fingerprint(self) -> str:
        """Names everything that shapes the sound (provider, voice, model), for caching rendered phrases."""
        ...


class PhoneOut(Protocol):
    """The phone's side that takes sound; messages arrive there in order."""

    def send_audio(self, audio: bytes) -> None:
        """Play this mu-law audio after all before it."""

    def send_mark(self, name: str) -> None:
        """Send `name` back once everything before it was played, or flushed."""

    def clear(self) -> None:
        """Throw away everything that was not played yet."""
