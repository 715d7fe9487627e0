import array
import audioop
import json
import math
import random
import wave
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.voice_activity import HANGOVER_MS, VoiceActivity
from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import NS_PER_SAMPLE, ns_to_ms, samples_to_ns

AUDIO = Path(__file__).parents[2].parent / "shared" / "audio"
Wave = list[float]


def quiet(ms: int) -> Wave:
    return [0.0] * (8 * ms)


def noise(ms: int, level: float, seed: int = 1) -> Wave:
    rng = random.Random(seed)
    return [rng.gauss(0, level) for _ in range(8 * ms)]


def tone(ms: int, level: float, *frequencies_hz: float) -> Wave:
    return [
        level / len(frequencies_hz) * sum(math.sin(math.tau * hz * at / 8_000) for hz in frequencies_hz)
        for at in range(8 * ms)
    ]


def vowel(ms: int, level: float = 3_000, pitch_hz: float = 130) -> Wave:
    """A pitch with harmonics under a formant, swelling and falling as syllables do."""
    sound = []
    for at in range(8 * ms):
        second = at / 8_000
        swell = 0.55 + 0.45 * math.sin(math.tau * 6 * second)
        pitch = math.tau * pitch_hz * (second + 0.002 * math.sin(math.tau * 3 * second))
        sound.append(
            level * swell * sum(math.sin(k * pitch) / abs(k * pitch_hz / 500 - 1.1) ** 0.5 for k in range(1, 9)) / 3
        )
    return sound


def mixed(*waves: Wave) -> Wave:
    return [sum(values) for values in zip(*waves, strict=True)]


def ulaw(sound: Wave) -> bytes:
    clipped = array.array("h", [max(-32_000, min(32_000, int(value))) for value in sound])
    return audioop.lin2ulaw(clipped.tobytes(), 2)


def edges(audio: bytes, frame_bytes: int = 160) -> list[tuple[str, int, int]]:
    """What was told: (started or stopped, dated ms, told ms)."""
    activity = VoiceActivity()
    told: list[tuple[str, int, int]] = []
    for begin in range(0, len(audio), frame_bytes):
        frame = audio[begin : begin + frame_bytes]
        at = samples_to_ns(begin + len(frame))
        match activity.push(frame, at):
            case SpeechStarted(at=started):
                told.append(("started", ns_to_ms(started), ns_to_ms(at)))
            case SpeechStopped(last_voiced_at=stopped):
                told.append(("stopped", ns_to_ms(stopped), ns_to_ms(at)))
            case None:
                pass
    return told


# --- speech-like sound -----------------------------------------------------------------------------------


def test_an_onset_is_told_after_80_ms_and_dated_to_its_beginning() -> None:
    told = edges(ulaw(quiet(1_000) + vowel(600) + quiet(1_000)))
    assert [what for what, _, _ in told] == ["started", "stopped"]
    assert told[0][1] == 1_000
    assert 1_060 <= told[0][2] <= 1_120


def test_an_end_is_told_after_the_hangover_and_dated_to_the_last_sound() -> None:
    told = edges(ulaw(quiet(1_000) + vowel(600) + quiet(1_000)))
    assert told[1][1] == 1_600
    assert told[1][2] == 1_600 + HANGOVER_MS


def test_a_stop_within_a_word_is_no_end() -> None:
    told = edges(ulaw(quiet(500) + vowel(300) + quiet(150) + vowel(300) + quiet(500)))
    assert [what for what, _, _ in told] == ["started", "stopped"]


@pytest.mark.parametrize("level", [30, 100, 300])
def test_speech_is_found_in_line_noise(level: float) -> None:
    sound = quiet(1_000) + vowel(600) + quiet(1_000)
    told = edges(ulaw(mixed(sound, noise(2_600, level))))
    assert [what for what, _, _ in told] == ["started", "stopped"]
    assert told[0][1] == pytest.approx(1_000, abs=40)
    assert told[1][1] == pytest.approx(1_600, abs=60)


def test_a_soft_talker_is_heard_on_a_quiet_line() -> None:
    assert edges(ulaw(mixed(quiet(500) + vowel(600, level=150) + quiet(400), noise(1_500, 6))))


def test_a_caller_who_talks_from_the_first_sample_is_heard() -> None:
    told = edges(ulaw(vowel(600) + quiet(600)))
    assert told[0][:2] == ("started", 0)
    assert told[0][2] <= 150


def test_the_state_can_be_asked() -> None:
    activity = VoiceActivity()
    audio = ulaw(vowel(200))
    for begin in range(0, len(audio), 160):
        activity.push(audio[begin : begin + 160], samples_to_ns(begin + 160))
    assert activity.is_talking
    assert 40 < activity.level < 80
    assert activity.noise_floor < activity.level


