"""Interruption, backchannel or noise: evidence in, an instant for the verdict out."""

from fsm.state import CallState
from fsm.units import ms_to_ns
from fsm.words import adds_words, is_backchannel


def verdict_at(state: CallState, now: int) -> int:
    """When a barge-in must be decided at the latest.

    While the sound goes on: once it is too long for a cough. After it ended: once words that belong to it would have
    arrived, so the transcriber's delay is covered and a cough costs little.
    """
    assert state.onset_at is not None, "a barge-in begins with a sound or with words"
    profile = state.profile
    latest_at = state.onset_at + ms_to_ns(profile.confirm_ms)
    if state.is_talking:
        return max(now, min(latest_at, state.onset_at + ms_to_ns(profile.sustained_ms)))
    ended_at = state.last_voiced_at if state.last_voiced_at is not None else state.onset_at
    return max(now, min(latest_at, max(ended_at, state.onset_at) + ms_to_ns(profile.late_words_ms)))


ECHO_NS = ms_to_ns(2_500)
"""A transcriber may still repeat the words of a turn for this long after the turn was taken as complete."""


def claims_floor(state: CallState, text: str, now: int) -> bool:
    """Whether `text`, said while we have the floor, is a bid for it: no mere backchannel, no late repetition."""
    if is_backchannel(text):
        return False
    return now - state.asked_at > ECHO_NS or adds_words(state.asked.text, text)


def is_sustained(state: CallState, now: int) -> bool:
    """Whether the caller has been sounding too long for a cough, words or not."""
    if not state.is_talking or state.onset_at is None:
        return False
    return now - state.onset_at >= ms_to_ns(min(state.profile.sustained_ms, state.profile.confirm_ms))
