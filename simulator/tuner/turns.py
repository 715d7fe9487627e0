"""The caller's turns in a recorded call, with what is known of their ends.

Where a script tells the truth, a turn is what it lets the caller say at once. Of a real call only its record is known:

- what the caller said without an answer between is one turn, pauses and all;
- they had not finished either where they went on after we took their turn for over, before our answer sounded or as it
  began (`AT_ONCE_NS`): words that come that soon were under way, and are no reaction to it;
- once our answer sounds, nobody knows what they would have said had it not. A tuning that would have answered later
  than that is told apart ("not seen"): it may have waited for words that never came on record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low

from fsm.effects import DraftReply, StartReply
from fsm.events import CallEnded, Event, ReplyAudioStarted, Tick
from fsm.floor_words import is_backchannel
from fsm.state import Mode
from fsm.units import ms_to_ns
from simulator.replay.core import CoreReplay
from simulator.replay.heard_caller import Sound, sounds_of
from simulator.replay.recorded import Recorded
from simulator.replay.tuning import CALLERS_OWN
from simulator.tuner.deciding import CallTurns, Turn

AT_ONCE_NS = ms_to_ns(300)
"""A caller who begins so soon after we became audible did not react to it: people need longer, and the leg too."""

ANSWER_NS = ms_to_ns(500)
"""How long answers take in a call that had none."""

READY_NS = ms_to_ns(20)
"""A draft whose audio leaves so soon after the end of its turn was ready by then."""

OPEN_WORDS = "words of an earlier turn were not answered yet"
NEVER_LISTENED = "the agent never had only to listen"
UNANSWERED = "nobody answered it before the call was over"


@dataclass(frozen=True, slots=True)
class Span:
    """A turn, from its first sound to past its last one; instants in ns, of the clock of its call."""

    begin: int
    end: int
    seen_to: int | None = None


def call_turns(name: str, replay: CoreReplay, spans: Sequence[Span], *, is_for_test: bool) -> CallTurns:
    """The turns at `spans`, in their order."""
    found: list[Turn] = []
    left_out: list[str] = []
    answer_ns = _answer_ns(replay.recorded)
    for index, span in enumerate(spans):
        until = spans[index + 1].begin if index + 1 < len(spans) else None
        turn = _turn(replay, span, until, answer_ns)
        if isinstance(turn, Turn):
            found.append(turn)
        else:
            left_out.append(turn)
    return CallTurns(name, tuple(found), tuple(left_out), is_for_test)


def _turn(replay: CoreReplay, span: Span, until: int | None, answer_ns: int) -> Turn | str:
    """The turn, or why it tells nothing."""
    decisions = replay.recorded.decisions
    for begin, decision in enumerate(decisions):
        if until is not None and decision.at >= until:
            break
        if decision.at >= span.begin and decision.to is Mode.LISTENING:
            state = replay.states[begin]
            if state.mode is Mode.LISTENING and state.utterance.text:
                return OPEN_WORDS
            return Turn(state, tuple(_events(replay, begin, until)), span.end, answer_ns, span.seen_to)
    return NEVER_LISTENED


def _answer_ns(recorded: Recorded) -> int:
    """How long answers of a call take, from the order to their first audio: the median.

    A draft that was ready when its turn ended took that long at most.
    """
    begun: dict[int, int] = {}
    adopted: dict[int, int] = {}
    took: dict[int, int] = {}
    for decision in recorded.decisions:
        for effect in decision.effects:
            if isinstance(effect, DraftReply | StartReply):
                begun.setdefault(effect.reply, decision.at)
            if isinstance(effect, StartReply) and effect.is_drafted:
                adopted[effect.reply] = decision.at
        if isinstance(decision.event, ReplyAudioStarted) and decision.event.reply in begun:
            took.setdefault(decision.event.reply, decision.at)
    exact = [at - begun[reply] for reply, at in took.items() if at - adopted.get(reply, 0) > READY_NS]
    return median_low(exact) if exact else min((at - begun[reply] for reply, at in took.items()), default=ANSWER_NS)


def _events(replay: CoreReplay, begin: int, until: int | None) -> Iterator[tuple[int, Event]]:
    """What happened up to the next turn; once the recorded tuning had decided, only what went on by itself.

    That the call ended is left out: a caller hangs up on an answer, not on the silence before it.
    """
    is_open = True
    for index, decision in enumerate(replay.recorded.decisions[begin:]):
        if until is not None and decision.at >= until:
            return
        if not isinstance(decision.event, Tick | CallEnded) and (
            index == 0 or is_open or isinstance(decision.event, CALLERS_OWN)
        ):
            yield decision.at, decision.event
        is_open = is_open and decision.to is Mode.LISTENING


# --- of a call whose caller nobody scripted ------------------------------------------------------------------------


def recorded_turns(name: str, replay: CoreReplay, *, is_for_test: bool) -> CallTurns:
    """The turns of a recorded call, as far as its record tells them."""
    recorded = replay.recorded
    audible = [decision.at for decision in recorded.decisions if isinstance(decision.event, ReplyAudioStarted)]
    spans: list[Span] = []
    unanswered = 0
    for group in _grouped(recorded, audible):
        begin, end = recorded.began_at + group[0].begin, recorded.began_at + group[-1].end
        answered_at = next((at for at in audible if at > end), None)
        if answered_at is None:
            unanswered += 1
        else:
            spans.append(Span(begin, end, answered_at + AT_ONCE_NS))
    told = call_turns(name, replay, spans, is_for_test=is_for_test)
    return CallTurns(name, told.turns, (*told.left_out, *[UNANSWERED] * unanswered), is_for_test)


def _grouped(recorded: Recorded, audible: Sequence[int]) -> list[list[Sound]]:
    """The caller's sounds with words, turn by turn; what only agrees while we speak is none."""
    groups: list[list[Sound]] = []
    for sound in sounds_of(recorded):
        text = " ".join(sound.words)
        if not text:
            continue
        began_at = recorded.began_at + sound.begin
        if groups and _goes_on(recorded.began_at + groups[-1][-1].end, began_at, audible) and not is_backchannel(text):
            groups[-1].append(sound)
        elif sound.over is None or sound.yielded:
            groups.append([sound])
    return groups


def _goes_on(ended_at: int, began_at: int, audible: Sequence[int]) -> bool:
    """Whether a sound belongs to the turn before it: no answer had been sounding for long enough to be a reason."""
    answered_at = next((at for at in audible if at > ended_at), None)
    return answered_at is None or began_at <= answered_at + AT_ONCE_NS
