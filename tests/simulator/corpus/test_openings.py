"""What a model that is told of its openings answers: which answers begin with one, and how many."""

import itertools

import pytest

from simulator.corpus.draws import Draws
from simulator.corpus.openings import OPENING_SHARE, begun, may_begin_so, openings
from simulator.corpus.reader import corpus
from simulator.corpus.variation import vary

SHARED = corpus().shared


@pytest.mark.parametrize(
    "answer", ["Tuesday.", "Yes.", "Yes, you can park.", "No, we are closed.", "Sure, at ten.", ""]
)
def test_where_the_first_word_is_the_answer_there_is_none(answer: str) -> None:
    assert not may_begin_so(answer)
    assert all(begun([answer], Draws("some", seed, SHARED)) == [answer] for seed in range(50))


def test_of_the_others_the_assumed_share_begins_with_one_of_the_agents() -> None:
    answers = ["We open at nine."] * 10
    told = [one for seed in range(200) for one in begun(answers, Draws("some", seed, SHARED))]
    begins = [one for one in told if one != "We open at nine."]
    assert all(one.removesuffix(" We open at nine.") in openings() for one in begins)
    assert abs(len(begins) / len(told) - OPENING_SHARE) < 0.03


def test_none_comes_twice_in_a_row() -> None:
    for seed in range(50):
        told = begun(["We open at nine."] * 10, Draws("some", seed, SHARED))
        said = [one.removesuffix("We open at nine.") for one in told if one != "We open at nine."]
        assert all(one != other for one, other in itertools.pairwise(said))


def test_a_situation_may_have_none() -> None:
    found = corpus()
    for seed in range(20):
        made = vary(found.named("yes_before_the_end"), seed, SHARED)
        assert next(reply.say for reply in made.model.replies or []) == "Tuesday at ten is free. Shall I book it?"
