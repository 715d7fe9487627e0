"""Where the words of one reply sound: the map from text to samples, known from alignments, else estimated."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from agent.ports import Alignment

SAMPLES_PER_WEIGHT = 560
"""What a letter lasts where nothing better is known: about 14 a second, pauses counted apart."""

RESYNC_LETTERS = 40
"""How far ahead a piece's letters are looked for when they do not follow the last ones."""

RESYNC_LEAST_LETTERS = 3
"""Fewer letters than these turn up everywhere: they are trusted only where they are expected."""

PAUSE_WEIGHTS = {",": 4, ";": 5, ":": 5, ".": 6, "!": 6, "?": 6, "…": 6}
"""At a word's end these stand for a pause, in letters."""

SILENT_LETTERS = "".join(PAUSE_WEIGHTS)

DIGIT_WEIGHT = 4
"""A digit is a word when it is spoken."""

SETTLED_PERCENT = 40
"""With less of the audio that the text should have, a pause of the voice is a stall in mid-text, not its end."""

WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the text: where it ends in the text, and its letters that sound, `first` to before `beyond`."""

    text_end: int
    first: int
    beyond: int


class HeardText:
    """Text and audio of one reply as they come, and which words a position in the audio stands for.

    Letters are the non-blank characters of what the voice was told to speak. Those in an alignment have exact
    positions. The others share the audio that follows the aligned part: all of it once the audio is complete, until
    then as much as their number needs at `samples_per_weight`. An alignment that does not fit the text (a voice that
    spells numbers out by itself) is treated as none, until a later one fits again.
    """

    def __init__(self, samples_per_weight: int = SAMPLES_PER_WEIGHT) -> None:
        self.text = ""
        self.samples = 0
        self._samples_per_weight = max(1, samples_per_weight)
        self._words: list[_Word] = []
        self._letters = ""
        self._weights = array("q", [0])
        self._starts = array("q")
        self._ends = array("q")
        self._tail_start = 0
        self._sounds_on = False
        self._is_complete = False
        self._is_cut_short = False

    def note_text(self, text: str, spoken: str | None = None) -> None:
        """The next clause went to the voice, which speaks `spoken` where that differs ("3 %": "three percent")."""
        words = [(found.group(), found.end()) for found in WORD.finditer(text)]
        if not words:
            return
        self._settle(100)
        begin = len(self.text) + 1 if self.text else 0
        self.text += f" {text}" if self.text else text
        plain = [word for word, _ in words]
        shares = plain if spoken is None or spoken == text else _shares(plain, spoken.split())
        for (_, end), letters in zip(words, shares, strict=True):
            first = len(self._letters)
            self._letters += letters
            self._weigh(letters)
            sounding = letters.rstrip(SILENT_LETTERS) or letters
            self._words.append(_Word(begin + end, first, first + len(sounding)))

    def note_audio(self, samples: int, alignment: Alignment | None = None) -> None:
        """The next `samples` of audio came, with the characters that sound in them where the voice told."""
        if alignment is not None:
            self._align(alignment, samples)
        self.samples += samples

    def settle(self) -> None:
        """The voice had nothing more to play for a while: its audio so far is that of the text so far."""
        self._settle(SETTLED_PERCENT)

    def complete(self, *, cut_short: bool = False) -> None:
        """No more audio comes; `cut_short`: because the voice failed, so text without audio was never spoken."""
        self._is_complete = True
        self._is_cut_short = cut_short

    @property
    def measured_samples_per_weight(self) -> int:
        """This voice's pace, to estimate its next reply with."""
        weight = self._weights[-1]
        if not self._is_complete or self._is_cut_short or weight < RESYNC_LETTERS:
            return self._samples_per_weight
        return max(1, self.samples // weight)

    def heard(self, samples: int) -> str:
        """The text up to the last word of which the greater part lies before position `samples`."""
        if samples <= 0:
            return ""
        if samples >= self.samples and self._is_complete and not self._is_cut_short:
            return self.text
        count = bisect_right(range(len(self._words)), samples, key=self._middle)
        return self.text[: self._words[count - 1].text_end] if count else ""

    def word_at(self, samples: int) -> int:
        """Which word of the text sounds at position `samples`, or comes next; their number after the last one."""
        return bisect_right(range(len(self._words)), samples, key=self._end)

    def word_start(self, samples: int) -> int:
        """Where to go on for someone who heard up to position `samples`: back to the start of a word in progress."""
        index = self.word_at(samples)
        if index == len(self._words):
            return samples
        return min(samples, self._start_of(self._words[index].first))

    def _middle(self, index: int) -> int:
        word = self._words[index]
        return (self._start_of(word.first) + self._end(index) + 1) // 2

    def _end(self, index: int) -> int:
        word = self._words[index]
        if word.first < word.beyond <= len(self._ends):
            return self._ends[word.beyond - 1]
        return self._start_of(word.beyond)

    def _start_of(self, letter: int) -> int:
        aligned = len(self._starts)
        if letter < aligned:
            return self._starts[letter]
        weights, begin = self._weights, self._weights[aligned] - self._pause_due()
        tail_weight = max(1, weights[-1] - begin)
        return self._tail_start + (weights[letter] - begin) * self._tail_samples() // tail_weight

    def _pause_due(self) -> int:
        """The weight of a pause after the aligned letters: audio that follows them begins with it, not with a word."""
        aligned = len(self._starts)
        if not aligned or self._letters[aligned - 1] not in PAUSE_WEIGHTS:
            return 0
        return self._weights[aligned] - self._weights[aligned - 1] - 1

    def _tail_samples(self) -> int:
        """The audio, come or to come, of the letters that no alignment told of."""
        come = self.samples - self._tail_start
        if self._is_complete and not self._is_cut_short:
            return come
        weight = self._weights[-1] - self._weights[len(self._starts)] + self._pause_due()
        return max(come, self._samples_per_weight * weight)

    def _weigh(self, letters: str) -> None:
        total = self._weights[-1]
        for letter in letters:
            total += DIGIT_WEIGHT if letter.isdigit() else 1
            self._weights.append(total)
        if letters and letters[-1] in PAUSE_WEIGHTS:
            self._weights[-1] += PAUSE_WEIGHTS[letters[-1]]

    def _align(self, alignment: Alignment, samples: int) -> None:
        letters, starts, ends = _visible(alignment, self.samples, samples)
        at = self._find(letters)
        if at is None:
            return
        if at == len(self._starts) and self._ends and self._sounds_on:
            begins = min(alignment.starts_samples[0], samples) if alignment.starts_samples else samples
            self._ends[-1] = max(self._ends[-1], self.samples + begins)
        if alignment.chars:
            self._sounds_on = not alignment.chars[-1].isspace()
        self._spread(at, starts[0] if starts else self.samples)
        self._starts.extend(starts)
        self._ends.extend(ends)
        self._tail_start = self.samples + samples

    def _find(self, letters: str) -> int | None:
        """Where `letters` begin among the reply's: next if they can, else a little further on."""
        aligned = len(self._starts)
        if self._letters.startswith(letters, aligned):
            return aligned if letters or self._tail_start == self.samples else None
        if len(letters) < RESYNC_LEAST_LETTERS:
            return None
        unaligned = 2 * (self.samples - self._tail_start) // self._samples_per_weight
        at = self._letters.find(letters, aligned, aligned + len(letters) + RESYNC_LETTERS + unaligned)
        return at if at >= 0 else None

    def _spread(self, beyond: int, until: int) -> None:
        """Give the letters before `beyond` that no alignment told of their positions, up to `until`."""
        weights, first, begin = self._weights, len(self._starts), self._tail_start
        span, zero = max(0, until - begin), weights[first] - self._pause_due()
        weight = max(1, weights[beyond] - zero)
        for letter in range(first, beyond):
            self._starts.append(begin + (weights[letter] - zero) * span // weight)
            self._ends.append(begin + (weights[letter + 1] - zero) * span // weight)

    def _settle(self, percent: int) -> None:
        """The audio that is there is that of the text that is there, if it lasts `percent` of the estimate."""
        aligned = len(self._starts)
        estimate = (self._weights[-1] - self._weights[aligned]) * self._samples_per_weight
        if estimate and 100 * (self.samples - self._tail_start) >= percent * estimate:
            self._spread(len(self._letters), self.samples)
            self._tail_start = self.samples


def _visible(alignment: Alignment, begin: int, samples: int) -> tuple[str, list[int], list[int]]:
    """The non-blank characters of a piece that begins at `begin`, with the positions of their starts and ends."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = begin
    following = (*alignment.starts_samples[1:], samples)
    for letter, start, end in zip(alignment.chars, alignment.starts_samples, following, strict=False):
        at = max(at, begin + min(start, samples))
        if letter.isspace():
            continue
        letters.append(letter)
        starts.append(at)
        ends.append(max(at, begin + min(end, samples)))
    return "".join(letters), starts, ends


def _shares(words: Sequence[str], spoken: Sequence[str]) -> list[str]:
    """For each of `words` the letters that are spoken for it; together all that is spoken, in order."""
    shares = [""] * len(words)
    lead = ""
    matcher = SequenceMatcher(None, words, spoken, autojunk=False)
    for tag, begin, end, spoken_begin, spoken_end in matcher.get_opcodes():
        said = spoken[spoken_begin:spoken_end]
        if tag == "insert" and begin == 0:
            lead = "".join(said)
        elif tag == "insert":
            shares[begin - 1] += "".join(said)
        else:
            count = end - begin
            for word in range(count):
                part = said[word * len(said) // count : (word + 1) * len(said) // count]
                shares[begin + word] = "".join(part)
    shares[0] = lead + shares[0]
    return shares
