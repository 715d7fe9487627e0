"""From what a recorded caller did to the steps of a call script: moments are told by what the agent was doing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from agent.speakable import speakable
from agent.trace_view import TraceError
from fsm.effects import EndCall
from fsm.events import CallEnded, PlayoutFinished
from fsm.units import NS_PER_SAMPLE, ms_to_ns
from simulator.replay.heard_caller import Audible, Sound, agent_audible, answered_between, keys_of, sounds_of
from simulator.replay.recorded import Recorded
from simulator.scenario.model_steps import StepTable
from simulator.speech import MS_PER_CHAR, speak

TRAILING_MS = 290
"""Silence at the end of what a voice delivers: the caller hears the agent's end so much before playout is done."""

SURE_MS = 600
"""Who begins sooner after the agent's end reacts to its last words: its own pauses may be as long as that silence."""

LAST_WORDS = 3
PAUSE_LIMIT_NS = ms_to_ns(3_000)
"""A longer silence within a turn parts two steps."""
KEYS_GAP_NS = ms_to_ns(3_000)
PATIENT_MS = 20_000
"""A caller who was hung up on would have waited so long at least."""
SHORTEST_PAUSE_MS = 60
SHORTEST_MUMBLE_MS = 60
COUGH_MS = 350
"""A sound without words that is shorter is taken for a cough."""
NEAR_USUAL = 0.12
"""A speed this near the usual one is not worth mentioning."""


@dataclass(frozen=True, slots=True)
class Told:
    """One step of the script, from `begin` to `end` (ns since the call began)."""

    begin: int
    end: int
    table: StepTable


def steps_of(recorded: Recorded) -> list[Told]:
    """What the caller did, step by step. Raises TraceError where they did nothing at all before the call ended."""
    deeds = sorted([*_contributions(recorded), *_pressed(recorded)], key=lambda deed: deed[0])
    audible = agent_audible(recorded)
    steps: list[Told] = []
    for begin, end, verb in deeds:
        when = _moment(recorded, audible, begin, steps[-1].end if steps else None)
        steps.append(Told(begin, end, StepTable(**verb, **when)))
    steps += _hang_up(recorded, audible, steps)
    if not steps:
        raise TraceError("nobody said or pressed anything in this call, and nobody hung up: there is nothing to script")
    return steps


