"""The clock of a tape: what came again is what came then, whatever the order in which a loop found it."""

import pytest

from simulator.replay.deck import Deck, NobodyError

BEGAN_AT = 5_000


@pytest.fixture
def deck() -> Deck:
    return Deck(BEGAN_AT)


def test_of_two_timers_of_one_instant_the_one_comes_that_came_then(deck: Deck) -> None:
    came: list[str] = []
    deck.call_at(BEGAN_AT + 10, lambda: came.append("first made"))
    deck.call_at(BEGAN_AT + 10, lambda: came.append("second made"))
    deck.fire(2, 10)
    deck.fire(1, 10)
    assert came == ["second made", "first made"]


def test_a_timer_comes_once_at_its_instant_and_never_when_it_was_cancelled(deck: Deck) -> None:
    came: list[str] = []
    deck.call_at(BEGAN_AT + 10, lambda: came.append("kept"))
    deck.call_at(BEGAN_AT + 20, lambda: came.append("cancelled")).cancel()
    deck.call_at(BEGAN_AT + 30, lambda: came.append("elsewhen"))
    deck.fire(1, 10)
    for number, due_ns in ((1, 10), (2, 20), (3, 31), (4, 40)):
        with pytest.raises(NobodyError, match=f"no timer {number} waits for"):
            deck.fire(number, due_ns)
    assert came == ["kept"]
