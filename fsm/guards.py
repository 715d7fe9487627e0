"""Pure questions on (state, event, now) that choose between the rows of a mode and an event.

The argument `event` has the type of the row it guards; the chart's tests check each guard against its events.
"""

from collections.abc import Callable
from typing import Any

from fsm import barge_in, endpointing, floor_words, words
from fsm.events import TurnEnded
from fsm.state import CallState, Mode, is_due
from fsm.transcript import with_heard
from fsm.units import ms_to_ns

LONGEST_RETRY_WAIT_MS = 4_000
"""A provider that wants to be left alone for longer than this is no help to somebody who waits on the telephone."""

OVERLAP_NS = ms_to_ns(300)
"""An agreement that begins so shortly before our end, or later, is a reaction to all we said."""

Guard = Callable[[CallState, Any, int], bool]
"""`Any`: a guard serves rows of several events and looks only at the fields they share."""


def is_current(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """The event belongs to the present reply."""
    return bool(event.reply == state.reply)


def ends_call(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply was the call's last."""
    return is_current(state, event, now) and bool(state.ending)


def is_last_word(state: CallState, _event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """The call ends now, whatever is said."""
    return state.is_last_word


def adds_words(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """Words that were not in the turn being answered: the caller goes on."""
    return words.adds_words(state.asked.text, event.text) and not floor_words.is_backchannel(event.text, state.tables)


def has_words(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """Something was said that can be answered."""
    return bool(event.text or state.utterance.text)


def lacks_an_answer(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """What was asked for is visibly not all there yet: digits of a number, the end of an address."""
    return endpointing.lacks_the_rest(state, event.text or state.utterance.words)


def may_go_on(state: CallState, _event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """An answer is on its way to somebody who may have more to say."""
    return not state.is_last_word and not state.is_recital


def claims_floor(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The words, with those before them in the same dispute, are a bid for the floor."""
    if isinstance(event, TurnEnded):
        return barge_in.claims_floor(state, event.text, now, is_settled=True)
    said = " ".join([*(state.utterance.settled if state.mode is Mode.BARGE_IN else ()), event.text])
    is_settled = event.is_final or event.speech_final
    return barge_in.claims_floor(state, said, now, is_settled=is_settled, is_faint=event.is_faint)


def only_agrees(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """Settled words that are no bid for the floor, and the caller is silent again."""
    return bool(event.is_final) and not state.is_talking and not claims_floor(state, event, now)


def floor_is_claimed(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply was silenced because the caller took the floor."""
    return is_current(state, event, now) and state.is_claimed


def was_heard_out(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The caller heard every word of the present reply before they made a sound: what they say is their answer."""
    return is_current(state, event, now) and bool(event.is_whole)


def was_last_heard_out(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The same of the call's last reply."""
    return was_heard_out(state, event, now) and bool(state.ending)


def is_leaving(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply was silenced because the call is to end, or is a farewell without an end."""
    return ends_call(state, event, now) and not state.is_farewell


def must_leave(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply was silenced, in whatever dispute, because the call is to end whatever the caller says."""
    return is_leaving(state, event, now) and state.is_last_word


def keys_must_wait(state: CallState, _event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """A key does not interrupt: the profile forbids it, or a passage that must be heard."""
    return state.is_protected or not state.profile.keys_interrupt


def is_protected(state: CallState, _event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """A passage sounds that nobody may interrupt."""
    return state.is_protected


def begins_passage(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply came to a passage that nobody may interrupt."""
    return is_current(state, event, now) and bool(event.is_protected)


def is_owed_the_floor(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """A protected passage of the present reply is over, and somebody wanted the floor meanwhile, or still sounds."""
    is_over = is_current(state, event, now) and not event.is_protected and not state.is_last_word
    return is_over and (state.is_talking or barge_in.has_claim(state, now))


def is_late_agreement(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """The words of a backchannel that began while we were still speaking, and come when we have finished."""
    if state.utterance.text or not words.tokens(event.text) or not floor_words.is_backchannel(event.text, state.tables):
        return False
    is_early = state.onset_at is not None and state.onset_at < state.finished_at - OVERLAP_NS
    return is_early and not barge_in.is_answer(state, event.text)


def may_use_tools(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply asks for tools and has not done so too often."""
    return is_current(state, event, now) and state.rounds < state.profile.tool_rounds


def completes_round(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The last tool that the present reply waits for returned."""
    if not is_current(state, event, now) or not state.is_round_open:
        return False
    waiting = [tool for tool in state.pending_tools if tool.reply == state.reply]
    return [tool.call_id for tool in waiting] == [event.call_id]


def completes_broken_round(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The last tool returned, and the voice that was to tell of it was lost meanwhile."""
    return bool(state.failure) and completes_round(state, event, now)


def has_said_its_round(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The voice failed while a tool is awaited and all that was said before was heard: nothing is missing yet."""
    is_whole = with_heard(state.transcript, state.reply_from, state.heard or "") == state.transcript
    return awaits_tools(state) and is_whole and may_retry(state, event, now)


def may_retry(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present answer failed in a way that asking again may mend."""
    can_wait = event.retry_after_ms <= LONGEST_RETRY_WAIT_MS
    return is_current(state, event, now) and bool(event.retryable) and can_wait and can_ask_again(state)


def may_retry_later(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present answer failed, and asking again may mend that, but not at once."""
    return bool(event.retry_after_ms) and may_retry(state, event, now)


def may_apologise(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply failed and the caller has not heard too many apologies."""
    return is_current(state, event, now) and can_apologise(state)


def failed_for_now(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """What there was of a failed answer was heard, and the rest may come when asked for a little later."""
    return state.retry_not_before > now and failed_retryably(state, event, now)


def failed_retryably(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """What there was of a failed answer was heard, and asking again may bring the rest."""
    return is_current(state, event, now) and bool(state.failure) and state.can_retry and can_ask_again(state)


def failed_for_good(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """What there was of a failed reply was heard and no more will come."""
    return is_current(state, event, now) and bool(state.failure) and can_apologise(state)


def failed_hopelessly(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """What there was of a failed reply was heard, and even apologies fail."""
    return is_current(state, event, now) and bool(state.failure)


def awaits_tools(state: CallState) -> bool:
    """Whether the present reply waits for a tool."""
    return state.is_round_open and any(tool.reply == state.reply for tool in state.pending_tools)


def can_ask_again(state: CallState) -> bool:
    """Whether the present reply is an answer with attempts left."""
    return not state.is_recital and state.attempts < state.profile.retries


def can_apologise(state: CallState) -> bool:
    """Whether an apology is still worth speaking: one that was never heard shows that no other will be."""
    return not state.ending and not state.is_apology and state.apologies < state.profile.apologies


# --- deadlines ---------------------------------------------------------------------------------------------


def is_connect_overdue(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The stream never started."""
    return is_due(state.deadlines.connect_at, now)


def is_call_too_long(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The call reached its longest length."""
    return is_due(state.deadlines.call_end_at, now)


def is_ending_too_late(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The call reached its longest length while it was ending anyway: its last words are not to be cut."""
    return is_call_too_long(state, event, now) and bool(state.ending)


def is_turn_over(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The caller is silent and their words will not change, or have had the time to."""
    settled = state.utterance.is_settled or state.is_finalizing or endpointing.are_words_all_here(state)
    return is_due(state.deadlines.turn_end_at, now) and settled and bool(state.utterance.text)


def is_draft_due(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The words known may be the turn's last."""
    return is_due(state.deadlines.draft_at, now)


def is_final_awaited(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The caller is silent and their words may still change."""
    return is_due(state.deadlines.turn_end_at, now) and not state.is_finalizing and bool(state.utterance.text)


def is_unheard(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The caller spoke and no words arrived."""
    return is_due(state.deadlines.turn_end_at, now) and not state.utterance.text and can_apologise(state)


def is_deaf_for_good(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The caller spoke, nobody transcribes, and we have asked them to repeat it often enough."""
    return is_due(state.deadlines.turn_end_at, now) and state.has_missed_words and not state.utterance.text


def is_idle(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """Nobody says anything and we have not asked too often."""
    return is_due(state.deadlines.idle_at, now) and state.reprompts < state.profile.reprompts


def is_abandoned(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """Nobody says anything and we have asked often enough."""
    return is_due(state.deadlines.idle_at, now)


def is_retry_due(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The provider that refused us for a while may be asked again."""
    return is_due(state.deadlines.retry_at, now)


def is_answer_overdue(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The answer does not come, and asking again may help: not where a tool takes so long."""
    return is_due(state.deadlines.reply_at, now) and can_ask_again(state) and not awaits_tools(state)


def is_reply_overdue(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The reply does not come, and an apology may."""
    return is_due(state.deadlines.reply_at, now) and can_apologise(state)


def is_hopeless(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The reply does not come, and nor do apologies."""
    return is_due(state.deadlines.reply_at, now)


def is_release_due(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The sound that withheld our audio was not words."""
    return is_due(state.deadlines.release_at, now)


def is_filler_due(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The caller has waited in silence long enough to be told why, and nothing of theirs withholds our audio."""
    return is_due(state.deadlines.filler_at, now) and not state.is_talking and state.deadlines.release_at is None


def is_speech_endless(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """One reply has been sounding absurdly long."""
    return is_due(state.deadlines.speaking_at, now)


def is_ending(state: CallState, _event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply is the call's last, if nobody interrupts it."""
    return bool(state.ending)


def is_score_late(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """A model judged a silence that is over, or less of the present one than is judged already."""
    return event.heard_to < state.scored_to or endpointing.is_outdated(state, event.heard_to)
