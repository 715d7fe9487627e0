"""How soon turns end on recordings with labels, how often too soon: by silence alone, and with a model that listens.

Each recording is one turn. What is heard of it is what a call would hear: the voice edges of the built-in detector. Its
silences are judged when `agent.turn_scores` would have them judged, and `fsm.endpointing` decides. The words lean
neither way, so that the figures are those of the sound.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.audio_file import as_ulaw
from agent.listening import edges_of
from agent.turn_room import Judge
from agent.turn_scores import HEARD_SAMPLES, LEAD_NS, SILENCES_MS
from agent.voice_activity import VoiceActivity
from fsm.endpointing import turn_end_at
from fsm.profile import Profile
from fsm.state import CallState, Mode
from fsm.units import NS_PER_MS, ms_to_ns, ms_to_samples, ns_to_ms
from fsm.utterance import Utterance
from simulator.bench_figures import percentile
from simulator.ears_corpus import Clip, Corpus

LEAD_MS, TAIL_MS = 1_000, 3_000
"""Silence before and after the recording: longer than any wait."""

NEUTRAL = Utterance(settled=("I need an appointment",))
"""Words that lean neither way."""

BEGINS_MS = 10_000
"""When the silences begin: long after we last spoke."""

LIKELY_PERCENT = 50
"""From here on a score says that the turn is over."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence of a turn: how long until a call is told of the next sound, and its scores.

    `lasts_ms`: None for the one after the last word. `scores`: percent, for as many of `SILENCES_MS` as it lasts.
    """

    lasts_ms: int | None
    scores: tuple[int, ...] = ()


@dataclass(slots=True)
class Listener:
    """Finds the silences of recordings and has `model` judge them."""

    model: Judge | None = None
    silences: list[Silence] = field(default_factory=list)
    cpu_ns: int = 0
    judged: int = 0

    def listen(self, clip: Clip) -> None:
        """Take the silences of a recording that a call is told of, up to the first after the last labelled word."""
        lead, tail = bytes(2 * ms_to_samples(LEAD_MS)), bytes(2 * ms_to_samples(TAIL_MS))
        audio = as_ulaw(lead + clip.sound + tail)
        told = list(edges_of(audio, VoiceActivity()))
        last_word_ms = LEAD_MS + round(1_000 * clip.speech_s[-1][0])
        for index in range(1, len(told), 2):
            end_ms, is_last = told[index].at_ms, told[index].at_ms > last_word_ms
            is_last = is_last or index + 1 == len(told)
            lasts_ms = None if is_last else told[index + 1].told_at_ms - end_ms
            self.silences.append(Silence(lasts_ms, tuple(self._scores(audio, told[0].at_ms, end_ms, lasts_ms))))
            if is_last:
                return

    def _scores(self, audio: bytes, began_ms: int, end_ms: int, lasts_ms: int | None) -> Iterator[int]:
        begin = max(0, ms_to_samples(began_ms - ns_to_ms(LEAD_NS)))
        for silence_ms in SILENCES_MS:
            if self.model is None or (lasts_ms is not None and lasts_ms < silence_ms):
                return
            started = time.process_time_ns()
            yield self.model.judge(audio[begin : ms_to_samples(end_ms + silence_ms)][-HEARD_SAMPLES:])
            self.cpu_ns += time.process_time_ns() - started
            self.judged += 1


def turns_of(corpus: Corpus) -> tuple[list[Clip], list[str]]:
    """The recordings of one person's one turn, and the names of the others: several channels are a conversation."""
    conversations = {clip.name.split("#")[0] for clip in (*corpus.voices, *corpus.noises) if "#" in clip.name}
    return [clip for clip in corpus.voices if clip.name.split("#")[0] not in conversations], sorted(conversations)


def wait_ms(profile: Profile, silence: Silence, takes_ms: int) -> int:
    """After how much of a silence, if it goes on, the turn counts as over; a score comes `takes_ms` after it is due."""
    state = CallState(profile=profile, mode=Mode.LISTENING, utterance=NEUTRAL, last_voiced_at=ms_to_ns(BEGINS_MS))
    due_ms = _due_ms(state, 0)
    for at_ms, percent in zip(SILENCES_MS, silence.scores, strict=False):
        if at_ms + takes_ms >= due_ms:
            break
        state = replace(state, score_percent=percent, scored_to=ms_to_ns(BEGINS_MS + at_ms))
        due_ms = _due_ms(state, at_ms + takes_ms)
    return due_ms


def figures(profile: Profile, silences: Sequence[Silence], takes_ms: int) -> dict[str, Any]:
    """Pauses that would have been taken for the end, and how long ends took; None where there was none."""
    told = [(wait_ms(profile, silence, takes_ms), silence.lasts_ms) for silence in silences]
    pauses = [wait < lasts for wait, lasts in told if lasts is not None]
    waits = [wait for wait, lasts in told if lasts is None]
    return {
        "pauses": len(pauses),
        "cut_off_percent": _percent(pauses),
        "ends": len(waits),
        "wait_ms_p50": percentile(waits, 50),
        "wait_ms_p95": percentile(waits, 95),
    }


def without_scores(silences: Sequence[Silence]) -> list[Silence]:
    """The same as nobody had judged them."""
    return [replace(silence, scores=()) for silence in silences]


def verdicts(silences: Sequence[Silence]) -> dict[str, dict[str, float | int | None]]:
    """By length of silence: which share of ends, and of pauses that last so long, was taken for an end."""
    found = {}
    for index, silence_ms in enumerate(SILENCES_MS):
        judged = [
            (each.scores[index] >= LIKELY_PERCENT, each.lasts_ms) for each in silences if len(each.scores) > index
        ]
        ends = [likely for likely, lasts in judged if lasts is None]
        pauses = [likely for likely, lasts in judged if lasts is not None]
        found[f"{silence_ms} ms"] = {
            "ends": len(ends),
            "ends_taken_percent": _percent(ends),
            "pauses": len(pauses),
            "pauses_taken_percent": _percent(pauses),
        }
    return found


def cpu_ms_per_score(listener: Listener) -> float | None:
    """What a score costs; None where there was none."""
    return round(listener.cpu_ns / listener.judged / NS_PER_MS, 1) if listener.judged else None


def _due_ms(state: CallState, now_ms: int) -> int:
    due_at = turn_end_at(state, ms_to_ns(BEGINS_MS + now_ms))
    assert due_at is not None, "they said something"
    return ns_to_ms(due_at) - BEGINS_MS


def _percent(each: Sequence[bool]) -> float | None:
    return round(100 * sum(each) / len(each), 1) if each else None
