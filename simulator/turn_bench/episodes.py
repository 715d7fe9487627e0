"""What happened in a call, one episode after the other: interruptions, answers, false alarms. Pure.

Everything is taken from the turn-trace, whose clock is that of the caller's mouth and ear. The leg to the telephone has
one even delay, so what happened at the server is the same, less the way there and back: a sound of the caller's arrives
`way_ms` after it was made, a sound of ours was sent `way_ms` before it was heard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.metrics.own import TOGETHER_MS
from agent.metrics.turn_trace import AgentEntry, AgentKind, CallerEntry, CallerKind, StoppedBy, TurnTrace
from simulator.turn_bench.facts import CallFacts

SILENCED = frozenset({StoppedBy.CLEARED, StoppedBy.HELD})

NATURAL_END_MS = 350
"""An agent that ends by itself so soon after an onset may not have noticed it; one that goes on took no notice."""

ALARM_MS = 2_000
"""A sound that silences the agent does so within this of its end."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller spoke while the agent was audible; ms from their first sound to our last, at the ear.

    `first_stop_ms`: until we were silent at all; `final_stop_ms`: until nothing of that reply sounded any more, which
    differs where a hush was followed by softer speech. None: the agent came to its own end at once.
    """

    at_ms: int
    first_stop_ms: int | None
    final_stop_ms: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A turn of the caller and what we said next, in ms from their last sound to our first, at the ear."""

    at_ms: int
    ends_ms: int
    turn: int
    voice_to_voice_ms: int


@dataclass(frozen=True, slots=True)
class CutOff:
    """We began to answer before the caller had said all."""

    at_ms: int
    said_ms: tuple[int, int]


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """A sound that asks for nothing came over the agent's speech: how long that was silent for it; 0 if it went on."""

    at_ms: int
    kind: CallerKind
    is_of_a_body: bool
    dead_air_ms: int


def interruptions(trace: TurnTrace) -> Iterator[Interruption]:
    """Every turn of the caller that began over the agent."""
    for turn in trace.caller_turns:
        over = _sounding(trace.agent, turn.start_ms)
        if over is None:
            continue
        stop_ms = over.end_ms - turn.start_ms
        if over.stopped_by not in SILENCED and stop_ms <= NATURAL_END_MS:
            yield Interruption(turn.start_ms, None, None)
        else:
            last = max(one.end_ms for one in trace.agent if one.turn == over.turn and _is_before_next(trace, turn, one))
            yield Interruption(turn.start_ms, stop_ms, max(stop_ms, last - turn.start_ms))


def answers(facts: CallFacts) -> Iterator[Answer | CutOff]:
    """What came of each turn of the caller's: nothing is told of those that nobody answered before the next one.

    A cut-off is told at the server: an answer that left before the caller's last sound had arrived, also where it was
    heard only after it. Who began together with the caller could not know that they would speak, and cut nobody off.
    """
    trace, way_ms = facts.trace, facts.way_ms
    turns = trace.caller_turns
    for index, turn in enumerate(turns):
        over = _sounding(trace.agent, turn.start_ms)
        began = [one for one in trace.agent if turn.start_ms < one.start_ms and not _goes_on(trace.agent, one)]
        fresh = [one for one in began if over is None or one.turn != over.turn]
        last_ms = turn.voiced[-1][1]
        too_soon = [one for one in fresh if turn.start_ms + TOGETHER_MS <= one.start_ms < last_ms + 2 * way_ms]
        if too_soon:
            yield CutOff(too_soon[0].start_ms, (turn.start_ms, last_ms))
            continue
        until = turns[index + 1].start_ms if index + 1 < len(turns) else trace.end_ms
        first_answer = next((one for one in fresh if last_ms <= one.start_ms < until), None)
        if first_answer is not None and first_answer.kind is not AgentKind.REPROMPT:
            number = -1 if first_answer.turn is None else first_answer.turn
            yield Answer(first_answer.start_ms, last_ms, number, first_answer.start_ms - last_ms)


def false_alarms(facts: CallFacts) -> Iterator[FalseAlarm]:
    """Every sound over the agent that asks for nothing."""
    trace = facts.trace
    for sound in trace.caller:
        if sound.kind is CallerKind.TURN or _sounding(trace.agent, sound.start_ms) is None:
            continue
        is_of_a_body = sound.start_ms in facts.body_sounds_ms
        yield FalseAlarm(sound.start_ms, sound.kind, is_of_a_body, _dead_air_ms(trace, sound))


def _dead_air_ms(trace: TurnTrace, sound: CallerEntry) -> int:
    """The longest silence for which a sound was the reason, not a turn of the caller's after it."""
    next_turn_ms = min(
        (one.start_ms for one in trace.caller_turns if one.start_ms > sound.start_ms), default=trace.end_ms
    )
    until_ms = min(sound.end_ms + ALARM_MS, next_turn_ms)
    longest_ms = 0
    for index, one in enumerate(trace.agent):
        if one.stopped_by in SILENCED and sound.start_ms < one.end_ms <= until_ms:
            again_ms = trace.agent[index + 1].start_ms if index + 1 < len(trace.agent) else trace.end_ms
            longest_ms = max(longest_ms, min(again_ms, next_turn_ms) - one.end_ms)
    return longest_ms


def _sounding(agent: Sequence[AgentEntry], at_ms: int) -> AgentEntry | None:
    """The entry that sounds at an instant, or the last of those that follow it without a gap."""
    found = next((one for one in agent if one.start_ms <= at_ms < one.end_ms), None)
    for entry in agent:
        if found is not None and entry.start_ms == found.end_ms:
            found = entry
    return found


def _goes_on(agent: Sequence[AgentEntry], one: AgentEntry) -> bool:
    """Whether an entry is no beginning but the rest of what sounded before: gapless, or its reply resumed."""
    before = [entry for entry in agent if entry.start_ms < one.start_ms]
    if not before:
        return False
    previous = before[-1]
    is_rest = previous.turn == one.turn and previous.stopped_by in SILENCED | {StoppedBy.UNDERRUN}
    return one.start_ms <= previous.end_ms or is_rest


def _is_before_next(trace: TurnTrace, turn: CallerEntry, one: AgentEntry) -> bool:
    """Whether an entry sounded before the caller's turn after this one."""
    later = [other.start_ms for other in trace.caller_turns if other.start_ms > turn.start_ms]
    return one.start_ms < (later[0] if later else trace.end_ms)
