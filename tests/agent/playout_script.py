"""A reply as it will be said, which knows what was heard of it at any position, and how it sounds at any volume."""

from dataclasses import dataclass, field

from agent.ports import Alignment
from agent.volume import STEPS, table_of

BLANK_SAMPLES = 80

QUIETER = [{table_of(steps)[code] for steps in range(STEPS + 1)} for code in range(256)]
"""What each byte may become while the volume is turned down, or on its way."""


def is_a_rendering(heard: bytes, audio: bytes) -> bool:
    """Whether `heard` is this audio, sample by sample, at whatever volume."""
    return len(heard) == len(audio) and all(now in QUIETER[was] for now, was in zip(heard, audio, strict=True))


@dataclass
class Script:
    """Its words in samples, and its audio, in which each sample tells its position."""

    reply: int
    word_samples: list[int]
    piece_samples: list[int]
    pushed: int = 0
    finished: bool = False
    expected: bytes = b""
    """What the caller must have heard of it when it is over."""
    begins: int = 0
    """Where the next stretch of the expected sound begins."""
    furthest: int = 0
    starts: list[int] = field(init=False)
    ends: list[int] = field(init=False)
    audio: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.starts, self.ends = [], []
        at = 0
        for samples in self.word_samples:
            self.starts.append(at)
            self.ends.append(at + samples)
            at += samples + BLANK_SAMPLES
        base = 24 * (self.reply % 3)  # negative samples throughout: as quiet as can be, none is a filler's
        self.audio = (bytes(range(base, base + 79)) * (at // 79 + 1))[:at]

    @property
    def text(self) -> str:
        return " ".join(f"w{at}" for at in range(len(self.word_samples)))

    def alignment(self, begin: int, end: int) -> Alignment:
        """The characters that begin to sound within a piece."""
        told: list[tuple[str, int]] = []
        for at, (start, stop) in enumerate(zip(self.starts, self.ends, strict=True)):
            word = f"w{at}"
            told += [(letter, start + place * (stop - start) // len(word)) for place, letter in enumerate(word)]
            told.append((" ", stop))
        here = [(letter, at - begin) for letter, at in told if begin <= at < end]
        return Alignment("".join(letter for letter, _ in here), tuple(at for _, at in here))

    def words_heard(self, samples: int) -> str:
        """By the rule: the greater part of the last word lies before `samples`."""
        count = sum(samples * 2 >= start + end for start, end in zip(self.starts, self.ends, strict=True))
        return " ".join(f"w{at}" for at in range(count))

    def agrees(self, words: str, samples: int) -> bool:
        """Whether `words` is the truth; of a word whose audio did not all come yet, nobody knows the middle."""
        truth = self.words_heard(samples)
        if self.is_mid_word(samples):
            return abs(len(words.split()) - len(truth.split())) <= 1
        return words == truth

    def is_mid_word(self, samples: int) -> bool:
        """Whether `samples` lies in a word whose audio did not all come yet."""
        return any(
            start < self.pushed < end and start <= samples for start, end in zip(self.starts, self.ends, strict=True)
        )

    def word_start(self, samples: int) -> int:
        return max(
            (start for start, end in zip(self.starts, self.ends, strict=True) if start <= samples < end),
            default=samples,
        )
