"""Answers as a model gives them that was told of its agent's openings: a share of them begins with one."""

from collections.abc import Sequence
from functools import cache

from agent.agent_file import load_agent
from fsm.profile import Phrases
from fsm.words import tokens
from simulator.corpus.draws import Draws

OPENING_SHARE = 0.7
"""Of the answers that may begin with an opening, so many do. Assumed: how often a model does what it is told there
depends on the model and on what is asked, and nobody is known to have measured it."""

ANSWERS_AT_ONCE = frozenset({"yes", "yeah", "yep", "no", "nope"})
"""Who begins with one of these gives the answer itself in the first word, as the prompt wants it."""

AGENT = "appointments"
"""Who answers in the corpus."""


@cache
def openings() -> tuple[str, ...]:
    """Those of the agent that answers."""
    return Phrases.from_table(load_agent(AGENT).phrases).openings


def may_begin_so(answer: str) -> bool:
    """Whether an opening fits before an answer: not before a single word, yes or no, nor before another opening."""
    words = tokens(answer)
    begun = any(words[: len(one)] == one for one in map(tokens, openings()))
    return len(words) > 1 and words[0] not in ANSWERS_AT_ONCE and not begun


def begun(answers: Sequence[str], draw: Draws) -> list[str]:
    """The answers in their order, some of them with an opening before, never the same twice in a row."""
    told: list[str] = []
    last = ""
    for index, answer in enumerate(answers):
        rng = draw.rng(f"opening/{index}")
        if not may_begin_so(answer) or rng.random() >= OPENING_SHARE:
            told.append(answer)
            continue
        last = rng.choice([one for one in openings() if one != last])
        told.append(f"{last} {answer}")
    return told
