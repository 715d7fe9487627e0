"""How well voice is told from all else on recordings with labels: delay of onsets, missed and false speech, CPU."""

import audioop
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.audio_file import as_ulaw, mix
from agent.listening import Detector, Told, edges_of, speech_spans
from fsm.units import FRAME_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms
from simulator.ears_corpus import Clip, Corpus

LEAD_MS, TAIL_MS = 2_000, 1_000
"""Noise alone before and after the clip: in a call it is there before the caller speaks."""

GRID_MS = 10
COLLAR_MS = 50
"""So near to the end of a label nothing counts as missed or false: labels are no better than that."""

EARLY_MS = 200
"""Talking that began earlier than this before the labelled onset was not begun by it."""

SNRS_DB = (20, 10, 5)

FOREVER_MS = 1 << 40


@dataclass(slots=True)
class Tally:
    """What was counted in one condition."""

    utterances: int = 0
    unheard: int = 0
    delays_ms: list[int] = field(default_factory=list)
    speech_ms: int = 0
    missed_ms: int = 0
    quiet_ms: int = 0
    false_ms: int = 0
    false_onsets: int = 0
    frames: int = 0
    cpu_ns: int = 0

    def figures(self) -> dict[str, float | int | None]:
        """As they stand in the table; None where there was nothing to count."""
        delays = sorted(self.delays_ms)
        return {
            "onset_delay_ms_p50": _rank(delays, 0.50),
            "onset_delay_ms_p95": _rank(delays, 0.95),
            "unheard_percent": _percent(self.unheard, self.utterances),
            "missed_percent": _percent(self.missed_ms, self.speech_ms),
            "false_percent": _percent(self.false_ms, self.quiet_ms),
            "false_onsets_per_min": round(self.false_onsets / (self.quiet_ms / 60_000), 1) if self.quiet_ms else None,
            "cpu_us_per_frame": round(self.cpu_ns / 1_000 / self.frames, 1) if self.frames else None,
            "utterances": self.utterances,
        }


def measure(corpus: Corpus, new_detector: Callable[[], Detector]) -> dict[str, Tally]:
    """The tally of every condition: clean, with each noise at several distances, and the noises alone."""
    tallies = {"clean": Tally()}
    for clip in corpus.voices:
        listen(clip.sound, clip, new_detector(), tallies["clean"])
    for snr_db in SNRS_DB if corpus.noises else ():
        tally = tallies[f"{snr_db} dB"] = Tally()
        for clip in corpus.voices:
            for noise in corpus.noises:
                listen(mixed(clip, noise, snr_db), clip, new_detector(), tally)
    for noise in corpus.noises:
        tally = tallies.setdefault("noise only", Tally())
        listen(noise.sound, noise, new_detector(), tally)
    return tallies


def listen(sound: bytes, clip: Clip, detector: Detector, tally: Tally) -> None:
    """Let `detector` hear `sound`, which is `clip` with something in it, and count."""
    lead = bytes(2 * ms_to_samples(LEAD_MS)) if len(sound) == len(clip.sound) else b""
    tail = bytes(2 * ms_to_samples(TAIL_MS)) if lead else b""
    audio = as_ulaw(lead + sound + tail)
    started = time.process_time_ns()
    told = list(edges_of(audio, detector))
    tally.cpu_ns += time.process_time_ns() - started
    tally.frames += len(audio) // FRAME_SAMPLES
    spans = [(LEAD_MS + round(1_000 * start), LEAD_MS + round(1_000 * end)) for start, end in clip.speech_s]
    _count_onsets(spans, told, tally)
    _count_time(spans, told, samples_to_ms(len(audio)), tally)


def mixed(clip: Clip, noise: Clip, snr_db: float) -> bytes:
    """The clip within the noise, whose power is so many dB below that of the clip's speech."""
    speech = b"".join(
        clip.sound[2 * round(start * SAMPLE_RATE_HZ) : 2 * round(end * SAMPLE_RATE_HZ)] for start, end in clip.speech_s
    )
    sound = bytes(2 * ms_to_samples(LEAD_MS)) + clip.sound + bytes(2 * ms_to_samples(TAIL_MS))
    return mix(sound, noise.sound, snr_db, speech_rms=audioop.rms(speech, 2))


def _count_onsets(spans: list[tuple[int, int]], told: list[Told], tally: Tally) -> None:
    talking = speech_spans(told, FOREVER_MS, as_told=True)
    for start, end in spans:
        tally.utterances += 1
        heard = next((began for began, ended in talking if ended > start and began < end), None)
        if heard is None:
            tally.unheard += 1
        elif heard >= start - EARLY_MS:
            tally.delays_ms.append(heard - start)
    for begins_at in (edge.at_ms for edge in told if edge.is_onset):
        tally.false_onsets += not any(start - EARLY_MS <= begins_at <= end + COLLAR_MS for start, end in spans)


def _count_time(spans: list[tuple[int, int]], told: list[Told], length_ms: int, tally: Tally) -> None:
    is_speech, is_near, is_told = (bytearray(length_ms // GRID_MS + 1) for _ in range(3))
    for start, end in spans:
        _mark(is_speech, start, end)
        _mark(is_near, start - COLLAR_MS, start + COLLAR_MS)
        _mark(is_near, end - COLLAR_MS, end + COLLAR_MS)
    for start, end in speech_spans(told, length_ms):
        _mark(is_told, start, end)
    for speech, near, talking in zip(is_speech, is_near, is_told, strict=True):
        if near:
            continue
        if speech:
            tally.speech_ms += GRID_MS
            tally.missed_ms += GRID_MS * (not talking)
        else:
            tally.quiet_ms += GRID_MS
            tally.false_ms += GRID_MS * talking


def _mark(grid: bytearray, start_ms: int, end_ms: int) -> None:
    first, last = max(0, start_ms // GRID_MS), min(len(grid), -(-end_ms // GRID_MS))
    grid[first:last] = b"\1" * max(0, last - first)


def _rank(values: list[int], share: float) -> int | None:
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
