"""What a simulation sees beyond traces and peers: all that left for the phone, was given to the voice, or ran.

A witness stands at the seams of the agent (wire, voice, tools, log) and only writes down; nothing is changed by it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from agent.assembly import Providers
from agent.call import Call
from agent.clock import Clock
from agent.errors import Fault
from agent.ports import Alignment, TextToSpeech, Voice, VoiceListener, Wire
from agent.services import ToolRunner
from tools.context import ToolContext
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import Arguments, Tool

ERRORS_KEPT = 100

PAYLOAD = '"payload":"'


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that left for a phone: "media", "mark", "clear" or "close"; `order` counts everything that is seen."""

    order: int
    at: int
    kind: str
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Dropped:
    """The voice was told to forget a reply."""

    order: int
    at: int
    reply: int


@dataclass(frozen=True, slots=True)
class Ran:
    """A tool's function was called; `kind` is the tool's."""

    at: int
    name: str
    arguments: str
    kind: str


@dataclass(slots=True)
class Seen:
    """What was seen of one call; replies by their numbers, instants in ns."""

    said: dict[int, list[str]] = field(default_factory=dict)
    """What the voice was told to speak, clause by clause."""
    voiced: list[tuple[int, int, int]] = field(default_factory=list)
    """When the voice delivered, of which reply, how many samples."""
    dropped: list[Dropped] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)


Raw = tuple[int, int, str]
"""Order, instant and text of a message; an empty text is the wire's closing."""


class Witness:
    """Watches one rehearsal. `logged` are the errors that the agent logged meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.order = 0
        self.logged: list[str] = []
        self._wires: list[list[Raw]] = []
        self._voices: list[tuple[VoiceListener, Seen]] = []
        self._ran: dict[str, list[Ran]] = {}
        _LISTENER.logged = self.logged

    # --- the seams -------------------------------------------------------------------------------------------------

    def on_wire(self, wire: Wire) -> Wire:
        """The same wire, watched."""
        messages: list[Raw] = []
        self._wires.append(messages)
        return _WatchedWire(wire, self, messages)

    def on_providers(self, providers: Providers) -> Providers:
        """The same providers, whose voices are watched."""
        others = {tag: _WatchedVoices(voices, self) for tag, voices in providers.voices_in.items()}
        return replace(providers, voices=_WatchedVoices(providers.voices, self), voices_in=others)

    def on_voice(self, listener: VoiceListener) -> Seen:
        """Somebody opens a voice, or another one in another language."""
        known = next((seen for who, seen in self._voices if who is listener), None)
        if known is not None:
            return known
        seen = Seen()
        self._voices.append((listener, seen))
        return seen

    def on_tools(self, runner: ToolRunner) -> ToolRunner:
        """The same runner of a call's tools, which are watched."""
        if isinstance(runner, Runner):
            runs = self._ran.setdefault(runner._context.call_id, [])
            runner._tools = Registry(_watched(tool, self.clock, runs) for tool in runner._tools)
        return runner

    # --- what was seen ---------------------------------------------------------------------------------------------

    def of_call(self, call: Call) -> Seen:
        """What was seen of a call's voice and tools."""
        found = (seen for listener, seen in self._voices if getattr(listener, "owner", None) is call)
        seen = next(found, None) or Seen()
        seen.ran = self._ran.get(call._line.phone.call_sid, [])
        return seen

    def sent_to(self, stream_id: str) -> tuple[Sent, ...]:
        """What left for the phone of a stream, in order."""
        named = f'"{stream_id}"'
        for messages in self._wires:
            if messages and named in messages[0][2]:
                return tuple(_sent(*message) for message in messages)
        return ()


