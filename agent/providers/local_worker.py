"""The speech worker: one process beside the server that holds the models and talks over its pipes.

`python -m agent.providers.local_worker --ears moonshine --voice piper`. It ends when its input does, so it cannot
outlive the server. Transcription has one thread and speaking another; everything else runs on one asyncio loop.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from agent.providers.local_hearing import Ask, Heard, Hearing
from agent.providers.local_protocol import (
    Deframer,
    Kind,
    Style,
    encode,
    pack_sound,
    pack_words,
    unpack_speak,
)
from agent.providers.local_reading import EARS, Transcribe
from agent.providers.local_speaking import ENGINES, Engine, pieces


class Bench:
    """One thread and the work that waits for it, the most urgent first."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: list[tuple[Callable[[], float | None], Callable[[], None], Callable[[], None]]] = []
        self._is_busy = False

    def put(
        self, work: Callable[[], None], urgency: Callable[[], float | None], then: Callable[[], None] = lambda: None
    ) -> None:
        """Do `work` in the thread, then `then` here. `urgency` is asked each time anew: less is sooner, None never."""
        self._waiting.append((urgency, work, then))
        self._next()

    def _next(self) -> None:
        self._waiting = [item for item in self._waiting if item[0]() is not None]
        if self._is_busy or not self._waiting:
            return
        item = min(self._waiting, key=lambda each: each[0]() or 0)
        self._waiting.remove(item)
        self._is_busy = True
        future = asyncio.get_running_loop().run_in_executor(self._pool, item[1])
        future.add_done_callback(partial(self._done, item[2]))

    def _done(self, then: Callable[[], None], future: "asyncio.Future[None]") -> None:
        self._is_busy = False
        if error := future.exception():
            traceback.print_exception(error)
        then()
        self._next()


@dataclass(slots=True, eq=False)
class Utterance:
    """Text that is being spoken."""

    stream: int
    clauses: deque[tuple[str, Style]] = field(default_factory=deque)
    spoken: str = ""
    is_speaking: bool = False
    is_finished: bool = False
    is_dropped: bool = False


class Worker:
    """Serves the streams of one server."""

    def __init__(self, transcribe: Transcribe | None, engine: Engine | None, send: Callable[[bytes], None]) -> None:
        self._transcribe = transcribe
        self._engine = engine
        self._send = send
        self._ears: dict[int, Hearing] = {}
        self._utterances: dict[int, Utterance] = {}
        self._reading = Bench("ears")
        self._speaking = Bench("voice")
        self._loop = asyncio.get_running_loop()

    def on_message(self, kind: Kind, stream: int, payload: bytes) -> None:
        """Do what the server asks; what belongs to a closed stream is late and means nothing."""
        match kind:
            case Kind.LISTEN:
                self._listen(stream)
            case Kind.AUDIO if hearing := self._ears.get(stream):
                hearing.push(payload)
            case Kind.FINALIZE if hearing := self._ears.get(stream):
                hearing.finalize()
            case Kind.IGNORE:
                self._ears.pop(stream, None)
            case Kind.SPEAK:
                self._say(stream, *unpack_speak(payload))
            case Kind.FINISH:
                self._finish(stream)
            case Kind.DROP if utterance := self._utterances.pop(stream, None):
                utterance.is_dropped = True
            case _:
                pass

    # --- ears --------------------------------------------------------------------------------------------

    def _listen(self, stream: int) -> None:
        self._ears[stream] = Hearing(
            ask=partial(self._read, stream),
            report=lambda words: self._send(encode(Kind.WORDS, stream, pack_words(words))),
            settled=lambda: self._send(encode(Kind.SETTLED, stream)),
        )

    def _read(self, stream: int, ask: Ask) -> None:
        heard = [Heard(has_speech=False, text="")]

        def work() -> None:
            assert self._transcribe is not None, "asked to listen without ears"
            heard[0] = self._transcribe(ask.audio, ask.known_speech)

        def then() -> None:
            if hearing := self._ears.get(stream):
                hearing.on_heard(ask, heard[0])

        self._reading.put(
            work, lambda: None if ask.is_withdrawn or stream not in self._ears else float(ask.urgency), then
        )

    # --- voice -------------------------------------------------------------------------------------------

    def _say(self, stream: int, text: str, style: Style) -> None:
        utterance = self._utterances.setdefault(stream, Utterance(stream))
        utterance.clauses.append((text, style))
        self._speak_next(utterance)

    def _finish(self, stream: int) -> None:
        utterance = self._utterances.setdefault(stream, Utterance(stream))
        utterance.is_finished = True
        self._speak_next(utterance)

    def _speak_next(self, utterance: Utterance) -> None:
        if utterance.is_speaking or utterance.is_dropped:
            return
        if utterance.clauses:
            utterance.is_speaking = True
            text, style = utterance.clauses.popleft()
            urgency = 1.0 if utterance.spoken else 0.0  # who has not begun is waited for
            self._speaking.put(
                partial(self._speak, utterance, text, style),
                lambda: None if utterance.is_dropped else urgency,
                partial(self._spoke, utterance),
            )
        elif utterance.is_finished:
            self._utterances.pop(utterance.stream, None)
            self._send(encode(Kind.SPOKEN, utterance.stream))

    def _speak(self, utterance: Utterance, text: str, style: Style) -> None:
        """In the voice's thread: one clause."""
        assert self._engine is not None, "asked to speak without a voice"
        joined = not utterance.spoken or utterance.spoken[-1:].isspace() or text[:1].isspace()
        lead = "" if joined else " "
        first, utterance.spoken = not utterance.spoken, utterance.spoken + text
        try:
            for audio, alignment in pieces(self._engine, text, style, lead, is_first=first):
                if utterance.is_dropped:
                    return
                message = encode(Kind.SOUND, utterance.stream, pack_sound(audio, alignment))
                self._loop.call_soon_threadsafe(self._send_sound, utterance, message)
        except Exception as error:  # an engine may fail on a text, and the next one may still be spoken
            traceback.print_exception(error)
            reason = f"the voice could not speak {len(text)} characters: {type(error).__name__}"
            self._loop.call_soon_threadsafe(self._fail, utterance, reason)

    def _send_sound(self, utterance: Utterance, message: bytes) -> None:
        if not utterance.is_dropped:
            self._send(message)

    def _spoke(self, utterance: Utterance) -> None:
        utterance.is_speaking = False
        self._speak_next(utterance)

    def _fail(self, utterance: Utterance, reason: str) -> None:
        if self._utterances.pop(utterance.stream, None):
            utterance.is_dropped = True
            self._send(encode(Kind.FAULT, utterance.stream, reason.encode()))


