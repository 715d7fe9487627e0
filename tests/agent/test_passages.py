from agent.passages import Passages
from fsm.events import PassageReached, PlayoutFinished, ReplyAudioStarted
from tests.agent.booth import Booth

NOTICE = "This call may be recorded."


def protected_words(text: str, *passages: str) -> list[str]:
    found = Passages(passages)
    return [word for index, word in enumerate(text.split()) if found.holds(text, index)]


def test_a_passage_is_found_wherever_it_stands_and_however_it_is_written() -> None:
    text = "Hello. THIS call may be recorded, and this call is short."
    assert protected_words(text, NOTICE) == ["THIS", "call", "may", "be", "recorded,"]


def test_the_beginning_of_a_passage_at_the_end_of_the_text_counts_until_more_is_known() -> None:
    assert protected_words("Hello. This call", NOTICE) == ["This", "call"]
    assert protected_words("Hello. This call was short", NOTICE) == []


def test_what_is_not_protected_is_not_found() -> None:
    assert protected_words("Hello there.", NOTICE) == []
    assert protected_words("This call may be recorded.") == []


def test_the_caller_comes_to_a_passage_and_hears_it() -> None:
    booth = Booth()
    booth.playout.begin(1, ("two three",))
    booth.say("one", "two", "three", "four")
    booth.finish()
    booth.clock.advance(2_000)
    news = [news for _, news in booth.news]
    began, over = PassageReached(1, is_protected=True), PassageReached(1, is_protected=False)
    assert news == [ReplyAudioStarted(1), began, over, PlayoutFinished(1, "one two three four")]
