"""When is the caller's turn over: evidence in, an instant out.

Every wait counts from the caller's last voiced sound, never from the arrival of a message, so that what a provider
needs is part of the wait and not added to it. How long it is depends on what there is to go by, each piece a leaning
from -100 (surely over) to +100 (surely not): the words (`fsm.sentences`), the answer that was asked for
(`fsm.expectations`), the transcriber's guess, a model's score. Their sum lies on a scale of three waits:

    -100 quick_wait_ms ......... 0 wait_ms ......... +100 unfinished_wait_ms       beyond: patient_wait_ms

All of it is asked again with each new piece, so a wrong "not finished" heals itself: at the latest after
`patient_wait_ms`, and this caller's own pauses never add more than `adapt_ms`.
"""

from fsm.expectations import ENOUGH, SHORT, leaning_for
from fsm.profile import Profile
from fsm.sentences import leaning_of
from fsm.state import CallState
from fsm.units import ms_to_ns, ns_to_ms
from fsm.values import replace

FRESH_VOICE_NS = ms_to_ns(1_500)
"""Words may lag behind the voice by this much. Later ones were not seen by the voice detector at all, so that their
arrival is the best known end of speech."""

GUESS_SHARE, SCORE_SHARE = 60, 40
"""The most (%) that the transcriber's guess and a model's score lean: they shift a wait and never decide alone.

A model that takes two thirds of the ends for ends, and four in ten of the pauses, too, as smart-turn v3.2 did over a
telephone, made answers in simulated calls 200 ms later at the 95th percentile with 60, and none later with 30; with 60
it kept more of the pauses in recordings.
"""

UNTOLD_GUESS = 50
"""The confidence (%) of a guess that came without one."""

BREATH_NS = ms_to_ns(400)
"""Silence of ours after we yielded. An answer to "no" that comes sooner sounds as if we had never stopped, and it would
come sooner than people begin to answer, who need 200 ms and have not just been cut short (Stivers 2009)."""

LAST_KEY = "#"
"""Whoever presses it has pressed all they wanted to: so callers have learned from other telephone systems."""

PAUSE_MARGIN_MS = 100
"""A caller's next pause is a little longer than those before."""

PAUSES_KEPT = 8
"""So many of a caller's own pauses count: people change their pace."""


def turn_end_at(state: CallState, now: int, *, speech_final: bool = False) -> int | None:
    """The instant at which the caller's turn counts as over, as far as known now; None while nothing was said.

    While sound goes on, only words that stop coming end a turn, or the transcriber's own pause (`speech_final`), which
    sees through steady noise. While nobody transcribes, words known may lack those after them. However short what they
    said was, who interrupted us hears us breathe.
    """
    if not state.utterance.text:
        return _pardon_at(state, now)
    return max(_words_end_at(state, now, speech_final=speech_final), breath_over_at(state))


def breath_over_at(state: CallState) -> int:
    """When we may sound again at the earliest, having been interrupted."""
    return state.yielded_at + BREATH_NS


def _words_end_at(state: CallState, now: int, *, speech_final: bool) -> int:
    profile = state.profile
    wait_ns = ms_to_ns(wait_ms(state))
    if state.is_deaf:
        wait_ns = ms_to_ns(profile.unfinished_wait_ms + profile.final_grace_ms)
    if state.is_talking:
        return now + (wait_ns if speech_final else ms_to_ns(profile.stuck_ms))
    return max(now, last_sound_at(state, now) + wait_ns)


def wait_ms(state: CallState) -> int:
    """The silence that ends this turn, by all that is known of it."""
    profile, said = state.profile, state.utterance
    leaning = leaning_now(state)
    wait = on_scale(profile, leaning)
    if ENOUGH < leaning < SHORT:
        wait = max(wait, min(_own_pause_ms(state), wait + profile.adapt_ms))
    if said.digits and leaning > ENOUGH:
        return max(wait, profile.digit_wait_ms)
    return wait


