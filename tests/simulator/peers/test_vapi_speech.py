"""How the simulated Vapi's voice lets out a stream of words."""

from simulator.peers.vapi_speech import Speech
from simulator.world import World

LONG = "This is the first clause, and this is the second one. Then"


def said(*pieces: str) -> list[str]:
    speech = Speech(World(1), 0)
    for piece in pieces:
        speech.add(piece)
    return [piece for _, piece in speech.pieces]


def test_a_clause_is_let_out_once_there_are_thirty_characters() -> None:
    assert said(LONG) == ["This is the first clause, and this is the second one."]
    assert said(*LONG) == said(LONG)
    assert said("Short.") == []


def test_a_flush_lets_out_what_there_is_however_it_is_written() -> None:
    for token in ("<flush />", "<flush>", "</flush>", "<FLUSH/>"):
        assert said(f"One moment.{token}And") == ["One moment."]
        assert said("One moment.", *token, "And") == ["One moment."]


def test_the_rest_is_let_out_at_the_end() -> None:
    speech = Speech(World(1), 0)
    speech.add("Yes.")
    speech.flush()
    assert (speech.text, speech.heard(), speech.is_over) == ("Yes.", "Yes.", True)


def test_it_takes_as_long_as_a_voice_and_begins_when_it_may() -> None:
    world = World(1)
    speech = Speech(world, 100, world.now() + 1_000_000_000)
    speech.add("Ten letter")
    speech.flush()
    heard = []
    for after_ms in (500, 1_350, 2_500):
        world.call_at(world.started_at + after_ms * 1_000_000, lambda: heard.append((speech.heard(), speech.is_over)))
    world.run(lambda: len(heard) == 3)
    assert heard == [("", False), ("Ten", False), ("Ten letter", True)]