def _sent(order: int, at: int, message: str) -> Sent:
    """The message as a value, read without any codec of ours."""
    if message.startswith('{"event":"media"'):
        begin, end = message.index(PAYLOAD) + len(PAYLOAD), message.rindex('"')
        return Sent(order, at, "media", (end - begin) * 3 // 4 - message.count("=", end - 2, end))
    kind = next((kind for kind in ("mark", "clear") if f'"event":"{kind}"' in message), "other")
    return Sent(order, at, kind if message else "close")


# --- the seams in place --------------------------------------------------------------------------------------------


class _WatchedWire:
    """A wire that writes down what leaves by it."""

    def __init__(self, wire: Wire, witness: Witness, messages: list[Raw]) -> None:
        self._wire = wire
        self._witness = witness
        self._messages = messages

    @property
    def is_open(self) -> bool:
        return self._wire.is_open

    def send(self, message: str | bytes) -> None:
        witness = self._witness
        witness.order += 1
        self._messages.append((witness.order, witness.clock.now(), str(message)))
        self._wire.send(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._witness.order += 1
        self._messages.append((self._witness.order, self._witness.clock.now(), ""))
        self._wire.close(code, reason)


class _WatchedVoices:
    """A provider of voices that are watched."""

    def __init__(self, voices: TextToSpeech, witness: Witness) -> None:
        self._voices = voices
        self._witness = witness

    def open_voice(self, listener: VoiceListener) -> Voice:
        seen = self._witness.on_voice(listener)
        ear = _WatchedListener(listener, self._witness, seen)
        return _WatchedVoice(self._voices.open_voice(ear), self._witness, seen)

    def warm(self) -> None:
        self._voices.warm()

    def close(self) -> None:
        self._voices.close()

    @property
    def fingerprint(self) -> str:
        return self._voices.fingerprint


class _WatchedVoice:
    """A voice that writes down what it is told."""

    def __init__(self, voice: Voice, witness: Witness, seen: Seen) -> None:
        self._voice = voice
        self._witness = witness
        self._seen = seen

    def say(self, utterance: int, text: str) -> None:
        self._seen.said.setdefault(utterance, []).append(text)
        self._voice.say(utterance, text)

    def finish(self, utterance: int) -> None:
        self._voice.finish(utterance)

    def drop(self, utterance: int) -> None:
        self._witness.order += 1
        self._seen.dropped.append(Dropped(self._witness.order, self._witness.clock.now(), utterance))
        self._voice.drop(utterance)

    def close(self) -> None:
        self._voice.close()


class _WatchedListener:
    """Whoever listens to a voice, with a record of what it delivers."""

    def __init__(self, listener: VoiceListener, witness: Witness, seen: Seen) -> None:
        self._listener = listener
        self._witness = witness
        self._seen = seen

    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        self._seen.voiced.append((self._witness.clock.now(), utterance, len(audio)))
        self._listener.on_audio(utterance, audio, alignment)

    def on_spoken(self, utterance: int) -> None:
        self._listener.on_spoken(utterance)

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        self._listener.on_voice_failed(utterance, fault)


def _watched(tool: Tool, clock: Clock, runs: list[Ran]) -> Tool:
    """The same tool; each call of its function is written down, with what the model chose of its arguments."""

    def run(context: ToolContext, arguments: Arguments) -> Any:  # noqa: ANN401 - whatever the tool answers
        runs.append(Ran(clock.now(), tool.name, repr(dict(arguments)), str(tool.terms.kind)))
        return inner(context, arguments)

    inner: Callable[[ToolContext, Arguments], Any] = tool.run
    return replace(tool, run=run)


class _ErrorListener(logging.Handler):
    """Collects the errors that the agent and its tools log, for the witness of the present simulation."""

    def __init__(self) -> None:
        super().__init__()
        self.logged: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR and len(self.logged) < ERRORS_KEPT:
            error = record.exc_info[1] if record.exc_info else None
            self.logged.append(record.getMessage() + (f": {error!r}" if error else ""))
        if not logging.root.handlers and logging.lastResort is not None and record.levelno >= logging.lastResort.level:
            logging.lastResort.handle(record)  # who listens along silences nobody


_LISTENER = _ErrorListener()
for _room in ("agent", "tools"):
    logging.getLogger(_room).addHandler(_LISTENER)
