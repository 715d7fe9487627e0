"""What can go wrong at Deepgram, each on demand."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.peers.deepgram import DeepgramBehaviour, DeepgramPeer
from simulator.speech import noise, silence, speak
from tests.fakes import ManualClock
from tests.simulator.peers.deepgram_line import PHONE, Line, line, pause, seeded, short, transcript


def test_a_dropped_socket_closes_in_mid_word_and_the_next_one_lives() -> None:
    clock = ManualClock()
    peer = DeepgramPeer(clock, seeded(1), DeepgramBehaviour(drop_after_ms=500))
    first, second = Line(clock, peer, PHONE), Line(clock, peer, PHONE)
    audio = speak("Hello there, my friend").audio
    first.play(audio[:3_999])
    assert first.closings == []
    first.play(audio[3_999:])
    assert [code for code, _ in first.closings] == [1011]
    second.play(audio + pause(600))
    assert second.closings == []
    assert [transcript(final) for final in second.finals] == ["Hello there, my friend"]
    assert second.finals[0]["start"] == 0.0
    assert (peer.counts.opened, peer.counts.open_now, peer.counts.dropped) == (2, 1, 1)


def test_a_drop_without_code_tears_the_connection_down() -> None:
    ears = line(DeepgramBehaviour(drop_after_ms=100, drop_code=None))
    ears.play(silence(100))
    assert ears.aborted
    assert ears.closings == []
    assert ears.clock.pending_count == 0


def test_a_stall_withholds_and_then_delivers_in_order() -> None:
    audio = speak("Hello there").audio + pause(1_500)
    stalled, usual = line(DeepgramBehaviour(stall_from_ms=300, stall_until_ms=1_500)), line()
    stalled.play(audio)
    usual.play(audio)
    assert stalled.messages == usual.messages
    assert not [at for at in stalled.arrived_ms if 300 <= at < 1_500]
    assert [at for at in usual.arrived_ms if 300 <= at < 1_500]


def test_an_endless_stall_is_open_but_silent() -> None:
    ears = line(DeepgramBehaviour(stall_from_ms=0))
    ears.play(speak("Hello there").audio + pause(3_000))
    ears.order("CloseStream")
    ears.pass_time(60_000)
    assert ears.messages == []
    assert ears.closings == []
    assert ears.peer.counts.withheld > 5


def test_speech_final_may_never_come() -> None:
    ears = line(DeepgramBehaviour(never_speech_final=True))
    ears.play(speak("Hello").audio + pause(6_000))
    assert ears.story == ["SpeechStarted", "i", "i Hello", "F Hello", "UtteranceEnd", "F"]


def test_interims_may_go_on_without_a_final() -> None:
    ears = line(DeepgramBehaviour(finals_missing=True))
    ears.play(speak("Hello").audio + pause(6_000))
    assert ears.finals == []
    assert len(ears.interims) > 30
    assert ears.story == ["SpeechStarted", "i", "i Hello", "UtteranceEnd", "i Hello"]
    ears.order("Finalize")
    ears.pass_time(200)
    assert short(ears.finals[0]) == "F Hello (finalize)"


def test_noise_leaves_only_the_utterance_end() -> None:
    ears = line()
    ears.play(speak("Hello").audio + noise(1_500, seeded(1), level=5_000))
    assert [line for line in ears.story if line[0] != "i"] == ["SpeechStarted", "F Hello", "UtteranceEnd"]


def test_late_finals_hold_up_what_follows() -> None:
    ears = line(DeepgramBehaviour(late_finals_ms=1_000))
    ears.play(speak("No.").audio + pause(400) + speak("Yes.").audio + pause(2_500))
    finals = [ears.arrived_ms[ears.messages.index(final)] for final in ears.finals]
    punctual = line()
    punctual.play(speak("No.").audio + pause(400) + speak("Yes.").audio + pause(2_500))
    usual = [punctual.arrived_ms[punctual.messages.index(final)] for final in punctual.finals]
    assert [late - early for late, early in zip(finals, usual, strict=True)] == [1_000, 1_000]
    results = [message for message in ears.messages if message["type"] == "Results"]
    assert [message["start"] for message in results] == sorted(message["start"] for message in results)


@pytest.mark.parametrize(("asked_after_ms", "final_after_ms"), [(60, 250), (200, 250), (240, 290)])
def test_words_are_final_no_sooner_after_their_last_sound_however_soon_they_are_asked_for(
    asked_after_ms: int, final_after_ms: int
) -> None:
    ears = line(DeepgramBehaviour(final_after_speech_ms=250, finalize_delay_ms=50))
    spoken = speak("Hello there")
    said = spoken.audio[: spoken.words[-1].end_samples]
    ears.play(said + pause(asked_after_ms))
    ears.order("Finalize")
    ears.pass_time(1_000)
    (final,) = ears.finals
    since_ms = ears.arrived_ms[ears.messages.index(final)] - len(said) // 8
    assert abs(since_ms - final_after_ms) <= 20, "counted in frames"


def test_interims_may_err_and_finals_do_not() -> None:
    ears = line(DeepgramBehaviour(revise_interims=True, interim_every_ms=60))
    ears.play(speak("Well, I want to book an appointment, please.").audio + pause(500))
    assert [transcript(final) for final in ears.finals] == ["Well, I want to book an appointment, please."]
    guesses = [transcript(interim) for interim in ears.interims]
    assert all(guess == guess.lower() and "," not in guess for guess in guesses)
    assert any(not guess.startswith(before) for before, guess in pairwise(guesses))
    assert "" in guesses


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (DeepgramBehaviour(ignore_finalize=True), []),
        (DeepgramBehaviour(empty_finalize=True), ["F Hello", "F (finalize)"]),
        (DeepgramBehaviour(late_interim_after_finalize=True), ["F Hello (finalize)", "i Hello"]),
    ],
)
def test_finalize_may_go_wrong(behaviour: DeepgramBehaviour, expected: list[str]) -> None:
    ears = line(behaviour)
    ears.play(speak("Hello").audio)
    ears.pass_time(90)
    before = len(ears.messages)
    ears.order("Finalize")
    ears.pass_time(500)
    assert [short(message) for message in ears.messages[before:]] == expected


def test_speech_started_may_be_missing_doubled_or_late() -> None:
    audio = speak("Hello there").audio + pause(500)
    missing = line(DeepgramBehaviour(speech_started_missing=True))
    doubled = line(DeepgramBehaviour(speech_started_doubled=True))
    late = line(DeepgramBehaviour(speech_started_late_ms=600))
    for ears in (missing, doubled, late):
        ears.play(audio)
    assert len(missing.of("SpeechStarted")) == 0
    assert len(doubled.of("SpeechStarted")) == 2
    assert late.story[:3] == ["i", "i Hello", "SpeechStarted"]


def test_a_number_at_the_end_is_held_back_unless_told_not_to() -> None:
    audio = speak("My number is five five two").audio + pause(1_500)
    waiting, prompt = line(no_delay=None), line()
    for ears in (waiting, prompt):
        ears.play(audio)
        assert [transcript(final) for final in ears.finals] == ["My number is five five two"]
    moments = [ears.arrived_ms[ears.messages.index(ears.finals[0])] for ears in (waiting, prompt)]
    assert moments[0] - moments[1] == 400


def test_numbers_may_be_written_in_digits_at_the_final() -> None:
    ears = line(DeepgramBehaviour(format_numbers=True))
    ears.play(speak("One moment: five five two, then seven. Nine oh").audio + pause(500))
    assert transcript(ears.interims[-1]) == "One moment: five five two, then seven. Nine oh"
    assert [transcript(final) for final in ears.finals] == ["One moment: 552, then seven. 90"]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 300), st.integers(0, 2**16))
def test_jitter_never_turns_results_round(jitter_ms: int, seed: int) -> None:
    clock = ManualClock()
    peer = DeepgramPeer(clock, seeded(seed), DeepgramBehaviour(jitter_ms=jitter_ms))
    ears = Line(clock, peer, PHONE)
    ears.play(speak("Hello there. Yes").audio + pause(1_500))
    results = ears.of("Results")
    reached = [result["start"] + result["duration"] for result in results]
    assert len(reached) > 4
    assert reached == sorted(reached)
