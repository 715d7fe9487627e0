"""What a voice detector tells of a whole recording: its edges, and the spans of speech between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import FRAME_SAMPLES, ns_to_ms, samples_to_ns


class Detector(Protocol):
    """Whatever tells voice edges, frame by frame."""

    def push(self, frame: bytes, at: int) -> SpeechStarted | SpeechStopped | None:
        """Judge the next mu-law frame, which ends at `at` (ns); an edge that is known now, if any."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """An edge: when it lay, and when a call would have been told."""

    is_onset: bool
    at_ms: int
    told_at_ms: int


def edges_of(audio: bytes, detector: Detector) -> Iterator[Told]:
    """What `detector` tells of mu-law `audio` that comes in frames of 20 ms; a rest shorter than that is not heard."""
    for begin in range(0, len(audio) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        at = samples_to_ns(begin + FRAME_SAMPLES)
        edge = detector.push(audio[begin : begin + FRAME_SAMPLES], at)
        if isinstance(edge, SpeechStarted):
            yield Told(True, ns_to_ms(edge.at), ns_to_ms(at))
        elif edge is not None:
            yield Told(False, ns_to_ms(edge.last_voiced_at), ns_to_ms(at))


def speech_spans(told: Sequence[Told], duration_ms: int, *, as_told: bool = False) -> list[tuple[int, int]]:
    """From each onset to its end, in ms, as they lay or as they were told; what never ended lasts to `duration_ms`."""
    times = [edge.told_at_ms if as_told else edge.at_ms for edge in told]
    ends = [*times[1::2], duration_ms][: len(times[::2])]
    return list(zip(times[::2], ends, strict=True))
