import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.own_voice import OwnVoice
from agent.voice_activity import VoiceActivity
from fsm.events import SpeechStarted
from fsm.units import FRAME_SAMPLES, ULAW_SILENCE, ms_to_ns, ns_to_ms, samples_to_ns
from tests.agent.test_voice_activity import Wave, mixed, noise, quiet, ulaw, vowel

SILENT = bytes((ULAW_SILENCE,))


def talk(ms: int, seed: int, level: float = 3_000) -> Wave:
    """Syllables of changing pitch with stops between them, and some breath in each: one voice a seed."""
    rng = random.Random(seed)
    sound: Wave = []
    while len(sound) < 8 * ms:
        length_ms = rng.randrange(120, 260)
        syllable = vowel(length_ms, level, rng.uniform(90, 240))
        sound += mixed(syllable, noise(length_ms, level / 8, rng.randrange(10_000))) + quiet(rng.randrange(40, 120))
    return sound[: 8 * ms]


def delayed(sound: Wave, delay_ms: int, share: float) -> Wave:
    """What comes back of it: later, weaker, with a reflection."""
    direct = ([0.0] * (8 * delay_ms) + sound)[: len(sound)]
    reflected = ([0.0] * (8 * delay_ms + 57) + sound)[: len(sound)]
    return [share * (a + 0.4 * b) for a, b in zip(direct, reflected, strict=True)]


def onsets(ours: Wave, incoming: Wave, *, is_known: bool = True) -> list[int]:
    """When (ms) an onset is told, where we play `ours` meanwhile and, if `is_known`, the detector knows."""
    own = OwnVoice()
    detector = VoiceActivity(own if is_known else None)
    played, audio = ulaw(ours), ulaw(mixed(incoming, noise(len(incoming) // 8, 12, seed=9)))
    told = []
    for begin in range(0, len(audio), FRAME_SAMPLES):
        own.note_sent(played[begin : begin + FRAME_SAMPLES], samples_to_ns(begin))
        at = samples_to_ns(begin + FRAME_SAMPLES)
        if isinstance(detector.push(audio[begin : begin + FRAME_SAMPLES], at), SpeechStarted):
            told.append(ns_to_ms(at))
    return told


OURS = talk(4_000, seed=1)


@pytest.mark.parametrize("delay_ms", [40, 150, 333, 700])
@pytest.mark.parametrize("share", [0.05, 0.15, 0.3])
def test_our_own_voice_coming_back_is_no_caller(delay_ms: int, share: float) -> None:
    echo = delayed(OURS, delay_ms, share)
    assert onsets(OURS, echo, is_known=False), "it sounds like one"
    assert onsets(OURS, echo) == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2])
def test_a_caller_who_talks_over_the_echo_is_heard(share: float) -> None:
    caller = quiet(2_000) + talk(1_500, seed=2) + quiet(500)
    told = onsets(OURS, mixed(caller, delayed(OURS, 180, share)))
    assert told
    assert 2_060 <= told[0] <= 2_500


def test_a_caller_after_us_is_heard_as_ever() -> None:
    ours = OURS[: 8 * 1_500] + quiet(2_500)
    incoming = mixed(quiet(2_600) + talk(1_400, seed=2), delayed(ours, 200, 0.2))
    assert onsets(ours, incoming) == onsets(quiet(4_000), quiet(2_600) + talk(1_400, seed=2))


def test_an_echo_too_late_to_be_one_is_a_caller() -> None:
    assert onsets(OURS, delayed(OURS, 1_600, 0.2))


# --- what of ours was audible ----------------------------------------------------------------------------


def test_the_phone_plays_what_it_was_sent_without_a_pause_and_stops_at_a_clear() -> None:
    own = OwnVoice()
    for piece in (b"a" * 160, b"b" * 160, b"c" * 160):
        own.note_sent(piece, 0)
    assert own.played(0, ms_to_ns(60)) == b"a" * 160 + b"b" * 160 + b"c" * 160
    own.note_clear(ms_to_ns(30))
    assert own.played(ms_to_ns(10), ms_to_ns(50)) == b"a" * 80 + b"b" * 80 + SILENT * 160
    own.note_sent(b"d" * 160, ms_to_ns(40))
    assert own.played(ms_to_ns(20), ms_to_ns(70)) == b"b" * 80 + SILENT * 80 + b"d" * 160 + SILENT * 80
    assert own.was_audible(ms_to_ns(50), ms_to_ns(90))
    assert not own.was_audible(ms_to_ns(60), ms_to_ns(90))


def test_how_loud_we_were_is_known_for_any_stretch() -> None:
    own = OwnVoice()
    for level in (0.0, 1_000.0, 100.0):
        own.note_sent(ulaw([level, -level] * 80), 0)
    assert own.loudest_db(0, ms_to_ns(60)) == pytest.approx(60, abs=0.5)
    assert own.loudest_db(ms_to_ns(40), ms_to_ns(60)) == pytest.approx(40, abs=0.5)
    assert own.loudest_db(ms_to_ns(60), ms_to_ns(90)) == 0


@given(
    story=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 400), st.booleans()), max_size=30),
    since=st.integers(0, 2_000),
    length=st.integers(1, 2_000),
)
def test_any_stretch_is_given_whole_and_after_a_clear_nothing_sounds(
    story: list[tuple[int, int, bool]], since: int, length: int
) -> None:
    own, now = OwnVoice(), 0
    for wait_ms, samples, is_cleared in story:
        now += ms_to_ns(wait_ms)
        if is_cleared:
            own.note_clear(now)
            assert not own.was_audible(now, now + ms_to_ns(10_000))
            assert own.played(now, now + samples_to_ns(length)) == SILENT * length
        else:
            own.note_sent(b"x" * samples, now)
    assert len(own.played(samples_to_ns(since), samples_to_ns(since + length))) == length
