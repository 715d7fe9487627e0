"""Words as Deepgram writes them in its results (protocol page, section 2.3)."""

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from fsm.units import SAMPLE_RATE_HZ
from simulator.peers.deepgram_query import ListenQuery
from simulator.speech import HeardWord

_EDGES = re.compile(r"^\W+|\W+$")
_DIGITS = {name: str(i) for i, name in enumerate("zero one two three four five six seven eight nine".split())} | {
    "oh": "0"
}


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A word with its times in samples; `text` is as it was said, `bare` lower case without punctuation."""

    text: str
    bare: str
    start_samples: int
    end_samples: int
    confidence: float


def recognise(heard: HeardWord, rng: random.Random) -> RecognisedWord | None:
    """What a recogniser makes of a heard word; `None` for one that is punctuation only and has no sound."""
    bare = _EDGES.sub("", heard.text).lower()
    if not bare:
        return None
    confidence = rng.uniform(0.93, 0.999) if heard.whole else rng.uniform(0.45, 0.8)
    return RecognisedWord(heard.text, bare, heard.start_samples, heard.end_samples, round(confidence, 4))


def seconds(samples: int) -> float:
    """Seconds as the service writes times."""
    return round(samples / SAMPLE_RATE_HZ, 4)


def alternative(words: Sequence[RecognisedWord], query: ListenQuery) -> dict[str, object]:
    """One entry of `alternatives`."""
    texts = [_written(word.text if query.is_punctuated else word.bare, query) for word in words]
    confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
    told: dict[str, object] = {
        "transcript": " ".join(texts),
        "confidence": round(confidence, 4),
        "words": [_entry(word, query) for word in words],
    }
    if query.language == "multi" and words:
        told["languages"] = ["en"]
    return told


def _written(text: str, query: ListenQuery) -> str:
    """A model of English hears other languages as it can: here, without what English does not write."""
    if text.isascii() or query.language.partition("-")[0] != "en":
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _entry(word: RecognisedWord, query: ListenQuery) -> dict[str, object]:
    entry: dict[str, object] = {
        "word": _written(word.bare, query),
        "start": seconds(word.start_samples),
        "end": seconds(word.end_samples),
        "confidence": word.confidence,
    }
    if query.is_punctuated:
        entry["punctuated_word"] = _written(word.text, query)
    if query.language == "multi":
        entry["language"] = "en"
    return entry


def is_number(word: RecognisedWord) -> bool:
    """Whether more of a number may follow this word."""
    return word.bare in _DIGITS or word.bare[-1].isdigit()


def misheard(words: Sequence[RecognisedWord], rng: random.Random) -> list[RecognisedWord]:
    """An early guess at `words`: bare, and now and then wrong at its end (section 2.6)."""
    guess = [RecognisedWord(w.bare, w.bare, w.start_samples, w.end_samples, w.confidence * 0.9) for w in words]
    if not guess:
        return guess
    chance = rng.random()
    last = guess[-1]
    if chance < 0.3:
        wrong = last.bare[: max(1, len(last.bare) - 2)] + rng.choice(("s", "er", "ing", "a"))
        guess[-1] = RecognisedWord(wrong, wrong, last.start_samples, last.end_samples, 0.5)
    elif chance < 0.45:
        guess.pop()
    elif chance < 0.5:
        guess.clear()
    return guess


def with_numbers(words: Sequence[RecognisedWord]) -> list[RecognisedWord]:
    """`words` with each run of two or more spoken digits written as one number."""
    written: list[RecognisedWord] = []
    run: list[RecognisedWord] = []
    for word in words:
        if word.bare not in _DIGITS:
            written += [*_number(run), word]
            run = []
            continue
        run.append(word)
        if not word.text[-1].isalnum():  # punctuation ends a number
            written += _number(run)
            run = []
    return written + _number(run)


def _number(run: list[RecognisedWord]) -> list[RecognisedWord]:
    if len(run) < 2:
        return run
    digits = "".join(_DIGITS[word.bare] for word in run)
    ending = "" if run[-1].text[-1].isalnum() else run[-1].text[-1]
    confidence = min(word.confidence for word in run)
    return [RecognisedWord(digits + ending, digits, run[0].start_samples, run[-1].end_samples, confidence)]
