"""When is the caller's turn over: evidence in, an instant out."""

from fsm.state import CallState
from fsm.units import ms_to_ns
from fsm.words import is_unfinished

FRESH_VOICE_NS = ms_to_ns(1_500)
"""Words may lag behind the voice by this much. Later ones were not seen by the voice detector at all, so that their
arrival is the best known end of speech."""


def turn_end_at(state: CallState, now: int, *, speech_final: bool = False) -> int | None:
    """The instant at which the caller's turn counts as over, as far as known now; None while nothing was said.

    Anchored to the caller's last voiced sound, never to the arrival of a message, so that the transcriber's delay is
    part of the wait. While sound goes on, only words that stop coming end a turn, or the transcriber's own pause
    (`speech_final`), which sees through steady noise. While nobody transcribes, words known may lack those after them.
    """
    text = state.utterance.text
    if not text:
        return _pardon_at(state, now)
    profile = state.profile
    wait_ns = ms_to_ns(profile.unfinished_wait_ms if is_unfinished(text) else profile.wait_ms)
    if state.is_deaf:
        wait_ns = ms_to_ns(profile.unfinished_wait_ms + profile.final_grace_ms)
    if state.utterance.digits:
        wait_ns = max(wait_ns, ms_to_ns(profile.digit_wait_ms))
    if state.is_talking:
        return now + (wait_ns if speech_final else ms_to_ns(profile.stuck_ms))
    return max(now, last_sound_at(state, now) + wait_ns)


def last_sound_at(state: CallState, now: int) -> int:
    """When the caller was last heard, by voice or, where the detector missed it, by words arriving now."""
    voiced = state.last_voiced_at
    if voiced is None or now - voiced > FRESH_VOICE_NS:
        return now
    return voiced


def _pardon_at(state: CallState, now: int) -> int | None:
    """When to give up on the words of a sound too long for a cough; of any sound if nobody transcribes."""
    if state.is_talking or state.onset_at is None or state.last_voiced_at is None:
        return None
    profile = state.profile
    enough_ns = 0 if state.is_deaf else ms_to_ns(profile.sustained_ms)
    if state.last_voiced_at - state.onset_at < enough_ns:
        return None
    return max(now, state.last_voiced_at + ms_to_ns(profile.unfinished_wait_ms + profile.final_grace_ms))


def heard_until(state: CallState) -> int:
    """The instant (ns) of the caller's last sound; the present one where the voice detector missed it."""
    profile, voiced_at = state.profile, state.last_voiced_at
    longest_ms = 2 * profile.unfinished_wait_ms + profile.digit_wait_ms + profile.final_grace_ms
    if voiced_at is None or state.is_talking or state.now - voiced_at > ms_to_ns(longest_ms):
        return state.now
    return voiced_at
