"""Bugs in openings, and in the rounds of a draft that are asked for ahead."""

from contextlib import AbstractContextManager
from typing import Any

from agent.draft import Draft
from agent.draft_round import DraftRound
from agent.mouth import Mouth
from agent.opening_clauses import Clip
from tests.mutants.mutant import mutant, swapped

Plan = AbstractContextManager[object]


@mutant("the voice is given the opening as well", "opening_from_memory", "opening_then_tool")
def opening_said_twice() -> Plan:
    take_opening = Mouth.take_opening

    def take_and_say(mouth: Mouth, clip: Clip) -> None:
        take_opening(mouth, clip)
        mouth._is_voice_used = mouth._is_voice_needed = True
        mouth._speech.voice.say(mouth._number, clip.spoken)

    return swapped(Mouth, "take_opening", take_and_say)


@mutant("that an opening was said is told to nobody", "opening_from_memory")
def opening_untold() -> Plan:
    def take_silently(mouth: Mouth, clip: Clip) -> None:
        mouth.playout.push(clip.audio)

    return swapped(Mouth, "take_opening", take_silently)


@mutant("the opening of a draft sounds after what the voice had ready", "opening_from_memory")
def opening_out_of_order() -> Plan:
    speak = DraftRound._speak

    def speak_backwards(ahead: DraftRound, number: int, mouth: Any) -> None:  # noqa: ANN401 - passed on
        clips, ahead.clips = ahead.clips, []
        speak(ahead, number, mouth)
        for clip in clips:
            mouth.take_opening(clip)

    return swapped(DraftRound, "_speak", speak_backwards)


@mutant("what was asked ahead is heard before its tools were ordered", "draft_reads_and_answers")
def round_heard_too_early() -> Plan:
    go_on = Draft._go_on

    def go_on_twice(draft: Draft, mouth: Any) -> None:  # noqa: ANN401 - passed on
        while draft._rounds:
            go_on(draft, mouth)

    return swapped(Draft, "_go_on", go_on_twice)
