"""What was wrong with one call: what a tester would write down, with the instant."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.metrics.grid import TAU_TICK_MS, tau_200
from agent.metrics.panel import Measure, events_of
from simulator.turn_bench.episodes import CutOff, answers, false_alarms, interruptions
from simulator.turn_bench.facts import CallFacts
from simulator.turn_bench.goals import LONG_DEAD_AIR_MS, MOST_HEARD_ERROR_WORDS, SLOW_ANSWER_MS, SLOW_STOP_MS

SELECTIVE = {
    Measure.YIELD: ("no_yield", "talked on over an interruption"),
    Measure.BACKCHANNEL: ("stopped_for_backchannel", "stopped within a second of a sign of listening"),
    Measure.VOCAL_TIC: ("stopped_for_tic", "stopped for a vocal tic, or answered it"),
    Measure.NON_DIRECTED: ("stopped_for_aside", "stopped for words to somebody else, or answered them"),
}


@dataclass(frozen=True, slots=True)
class Miss:
    """A goal that a call missed; `at_ms` in the turn-trace's time."""

    kind: str
    what: str
    at_ms: int | None = None


def misses_of(facts: CallFacts) -> list[Miss]:
    """Everything that was wrong with a call, in the order of time."""
    found = [*_selective(facts), *_stops(facts), *_answers(facts), *_dead_air(facts), *_heard(facts)]
    found += [Miss(f"checker_{one.checker}", one.what, one.at_ms) for one in facts.findings]
    return sorted(found, key=lambda miss: -1 if miss.at_ms is None else miss.at_ms)


def _selective(facts: CallFacts) -> Iterator[Miss]:
    for event in events_of(tau_200(facts.trace)):
        if not event.is_right and event.is_published and event.measure in SELECTIVE:
            kind, what = SELECTIVE[event.measure]
            yield Miss(kind, what, event.at * TAU_TICK_MS)


def _stops(facts: CallFacts) -> Iterator[Miss]:
    for one in interruptions(facts.trace):
        stop_ms = None if one.first_stop_ms is None else one.first_stop_ms - 2 * facts.way_ms
        if stop_ms is not None and stop_ms > SLOW_STOP_MS:
            yield Miss("slow_stop", f"silent {stop_ms} ms after the onset of an interruption", one.at_ms)


def _answers(facts: CallFacts) -> Iterator[Miss]:
    for one in answers(facts):
        if isinstance(one, CutOff):
            yield Miss("cut_off", f"began to answer {one.said_ms[1] - one.at_ms} ms before the caller's end", one.at_ms)
            continue
        at_the_server_ms = one.voice_to_voice_ms - 2 * facts.way_ms
        if at_the_server_ms > SLOW_ANSWER_MS:
            yield Miss("slow_answer", f"answered {at_the_server_ms} ms after the caller's end", one.at_ms)


def _dead_air(facts: CallFacts) -> Iterator[Miss]:
    for one in false_alarms(facts):
        if one.dead_air_ms > LONG_DEAD_AIR_MS:
            yield Miss("dead_air", f"silent for {one.dead_air_ms} ms after a sound that asked for nothing", one.at_ms)


def _heard(facts: CallFacts) -> Iterator[Miss]:
    for turn in facts.trace.turns:
        for words in turn.heard_error_words:
            if words > MOST_HEARD_ERROR_WORDS:
                yield Miss("heard_error", f"believed {words} words more or less than were heard, in turn {turn.turn}")
