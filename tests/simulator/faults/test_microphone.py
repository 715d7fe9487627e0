"""What the microphone makes of what a caller says."""

import audioop
from random import Random

from fsm.units import FRAME_SAMPLES
from simulator import speech
from simulator.caller import Caller
from simulator.faults.microphone import ECHO_FRAMES, SILENCE, Microphone
from simulator.peers.twilio_idle import RestingHandset
from simulator.world import World

VOICE = speech.speak("Good morning, everybody.").audio


class Person:
    """Says the same all the time."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._at = 0

    def next_frame(self) -> bytes:
        self._at = (self._at + FRAME_SAMPLES) % (len(VOICE) - FRAME_SAMPLES)
        return VOICE[self._at : self._at + FRAME_SAMPLES]

    def on_audible(self, audio: bytes, _at: int) -> None:
        self.heard.append(audio)


def microphone() -> tuple[World, Person, Microphone]:
    world, person = World(0), Person()
    return world, person, Microphone(world, Random(1), person)


def loudness(frames: list[bytes]) -> int:
    return audioop.rms(audioop.ulaw2lin(b"".join(frames), 2), 2)


def test_at_first_it_changes_nothing() -> None:
    _, person, mic = microphone()
    spoken, same = [Person().next_frame()], [mic.next_frame()]
    assert spoken == same
    mic.on_audible(b"hello", 0)
    assert person.heard == [b"hello"]


def test_it_is_mute_for_so_long_and_the_person_talks_on() -> None:
    world, _, mic = microphone()
    mic.mute(50)
    frames = []
    for _ in range(4):
        frames.append(mic.next_frame())
        world.run_for(20)
    assert [frame == SILENCE for frame in frames] == [True, True, True, False]


def test_it_can_be_louder_noisy_and_give_back_what_it_hears() -> None:
    _, _, plain = microphone()
    usual = loudness([plain.next_frame() for _ in range(50)])
    _, _, loud = microphone()
    loud.amplify(2.0)
    assert loudness([loud.next_frame() for _ in range(50)]) > 1.5 * usual
    _, _, hissing = microphone()
    hissing.mute(0)
    hissing.hiss(2_000)
    assert loudness([hissing.next_frame() for _ in range(50)]) > usual
    _, _, near = microphone()
    near.amplify(0.0)
    near.echo(0.5)
    echoes = []
    for index in range(2 * ECHO_FRAMES):
        echoes.append(near.next_frame())
        near.on_audible(VOICE[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES], 0)
    assert loudness(echoes[:ECHO_FRAMES]) == 0
    assert 0.3 * usual < loudness(echoes[ECHO_FRAMES:]) < 0.8 * usual


def test_it_rests_with_its_person_unless_there_is_something_else_to_hear() -> None:
    world = World(0)
    caller = Caller(world, Random(1), [])
    mic = Microphone(world, Random(1), caller)
    assert isinstance(mic, RestingHandset)
    for _ in range(200):
        world.run_for(20)
        mic.next_frame()
    assert mic.rests_until() == caller.rests_until() > world.now()
    mic.rest(3)
    assert mic.rests_until() == caller.rests_until()
    mic.hiss(100)
    assert mic.rests_until() == 0


def test_a_person_who_cannot_rest_is_asked_for_every_frame() -> None:
    assert microphone()[2].rests_until() == 0


def test_an_echo_that_begins_in_a_long_silence_is_given_back_in_frames() -> None:
    _, _, mic = microphone()
    mic.echo(0.5)
    mic.on_audible(SILENCE * (ECHO_FRAMES + 2), 0)
    assert len(mic.next_frame()) == FRAME_SAMPLES
