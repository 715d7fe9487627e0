"""Fixed phrases (greeting, fillers, apologies), rendered once, kept on disk, played from memory."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.clock import Clock, Timer
from agent.errors import Fault, FaultKind, Whose
from agent.ports import Alignment, TextToSpeech, Voice
from fsm.units import SAMPLE_RATE_HZ, ms_to_ns

FORMAT = 1
SUFFIX = ".phrase"

FILES_LIMIT = 500
"""Phrases kept on disk, of all voices together; the ones written longest ago go first."""

PHRASE_LIMIT_SAMPLES = 60 * SAMPLE_RATE_HZ
"""A phrase longer than this is no phrase: something else came out of the voice."""

DEADLINE_MS = 10_000
"""Time for one phrase to be rendered."""


@dataclass(frozen=True, slots=True)
class RenderedPhrase:
    """A phrase as mu-law audio, and where its characters sound if the voice told."""

    audio: bytes
    alignment: Alignment | None = None


class PhraseCache:
    """Rendered phrases of one voice: read from `directory` at the start, from memory afterwards.

    `fingerprint` names the voice (`TextToSpeech.fingerprint`). Files are written whole or not at all; one that is
    damaged, or of an older format, counts as absent and is written anew. A directory that cannot be written costs the
    cache, not the call: `write_error` says why.
    """

    def __init__(self, directory: Path, fingerprint: str) -> None:
        self._directory = directory
        self._fingerprint = fingerprint
        self._phrases: dict[str, RenderedPhrase] = {}
        self.damaged = 0
        self.write_error: OSError | None = None

    def load(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Read the phrases for `texts` into memory; the texts, each once, that have to be rendered."""
        missing: dict[str, None] = {}
        for text in texts:
            if text not in self._phrases and not self._read(text):
                missing[text] = None
        return tuple(missing)

    def get(self, text: str) -> RenderedPhrase | None:
        """The phrase, if it was loaded or put; never touches the disk."""
        return self._phrases.get(text)

    def put(self, text: str, phrase: RenderedPhrase) -> None:
        """Keep `phrase` in memory and on disk."""
        self._phrases[text] = phrase
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            _write_whole(self._path(text), _encode(phrase))
            self._make_room()
        except OSError as error:
            self.write_error = error

    def _path(self, text: str) -> Path:
        name = hashlib.sha256(f"{self._fingerprint}\0{text}".encode()).hexdigest()
        return self._directory / f"{name}{SUFFIX}"

    def _read(self, text: str) -> bool:
        try:
            self._phrases[text] = _decode(self._path(text).read_bytes())
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError):
            self.damaged += 1
            return False
        return True

    def _make_room(self) -> None:
        files = sorted(self._directory.glob(f"*{SUFFIX}"), key=_written_at)
        for file in files[: max(0, len(files) - FILES_LIMIT)]:
            file.unlink(missing_ok=True)