class _Input(asyncio.Protocol):
    """The server's side of the pipe; its end is ours."""

    def __init__(self, worker: Worker, ended: "asyncio.Future[None]") -> None:
        self._worker = worker
        self._ended = ended
        self._deframer = Deframer()

    def data_received(self, data: bytes) -> None:
        for kind, stream, payload in self._deframer.feed(data):
            self._worker.on_message(kind, stream, payload)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self._ended.done():
            self._ended.set_result(None)


async def _serve(transcribe: Transcribe | None, engine: Engine | None, output: BinaryIO, ready: bytes) -> None:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, output)
    worker = Worker(transcribe, engine, transport.write)
    transport.write(ready)
    await loop.connect_read_pipe(partial(_Input, worker, ended), sys.stdin.buffer)
    await ended


def _own_output() -> BinaryIO:
    """The pipe to the server, for us alone: what a library prints goes to stderr instead."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "wb", buffering=0)


def main() -> None:
    """Load the models, say so, serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the server, which lets calls finish
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--ears", choices=["none", *EARS], default="none")
    parser.add_argument("--voice", choices=["none", *ENGINES], default="none")
    chosen = parser.parse_args()
    output = _own_output()
    began_at = time.monotonic()
    try:
        transcribe = EARS[chosen.ears]() if chosen.ears != "none" else None
        engine = ENGINES[chosen.voice]() if chosen.voice != "none" else None
        if engine is not None:
            engine("Hello.", Style())
    except Exception as error:  # whatever the models need and do not find is for the person who started the server
        traceback.print_exc()
        output.write(encode(Kind.FAULT, 0, f"{type(error).__name__}: {error}".encode()))
        sys.exit(3)
    facts = {"ears": chosen.ears, "voice": chosen.voice, "load_ms": round((time.monotonic() - began_at) * 1_000)}
    asyncio.run(_serve(transcribe, engine, output, encode(Kind.READY, 0, json.dumps(facts).encode())))
    os._exit(0)  # a thread may be deep in a model; nothing here is worth waiting for


if __name__ == "__main__":
    main()
