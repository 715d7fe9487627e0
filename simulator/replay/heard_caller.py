"""What a recorded caller did, from the trace alone: sounds with their words, keys, and when the agent was audible.

Instants and durations in ns since the call began.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fsm.effects import CancelReply, DuckPlayout, ResumePlayout
from fsm.events import (
    CallEnded,
    DigitPressed,
    PlayoutDrained,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    WordsHeard,
)
from fsm.state import Mode
from fsm.units import ms_to_ns
from simulator.replay.recorded import Decision, Recorded

WORD_DELAY_NS = ms_to_ns(200)
"""A transcriber tells a word at the earliest so long after its sound began."""


@dataclass(slots=True)
class Sound:
    """A stretch of the caller's voice and the words told of it; `over`: since when the agent was audible, if it was.

    `yielded`: the agent fell silent for it and did not go on.
    """

    begin: int
    end: int
    words: list[str] = field(default_factory=list)
    over: int | None = None
    yielded: bool = False


@dataclass(frozen=True, slots=True)
class Audible:
    """A time in which the agent was audible; `is_resumed`: it went on after it had been silenced."""

    begin: int
    end: int
    is_resumed: bool = False


def agent_audible(recorded: Recorded) -> list[Audible]:
    """When the agent was audible, in order; fillers, whose end no trace tells, are left out."""
    found: list[Audible] = []
    since: int | None = None
    is_resumed = False
    for decision in recorded.decisions:
        at = decision.at - recorded.began_at
        stops = isinstance(decision.event, PlayoutHeld | PlayoutDrained | PlayoutFinished | CallEnded)
        if since is not None and (stops or any(isinstance(effect, CancelReply) for effect in decision.effects)):
            found.append(Audible(since, at, is_resumed))
            since = None
        resumes = any(isinstance(effect, ResumePlayout | DuckPlayout) for effect in decision.effects)
        if since is None and (resumes or isinstance(decision.event, ReplyAudioStarted)):
            since, is_resumed = at, resumes
    return found


def sounds_of(recorded: Recorded) -> list[Sound]:
    """The caller's sounds, in order, each with its words."""
    sounds = list(_voiced(recorded))
    audible = agent_audible(recorded)
    for word, at in _words(recorded):
        spoken = [sound for sound in sounds if sound.begin + WORD_DELAY_NS <= at] or sounds[:1]
        if spoken:
            spoken[-1].words.append(word)
    for sound in sounds:
        sound.over = next((one.begin for one in audible if one.begin <= sound.begin <= one.end), None)
        sound.yielded = _is_yielded_to(recorded, sound)
    return sounds


def keys_of(recorded: Recorded) -> list[tuple[int, str]]:
    """The keys that were pressed, and when."""
    return [
        (decision.at - recorded.began_at, decision.event.digit)
        for decision in recorded.decisions
        if isinstance(decision.event, DigitPressed)
    ]


def _voiced(recorded: Recorded) -> Iterator[Sound]:
    begin: int | None = None
    for decision in recorded.decisions:
        event = decision.event
        if isinstance(event, SpeechStarted) and begin is None:
            begin = event.at - recorded.began_at
        elif begin is not None and isinstance(event, SpeechStopped | CallEnded):
            end = event.last_voiced_at if isinstance(event, SpeechStopped) else decision.at
            yield Sound(max(0, begin), max(begin, end - recorded.began_at))
            begin = None


def _words(recorded: Recorded) -> Iterator[tuple[str, int]]:
    """Each settled word, and when it was told first."""
    told: list[int] = []
    interim: list[str] = []
    for decision in recorded.decisions:
        event, at = decision.event, decision.at - recorded.began_at
        if not isinstance(event, WordsHeard):
            continue
        words = event.text.split()
        told += [at] * (len(words) - len(told))
        if event.is_final:
            yield from zip(words, told, strict=False)
            told, interim = [], []
        else:
            interim = words
    yield from zip(interim, told, strict=False)  # never settled: the call ended before


def _is_yielded_to(recorded: Recorded, sound: Sound) -> bool:
    """Whether the floor was given up for a sound that began while the agent spoke."""
    after = (d for d in recorded.decisions if d.at - recorded.began_at >= sound.begin)
    verdict = next((d for d in after if d.mode is Mode.BARGE_IN and d.to is not Mode.BARGE_IN), None)
    return sound.over is not None and verdict is not None and verdict.to is not Mode.SPEAKING


def answered_between(decisions: Sequence[Decision], began_at: int, begin: int, end: int) -> bool:
    """Whether the caller's turn was taken for ended between two instants."""
    return any(
        begin < decision.at - began_at < end and decision.mode is Mode.LISTENING and decision.to is Mode.THINKING
        for decision in decisions
    )
