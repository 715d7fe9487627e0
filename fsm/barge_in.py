"""The caller sounds while we speak. Interruption, backchannel or noise: evidence in, a verdict or its instant out.

Two stages. The first reacts to the voice edge, within a few frames: silence for `hush_ms`, then on quietly (`duck_db`),
so that whoever interrupts feels it at once and whoever only agrees hears no hole. The second decides, on words as soon
as they come, on silence, on how long the sound goes on; by `confirm_ms` at the latest.
"""

from fsm.floor_words import Bid, bid_of, is_aside, is_assent, is_backchannel, is_for_us, is_plain_interruption
from fsm.questions import ends_in_closed_question, ends_in_question, last_sentence
from fsm.state import CallState
from fsm.units import ms_to_ns
from fsm.words import adds_words, tokens

ECHO_NS = ms_to_ns(2_500)
"""A transcriber may still repeat the words of a turn for this long after the turn was taken as complete."""

PATIENCE_NS = ms_to_ns(350)
"""For what follows a word that may or may not be a bid: two of a transcriber's interim results."""

MOST_HUSHES, MOST_DUCKS = 2, 4
"""False alarms after which the phone is not silenced for a sound any more, only ducked; and after which it goes on as
loud as before: this line is a noisy one, and only words tell."""

NOISE_NS = ms_to_ns(800)
"""Sound in which the transcriber finds no word for so long is noise. Its first results of a voice hold none either."""

CLOSE_LISTENING_NS = ms_to_ns(600)
"""Silence for a faint voice that goes on and on: it may be far away, and hears that we notice. No longer than a cough
may cost, since most such voices are not for us: somebody else in the room, a television."""


def hush_ns(state: CallState) -> int:
    """How long the phone is to be silent for a sound of the caller's."""
    return ms_to_ns(state.profile.hush_ms) if state.false_alarms < MOST_HUSHES else 0


def duck_db(state: CallState) -> int:
    """By how much the phone is to be quieter while it is open whose the floor is."""
    return state.profile.duck_db if state.false_alarms < MOST_DUCKS else 0


def is_noise(state: CallState, until: int, least_ns: int = NOISE_NS) -> bool:
    """Whether the caller's present sound is none of a voice: no word in `least_ns` of it, listened to up to `until`."""
    if not state.is_talking or state.onset_at is None or state.utterance.words:
        return False
    return until - state.onset_at >= least_ns


def verdict_at(state: CallState, now: int) -> int:
    """When a barge-in must be decided at the latest.

    While the sound goes on: once it is too long for a cough, and again once it seems endless, or was listened to
    closely. After it ended: once words that belong to it would have arrived, so the transcriber's delay is covered and
    a cough costs little. Words that may be a bid shorten the wait.
    """
    assert state.onset_at is not None, "a barge-in begins with a sound or with words"
    profile = state.profile
    due = state.onset_at + ms_to_ns(profile.confirm_ms)
    if state.hushed_at is not None:
        due = state.onset_at + ms_to_ns(max(profile.confirm_ms, profile.stuck_ms))
        if state.utterance.words:
            due = min(due, state.hushed_at + CLOSE_LISTENING_NS)
    if not state.is_talking:
        ended_at = max(state.last_voiced_at or 0, state.onset_at)
        due = min(due, ended_at + ms_to_ns(profile.late_words_ms))
    elif state.hushed_at is None:
        due = min(due, state.onset_at + ms_to_ns(profile.sustained_ms))
    if bid_of(state.utterance.words, is_settled=False, language=state.tables) is Bid.PERHAPS:
        due = min(due, now + PATIENCE_NS)
    return max(now, due)


def claims_floor(state: CallState, text: str, now: int, *, is_settled: bool, is_faint: bool = False) -> bool:
    """Whether `text`, said while we have the floor, is a bid for it: no mere backchannel, no late repetition.

    Agreement is one too where it answers a closed question that we had just finished. Of words that are fainter than
    this caller's usual ones, as those to somebody else in the room are, only a plain "stop" is, or what they begin with
    who speak to us, or whatever comes right after a question of ours.
    """
    bid = bid_of(text, is_settled=is_settled, language=state.tables)
    is_ours = is_for_us(text, state.tables) and (is_settled or not is_plain_interruption(text, state.tables))
    if is_faint and bid is Bid.FLOOR and not (is_ours or ends_in_question(state.heard_before)):
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


def is_worth_listening(state: CallState) -> bool:
    """Whether a faint voice speaks for so long, and in words that may be for us, that silence of ours may tell more."""
    is_over = not state.is_talking or state.hushed_at is not None
    if is_over or not state.is_faint or state.false_alarms >= MOST_HUSHES:
        return False
    said = state.utterance.words
    return not is_backchannel(said, state.tables) and not is_aside(said, state.tables)


def is_sustained(state: CallState, now: int) -> bool:
    """Whether the caller has been sounding too long for one cough, and nobody knows what they say."""
    if not state.is_talking or state.onset_at is None or state.utterance.words:
        return False
    return now - state.onset_at >= ms_to_ns(min(state.profile.sustained_ms, state.profile.confirm_ms))