class PhraseRenderer:
    """Renders missing phrases one after the other, on a voice of its own, and puts them into the cache.

    Each phrase has `deadline_ms`. A fault of the settings (a refused key, an unknown voice) ends the rendering, since
    every other phrase would meet it too. `faults` says what went wrong with each phrase that could not be rendered.
    """

    def __init__(self, clock: Clock, tts: TextToSpeech, cache: PhraseCache, *, deadline_ms: int = DEADLINE_MS) -> None:
        self._clock = clock
        self._tts = tts
        self._cache = cache
        self._deadline_ms = deadline_ms
        self._on_done: Callable[[tuple[str, ...]], None] = lambda _: None
        self._voice: Voice | None = None
        self._timer: Timer | None = None
        self._waiting: list[str] = []
        self._text = ""
        self._utterance = 0
        self._take = _Take()
        self.faults: dict[str, Fault] = {}

    def render(self, texts: Iterable[str], on_done: Callable[[tuple[str, ...]], None]) -> None:
        """Load `texts` or render them; `on_done` is called once, with those that could not be rendered.

        Where nothing has to be rendered it is called at once.
        """
        assert self._voice is None, "one rendering at a time"
        self.faults = {}
        self._waiting = list(self._cache.load(texts))
        if not self._waiting:
            on_done(())
            return
        self._on_done = on_done
        self._voice = self._tts.open_voice(self)
        self._next()

    def close(self) -> None:
        """Stop, if it still renders; `on_done` is not called then."""
        self._waiting.clear()
        self._stop_timer()
        if self._voice is not None:
            self._voice.close()
            self._voice = None

    # --- what the voice delivers --------------------------------------------------------------------------

    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        """More of the phrase under way."""
        if utterance != self._utterance or self._voice is None:
            return
        self._take.add(audio, alignment)
        if len(self._take.audio) > PHRASE_LIMIT_SAMPLES:
            self._give_up(FaultKind.BAD_MESSAGE, f"more than {PHRASE_LIMIT_SAMPLES} samples for one phrase")

    def on_spoken(self, utterance: int) -> None:
        """The phrase under way is complete."""
        if utterance != self._utterance or self._voice is None:
            return
        if not self._take.audio:
            self._fail(_fault(FaultKind.CUT_SHORT, "no audio for a phrase"))
            return
        self._cache.put(self._text, self._take.phrase())
        self._next()

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        """The phrase under way will not come."""
        if utterance == self._utterance and self._voice is not None:
            self._fail(fault)

    # --- one after the other ------------------------------------------------------------------------------

    def _next(self) -> None:
        self._stop_timer()
        self._take = _Take()
        if not self._waiting:
            self.close()
            self._on_done(tuple(self.faults))
            return
        assert self._voice is not None, "phrases wait only while there is a voice"
        self._text = self._waiting.pop(0)
        self._utterance += 1
        self._timer = self._clock.call_at(self._clock.now() + ms_to_ns(self._deadline_ms), self._on_deadline)
        self._voice.say(self._utterance, self._text)
        self._voice.finish(self._utterance)

    def _on_deadline(self) -> None:
        self._give_up(FaultKind.TIMEOUT, f"a phrase was not rendered within {self._deadline_ms} ms")

    def _give_up(self, kind: FaultKind, detail: str) -> None:
        assert self._voice is not None, "a phrase is given up only while there is a voice"
        self._voice.drop(self._utterance)
        self._fail(_fault(kind, detail))

    def _fail(self, fault: Fault) -> None:
        self.faults[self._text] = fault
        if fault.whose is Whose.SETTINGS:
            self.faults.update(dict.fromkeys(self._waiting, fault))
            self._waiting.clear()
        self._next()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Take:
    """The audio of one phrase as it comes."""

    def __init__(self) -> None:
        self.audio = bytearray()
        self._chars: list[str] = []
        self._starts: list[int] = []

    def add(self, audio: bytes, alignment: Alignment | None) -> None:
        if alignment is not None:
            self._chars.append(alignment.chars)
            self._starts += [len(self.audio) + start for start in alignment.starts_samples]
        self.audio += audio

    def phrase(self) -> RenderedPhrase:
        chars = "".join(self._chars)
        return RenderedPhrase(bytes(self.audio), Alignment(chars, tuple(self._starts)) if chars else None)


def _fault(kind: FaultKind, detail: str) -> Fault:
    return Fault(Whose.PROVIDER, "voice", kind, detail)


def _encode(phrase: RenderedPhrase) -> bytes:
    """One line of JSON that describes the phrase, then its audio."""
    alignment = phrase.alignment
    head = {
        "format": FORMAT,
        "sha256": hashlib.sha256(phrase.audio).hexdigest(),
        "chars": alignment.chars if alignment else None,
        "starts_samples": list(alignment.starts_samples) if alignment else [],
    }
    return json.dumps(head).encode() + b"\n" + phrase.audio


def _decode(file: bytes) -> RenderedPhrase:
    """The phrase in a file of the cache; raises ValueError, KeyError or TypeError for anything else."""
    line, _, audio = file.partition(b"\n")
    head = json.loads(line)
    if head["format"] != FORMAT or head["sha256"] != hashlib.sha256(audio).hexdigest():
        raise ValueError("not a phrase of this format, or a damaged one")
    chars = head["chars"]
    if chars is None:
        return RenderedPhrase(audio)
    starts_samples = tuple(int(start) for start in head["starts_samples"])
    if len(starts_samples) != len(chars):
        raise ValueError("the alignment has another length than its characters")
    return RenderedPhrase(audio, Alignment(chars, starts_samples))


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever reads a part of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _written_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
