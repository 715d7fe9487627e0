"""What a terminal shows of many runs."""

from io import StringIO

from rich.console import Console

from simulator.report.results import FAILURES_KEPT
from simulator.report.table import show
from simulator.runs.outcome import Status, Violation
from tests.simulator.report.outcomes import failed, outcome, xfailed
from tests.simulator.report.test_results import results


def shown(*outcomes: object, is_interrupted: bool = False, width: int = 120) -> str:
    made = results(*outcomes)
    made.wall_s, made.is_interrupted = 0.5, is_interrupted
    out = StringIO()
    show(Console(file=out, width=width), made)
    return out.getvalue()


def test_a_row_a_script_and_one_for_all() -> None:
    lines = [line.split() for line in shown(outcome(seed=0), outcome(seed=1), failed()).splitlines()]
    assert lines[1] == ["booking", "2", "2", "-", "-", "701", "901", "2", "1.4", "s"]
    assert lines[2][:5] == ["barge_in", "1", "-", "1", "-"]
    assert ["all", "3", "2", "1", "-"] in [line[:5] for line in lines]


def test_a_failure_says_what_when_with_what_on_and_what_to_type() -> None:
    text = shown(failed())
    assert "FAILED barge_in  seed 81723" in text
    assert "at 6500 ms  caller  one_voice_at_a_time: two replies sounded at once" in text
    assert "database: expected 1 row in bookings, found 0" in text
    assert "faults: stt_stall=4000@8000, mark_lost" in text
    assert "run it again: offhook simulate barge_in --seed 81723 --until 6500\n" in text


def test_the_command_stays_in_one_piece_on_a_narrow_screen() -> None:
    rerun = "offhook simulate " + "long/" * 20 + "script.toml --seed 81723 --until 6500"
    assert rerun in shown(failed(rerun=rerun), width=60)


def test_what_holds_although_marked_fails_loudly() -> None:
    text = shown(outcome(status=Status.XPASSED, xfail="one provider only"))
    assert "XPASSED booking" in text
    assert "holds now, although it is marked xfail (one provider only): take the mark away" in text


def test_what_is_expected_to_fail_is_no_failure() -> None:
    text = shown(xfailed())
    assert "run it again" not in text
    assert "1 script, 1 run: 1 xfailed;" in text


def test_long_lists_are_cut_and_say_so() -> None:
    many = tuple(Violation("silence", f"number {number}", number) for number in range(8))
    assert "... and 3 more" in shown(failed(violations=many))
    text = shown(*(failed(seed=seed) for seed in range(FAILURES_KEPT + 2)))
    assert text.count("run it again") == FAILURES_KEPT
    assert "... and 2 failing runs more" in text


def test_the_closing_line_has_the_totals_and_the_digest() -> None:
    last = shown(outcome(seed=0), failed(), xfailed()).splitlines()[-1]
    assert last.startswith("3 scripts, 3 runs: 1 passed, 1 xfailed, 1 failed; 27 s of calls in 0.5 s, 54 x real time; ")
    assert f"digest {results(outcome(seed=0), failed(), xfailed()).digest[:16]}" in last


def test_an_interrupted_run_says_so() -> None:
    assert "interrupted: not all that was asked for ran" in shown(outcome(), is_interrupted=True)


def test_markup_in_texts_is_shown_as_it_is() -> None:
    text = shown(failed(violations=(Violation("said", "[red]not a colour[/] [/nonsense]"),)))
    assert "said: [red]not a colour[/] [/nonsense]" in text
