"""The files of the corpus: what they hold, and how a mistake in them is told."""

from pathlib import Path

import pytest

from simulator.corpus.reader import FOLDER, corpus
from simulator.scenario import ScriptError

SHARED = (FOLDER / "shared.toml").read_text(encoding="utf-8")


def complaints(tmp_path: Path, family: str, shared: str = SHARED) -> list[str]:
    """What is said of these files, without their folder."""
    (tmp_path / "shared.toml").write_text(shared, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(family, encoding="utf-8")
    with pytest.raises(ScriptError) as error:
        corpus(tmp_path)
    return [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]


def family(caller: str, more: str = "") -> str:
    """A family of one situation, whose steps stand on line 6."""
    return f'about = "Mine"\n\n[[situation]]\nname = "one"\nabout = "Shows one thing"\ncaller = [{caller}]\n{more}'


def test_there_are_at_least_150_situations_in_families() -> None:
    found = corpus()
    assert len(found.situations) >= 150
    assert (
        set(found.families.values()) == set(found.abouts) == {path.stem for path in FOLDER.glob("*.toml")} - {"shared"}
    )
    assert all(situation.about for situation in found.situations.values())


def test_every_timing_says_who_measured_it_or_that_it_is_assumed() -> None:
    for name, timing in corpus().shared.timings.items():
        assert timing.what
        assert (
            any(char.isdigit() for char in timing.source) or "assumed" in timing.source or "the same" in timing.source
        ), name


def test_every_wording_and_timing_is_used() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.toml"))
    shared = corpus().shared
    unasked = {"greeting", "turn_gap", "speaking_pace"}
    assert [name for name in shared.wordings if f"{{{name}}}" not in texts and name not in unasked] == []
    used = [name for name in shared.timings if f'"{name}"' in texts or f"[{name}]" in texts]
    assert sorted({*shared.timings} - {*used} - unasked) == []


@pytest.mark.parametrize(
    ("caller", "complaint"),
    [  # each is told with its line, which is the sixth
        ('{ say = "{aks}" }', 'no wording is called "aks"; did you mean "ask"?'),
        ('{ say = ["a", "b {aks}"] }', 'no wording is called "aks"; did you mean "ask"?'),
        (
            '{ say = "a [medum_pause] b" }',
            'no timing is called "medum_pause"; did you mean "medium_pause"?',
        ),
        (
            '{ cough = true, lasts_ms = "cough_lenth" }',
            'lasts_ms: no timing is called "cough_lenth"; did you mean "cough_length"?',
        ),
        ("{ silence_ms = { p50 = 5 } }", "silence_ms: expected a whole number of ms, or { p50 = 120, p95 = 900 }"),
        ("{ silence_ms = { from = 9, to = 5 } }", "silence_ms: from, to: expected 0 <= from <= to"),
        (
            '{ say = "a", place = "middle", after_agent = true }',
            "expected one moment: place, after_agent or into_agent",
        ),
        ('{ say = "a", place = "midle" }', "place: expected one of start, middle, late, end, on_its_heels"),
        ('{ sya = "a" }', 'unknown key "sya"; did you mean "say"?'),
    ],
)
def test_a_mistake_in_a_step_is_told_with_its_line(tmp_path: Path, caller: str, complaint: str) -> None:
    told = complaints(tmp_path, family(caller))
    assert complaint in told[0]
    assert told[0].startswith("mine.toml:6: ")


def test_two_situations_of_one_name_are_refused(tmp_path: Path) -> None:
    text = family('{ say = "a" }') + '[[situation]]\nname = "one"\nabout = "Again"\ncaller = [{ say = "b" }]\n'
    assert complaints(tmp_path, text) == ['mine.toml:8: two situations are called "one"; rename one']


def test_a_timing_that_cannot_be_is_refused(tmp_path: Path) -> None:
    bad = SHARED.replace("p50 = 418", "p50 = 4180")
    told = complaints(tmp_path, family('{ say = "a" }'), bad)
    assert any("cough_length: p50, p95: expected 0 < p50 <= p95" in each for each in told), told


def test_what_every_situation_needs_is_missed_when_it_is_not_there(tmp_path: Path) -> None:
    bad = SHARED.replace("[timings.turn_gap]", "[timings.other_gap]")
    assert 'expected "turn_gap", which every situation needs' in complaints(tmp_path, family('{ say = "a" }'), bad)[0]


def test_an_unknown_situation_is_told_with_the_nearest_one() -> None:
    with pytest.raises(ScriptError, match=r'no situation is called "stopp"; did you mean "stop"\?'):
        corpus().named("stopp")
