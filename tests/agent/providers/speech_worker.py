"""The real worker process with stand-ins for the models, which do as the words say."""

import os
import threading

from agent.providers.local_hearing import Heard
from agent.providers.local_protocol import Style
from agent.providers.local_reading import EARS
from agent.providers.local_speaking import ENGINES, Engine, Sound
from agent.providers.local_worker import main


def _transcribe(audio: bytes, known_speech: bool) -> Heard:
    return Heard(has_speech=True, text=f"{len(audio) // 8} ms")


def _speak(text: str, style: Style) -> Sound:
    """50 ms for each letter, or the trouble that the text asks for."""
    if "crash" in text:
        os._exit(9)
    if "hang" in text:
        threading.Event().wait()
    if "refuse" in text:
        raise RuntimeError("no such word")
    if "garble" in text:
        os.write(_OUTPUT, b"what a library prints when it should not")
    if "chat" in text:
        os.write(1, b"this is a log line, not a message\n")
    return Sound(b"\x00\x10" * (400 * len(text) * 100 // style.speed_percent), 8_000)


def _unfit() -> Engine:
    raise RuntimeError("no weights")


EARS["stand-in"] = lambda: _transcribe
ENGINES["stand-in"] = lambda: _speak
ENGINES["unfit"] = _unfit

if __name__ == "__main__":
    _OUTPUT = os.dup(1)
    main()
