"""Two machines that talk to each other: the other side says the same again and again, and nothing comes of it."""

from collections import Counter

from fsm.answerer import Answerer, answerer_by
from fsm.events import Event, TurnEnded
from fsm.state import CallState
from fsm.transcript import Message
from fsm.words import tokens

GOES_ROUND = "the other side says the same again and again"

LEAST_WORDS = 4
"""Shorter things are said again by anybody: "yes", "no, thank you"."""

ALIKE = 0.8
"""The shorter of two contributions that say the same has this share of the other's words at least, and none of its own:
a "sorry" makes no difference, another number does."""

LAST_TURNS = 10
"""What was said longer ago is no loop: two machines come round sooner."""

MACHINES_WORDS, BOTH_SIDES, THEIRS_ALONE = 2, 3, 4
"""So often it was said before: by a machine's words; when we gave the same answer, too; when we did not. A person who
asks for a human being three times, or did not catch an answer, gets three answers, and is no machine."""


def goes_round(state: CallState, event: Event) -> bool:
    """Whether what is being said now was said so often before that no answer of ours changes anything."""
    said = event.text if isinstance(event, TurnEnded) and event.text else state.utterance.words
    if len(tokens(said)) < LEAST_WORDS:
        return False
    turns = _turns(state.transcript)[-LAST_TURNS:]
    again = [answer for theirs, answer in turns if _are_alike(theirs, said)]
    if len(again) >= MACHINES_WORDS and answerer_by(said) is Answerer.MACHINE:
        return True
    return len(again) >= THEIRS_ALONE or (len(again) >= BOTH_SIDES and all(_are_alike(one, again[-1]) for one in again))


def _turns(transcript: tuple[Message, ...]) -> list[tuple[str, str]]:
    """What they said and what we answered, since a tool last did something: that is progress."""
    turns: list[tuple[str, str]] = []
    for message in transcript:
        if message.role == "tool":
            turns = []
        elif message.role == "user":
            turns.append((message.content, ""))
        elif turns:
            theirs, ours = turns[-1]
            turns[-1] = theirs, f"{ours} {message.content}".strip()
    return turns


def _are_alike(one: str, other: str) -> bool:
    first, second = Counter(tokens(one)), Counter(tokens(other))
    shorter, longer = sorted((first, second), key=Counter.total)
    return shorter <= longer and shorter.total() >= ALIKE * longer.total() > 0
