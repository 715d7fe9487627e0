"""Opening and closing our mouth: the state every reply begins with, and what it leaves behind."""

from fsm.endpointing import longest_wait_ms
from fsm.events import Occupation
from fsm.expectations import expected_after
from fsm.state import CallState, Deadlines, Draft, Occupied
from fsm.transcript import with_heard
from fsm.units import ms_to_ns
from fsm.values import replace

RECITAL_MS = 1_500
"""Fixed text is rendered ahead. A voice that needs longer than this for its first sound leaves a caller in silence."""

APOLOGY_MS = 500
"""The same for an apology, which comes when the caller has waited already: it is there at once, or never."""

OVERDUE_MS = 3_000
"""A tool that gave the caller something to do tells of its end itself; so long after that it is overdue."""

SOONEST_FILLER_MS = 300
"""An answer may come at any moment when we have just begun to think: no filler before this."""


def open_reply(
    state: CallState, now: int, *, is_recital: bool, is_apology: bool = False, draft: Draft | None = None
) -> CallState:
    """The state with a new reply, under a new number or that of its `draft`, awaited from `now` on.

    Audio that is withheld while the caller sounds stays withheld, and is not awaited meanwhile.
    """
    state = replace(
        state,
        reply=next_number(state) if draft is None else draft.reply,
        is_recital=is_recital,
        is_apology=is_apology,
        is_farewell=is_recital and bool(state.ending),
        reply_from=len(state.transcript),
        heard=None,
        heard_before="",
        is_claimed=False,
        hushed_at=None,
        is_protected=False,
        false_alarms=state.false_alarms // 2,
        agreed="",
        failure="",
        can_retry=True,
        retry_not_before=0,
        held_calls=(),
        held_said="",
        fillers=0,
        is_music=False,
        is_round_open=False,
        told_to_expect=None,
    )
    release_at = state.deadlines.release_at
    return replace(
        state,
        deadlines=Deadlines(
            filler_at=None if is_recital else filler_at(state, now),
            reply_at=reply_at(state, now) if release_at is None else None,
            release_at=release_at,
            call_end_at=state.deadlines.call_end_at,
        ),
    )


def next_number(state: CallState) -> int:
    """The number of the next reply, drafted or not."""
    return max(state.reply, state.numbered) + 1


def reply_at(state: CallState, now: int) -> int:
    """When the present reply is overdue if none of it is heard before."""
    if (occupied := occupation(state)) is not None:
        return occupied.until + ms_to_ns(OVERDUE_MS)
    if not state.is_recital:
        return now + ms_to_ns(state.profile.reply_timeout_ms)
    return now + ms_to_ns(APOLOGY_MS if state.is_apology else RECITAL_MS)


def next_filler_at(state: CallState, now: int) -> int | None:
    """When a caller who waits since `now` is told that we are at it, or hears music; None: they do not wait for us."""
    occupied = occupation(state)
    if occupied is None:
        return None if state.is_recital else now + ms_to_ns(state.profile.filler_ms)
    if occupied.kind is not Occupation.HOLD:
        return None
    is_music_next = state.has_music and not state.is_music
    return now + ms_to_ns(state.profile.filler_ms if is_music_next else state.profile.hold_word_ms)


def occupation(state: CallState) -> Occupied | None:
    """What the caller does instead of waiting for the present reply."""
    occupied = state.occupied
    return occupied if occupied is not None and occupied.reply == state.reply else None


def filler_at(state: CallState, now: int) -> int:
    """When to tell a caller who waits that we are at it.

    What a long end of turn took is not waited for again: the silence counts from the caller's last sound or key.
    """
    due = now + ms_to_ns(state.profile.filler_ms)
    if state.is_talking:
        return due
    return max(
        now + ms_to_ns(SOONEST_FILLER_MS), min(due, _answered_at(state, now) + ms_to_ns(state.profile.filler_ms))
    )


def _answered_at(state: CallState, now: int) -> int:
    """When a turn with so short an end would have been answered that ended when the caller was last heard."""
    profile, voiced_at = state.profile, state.last_voiced_at
    longest_ns = ms_to_ns(longest_wait_ms(profile) + 2 * profile.final_grace_ms)
    if voiced_at is not None and now - voiced_at <= longest_ns:
        return voiced_at + ms_to_ns(profile.wait_ms)
    if state.asked.digits and state.asked_at == now:
        return min(now, state.keyed_at + ms_to_ns(profile.wait_ms))
    return now  # not the sound that is answered: the words came late


def with_expected(state: CallState, heard: str) -> CallState:
    """The state with the answer that `heard` of ours asks for; asking for words again does not change the question.

    What a tool of the reply told to expect counts before what its words look like.
    """
    phrases = state.phrases
    if not heard or heard in (phrases.pardon, phrases.still_there, phrases.was_that_for_me, phrases.apology):
        return state
    return replace(state, expected=state.told_to_expect or expected_after(heard, phrases.hints, state.tables))


def close_reply(state: CallState, heard: str | None = None, *, is_broken: bool = False) -> CallState:
    """The state with the present reply cut to what the caller heard of it: `heard`, else what is known of that.

    `is_broken`: by a failure of ours, not by the caller. One that sounds has to be silenced before.
    """
    known = (state.heard if heard is None else heard) or ""
    state = with_expected(state, known)
    transcript = with_heard(state.transcript, state.reply_from, known, cut=not is_broken, broken=is_broken)
    return replace(state, transcript=transcript, reply_from=len(transcript), heard=None)
