"""What the caller did, as far as the agent's own trace tells: voice edges, words, and what it made of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.metrics.derived_agent import Stretch
from agent.metrics.openings import OPENINGS
from agent.metrics.turn_trace import CallerKind
from fsm.units import ms_to_ns

Line = Mapping[str, Any]

WORD_DELAY_NS = ms_to_ns(200)
"""A transcriber tells a word at the earliest so long after its sound began."""

PART_GAP_NS = ms_to_ns(300)
"""A sound so close to what is said belongs to it, although no words were told of it."""


@dataclass(slots=True)
class Heard:
    """A sound of the caller's, or a turn of several; instants in ns since the call began, on our clock."""

    voiced_ns: list[tuple[int, int]]
    words: list[str] = field(default_factory=list)
    kind: CallerKind = CallerKind.TURN

    @property
    def begin_ns(self) -> int:
        """When its first sound began."""
        return self.voiced_ns[0][0]

    @property
    def end_ns(self) -> int:
        """When its last sound ended."""
        return self.voiced_ns[-1][1]


def sounds_of(lines: Sequence[Line], agent: Sequence[Stretch]) -> list[Heard]:
    """The caller's turns and other sounds, in order; `agent`: when we sounded."""
    events = [line for line in lines if line["kind"] == "event"]
    sounds = [Heard([span]) for span in _voiced(events, lines[0].get("began_at_ns", 0))]
    _give_words(events, sounds)
    for sound in sounds:
        sound.kind = _kind_of(sound, events, agent)
    return _joined(sounds, [line["at_ns"] for line in events if _answers(line)])


def _answers(line: Line) -> bool:
    """Whether a decision took the caller's turn as over, or the floor for something of ours."""
    return any(name in OPENINGS for name, _ in line["effects"])


def _voiced(events: Sequence[Line], began_at: int) -> Iterator[tuple[int, int]]:
    """From edge to edge; a sound that the call's end cut ends there."""
    begin: int | None = None
    for line in events:
        data = line["data"]
        if line["event"] == "SpeechStarted" and begin is None:
            begin = max(0, data["at"] - began_at)
        elif begin is not None and line["event"] in ("SpeechStopped", "CallEnded"):
            end = data["last_voiced_at"] - began_at if line["event"] == "SpeechStopped" else line["at_ns"]
            if end > begin:
                yield begin, end
            begin = None


def _give_words(events: Sequence[Line], sounds: Sequence[Heard]) -> None:
    """Give each text to the sound that had begun when its first words were told; an interim one if none settled it."""
    at, interim = 0, ""
    for line in events:
        if line["event"] != "WordsHeard" or not line["data"]["text"]:
            continue
        at, text = at if interim else line["at_ns"], line["data"]["text"]
        interim = "" if line["data"]["is_final"] else text
        if not interim:
            _give(text, at, sounds)
    if interim:
        _give(interim, at, sounds)


def _give(text: str, at: int, sounds: Sequence[Heard]) -> None:
    spoken = [sound for sound in sounds if sound.begin_ns + WORD_DELAY_NS <= at] or sounds[:1]
    if spoken:
        spoken[-1].words.append(text)


def _kind_of(sound: Heard, events: Sequence[Line], agent: Sequence[Stretch]) -> CallerKind:
    if not sound.words:
        return CallerKind.VOCAL_TIC
    is_over_us = any(one.begin_ns <= sound.begin_ns < one.end_ns for one in agent)
    return CallerKind.BACKCHANNEL if is_over_us and _kept_the_floor(sound, events) else CallerKind.TURN


def _kept_the_floor(sound: Heard, events: Sequence[Line]) -> bool:
    """Whether the first verdict after a sound's beginning was that we go on, or none was needed before we ended."""
    for line in events:
        if line["at_ns"] < sound.begin_ns:
            continue
        if line["mode"] == "BARGE_IN" and line["to"] != "BARGE_IN":
            return bool(line["to"] == "SPEAKING")
        if line["mode"] == "SPEAKING" and line["to"] not in ("SPEAKING", "BARGE_IN"):
            return bool(line["event"] != "TurnEnded")
    return False


def _joined(sounds: Sequence[Heard], answered_at: Sequence[int]) -> list[Heard]:
    """Turns whose parts the machine took for one are one; what sounds between its parts is within it."""
    found: list[Heard] = []
    for sound in sounds:
        before = found[-1] if found else None
        if before is not None and before.kind is CallerKind.TURN and _belongs(before, sound, answered_at):
            before.voiced_ns += sound.voiced_ns
            before.words += sound.words
        elif before is not None and _leads_in(before, sound):
            before.voiced_ns += sound.voiced_ns
            before.words, before.kind = sound.words, CallerKind.TURN
        else:
            found.append(sound)
    return found


def _belongs(turn: Heard, sound: Heard, answered_at: Sequence[int]) -> bool:
    if sound.kind is CallerKind.VOCAL_TIC:
        return sound.begin_ns - turn.end_ns < PART_GAP_NS
    return sound.kind is CallerKind.TURN and not any(turn.end_ns <= at <= sound.begin_ns for at in answered_at)


def _leads_in(before: Heard, sound: Heard) -> bool:
    """A sound without words right before a turn: its first syllable."""
    is_close = sound.begin_ns - before.end_ns < PART_GAP_NS
    return before.kind is CallerKind.VOCAL_TIC and sound.kind is CallerKind.TURN and is_close
