"""Audio to Flux's turns, on the clock of the audio (protocol page, sections 3.3 and 3.4). No other time here.

How sure the service is that a turn is over is modelled as a straight line: it grows with the silence after the words
and reaches the asked threshold after `flux_end_after_ms`, later where the words do not look finished.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fsm.units import FRAME_SAMPLES, ms_to_samples
from simulator.delays import Delay, draw_ms
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.deepgram_transcript import Told
from simulator.peers.deepgram_words import RecognisedWord, recognise, seconds
from simulator.peers.flux_query import FluxQuery
from simulator.speech import SpeechReader

MOST_SURE = 0.99


class TurnTranscriber:
    """Transcribes one stream: audio and orders in, `TurnInfo` messages with their delays out."""

    def __init__(self, query: FluxQuery, behaviour: DeepgramBehaviour, rng: random.Random) -> None:
        self._query = query
        self._behaviour = behaviour
        self._rng = rng
        self._reader = SpeechReader()
        self._partial = b""  # less than a frame
        self._words: list[RecognisedWord] = []  # of the turn
        self._turn_index = 0
        self._window_at = 0  # where the turn's audio began; all positions are in samples
        self._update_at = ms_to_samples(behaviour.flux_update_every_ms)
        self._guessed_at: int | None = None  # the last voice that a guess was made after
        self._end_after = 0
        self._told: list[Told] = []

    @property
    def position_samples(self) -> int:
        """Audio received so far."""
        return self._reader.position_samples + len(self._partial)

    def adopt(self, behaviour: DeepgramBehaviour) -> None:
        """Behave like this from now on."""
        self._behaviour = behaviour

    def configure(self, thresholds: Mapping[str, Any]) -> dict[str, object]:
        """Change what was asked for in mid-stream; what holds now."""
        query = self._query
        self._query = query = replace(
            query,
            end_threshold=thresholds.get("eot_threshold", query.end_threshold),
            eager_threshold=thresholds.get("eager_eot_threshold", query.eager_threshold),
            end_timeout_ms=thresholds.get("eot_timeout_ms", query.end_timeout_ms),
        )
        return {
            "eager_eot_threshold": query.eager_threshold,
            "eot_threshold": query.end_threshold,
            "eot_timeout_ms": query.end_timeout_ms,
        }

    def push(self, audio: bytes) -> list[Told]:
        """Hear the next audio. It is taken in frames, so its framing on the wire makes no difference."""
        audio = self._partial + audio
        whole = len(audio) - len(audio) % FRAME_SAMPLES
        for at in range(0, whole, FRAME_SAMPLES):
            self._hear(audio[at : at + FRAME_SAMPLES])
        self._partial = audio[whole:]
        return self._take()

    def force_end(self) -> list[Told]:
        """End the turn because the client says so; a warning where there is none (3.5)."""
        if self._words:
            self._end("manual", self._sureness())
        else:
            warning: dict[str, object] = {
                "type": "Warning",
                "code": "FORCE_END_TURN_NO_ACTIVE_TURN",
                "description": "There is no active turn to end.",
            }
            self._told.append(Told(warning, draw_ms(self._behaviour.processing_ms, self._rng)))
        return self._take()

    def finish(self) -> list[Told]:
        """The stream is over: what is left is told, and no end of a turn (3.5)."""
        self._note(self._partial)
        self._partial = b""
        if self._words:
            self._tell("Update", self._sureness())
        return self._take()

    def _take(self) -> list[Told]:
        told, self._told = self._told, []
        return told

    def _note(self, frame: bytes) -> bool:
        """Hear a frame; whether there are new words."""
        known = len(self._words)
        for heard in self._reader.push(frame):
            word = recognise(heard, self._rng)
            if word is not None:
                self._words.append(word)
        return len(self._words) > known

    def _hear(self, frame: bytes) -> None:
        was_in_turn = bool(self._words)
        has_new = self._note(frame)
        if has_new and not was_in_turn:
            self._tell("Update" if self._behaviour.flux_starts_missing else "StartOfTurn", 0.0)
        if has_new:
            self._end_after = self._draw_end_after()
        if self._words:
            self._judge()
        if self._reader.position_samples >= self._update_at:
            self._tell("Update", self._sureness())

    def _judge(self) -> None:
        """Whether the turn seems to be over, is over, or goes on after all."""
        sure = self._sureness()
        if self._guessed_at is not None and self._reader.last_voiced_samples > self._guessed_at:
            self._guessed_at = None
            self._tell("TurnResumed", sure)
        eager = self._query.eager_threshold
        if eager is not None and sure >= eager and self._guessed_at is None:
            self._guessed_at = self._reader.last_voiced_samples
            self._tell("EagerEndOfTurn", sure)
        if sure >= self._query.end_threshold < 1.0:
            self._end("model", sure)
        elif self._quiet_samples() >= ms_to_samples(self._query.end_timeout_ms):
            self._end("timeout", sure)

    def _quiet_samples(self) -> int:
        return self._reader.position_samples - self._reader.last_voiced_samples

    def _sureness(self) -> float:
        if not self._words or not self._end_after or self._reader.is_in_word:
            return 0.0
        return min(MOST_SURE, self._query.end_threshold * self._quiet_samples() / self._end_after)

    def _draw_end_after(self) -> int:
        is_finished = self._words[-1].text[-1] in ".?!" or self._behaviour.flux_is_hasty
        delay: Delay = self._behaviour.flux_end_after_ms if is_finished else self._behaviour.flux_unfinished_after_ms
        return ms_to_samples(max(1, draw_ms(delay, self._rng)))

    def _end(self, trigger: str, sure: float) -> None:
        self._tell("EndOfTurn", sure, trigger=trigger)
        self._words, self._guessed_at, self._end_after = [], None, 0
        self._turn_index += 1
        self._window_at = self._reader.position_samples

    def _tell(self, event: str, sure: float, *, trigger: str = "") -> None:
        self._update_at = self._reader.position_samples + ms_to_samples(self._behaviour.flux_update_every_ms)
        body: dict[str, object] = {
            "type": "TurnInfo",
            "event": event,
            "turn_index": self._turn_index,
            "audio_window_start": seconds(self._window_at),
            "audio_window_end": seconds(self._reader.position_samples),
            "transcript": " ".join(word.text for word in self._words),
            "words": [
                {
                    "word": word.text,
                    "confidence": word.confidence,
                    "start": seconds(word.start_samples),
                    "end": seconds(word.end_samples),
                }
                for word in self._words
            ],
            "end_of_turn_confidence": round(sure, 4),
        }
        if trigger and not self._behaviour.flux_trigger_missing:
            body["trigger"] = trigger
        self._told.append(Told(body, draw_ms(self._behaviour.processing_ms, self._rng)))
