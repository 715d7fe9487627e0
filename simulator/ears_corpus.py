"""Recordings with labels of where somebody speaks, on which voice detectors are measured."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from agent.audio_file import AudioError, read_audio

HALVES = ("tuning", "held-out")
BRIDGED_S = 0.25
"""A pause within a word or a breath group; no detector with a hangover could tell it from speech, nor should it."""

Spans = tuple[tuple[float, float], ...]


class CorpusError(ValueError):
    """The recordings cannot be measured on; the message says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One channel of a recording; `speech_s` are the spans in which its person speaks, empty for a mere noise."""

    name: str
    sound: bytes
    speech_s: Spans

    @property
    def half(self) -> str:
        """By the name's hash: one half may be tuned on, the other never is."""
        return HALVES[hashlib.sha256(self.name.split("#")[0].encode()).digest()[0] % 2]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What there is to measure on, and the names of recordings that came without labels."""

    voices: tuple[Clip, ...]
    noises: tuple[Clip, ...]
    unlabelled: tuple[str, ...]

    def half_of(self, half: str) -> "Corpus":
        """The clips of one half; noises belong to both, for there are few of them."""
        return Corpus(tuple(clip for clip in self.voices if half in ("all", clip.half)), self.noises, self.unlabelled)


def load_corpus(path: Path) -> Corpus:
    """Read a folder, or its manifest. Raises CorpusError.

    A folder's `manifest.json` lists `files`, each with `file` and, per channel, `speech_s`; where that is absent, a
    person's `labels` or a model's `silero_speech_s` are taken. A folder without one holds recordings, each beside a
    label track as Audacity exports it: `NAME.txt`, a line a span, start and end in seconds; an empty one: only noise.
    """
    manifest = path / "manifest.json" if path.is_dir() else path
    try:
        if path.is_dir() and not manifest.exists():
            clips, unlabelled = _from_tracks(path)
        elif manifest.suffix == ".json":
            clips, unlabelled = list(_from_manifest(manifest)), []
        else:
            raise CorpusError(f"{path}: expected a folder of recordings, or a manifest (.json)")
    except (AudioError, OSError) as error:
        raise CorpusError(str(error)) from error
    voices = tuple(clip for clip in clips if clip.speech_s)
    if not voices:
        raise CorpusError(f"{path}: expected recordings with labels of speech, found none (see --help)")
    return Corpus(voices, tuple(clip for clip in clips if not clip.speech_s), tuple(unlabelled))


def _from_tracks(folder: Path) -> tuple[list[Clip], list[str]]:
    clips, unlabelled = [], []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in {".wav", ".flac", ".ogg", ".ulaw"}:
            continue
        track = path.with_suffix(".txt")
        if track.exists():
            clips.append(Clip(path.name, read_audio(path), bridged(_spans_of_track(track))))
        else:
            unlabelled.append(path.name)
    return clips, unlabelled


def _spans_of_track(track: Path) -> Iterator[tuple[float, float]]:
    for number, line in enumerate(track.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("\\"):  # Audacity's lines on frequencies begin so
            continue
        fields = line.split()
        try:
            start, end = float(fields[0]), float(fields[1])
        except (ValueError, IndexError):
            raise CorpusError(f"{track}:{number}: expected start and end in seconds, got {line!r}") from None
        if not 0 <= start <= end:
            raise CorpusError(f"{track}:{number}: expected a start before its end, got {start:g} and {end:g}")
        yield start, end


def _from_manifest(path: Path) -> Iterator[Clip]:
    try:
        entries = orjson.loads(path.read_bytes())["files"]
        for entry in entries:
            for channel, spans in enumerate(_spans_of_entry(entry)):
                name = entry["file"] if channel == 0 else f"{entry['file']}#{channel}"
                yield Clip(name, read_audio(path.parent / entry["file"], channel=channel), bridged(spans))
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise CorpusError(f"{path}: expected an object with `files`, each with `file` and labels: {error}") from error


def _spans_of_entry(entry: dict[str, Any]) -> list[list[list[float]]]:
    """Spans of each channel."""
    labels = entry.get("labels", {})
    if "speech_s" in entry:
        return list(entry["speech_s"])
    if "caller_segments_s" in labels:
        spans = [labels["caller_segments_s"], labels["agent_segments_s"]]
        return spans if labels.get("caller_channel", 0) == 0 else spans[::-1]
    return list(entry.get("silero_speech_s", [[]]))


def bridged(spans: Any) -> Spans:  # noqa: ANN401 - pairs, as lists or tuples
    """The spans in order, those that lie close together joined."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted((float(start), float(end)) for start, end in spans):
        if joined and start - joined[-1][1] < BRIDGED_S:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
