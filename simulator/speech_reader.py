"""Hearing: a stream of mu-law in, the words that arrived out."""

from dataclasses import dataclass
from itertools import compress, count

from fsm.units import FRAME_SAMPLES, ULAW_SILENCE, ms_to_samples
from simulator.speech_code import SIGNS, SYNC, Packet, WordCode, claimed_samples, decode

_CUT = b"-" * ms_to_samples(30)
"""Silence that ends a word which was under way: shorter than any gap between words."""

DIGITAL_SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
"""A frame of nothing at all: what is heard most of the time, and known without a look at its samples."""

_HISTORY_SAMPLES = 40_000
"""Unread sound kept at most: the damaged first half of the longest usual word."""


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word that arrived, and where in the stream; not `whole` if part of it was missing, doubled or drowned."""

    text: str
    start_samples: int
    end_samples: int
    whole: bool


@dataclass(slots=True)
class _Word:
    """The word under way. `cursor` is how far into the word the reader is, `anchor` where in the stream it began."""

    code: WordCode
    anchor: int
    cursor: int
    start: int
    present: int
    is_whole: bool
    is_lost: bool = False  # what followed was not the rest of the word; perhaps a later packet is

    @property
    def at(self) -> int:
        return self.anchor + self.cursor

    @property
    def doubtful(self) -> int:
        """From here on it may be the beginning of another word, which looks like the rest of this one for a while."""
        return self.at - self.cursor % self.code.packet_samples - len(SYNC)


class SpeechReader:
    """Recovers the words from audio in any framing, from any point on.

    A word is reported once its last sample came, or once it was cut, by silence or other sound, if at least half of it
    was there.
    """

    def __init__(self) -> None:
        self._signs = bytearray()  # what is unread or may still be needed
        self._base = 0  # stream position of its first sample
        self._scan = 0  # where to look for the next packet
        self._judged = 0  # samples before this belong to words that are done with
        self._voiced = 0
        self._word: _Word | None = None
        self.is_at_rest = False
        """Whether nothing is unread but silence: more of it changes no more than positions."""
        self._heard: list[HeardWord] = []

    @property
    def position_samples(self) -> int:
        """Samples pushed so far."""
        return self._base + len(self._signs)

    @property
    def last_voiced_samples(self) -> int:
        """Position just after the last sample that was sound; 0 before any."""
        return self._voiced

    @property
    def is_voiced(self) -> bool:
        """Whether there was sound within the last 20 ms."""
        return self._voiced > 0 and self.position_samples - self._voiced < FRAME_SAMPLES

    @property
    def is_in_word(self) -> bool:
        """Whether a word is under way that can be made out already."""
        return self._word is not None

    def push(self, audio: bytes) -> tuple[HeardWord, ...]:
        """Hear the next audio; the words it completed, or showed to be cut."""
        if self.is_at_rest and self._passes_over(audio):
            return ()
        signs = audio.translate(SIGNS)
        sound = len(signs.rstrip(b"-"))
        if sound:
            self._voiced = self.position_samples + sound
        self._signs += signs
        if not self._goes_on(signs):
            while self._advance():
                pass
        self._forget()
        self.is_at_rest = not sound and self._word is None and len(self._signs) < len(SYNC) <= len(audio)
        return self._take() if self._heard else ()

    def rest(self, samples: int) -> bool:
        """Hear so many samples of digital silence, if nothing is unread; False: they have to be pushed."""
        if not self.is_at_rest:
            return False
        self._base += samples
        self._scan += samples
        return True

    def _passes_over(self, audio: bytes) -> bool:
        """Whether this was silence, after which everything is as before, but later."""
        if audio != DIGITAL_SILENCE and audio.translate(SIGNS).rstrip(b"-"):
            return False
        return self.rest(len(audio))

    def finish(self) -> tuple[HeardWord, ...]:
        """Judge the word under way as if it were cut here; hearing may go on."""
        if self._word is not None:
            self._judge(self._word)
        return self._take()

    def _take(self) -> tuple[HeardWord, ...]:
        if not self._heard:
            return ()
        heard = tuple(self._heard)
        self._heard.clear()
        return heard

    def _goes_on(self, signs: bytes) -> bool:
        """Whether these, the last that came, are just the next of the word under way: most of speech is."""
        word = self._word
        if word is None or word.is_lost or word.at + len(signs) != self._base + len(self._signs):
            return False
        cursor = word.cursor + len(signs)
        if cursor >= len(word.code.signs) or word.code.signs[word.cursor : cursor] != signs:
            return False
        word.cursor = cursor
        word.present += len(signs)
        self._scan = word.at
        return True

    def _advance(self) -> bool:
        """One step through what is unread; False once more audio is needed."""
        word = self._word
        if word is not None and not word.is_lost:
            return self._follow(word)
        return self._seek()

    def _follow(self, word: _Word) -> bool:
        """Compare what came with the rest of the word, which is known from its first packet on."""
        got = self._between(word.at, word.anchor + len(word.code.signs))
        if not got:
            return False
        wanted = word.code.signs[word.cursor : word.cursor + len(got)]
        equal = _common_prefix(got, wanted)
        word.cursor += equal
        word.present += equal
        self._scan = word.at
        if equal < len(got):
            word.is_lost, word.is_whole = True, False
            self._scan = max(self._base, word.doubtful)
        elif word.cursor == len(word.code.signs):
            self._judge(word)
        return True

    def _seek(self) -> bool:
        """Look for the next packet, and give a lost word up when it cannot come any more."""
        found = self._signs.find(SYNC, self._scan - self._base)
        at = found + self._base if found >= 0 else self.position_samples
        if self._word is not None and self._is_cut(self._word, at):
            self._judge(self._word)
            return True
        if found < 0:
            self._scan = max(self._scan, at - len(SYNC) + 1)
            return False
        return self._read(at)

    def _read(self, at: int) -> bool:
        """Read the packet whose sync stands at `at`."""
        self._scan = at
        length = claimed_samples(self._signs, at - self._base)
        if length and not self._is_broken(at, at + length):
            if at + length > self.position_samples:
                return False
            packet = decode(self._signs, at - self._base, length)
            if packet is not None and not self._is_old(packet, at):
                self._enter(packet, at)
                return True
        self._scan = at + len(SYNC)
        return True

    def _is_old(self, packet: Packet, at: int) -> bool:
        """Whether this is of the word under way, from before it was lost."""
        return self._word is not None and self._word.code == packet.word and at < self._word.at

    def _enter(self, packet: Packet, at: int) -> None:
        """Go on with the word of this packet, in its middle if its beginning was not readable."""
        code = packet.word
        offset = packet.index * code.packet_samples
        lost = self._word
        floor = max(self._base, self._judged, lost.at if lost is not None else 0, at - offset)
        before = self._between(floor, at)
        present = _common_prefix(before[::-1], code.signs[offset - len(before) : offset][::-1])
        if lost is not None and lost.code == code and packet.index > 0:
            lost.anchor, lost.cursor, lost.present, lost.is_lost = at - offset, offset, lost.present + present, False
            return
        if lost is not None:
            self._judge(lost)
        self._word = _Word(code, at - offset, offset, at - present, present, is_whole=present == offset)

    def _judge(self, word: _Word) -> None:
        """Report the word if at least half of it was there; it is over."""
        self._word = None
        self._judged = word.at
        if 2 * word.present >= len(word.code.signs):
            whole = word.is_whole and word.cursor == len(word.code.signs)
            self._heard.append(HeardWord(word.code.text, word.start, word.at, whole))

    def _is_cut(self, word: _Word, until: int) -> bool:
        late = word.anchor + len(word.code.signs) + word.code.packet_samples + len(_CUT)
        return until > late or self._signs.find(_CUT, word.at - self._base, until - self._base) >= 0

    def _is_broken(self, start: int, end: int) -> bool:
        """Whether silence or another packet's sync stands where the rest of this packet should."""
        first, past = start - self._base, end - self._base
        return self._signs.find(b"-", first, past) >= 0 or self._signs.find(SYNC, first + len(SYNC), past) >= 0

    def _between(self, start: int, end: int) -> bytes:
        return bytes(self._signs[start - self._base : end - self._base])

    def _forget(self) -> None:
        """Drop what no word can need: the beginning of a word lies in unbroken sound."""
        if self._word is not None:
            keep = max(self._base, self._word.doubtful)
        else:
            after_silence = self._base + self._signs.rfind(b"-", 0, self._scan - self._base) + 1
            keep = max(self._judged, after_silence, self.position_samples - _HISTORY_SAMPLES)
        keep = min(keep, self._scan)
        if keep > self._base:
            del self._signs[: keep - self._base]
            self._base = keep


def _common_prefix(left: bytes, right: bytes) -> int:
    """How many leading bytes of two equally long strings agree."""
    assert len(left) == len(right), f"{len(left)} and {len(right)} bytes"
    if left == right:
        return len(left)
    differing = compress(count(), map(int.__ne__, left, right))
    return next(differing)
