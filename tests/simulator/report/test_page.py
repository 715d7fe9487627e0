"""The page of a report: one file, all data inert."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from simulator.report import page
from simulator.report.page import page_pieces
from simulator.runs.outcome import Lane, Outcome, Span, Violation
from tests.simulator.report.outcomes import QUESTION, call, failed, outcome, xfailed
from tests.simulator.report.test_results import results

NASTY = '</script><script>alert(1)</script><img src=x onerror="alert(2)"><!-- ]]> &lt; \u2028 \\u003c [[SCRIPT]]'


class Elements(HTMLParser):
    """What a browser makes of it: each element, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.is_open = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.texts.append("")
        self.is_open = True

    def handle_endtag(self, tag: str) -> None:
        self.is_open = False

    def handle_data(self, data: str) -> None:
        if self.is_open:
            self.texts[-1] += data

    def text_of(self, tag: str, **attributes: str) -> list[str]:
        return [
            text
            for (name, found), text in zip(self.found, self.texts, strict=True)
            if name == tag and attributes.items() <= found.items()
        ]


def made(*outcomes: Outcome, note: str = "") -> Elements:
    return Elements("".join(page_pieces(results(*outcomes, with_timelines=True), note=note)))


def data_of(elements: Elements) -> dict[str, Any]:
    (text,) = elements.text_of("script", id="data")
    found: dict[str, Any] = json.loads(text)
    return found


def nasty() -> Outcome:
    spans = (Span(Lane.CALLER, 0, 10, NASTY, NASTY),)
    found, calls = (Violation(NASTY, NASTY, 3, NASTY),), (call(caller=NASTY, spans=spans),)
    return failed(NASTY, violations=found, faults=(NASTY,), calls=calls, rerun=NASTY, about=NASTY)


def test_the_page_has_runs_figures_and_timelines() -> None:
    data = data_of(made(outcome(), failed(), xfailed(), note="offhook simulate --seeds 1"))
    assert data["note"] == "offhook simulate --seeds 1"
    assert [(run["index"], run["status"]) for run in data["runs"]] == [(0, "passed"), (1, "failed"), (2, "xfailed")]
    assert data["counts"]["failed"] == 1
    assert sum(data["histogram"]["counts"]) == data["voice_to_voice_ms"]["count"] == 6
    assert [place for place, _ in data["timelines"]] == [0, 1, 2]
    assert data["timelines"][0][1][0][0] == ["caller", 2_000, 4_000, "say", QUESTION]
    assert [one["script"] for one in data["scripts"]] == ["booking", "barge_in", "fail_over"]


def test_nothing_is_loaded_from_anywhere() -> None:
    text = "".join(page_pieces(results(outcome())))
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of SVG elements, not an address
    assert not re.search(r"\b(?:src|href)\s*=|@import|url\(", text)


def test_texts_from_scripts_and_traces_are_only_data() -> None:
    plain, attacked = made(outcome()), made(outcome(), nasty(), note=NASTY)
    assert [tag for tag, _ in attacked.found] == [tag for tag, _ in plain.found]
    data = data_of(attacked)
    assert data["note"] == data["runs"][1]["script"] == data["runs"][1]["violations"][0]["what"] == NASTY
    assert data["timelines"][1][1][0][0][4] == NASTY


def test_only_the_pages_own_script_and_style_may_run() -> None:
    elements = made(nasty())
    (policy,) = [found["content"] for tag, found in elements.found if found.get("http-equiv")]
    assert policy is not None
    style, (_, script) = elements.text_of("style")[0], elements.text_of("script")
    for text, kind in ((style, "style-src"), (script, "script-src")):
        assert f"{kind} 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_the_pages_script_never_makes_markup_from_text() -> None:
    script = made(outcome()).text_of("script")[1]
    assert "createElement" in script
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script)


def test_of_very_many_runs_all_failures_and_the_first_others_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "LISTED_RUNS", 3)
    data = data_of(made(*(outcome(seed=seed) for seed in range(5)), failed(seed=9), outcome(seed=6)))
    assert [run["index"] for run in data["runs"]] == [0, 1, 2, 5]
    assert (data["counts"]["runs"], data["limits"]["listed"]) == (7, 3)


def test_a_page_of_nothing_is_a_page() -> None:
    data = data_of(made())
    assert (data["runs"], data["timelines"], data["counts"]["runs"]) == ([], [], 0)