def _contributions(recorded: Recorded) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Each contribution as begin, end and verb; sounds of one turn with short pauses between them are one."""
    group: list[Sound] = []
    audible = agent_audible(recorded)
    for sound in sounds_of(recorded):
        if group and not _goes_on(recorded, audible, group[-1], sound):
            yield from _verb(group)
            group = []
        group.append(sound)
    if group:
        yield from _verb(group)


def _goes_on(recorded: Recorded, audible: Sequence[Audible], before: Sound, after: Sound) -> bool:
    if after.begin - before.end > PAUSE_LIMIT_NS or (before.over is not None and not before.yielded):
        return False
    if after.over is not None or any(before.end < one.begin < after.begin for one in audible):
        return False
    return not answered_between(recorded.decisions, recorded.began_at, before.end, after.begin)


def _verb(group: Sequence[Sound]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    first, last = group[0], group[-1]
    if not any(sound.words for sound in group):
        for sound in group:
            yield sound.begin, sound.end, _wordless(sound)
        return
    if len(group) == 1 and first.over is not None and not first.yielded:
        yield first.begin, first.end, {"backchannel": " ".join(first.words)}
        return
    yield first.begin, last.end, {"say": _marked(group), **_speed(group)}


def _wordless(sound: Sound) -> dict[str, Any]:
    length_ms = (sound.end - sound.begin) // 1_000_000
    return {"cough": True} if length_ms < COUGH_MS else {"mumble_ms": max(SHORTEST_MUMBLE_MS, length_ms)}


def _marked(group: Sequence[Sound]) -> str:
    """The words, with the pauses and wordless sounds among them."""
    parts: list[str] = []
    for index, sound in enumerate(group):
        if index:
            pause_ms = (sound.begin - group[index - 1].end - _natural_ns(group[index - 1])) // 1_000_000
            parts += [f"[{round(pause_ms, -1)} ms]"] if pause_ms >= SHORTEST_PAUSE_MS else []
        length_ms = (sound.end - sound.begin) // 1_000_000
        parts.append(" ".join(sound.words).translate(_PLAIN) or f"[mumble {max(SHORTEST_MUMBLE_MS, length_ms)} ms]")
    return " ".join(parts)


_PLAIN = str.maketrans("[]", "()")


def _speed(group: Sequence[Sound]) -> dict[str, Any]:
    """How fast it was said, where that is not about as fast as usual."""
    spoken = [sound for sound in group if sound.words]
    took_ns = sum(sound.end - sound.begin for sound in spoken)
    usual_ns = sum(_usual_ns(" ".join(sound.words).translate(_PLAIN)) for sound in spoken)
    ratio = took_ns / usual_ns if usual_ns else 1.0
    return {} if abs(ratio - 1) < NEAR_USUAL else {"ms_per_char": min(500, max(10, round(MS_PER_CHAR * ratio)))}


def _natural_ns(sound: Sound) -> int:
    """The silence after its last word that nobody has to ask for: that of a comma, of a full stop."""
    speech = speak(" ".join(sound.words).translate(_PLAIN))
    return (len(speech.audio) - speech.words[-1].end_samples) * NS_PER_SAMPLE if speech.words else 0


def _usual_ns(text: str) -> int:
    words = speak(text).words
    return (words[-1].end_samples - words[0].start_samples) * NS_PER_SAMPLE if words else 0


def _pressed(recorded: Recorded) -> Iterator[tuple[int, int, dict[str, Any]]]:
    group: list[tuple[int, str]] = []
    for at, digit in [*keys_of(recorded), (1 << 62, "")]:
        if group and at - group[-1][0] > KEYS_GAP_NS:
            gaps_ms = sorted((b[0] - a[0]) // 1_000_000 for a, b in pairwise(group))
            gap = {"gap_ms": max(20, gaps_ms[len(gaps_ms) // 2])} if gaps_ms else {}
            yield group[0][0], group[-1][0], {"press": "".join(key for _, key in group)[:64], **gap}
            group = []
        group.append((at, digit))


def _hang_up(recorded: Recorded, audible: Sequence[Audible], steps: Sequence[Told]) -> list[Told]:
    """The caller's hanging up; where the agent did, they would have waited. Nothing if the trace does not tell."""
    decisions = recorded.decisions
    if any(isinstance(effect, EndCall) for decision in decisions for effect in decision.effects):
        silence_ms = PATIENT_MS + 2 * recorded.profile.idle_ms
        patient = StepTable(hang_up=True, after_agent=True, after_silence_ms=silence_ms, timeout_ms=2 * silence_ms)
        return [Told(recorded.duration_ns, recorded.duration_ns, patient)]
    ended = next((decision for decision in decisions if isinstance(decision.event, CallEnded)), None)
    if ended is None:
        return []
    at = ended.at - recorded.began_at
    when = _moment(recorded, audible, at, steps[-1].end if steps else None)
    return [Told(at, at, StepTable(hang_up=True, **when))]


def _moment(recorded: Recorded, audible: Sequence[Audible], at: int, before: int | None) -> dict[str, Any]:
    """When a step begins, in the words of a script; `before`: when the step before it was done."""
    over = next((one for one in audible if one.begin <= at <= one.end), None)
    if over is not None:
        return {"into_agent_speech_ms": _ms(at - over.begin)}
    last = next((one for one in reversed(audible) if one.end <= at), None)
    if last is not None and (before is None or last.end > before):
        return _after_agent(recorded, last, _ms(at - last.end))
    if before is not None:
        return {"delay_ms": _ms(at - before)}
    return {"at_ms": _ms(at)}


def _after_agent(recorded: Recorded, last: Audible, silence_ms: int) -> dict[str, Any]:
    if silence_ms + TRAILING_MS < SURE_MS or last.is_resumed:
        finished = (
            decision.event.text
            for decision in recorded.decisions
            if isinstance(decision.event, PlayoutFinished) and decision.at - recorded.began_at == last.end
        )
        words = " ".join(speakable(next(finished, "")).split()[-LAST_WORDS:])
        if words:
            return {"after_words": words, "delay_ms": silence_ms + TRAILING_MS}
    return {"after_agent": True, "after_silence_ms": silence_ms + TRAILING_MS}


def _ms(ns: int) -> int:
    return max(0, round(ns / 1_000_000))
