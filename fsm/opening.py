"""Opening our mouth: the state every reply begins with."""

from dataclasses import replace

from fsm.state import CallState, Deadlines
from fsm.units import ms_to_ns


def open_reply(state: CallState, now: int, *, is_recital: bool) -> CallState:
    """The state with a new reply, under a new number, awaited from `now` on."""
    profile = state.profile
    return replace(
        state,
        reply=state.reply + 1,
        is_recital=is_recital,
        reply_from=len(state.transcript),
        heard=None,
        failure="",
        can_retry=True,
        held_calls=(),
        held_said="",
        is_round_open=False,
        deadlines=Deadlines(
            filler_at=None if is_recital else now + ms_to_ns(profile.filler_ms),
            reply_at=now + ms_to_ns(profile.reply_timeout_ms),
            call_end_at=state.deadlines.call_end_at,
        ),
    )
