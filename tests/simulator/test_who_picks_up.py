"""Who picked up, over seeded variations of people and machines: a table of what was judged, and what it led to.

The whole server takes each call. Machines vary in wording, pace, pauses, pitch, beep and noise of the line, people in
hello, pace and how long they wait before it.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fsm.answerer import Answerer
from simulator.outgoing import Outgoing
from simulator.rehearsal import Rehearsal
from simulator.script import AtOnce, Beep, HangUp, Say, Script

MESSAGE = "This is Willow Street Practice. Please call us back."

GREETINGS = (
    "Hi, you've reached Ada Bell. [400 ms] Leave a message and I'll get back to you.",
    "You have reached the voicemail of Ada Bell. At the tone, please record your message.",
    "Hello, [300 ms] this is Ada, I can't come to the phone right now, please leave your name after the beep.",
    "The person you are calling is not available. Please leave a message after the tone.",
    "Hey! We are out in the garden, try us again tomorrow, or leave us a message after the tone.",
)
HELLOS = (
    "Hello?",
    "Yes?",
    "Hi, this is Ada.",
    "Ada Bell.",
    "Good morning, Ada speaking.",
    "Willow Street, good morning, how can I help you?",
)


def machine(dice: Random) -> Script:
    """An answering machine that records for a while and then hangs up."""
    return (
        Say(dice.choice(GREETINGS), AtOnce(dice.randint(200, 900)), dice.randint(50, 85)),
        Beep(dice.randint(180, 900), dice.choice((440, 850, 1_000, 1_400)), AtOnce(dice.randint(200, 1_600))),
        HangUp(AtOnce(20_000)),
    )


def person(dice: Random) -> Script:
    """Somebody who says hello, listens for a while and hangs up."""
    hello = Say(dice.choice(HELLOS), AtOnce(dice.randint(100, 800)), dice.randint(45, 80))
    return (hello, HangUp(AtOnce(6_000)))


def judged(folder: Path, script: Script, line_noise_level: int) -> tuple[Answerer, str]:
    """Who it was taken for in the end, and what they heard."""
    rehearsal = Rehearsal(folder)
    rehearsal.prepare()
    call = rehearsal.call(script, line_noise_level=line_noise_level, outgoing=Outgoing(MESSAGE))
    rehearsal.finish()
    agent = rehearsal.answered[call.twilio.record.sid]
    rehearsal.close()
    return agent.state.answerer, " ".join(word.text for word in call.caller.heard)


@pytest.mark.parametrize(("make", "right"), [(person, Answerer.HUMAN), (machine, Answerer.MACHINE)])
def test_variations_are_told_apart(tmp_path: Path, make: Callable[[Random], Script], right: Answerer) -> None:
    table: Counter[Answerer] = Counter()
    wrong: list[str] = []
    for seed in range(16):
        dice = Random(f"{right}/{seed}")
        script = make(dice)
        who, heard = judged(tmp_path / str(seed), script, dice.choice((0, 0, 40)))
        table[who] += 1
        was_told = (MESSAGE in heard) == (right is Answerer.MACHINE)
        if who is not right or not was_told:
            wrong.append(f"seed {seed}: {who}, heard {heard!r}, of {script[0]}")
    assert wrong == [], f"{dict(table)}: {wrong}"
