"""Audio to Deepgram's results, on the clock of the audio (protocol page, sections 2.3 and 2.4). No other time here."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fsm.units import FRAME_SAMPLES, ULAW_SILENCE, ms_to_samples
from simulator.delays import Delay, draw_ms
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.deepgram_query import ListenQuery
from simulator.peers.deepgram_words import (
    RecognisedWord,
    alternative,
    is_number,
    misheard,
    recognise,
    seconds,
    with_numbers,
)
from simulator.speech import HeardWord, SpeechReader

SILENCE = bytes([ULAW_SILENCE])


@dataclass(frozen=True, slots=True)
class Told:
    """A message, and how long after its cause it goes out. Only a late `SpeechStarted` may be overtaken."""

    body: dict[str, object]
    delay_ms: int
    in_order: bool = True


class Transcriber:
    """Transcribes one stream: audio and orders in, messages with their delays out."""

    def __init__(
        self, query: ListenQuery, behaviour: DeepgramBehaviour, rng: random.Random, metadata: Mapping[str, object]
    ) -> None:
        self._query = query
        self._behaviour = behaviour
        self._rng = rng
        self._metadata = metadata
        self._reader = SpeechReader()
        self._partial = b""  # less than a frame
        self._words: list[RecognisedWord] = []  # of the segment
        self._segment_at = 0  # where the segment began; all positions are in samples
        self._is_speaking = False
        self._voiced_samples = 0  # sound since it began, while nobody was known to speak
        self._interim_at = 0
        self._last_word_at: int | None = None  # end of the last word no UtteranceEnd followed yet
        self._told: list[Told] = []
        pause_ms = behaviour.settle_pause_ms if query.endpointing_ms is None else query.endpointing_ms
        self._pause_samples = ms_to_samples(max(pause_ms, behaviour.shortest_pause_ms))
        self._settle_samples = ms_to_samples(behaviour.settle_pause_ms)
        self._onset_samples = ms_to_samples(behaviour.onset_ms)
        self._empty_samples = ms_to_samples(behaviour.empty_results_every_ms)
        self._interim_samples = ms_to_samples(behaviour.interim_every_ms)
        self._segment_samples = ms_to_samples(behaviour.segment_ms)
        self._utterance_end_samples = ms_to_samples((query.interim_results and query.utterance_end_ms) or 0)

    def adopt(self, behaviour: DeepgramBehaviour) -> None:
        """Behave like this from now on; pauses and lengths stay as they were."""
        self._behaviour = behaviour

    @property
    def position_samples(self) -> int:
        """Audio received so far."""
        return self._reader.position_samples + len(self._partial)

    def push(self, audio: bytes) -> list[Told]:
        """Hear the next audio. It is taken in frames, so its framing on the wire makes no difference."""
        audio = self._partial + audio
        whole = len(audio) - len(audio) % FRAME_SAMPLES
        if self._may_rest(whole) and not audio.strip(SILENCE):
            self._reader.rest(whole)
            self._voiced_samples = 0
        else:
            for at in range(0, whole, FRAME_SAMPLES):
                self._hear(audio[at : at + FRAME_SAMPLES])
        self._partial = audio[whole:]
        return self._take()

    def _may_rest(self, samples: int) -> bool:
        """Whether so many samples of silence change nothing, and nothing is to be told of them."""
        if self._is_speaking or self._last_word_at is not None:
            return False
        fresh = self._reader.position_samples + samples - self._segment_at
        return self._reader.is_at_rest and not 0 < self._empty_samples <= fresh

    def finalize(self) -> list[Told]:
        """Settle what is known now. `speech_final` stays the endpoint's, and no answer may come (section 2.4)."""
        self._drain()
        behaviour = self._behaviour
        fresh = self._reader.position_samples - self._segment_at
        if not self._words and fresh < ms_to_samples(behaviour.finalize_needs_ms):
            return self._take()
        start, words = self._segment_at, list(self._words)
        if behaviour.empty_finalize and words:
            self._settle(delay_ms=behaviour.finalize_delay_ms)
        self._settle(delay_ms=behaviour.finalize_delay_ms, from_finalize=True)
        if behaviour.late_interim_after_finalize and self._query.interim_results:
            self._tell_results(words, start, self._segment_at, delay_ms=behaviour.finalize_delay_ms)
        return self._take()

    def finish(self) -> list[Told]:
        """The stream is over: settle what is left."""
        self._drain()
        if self._words or self._is_speaking:
            self._settle(delay_ms=self._behaviour.finalize_delay_ms)
        return self._take()

    def write_numerals(self, *, wanted: bool) -> None:
        """Change `numerals` from here on."""
        self._query = replace(self._query, numerals=wanted)

    def _draw_ms(self, *delays: Delay) -> int:
        return sum(draw_ms(delay, self._rng) for delay in delays)

    def _take(self) -> list[Told]:
        told, self._told = self._told, []
        return told

    def _drain(self) -> None:
        if self._partial:
            self._hear(self._partial)
            self._partial = b""
        self._note(self._reader.finish())

    def _hear(self, frame: bytes) -> None:
        heard = self._reader.push(frame)
        if heard:
            self._note(heard)
        if self._is_speaking:
            self._in_speech()
        else:
            self._in_silence(len(frame))
        if self._last_word_at is not None:
            self._watch_utterance_end()

    def _note(self, heard: Sequence[HeardWord]) -> None:
        for word in heard:
            recognised = recognise(word, self._rng)
            if recognised is not None:
                self._words.append(recognised)
                self._last_word_at = word.end_samples

    def _in_silence(self, frame_samples: int) -> None:
        """Wait for somebody to speak, and tell now and then that nobody does."""
        position = self._reader.position_samples
        is_voiced = self._reader.last_voiced_samples > position - frame_samples
        self._voiced_samples = self._voiced_samples + frame_samples if is_voiced else 0
        if is_voiced and self._voiced_samples >= self._onset_samples:
            self._begin_speech(position - self._voiced_samples)
        elif self._empty_samples and position - self._segment_at >= self._empty_samples:
            self._settle(delay_ms=self._behaviour.final_delay_ms, at_pause=True)

    def _begin_speech(self, onset: int) -> None:
        self._is_speaking = True
        self._voiced_samples = 0
        self._interim_at = onset + self._interim_samples
        if not self._query.vad_events or self._behaviour.speech_started_missing:
            return
        body: dict[str, object] = {"type": "SpeechStarted", "channel": [0], "timestamp": seconds(onset)}
        delay_ms = self._draw_ms(self._behaviour.processing_ms, self._behaviour.speech_started_late_ms)
        copies = 2 if self._behaviour.speech_started_doubled else 1
        self._told += [Told(body, delay_ms, in_order=not self._behaviour.speech_started_late_ms)] * copies

    def _in_speech(self) -> None:
        position = self._reader.position_samples
        quiet = position - self._reader.last_voiced_samples
        if quiet >= self._pause_samples and not (self._behaviour.finals_missing and self._words):
            self._settle(delay_ms=self._final_delay_ms(), at_pause=True)
            self._is_speaking = False
        elif quiet >= self._settle_samples and self._may_settle():
            self._settle(delay_ms=self._final_delay_ms())
        elif position - self._segment_at >= self._segment_samples and self._may_settle():
            self._settle(delay_ms=self._behaviour.processing_ms, end=self._words[-1].end_samples)
        elif position >= self._interim_at:
            self._tell_interim(position)

    def _may_settle(self) -> bool:
        """Whether there are words that can become final; a segment is only ever cut between two."""
        return bool(self._words) and not self._behaviour.finals_missing

    def _final_delay_ms(self) -> int:
        """A number may go on: formatting waits for the rest unless told not to (section 2.6)."""
        waits = self._query.smart_format and not self._query.no_delay
        held = waits and bool(self._words) and is_number(self._words[-1])
        return self._draw_ms(self._behaviour.final_delay_ms, self._behaviour.number_hold_ms if held else 0)

    def _watch_utterance_end(self) -> None:
        """Tell the gap after the last word, which needs no silence but interim results (sections 2.1, 2.4)."""
        if self._last_word_at is None or not self._utterance_end_samples:
            return
        gap_samples = self._reader.position_samples - self._last_word_at
        if gap_samples < self._utterance_end_samples or self._reader.is_in_word:
            return
        if self._may_settle():
            self._settle(delay_ms=self._behaviour.final_delay_ms)
        body: dict[str, object] = {
            "type": "UtteranceEnd",
            "channel": [0, 1],
            "last_word_end": seconds(self._last_word_at),
        }
        self._told.append(Told(body, self._draw_ms(self._behaviour.final_delay_ms)))
        self._last_word_at = None

    def _tell_interim(self, position: int) -> None:
        self._interim_at = position + self._interim_samples
        if self._query.interim_results:
            words = misheard(self._words, self._rng) if self._behaviour.revise_interims else self._words
            self._tell_results(words, self._segment_at, position, delay_ms=self._behaviour.processing_ms)

    def _settle(
        self, *, delay_ms: Delay, at_pause: bool = False, from_finalize: bool = False, end: int | None = None
    ) -> None:
        """Tell the segment up to `end` (default: now) as final, and begin the next one there."""
        words = self._words
        if self._behaviour.format_numbers and (self._query.smart_format or self._query.numerals):
            words = with_numbers(words)
        end = self._reader.position_samples if end is None else end
        is_endpoint = at_pause and self._query.endpointing_ms is not None and not self._behaviour.never_speech_final
        flags = {"is_final": True, "speech_final": is_endpoint, "from_finalize": from_finalize}
        delay_ms = max(self._draw_ms(delay_ms, self._behaviour.late_finals_ms), self._unsettled_ms() if words else 0)
        self._tell_results(words, self._segment_at, end, delay_ms=delay_ms, **flags)
        self._words = []
        self._segment_at = end

    def _unsettled_ms(self) -> int:
        """How long it takes from now until what was said last can be final."""
        quiet_samples = self._reader.position_samples - self._reader.last_voiced_samples
        return self._draw_ms(self._behaviour.final_after_speech_ms) - quiet_samples // ms_to_samples(1)

    def _tell_results(
        self,
        words: Sequence[RecognisedWord],
        start: int,
        end: int,
        *,
        delay_ms: Delay,
        is_final: bool = False,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> None:
        body: dict[str, object] = {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": seconds(end - start),
            "start": seconds(start),
            "is_final": is_final,
            "speech_final": speech_final,
            "channel": {"alternatives": [alternative(words, self._query)]},
            "metadata": self._metadata,
            "from_finalize": from_finalize,
        }
        self._told.append(Told(body, self._draw_ms(delay_ms)))
