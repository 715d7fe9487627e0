from fsm.units import NS_PER_MS, NS_PER_SAMPLE, ms_to_samples
from simulator.ears import EnergyEar, HeardWord, WordEar, voiced_span
from simulator.speech import noise, silence, speak
from tests.simulator.peers.twilio_fakes import seeded


def test_sound_is_found_to_the_sample() -> None:
    word = speak("yes").audio[: ms_to_samples(100)]
    assert voiced_span(silence(20) + word + silence(20)) == (160, 160 + len(word))


def test_silence_line_noise_and_clicks_are_no_sound() -> None:
    assert voiced_span(b"") is None
    assert voiced_span(silence(20)) is None
    assert voiced_span(noise(200, seeded(), 60)) is None
    assert voiced_span(silence(10) + b"\x00" * 3 + silence(10)) is None


def test_an_energy_ear_tells_when() -> None:
    audio = silence(10) + speak("no").audio[:80]
    heard = EnergyEar().hear(audio, 5 * NS_PER_MS)
    assert heard.voiced == (15 * NS_PER_MS, 25 * NS_PER_MS)
    assert heard.words == ()


def test_a_word_ear_tells_what_and_when_also_after_a_pause_in_the_stream() -> None:
    ear = WordEar()
    spoken = speak("Good morning.")
    frames = [spoken.audio[i : i + 160] for i in range(0, len(spoken.audio), 160)]
    words: list[HeardWord] = []
    for begin_ms in (1_000, 60_000):
        for index, frame in enumerate(frames):
            words += ear.hear(frame, (begin_ms + 20 * index) * NS_PER_MS).words
    assert [word.text for word in words] == ["Good", "morning."] * 2
    assert all(word.whole for word in words)
    starts = [spoken.words[0].start_samples, spoken.words[1].start_samples]
    assert [word.started_at for word in words] == [
        begin_ms * NS_PER_MS + start * NS_PER_SAMPLE for begin_ms in (1_000, 60_000) for start in starts
    ]


def test_a_word_that_a_lost_stream_cut_off_is_told_with_its_own_instants() -> None:
    ear = WordEar()
    spoken = speak("morning").audio
    assert ear.hear(spoken[:3_200], 1_000 * NS_PER_MS).words == ()
    (word,) = ear.hear(speak("yes").audio[:160], 9_000 * NS_PER_MS).words
    assert (word.text, word.whole) == ("morning", False)
    assert word.started_at == 1_000 * NS_PER_MS
    assert word.ended_at <= 1_400 * NS_PER_MS