# --- what is no speech -----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [5, 30, 300, 1_000])
def test_line_noise_of_any_level_is_silence(level: float) -> None:
    assert edges(ulaw(noise(5_000, level))) == []


def test_noise_that_comes_and_goes_with_packets_is_silence() -> None:
    assert edges(ulaw(quiet(1_000) + noise(2_000, 200) + quiet(500) + noise(1_000, 200))) == []


@pytest.mark.parametrize("hz", [50, 60, 120, 400])
def test_a_hum_that_is_switched_on_is_no_speech(hz: float) -> None:
    assert edges(ulaw(mixed(quiet(1_000) + tone(4_000, 2_000, hz), noise(5_000, 20)))) == []


@pytest.mark.parametrize(("tone_ms", "pause_ms"), [(50, 50), (73, 51), (100, 100), (250, 80), (1_000, 200)])
def test_keys_of_the_telephone_are_no_speech(tone_ms: int, pause_ms: int) -> None:
    keys: Wave = []
    for low in (697, 770, 852, 941):
        for high in (1_209, 1_336, 1_477, 1_633):
            keys += tone(tone_ms, 8_000, low, high) + quiet(pause_ms)
    assert edges(ulaw(mixed(quiet(507) + keys, noise(507 + len(keys) // 8, 15)))) == []


@pytest.mark.parametrize("frequencies_hz", [(350, 440), (480, 620), (425,), (1_000,), (1_400,)])
def test_tones_of_the_network_are_no_speech(frequencies_hz: tuple[float, ...]) -> None:
    rings = (quiet(1_000) + tone(1_000, 4_000, *frequencies_hz)) * 2 + quiet(500)
    assert edges(ulaw(mixed(rings, noise(4_500, 15)))) == []


@pytest.mark.parametrize("pause_ms", [60, 90, 150])
def test_clicks_are_no_speech(pause_ms: int) -> None:
    clicks: Wave = []
    for seed in range(20):
        clicks += quiet(pause_ms) + noise(15, 6_000, seed)
    assert edges(ulaw(quiet(500) + clicks + quiet(500))) == []


def test_one_loud_bump_of_a_vowel_is_too_short() -> None:
    assert edges(ulaw(quiet(500) + vowel(40, level=9_000) + quiet(500))) == []


def test_a_burst_of_hiss_is_no_speech_and_does_not_date_back_what_follows() -> None:
    told = edges(ulaw(mixed(quiet(500) + noise(1_200, 800) + vowel(400, level=6_000) + quiet(500), noise(2_600, 10))))
    assert told
    assert told[0][1] >= 500 + 1_200 - 450


def test_sound_that_stays_steady_becomes_the_floor_and_ends_the_speech() -> None:
    told = edges(ulaw(quiet(500) + vowel(400) + tone(4_000, 2_000, 200)))
    assert [what for what, _, _ in told] == ["started", "stopped"]
    assert told[1][2] < 500 + 400 + 1_500


# --- somebody vouches for it -----------------------------------------------------------------------------


def edges_vouched(audio: bytes, *vouched_at_ms: int) -> list[tuple[str, int]]:
    """What was told, dated in ms, where the transcriber vouches for a voice at these moments."""
    activity = VoiceActivity()
    told: list[tuple[str, int]] = []
    for begin in range(0, len(audio), 160):
        end_ms = begin // 8 + 20
        match activity.push(audio[begin : begin + 160], samples_to_ns(begin + 160)):
            case SpeechStarted(at=started):
                told.append(("started", ns_to_ms(started)))
            case SpeechStopped(last_voiced_at=stopped):
                told.append(("stopped", ns_to_ms(stopped)))
            case None:
                pass
        if end_ms in vouched_at_ms:
            activity.vouch()
    return told


def test_steady_sound_is_a_voice_to_its_end_if_the_transcriber_says_so() -> None:
    audio = ulaw(quiet(1_000) + tone(1_500, 2_000, 440) + quiet(1_000))
    assert edges_vouched(audio) == []
    assert edges_vouched(audio, 1_100) == [("started", 1_000), ("stopped", 2_500)]


def test_a_cough_is_too_short_whoever_vouches_for_it() -> None:
    assert edges_vouched(ulaw(quiet(1_000) + noise(160, 4_000) + quiet(1_000)), 1_100, 1_200) == []


def test_silence_is_no_voice_whoever_vouches_for_it() -> None:
    later = quiet(1_000) + tone(1_500, 2_000, 440) + quiet(500)
    assert edges_vouched(ulaw(later), 500) == [], "and the word for it does not hold for what comes later"


def test_a_steady_sound_is_not_taken_for_a_voice_for_ever() -> None:
    told = edges_vouched(ulaw(quiet(1_000) + tone(9_000, 2_000, 440)), 1_100)
    assert [what for what, _ in told] == ["started", "stopped"]
    assert 3_500 < told[1][1] < 6_000


# --- frames ----------------------------------------------------------------------------------------------


@given(sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_the_edges_do_not_depend_on_how_the_audio_is_cut(sizes: list[int]) -> None:
    audio = STORY
    whole = [(what, dated) for what, dated, _ in edges(audio)]
    activity = VoiceActivity()
    told = []
    begin = at = 0
    while begin < len(audio):
        frame = audio[begin : begin + (sizes[at % len(sizes)] or (at == 0) or 7)]
        begin, at = begin + len(frame), at + 1
        told.append(activity.push(frame, samples_to_ns(begin)))
    told += [activity.push(b"", samples_to_ns(begin)) for _ in range(8)]
    assert [_dated(edge) for edge in told if edge is not None] == whole


STORY = ulaw(quiet(333) + vowel(400) + quiet(300) + vowel(250) + quiet(500))


def _dated(edge: SpeechStarted | SpeechStopped) -> tuple[str, int]:
    if isinstance(edge, SpeechStarted):
        return ("started", ns_to_ms(edge.at))
    return ("stopped", ns_to_ms(edge.last_voiced_at))


@given(frames=st.lists(st.binary(min_size=1, max_size=500), max_size=80))
def test_what_is_hardly_louder_than_silence_never_starts_speech(frames: list[bytes]) -> None:
    activity, at = VoiceActivity(), 0
    for frame in frames:
        faint = bytes(0xF8 | value for value in frame)  # the eight codes nearest to zero
        at += len(faint) * NS_PER_SAMPLE
        assert activity.push(faint, at) is None


@given(frames=st.lists(st.binary(max_size=500), max_size=60))
def test_edges_alternate_and_never_lie_in_the_future(frames: list[bytes]) -> None:
    activity = VoiceActivity()
    at = 0
    last: type[SpeechStarted | SpeechStopped] = SpeechStopped
    for frame in frames:
        at += len(frame) * NS_PER_SAMPLE
        edge = activity.push(frame, at)
        if edge is not None:
            assert not isinstance(edge, last)
            assert 0 <= (edge.at if isinstance(edge, SpeechStarted) else edge.last_voiced_at) <= at
            last = type(edge)


# --- real speech -----------------------------------------------------------------------------------------


def recordings() -> list[dict[str, Any]]:
    manifest = AUDIO / "manifest.json"
    return list(json.loads(manifest.read_text())["files"]) if manifest.exists() else []


needs_recordings = pytest.mark.skipif(not recordings(), reason="the recordings in ../shared/audio are not here")


def recorded(name: str, channel: int) -> bytes:
    """One channel of a recording, as mu-law at 8 kHz."""
    with wave.open(str(AUDIO / name)) as file:
        sound, channels, rate = file.readframes(file.getnframes()), file.getnchannels(), file.getframerate()
    if channels == 2:
        sound = audioop.tomono(sound, 2, 1 - channel, channel)
    if rate != 8_000:
        sound, _ = audioop.ratecv(sound, 2, 1, rate, 8_000, None)
    return audioop.lin2ulaw(sound, 2)


@needs_recordings
def test_real_speech_is_told_within_150_ms_of_its_onset() -> None:
    late: list[str] = []
    count = 0
    for recording in recordings():
        for channel, segments in enumerate(recording.get("silero_speech_s") or []):
            told = edges(recorded(recording["file"], channel))
            started = [told_ms for what, _, told_ms in told if what == "started"]
            stopped = [dated_ms for what, dated_ms, _ in told if what == "stopped"]
            spans = list(zip_longest(started, stopped, fillvalue=math.inf))
            for begin_s, end_s in segments:
                if end_s - begin_s < 0.2:
                    continue
                count += 1
                if not any(start <= begin_s * 1_000 + 150 and end > begin_s * 1_000 for start, end in spans):
                    late.append(f"{recording['file']} {begin_s}")
    assert count > 60
    assert len(late) <= count * 0.12, late


@needs_recordings
def test_a_recorded_ringing_phone_is_no_speech() -> None:
    assert edges(recorded("noise_ringing_phone.wav", 0)) == []


@needs_recordings
@pytest.mark.parametrize("name", ["mfa_erpause.wav", "mfa_um.wav", "mfa_thoughts.wav", "mfa_cutoff.wav"])
def test_between_real_words_on_a_quiet_line_nothing_is_told(name: str) -> None:
    recording = next(found for found in recordings() if found["file"] == name)
    (segments,) = recording["silero_speech_s"]
    for what, dated, _ in edges(recorded(name, 0)):
        near = any(begin - 0.2 <= dated / 1_000 <= end + 0.35 for begin, end in segments)
        assert near, f"{what} at {dated} ms, where nobody speaks"
