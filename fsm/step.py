"""One decision: `step(state, event, now) -> (state, effects)`. Total, pure, never waits."""

from fsm.chart import TABLE
from fsm.drafting import keep_or_drop
from fsm.effects import ContinueReply, Effect, Recite, StartReply
from fsm.events import Event, Tick
from fsm.ignored import IGNORED
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Deadlines, Mode
from fsm.units import ms_to_ns
from fsm.values import replace

CONNECT_MS = 10_000
"""Twilio sends `start` right after the handshake; a stream that does not within this long never will."""


def begin(profile: Profile, phrases: Phrases, now: int, language: str = "en") -> CallState:
    """The state of a call in `language` (a tag) whose stream is being opened at instant `now` (ns)."""
    deadlines = Deadlines(connect_at=now + ms_to_ns(CONNECT_MS))
    return CallState(profile=profile, phrases=phrases, language=language, now=now, deadlines=deadlines)


def step(state: CallState, event: Event, now: int) -> tuple[CallState, tuple[Effect, ...]]:
    """The state after `event` at instant `now` (ns), and what is to be done about it.

    Decides every pair of mode and event: by the first row of the chart whose guard holds, or by ignoring it for the
    reason the chart gives. AssertionError means a bug of ours, never of the world's.
    """
    assert now >= state.now, f"the clock went backwards, from {state.now} to {now}"
    branches = TABLE.get((state.mode, type(event)))
    if branches is None:
        assert (state.mode, type(event).__name__) in IGNORED, f"undecided: {type(event).__name__} in {state.mode}"
        return replace(state, now=now), ()
    branch = next(branch for branch in branches if branch.applies(state, event, now))
    after, effects = branch.reducer(state, event, now)
    mode = state.mode if branch.dest is None else branch.dest
    after = replace(after, mode=mode, now=now, deadlines=after.deadlines.only(mode))
    after, effects = keep_or_drop(after, effects, now)
    _check(state, event, after, effects)
    return after, effects


def _check(before: CallState, event: Event, after: CallState, effects: tuple[Effect, ...]) -> None:
    """Assert what no row may break."""
    assert after.mode is Mode.ENDED or after.deadlines.earliest() is not None, (
        f"{after.mode} has no deadline to leave by"
    )
    assert after.reply >= before.reply, "reply numbers only rise"
    openings = [effect for effect in effects if isinstance(effect, StartReply | Recite | ContinueReply)]
    assert after.draft is None or after.draft.reply > after.reply, "a draft is older than the reply that is heard"
    assert len(openings) <= 1, f"opens the mouth twice: {openings}"
    assert all(effect.reply == after.reply for effect in openings), "opens the mouth for a reply that is over"
    if isinstance(event, Tick):
        assert after != replace(before, now=after.now), f"a tick settled nothing in {after.mode}: {after.deadlines}"
