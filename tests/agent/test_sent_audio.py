from agent.sent_audio import MARK_SLACK_MS, MARKS_LIMIT, SentAudio
from fsm.units import ms_to_ns


def at(ms: int) -> int:
    return ms_to_ns(ms)


def sent(ms: int, now_ms: int = 0) -> SentAudio:
    line = SentAudio()
    line.note_sent(ms * 8, at(now_ms))
    return line


def test_the_phone_plays_by_the_clock_until_it_is_dry() -> None:
    line = sent(200, 1_000)
    assert [line.played(at(ms)) for ms in (1_000, 1_100, 1_200, 5_000)] == [0, 800, 1_600, 1_600]
    line.note_sent(800, at(5_000))
    assert [line.played(at(ms)) for ms in (5_000, 5_050, 5_100)] == [1_600, 2_000, 2_400]


def test_a_part_of_a_sample_was_not_played() -> None:
    assert sent(200).played(1) == 0


def test_marks_confirm_what_the_clock_would_not_believe_yet() -> None:
    line = sent(200)
    line.note_mark("a")
    assert line.confirm("a", at(150)) is not None
    assert line.played(at(150)) == 1_600
    assert line.confirm("a", at(151)) is None


def test_a_later_mark_stands_for_lost_ones_before_it() -> None:
    line = sent(200)
    line.note_mark("a")
    line.note_sent(1_600, at(0))
    line.note_mark("b")
    assert line.confirm("b", at(300)) is not None
    assert line.marks_lost == 1
    assert line.confirm("a", at(301)) is None


def test_forgetting_makes_marks_meaningless_and_counts_the_unheard() -> None:
    line = sent(200)
    line.note_mark("a")
    assert line.forget(at(150)) == 400
    assert line.confirm("a", at(200)) is None
    assert line.played(at(500)) == line.sent_samples == 1_200


def test_a_mark_that_is_much_too_late_shows_a_lagging_phone_until_one_is_in_time() -> None:
    line = sent(200)
    line.note_mark("a")
    line.note_sent(16_000, at(200))
    line.note_mark("b")
    assert line.played(at(1_200)) == 9_600
    line.confirm("a", at(200 + MARK_SLACK_MS + 500))
    assert line.played(at(1_200)) == 9_600 - 4_000
    line.confirm("b", at(2_300))
    assert line.played(at(2_300)) == 17_600
    line.note_sent(800, at(2_300))
    assert line.played(at(2_350)) == 18_000


def test_a_lost_mark_is_waited_for_only_so_long() -> None:
    line = sent(200)
    line.note_mark("lost")
    assert not line.was_heard(1_600, at(200 + MARK_SLACK_MS - 1))
    assert line.was_heard(1_600, at(200 + MARK_SLACK_MS))


def test_a_phone_that_returns_no_marks_costs_no_memory() -> None:
    line = sent(200)
    for name in range(MARKS_LIMIT + 10):
        line.note_mark(str(name))
    assert line.marks_lost == 10
    assert line.confirm("9", at(1)) is None
    assert line.confirm("10", at(1)) is not None