def leaning_now(state: CallState) -> int:
    """What all evidence leans to, summed up."""
    said = state.utterance
    if said.digits.endswith(LAST_KEY):
        return ENOUGH
    asked_for = leaning_for(state.expected, said.words, said.digits, state.tables)
    if asked_for in (ENOUGH, SHORT):
        return asked_for  # the answer itself says how whole it is
    leaning = asked_for if asked_for is not None else leaning_of(said.words, state.tables)
    return max(-100, min(100, leaning + _guess_leaning(state) + _score_leaning(state, leaning)))


def lacks_the_rest(state: CallState, words: str) -> bool:
    """Whether what was asked for is visibly not all in `words`, nor in the keys pressed."""
    return leaning_for(state.expected, words, state.utterance.digits, state.tables) == SHORT


def on_scale(profile: Profile, leaning: int) -> int:
    """The wait (ms) at a leaning: straight lines between the waits of the profile."""
    if leaning >= SHORT:
        return profile.patient_wait_ms
    other = profile.unfinished_wait_ms if leaning > 0 else profile.quick_wait_ms
    return profile.wait_ms + (other - profile.wait_ms) * min(abs(leaning), 100) // 100


def _guess_leaning(state: CallState) -> int:
    """Of the transcriber's guess that the turn is over, which it may take back."""
    return 0 if state.guess_percent is None else -GUESS_SHARE * state.guess_percent // 100


def _score_leaning(state: CallState, words_leaning: int) -> int:
    """Of a model's last score; one of audio before the last sound says nothing any more.

    A sentence that hangs in the air is not over, however it sounds: with that said, a score only asks for more time.
    """
    if state.score_percent is None or is_outdated(state, state.scored_to):
        return 0
    leaning = (50 - state.score_percent) * SCORE_SHARE // 50
    return max(0, leaning) if words_leaning > 0 else leaning


def is_outdated(state: CallState, heard_to: int) -> bool:
    """Whether what was judged by the sound up to instant `heard_to` says nothing of the present silence."""
    return state.is_talking or heard_to < (state.last_voiced_at or 0)


def _own_pause_ms(state: CallState) -> int:
    """What this caller's pauses call for: more than the second longest, as one alone proves nothing."""
    return sorted(state.pauses_ms)[-2] + PAUSE_MARGIN_MS if len(state.pauses_ms) >= 2 else 0


def with_pause(state: CallState, at: int) -> CallState:
    """The state once the caller sounds again at instant `at`: a pause in mid-turn tells how they pause.

    Only where the words had looked complete: what hangs in the air is waited for anyhow.
    """
    if not state.utterance.words or leaning_now(state) > 0:
        return state
    return replace(state, pauses_ms=(*state.pauses_ms, pause_before(state, at))[-PAUSES_KEPT:])


def pause_before(state: CallState, at: int) -> int:
    """The silence (ms) before a sound that begins at instant `at`."""
    return 0 if state.last_voiced_at is None else ns_to_ms(max(0, at - state.last_voiced_at))


def are_words_all_here(state: CallState) -> bool:
    """Whether the transcriber has listened past the caller's last sound: interim words lack none."""
    return not state.is_talking and state.last_voiced_at is not None and state.words_to >= state.last_voiced_at


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


def longest_wait_ms(profile: Profile) -> int:
    """The longest silence within a turn that somebody transcribes."""
    return max(profile.patient_wait_ms, profile.unfinished_wait_ms + profile.adapt_ms, profile.digit_wait_ms)


def heard_until(state: CallState) -> int:
    """The instant (ns) of the caller's last sound; the present one where the voice detector missed it.

    A sound too long ago is not the one whose words are known; those of a gap in the transcriber's hearing come late.
    """
    profile, voiced_at = state.profile, state.last_voiced_at
    longest_ms = longest_wait_ms(profile) + 2 * profile.unfinished_wait_ms + profile.final_grace_ms
    if voiced_at is None or state.is_talking or state.now - voiced_at > ms_to_ns(longest_ms):
        return state.now
    return voiced_at
