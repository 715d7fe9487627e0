"""Opening and closing our mouth: the state every reply begins with, and what it leaves behind."""

from dataclasses import replace

from fsm.state import CallState, Deadlines, Mode
from fsm.transcript import with_heard
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


def close_reply(state: CallState, heard: str | None = None) -> CallState:
    """The state with the present reply cut to what the caller heard of it: `heard`, else what is known of that.

    A reply that sounds at this moment and was not silenced is left as it is: nobody knows yet how far it came.
    """
    known = state.heard if heard is None else heard
    if known is None and state.mode is Mode.SPEAKING:
        return replace(state, reply_from=len(state.transcript))
    transcript = with_heard(state.transcript, state.reply_from, known or "", cut=True)
    return replace(state, transcript=transcript, reply_from=len(transcript), heard=None)
