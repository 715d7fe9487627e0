"""Finding phrases in what was heard or understood: word by word, case and punctuation do not matter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from simulator.runs.evidence import CallEvidence
from simulator.scene import plain_words

APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"

LIKE_ENOUGH = 0.5
"""What is less like the phrase than this is not worth showing."""


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word, and when (ms) it was over. `is_again`: said once more after the voice was held in mid-sentence."""

    text: str
    at_ms: int | None = None
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase in a text: the positions of its first and past its last word."""

    first: int
    past: int


def words_of(text: str) -> list[str]:
    """The plain words of a text."""
    return plain_words(text.replace(APOSTROPHE, "'"))


def text_words(texts: Iterable[str]) -> list[Word]:
    """Words of texts, in order."""
    return [Word(word) for text in texts for word in words_of(text)]


def heard_words(call: CallEvidence, *, whole_only: bool = True) -> list[Word]:
    """What the caller heard; words of which a part was missing count only where they must not."""
    words: list[Word] = []
    for utterance in call.caller.agent_speech:
        last = words[-1].text if words else ""
        is_first = True
        for heard in utterance.words:
            if whole_only and not heard.whole:
                continue
            plain = words_of(heard.text)
            for word in plain:
                words.append(Word(word, call.ms(heard.ended_at), is_first and word == last))
                is_first = False
    return words


def find(phrase: Sequence[str], words: Sequence[Word], start: int = 0) -> Found | None:
    """The first place of a phrase from `start` on; a word that was said again may count once."""
    for first in range(start, len(words)):
        past = _match(phrase, words, first)
        if past is not None:
            return Found(first, past)
    return None


def _match(phrase: Sequence[str], words: Sequence[Word], first: int) -> int | None:
    at = first
    for wanted in phrase:
        if at < len(words) and words[at].text != wanted and words[at].is_again and at > first:
            at += 1
        if at >= len(words) or words[at].text != wanted:
            return None
        at += 1
    return at


def nearest(phrase: Sequence[str], words: Sequence[Word], start: int = 0) -> Found | None:
    """The place that is most like a phrase; of several, one that begins like it."""
    length = len(phrase)
    best, best_score = None, (LIKE_ENOUGH, True)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(phrase)
    for first in range(start, max(start, len(words) - length) + 1):
        window = [word.text for word in words[first : first + length]]
        matcher.set_seq1(window)
        if matcher.real_quick_ratio() < best_score[0]:
            continue
        score = (matcher.ratio(), window[:1] == list(phrase[:1]))
        if score > best_score:
            best, best_score = Found(first, first + len(window)), score
    return best


def quoted(words: Sequence[Word], found: Found | None = None) -> str:
    """Words in quotation marks, cut where they are many."""
    part = words[found.first : found.past] if found is not None else words
    text = " ".join(word.text for word in part)
    return f'"{text}"' if len(text) <= 240 else f'"{text[:110]} [...] {text[-110:]}"'
