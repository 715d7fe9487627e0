"""JUnit XML as Jenkins and GitLab read it."""

from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.report.junit import junit_pieces
from simulator.runs.outcome import Status, Violation
from tests.simulator.report.outcomes import failed, outcome, xfailed
from tests.simulator.report.test_results import results


def suites(*outcomes: object) -> ElementTree.Element:
    return ElementTree.fromstring("".join(junit_pieces(results(*outcomes))))  # noqa: S314  # our own text


def only_case(found: ElementTree.Element) -> ElementTree.Element:
    (case,) = found.iter("testcase")
    return case


def test_a_suite_is_a_script_a_case_a_seed() -> None:
    found = suites(outcome(seed=0), outcome(seed=1), failed(), xfailed())
    assert found.tag == "testsuites"
    assert found.attrib == {
        "name": "offhook simulate", "tests": "4", "failures": "1", "errors": "0", "skipped": "1", "time": "36.000",
    }  # fmt: skip
    assert [suite.get("name") for suite in found] == ["booking", "barge_in", "fail_over"]
    assert [case.get("name") for case in found[0]] == ["seed 0", "seed 1"]
    assert (found[0].get("tests"), found[0].get("failures")) == ("2", "0")
    assert found[0][0].attrib == {"classname": "booking", "name": "seed 0", "time": "9.000"}
    assert len(found[0][0]) == 0


def test_a_failure_says_what_failed_when_and_how_to_see_it_again() -> None:
    (failure,) = only_case(suites(failed()))
    assert (failure.tag, failure.get("type")) == ("failure", "one_voice_at_a_time")
    assert failure.get("message") == "two replies sounded at once"
    assert failure.text is not None
    lines = failure.text.splitlines()
    assert lines[0] == "at 6500 ms [caller] one_voice_at_a_time: two replies sounded at once"
    assert lines[1] == "database: expected 1 row in bookings, found 0"
    assert lines[2] == "faults: stt_stall=4000@8000, mark_lost"
    assert lines[-1] == "run it again: offhook simulate barge_in --seed 81723 --until 6500"


def test_what_is_expected_to_fail_is_skipped_with_its_reason() -> None:
    (skipped,) = only_case(suites(xfailed()))
    assert (skipped.tag, skipped.get("message")) == ("skipped", "expected to fail: there is one provider only")


def test_what_holds_although_marked_is_a_failure() -> None:
    (failure,) = only_case(suites(outcome(status=Status.XPASSED, xfail="not built")))
    assert failure.tag == "failure"
    assert failure.get("message") == "holds now, although it is marked xfail (not built): take the mark away"


def test_a_broken_run_and_a_wrong_script_are_errors() -> None:
    found = suites(outcome(status=Status.BROKEN), outcome(seed=1, status=Status.WRONG))
    assert (found.get("errors"), found.get("failures")) == ("2", "0")
    assert [case[0].tag for case in found.iter("testcase")] == ["error", "error"]


def test_no_run_at_all_is_a_file_too() -> None:
    assert list(suites()) == []


@settings(max_examples=50)
@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_the_file(what: str, script: str) -> None:
    found = suites(failed(script, violations=(Violation("said", what),)))
    failure = only_case(found)[0]
    assert failure.tag == "failure"
    assert (failure.text or "").endswith("--until 6500".replace("barge_in", script))
