"""The caller sounds while we speak. Interruption, backchannel or noise: evidence in, a verdict or its instant out.

Two stages. The first reacts to the voice edge, within a few frames: silence for `hush_ms`, then on quietly (`duck_db`),
so that whoever interrupts feels it at once and whoever only agrees hears no hole. The second decides, on words as soon
as they come, on silence, on how long the sound goes on; by `confirm_ms` at the latest.
"""

from fsm.floor_words import Bid, bid_of, is_assent, is_for_us, is_plain_interruption
from fsm.questions import ends_in_closed_question, last_sentence
from fsm.state import CallState
from fsm.units import ms_to_ns
from fsm.words import adds_words, tokens

ECHO_NS = ms_to_ns(2_500)
"""A transcriber may still repeat the words of a turn for this long after the turn was taken as complete."""

PATIENCE_NS = ms_to_ns(350)
"""For what follows a word that may or may not be a bid: two of a transcriber's interim results."""

MOST_HUSHES = 2
"""False alarms in one reply after which its phone is not silenced any more, only ducked: this line is a noisy one."""


def hush_ns(state: CallState) -> int:
    """How long the phone is to be silent for a sound of the caller's."""
    return ms_to_ns(state.profile.hush_ms) if state.false_alarms < MOST_HUSHES else 0


def verdict_at(state: CallState, now: int) -> int:
    """When a barge-in must be decided at the latest.

    While the sound goes on: once it is too long for a cough, and again once it seems endless. After it ended: once
    words that belong to it would have arrived, so the transcriber's delay is covered and a cough costs little. Words
    that may be a bid shorten the wait.
    """
    assert state.onset_at is not None, "a barge-in begins with a sound or with words"
    profile = state.profile
    due = state.onset_at + ms_to_ns(
        max(profile.confirm_ms, profile.stuck_ms) if state.is_hushed else profile.confirm_ms
    )
    if not state.is_talking:
        ended_at = max(state.last_voiced_at or 0, state.onset_at)
        due = min(due, ended_at + ms_to_ns(profile.late_words_ms))
    elif not state.is_hushed:
        due = min(due, state.onset_at + ms_to_ns(profile.sustained_ms))
    if bid_of(state.utterance.words, is_settled=False, language=state.tables) is Bid.PERHAPS:
        due = min(due, now + PATIENCE_NS)
    return max(now, due)


def claims_floor(state: CallState, text: str, now: int, *, is_settled: bool, is_faint: bool = False) -> bool:
    """Whether `text`, said while we have the floor, is a bid for it: no mere backchannel, no late repetition.

    Agreement is one too where it answers a closed question that we had just finished. Of words that are fainter than
    this caller's usual ones, as those to somebody else in the room are, only a plain "stop" is, or what they begin with
    who speak to us.
    """
    bid = bid_of(text, is_settled=is_settled, language=state.tables)
    is_ours = is_for_us(text, state.tables) and (is_settled or not is_plain_interruption(text, state.tables))
    if is_faint and bid is Bid.FLOOR and not is_ours:
        return False
    if bid is Bid.NOTHING:
        return is_answer(state, text)
    return bid is Bid.FLOOR and (now - state.asked_at > ECHO_NS or adds_words(state.asked.text, text))


def is_answer(state: CallState, text: str) -> bool:
    """Whether `text` agrees to what we had just asked when its sound began."""
    return is_assent(text, state.tables) and ends_in_closed_question(state.heard_before, state.tables)


def answers_the_end(state: CallState, said: str) -> bool:
    """Whether the caller agreed to the question in which our reply `said` ends, having heard most of it."""
    if not state.agreed or not ends_in_closed_question(said, state.tables):
        return False
    unheard = len(tokens(said)) - len(tokens(state.agreed_after))
    return unheard <= len(tokens(last_sentence(said))) // 2


def has_claim(state: CallState, now: int) -> bool:
    """Whether what the caller said or pressed, as far as it is known now, takes the floor."""
    said = state.utterance
    is_pressed = bool(said.digits) and bool(state.profile.keys_interrupt)
    return is_pressed or (
        bool(said.words) and claims_floor(state, said.words, now, is_settled=True, is_faint=state.is_faint)
    )


def is_sustained(state: CallState, now: int) -> bool:
    """Whether the caller has been sounding too long for one cough, and nobody knows what they say."""
    if not state.is_talking or state.onset_at is None or state.utterance.words:
        return False
    return now - state.onset_at >= ms_to_ns(min(state.profile.sustained_ms, state.profile.confirm_ms))
