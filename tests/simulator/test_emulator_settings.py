"""Options and TOML values onto the fields of a behaviour, and what is said of those that do not fit."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.delays import Delay, LogNormal, OneOf
from simulator.emulator_settings import Setting, SettingError, describe_settings, make_behaviour, show

SHOWS = "`offhook peers --list` shows all"


class Weather(StrEnum):
    FAIR = "fair"
    HEAVY_RAIN = "heavy-rain"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A behaviour with every kind of field."""

    delay_ms: int = 80
    """From the question to the answer,
    in milliseconds."""
    share: float = 0.5  # of calls that fail
    is_rude: bool = False
    weather: Weather | None = None
    """What falls."""
    key: str | None = None
    limit: int | None = 5
    models: tuple[str, ...] = ("a", "b")
    pairs: tuple[tuple[str, int], ...] = ()
    spelling: Literal["contextId", "context_id"] = "contextId"

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError(f"share: expected at most 1, got {self.share}")


def option(key: str, value: str) -> Setting:
    return Setting("peer", key, value, f"--delay peer.{key}={value}", is_text=True)


def toml(key: str, value: object) -> Setting:
    return Setting("peer", key, value, "peers.toml, line 3")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("delay_ms", "1_500", 1500),
        ("share", "0.25", 0.25),
        ("share", "-inf", float("-inf")),
        ("is_rude", "Yes", True),
        ("is_rude", "0", False),
        ("weather", "heavy_rain", Weather.HEAVY_RAIN),
        ("weather", "FAIR", Weather.FAIR),
        ("weather", "none", None),
        ("key", "none", None),
        ("key", "nonesuch", "nonesuch"),
        ("limit", "None", None),
        ("limit", "7", 7),
        ("models", "x, y", ("x", "y")),
        ("models", "", ()),
        ("pairs", "a:1,b:2", (("a", 1), ("b", 2))),
        ("spelling", "context_id", "context_id"),
    ],
)
def test_options_are_read_as_what_the_field_is(key: str, text: str, value: object) -> None:
    assert make_behaviour(Behaviour, [option(key, text)]) == Behaviour(**{key: value})  # type: ignore[arg-type]  # one of many fields


@pytest.mark.parametrize(
    ("key", "told", "value"),
    [
        ("delay_ms", 5, 5),
        ("share", 1, 1.0),
        ("is_rude", True, True),
        ("weather", "heavy-rain", Weather.HEAVY_RAIN),
        ("limit", "none", None),
        ("models", ["x"], ("x",)),
        ("pairs", [["a", 1]], (("a", 1),)),
    ],
)
def test_toml_values_have_the_fields_type(key: str, told: object, value: object) -> None:
    assert make_behaviour(Behaviour, [toml(key, told)]) == Behaviour(**{key: value})  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        (option("delay_ms", "1.5"), "--delay peer.delay_ms=1.5: expected a whole number, got '1.5'"),
        (option("is_rude", "maybe"), "--delay peer.is_rude=maybe: expected true or false, got 'maybe'"),
        (option("weather", "snow"), "--delay peer.weather=snow: expected one of fair, heavy-rain or none, got 'snow'"),
        (
            option("pairs", "a:1:2"),
            "--delay peer.pairs=a:1:2: expected a list, each (text, a whole number), got 'a:1:2'",
        ),
        (toml("delay_ms", "5"), "peers.toml, line 3: peer.delay_ms: expected a whole number, got '5'"),
        (toml("delay_ms", True), "peers.toml, line 3: peer.delay_ms: expected a whole number, got True"),
        (toml("share", True), "peers.toml, line 3: peer.share: expected a number, got True"),
        (toml("is_rude", 1), "peers.toml, line 3: peer.is_rude: expected true or false, got 1"),
        (toml("key", 1), "peers.toml, line 3: peer.key: expected text or none, got 1"),
        (toml("models", "x"), "peers.toml, line 3: peer.models: expected a list, each text, got 'x'"),
        (toml("spelling", "x"), "peers.toml, line 3: peer.spelling: expected one of contextId, context_id, got 'x'"),
        (option("share", "2"), "--delay peer.share=2: share: expected at most 1, got 2.0"),
        (option("delay", "2"), f"--delay peer.delay=2: peer has no setting 'delay'; did you mean 'delay_ms'? {SHOWS}"),
        (option("zzz", "2"), "--delay peer.zzz=2: peer has no setting 'zzz'; " + SHOWS),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(setting: Setting, complaint: str) -> None:
    with pytest.raises(SettingError) as error:
        make_behaviour(Behaviour, [setting])
    assert str(error.value) == complaint


def test_the_last_word_counts() -> None:
    settings = [toml("delay_ms", 1), option("delay_ms", "2"), toml("limit", 3)]
    assert make_behaviour(Behaviour, settings) == Behaviour(delay_ms=2, limit=3)


def test_every_field_is_described_with_what_stands_beside_it() -> None:
    told = {help_.name: (help_.type, help_.default, help_.what) for help_ in describe_settings(Behaviour)}
    assert told["delay_ms"] == ("a whole number", "80", "From the question to the answer, in milliseconds.")
    assert told["share"] == ("a number", "0.5", "of calls that fail")
    assert told["is_rude"] == ("true or false", "false", "")
    assert told["weather"] == ("one of fair, heavy-rain or none", "none", "What falls.")
    assert told["models"] == ("a list, each text", "a,b", "")
    assert told["spelling"] == ("one of contextId, context_id", "contextId", "")
    assert len(told) == 9


names = st.text("abcxyz", min_size=1, max_size=6)


@given(
    st.builds(
        Behaviour,
        delay_ms=st.integers(0, 10**6),
        share=st.floats(0, 1),
        is_rude=st.booleans(),
        weather=st.none() | st.sampled_from(Weather),
        limit=st.none() | st.integers(),
        models=st.lists(names).map(tuple),
        pairs=st.lists(st.tuples(names, st.integers())).map(tuple),
    )
)
def test_what_is_shown_can_be_given(behaviour: Behaviour) -> None:
    fields = [help_.name for help_ in describe_settings(Behaviour)]
    settings = [option(name, show(getattr(behaviour, name))) for name in fields]
    assert make_behaviour(Behaviour, settings) == behaviour


@dataclass(frozen=True, slots=True)
class Drawn:
    """A behaviour with a delay that may be a distribution."""

    answer_ms: Delay = 80
    """Until it answers."""


@pytest.mark.parametrize(
    ("value", "delay"),
    [(90, 90), ({"p50": 120, "p95": 900}, LogNormal(120, 900)), ({"one_of": [90, 2500]}, OneOf((90, 2_500)))],
)
def test_a_delay_is_a_number_or_in_a_file_a_distribution(value: object, delay: Delay) -> None:
    assert make_behaviour(Drawn, [toml("answer_ms", value)]) == Drawn(delay)


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        (
            toml("answer_ms", {"p50": 9, "p95": 3}),
            "peers.toml, line 3: peer.answer_ms: p50, p95: expected 0 < p50 <= p95",
        ),
        (toml("answer_ms", {"p5": 9}), "peers.toml, line 3: peer.answer_ms: expected a whole number of ms, or {"),
        (
            toml("answer_ms", "soon"),
            "peers.toml, line 3: peer.answer_ms: expected a whole number of ms, or in a file {",
        ),
        (option("answer_ms", "soon"), "expected a whole number of ms, or in a file { p50 = 120, p95 = 900 }"),
    ],
)
def test_a_delay_that_cannot_be(setting: Setting, complaint: str) -> None:
    with pytest.raises(SettingError) as error:
        make_behaviour(Drawn, [setting])
    assert complaint in str(error.value)


def test_a_delay_is_listed_with_its_usual_value() -> None:
    (help_,) = describe_settings(Drawn)
    assert (help_.default, help_.what) == ("80", "Until it answers.")
    assert "{ p50 = 120, p95 = 900 }" in help_.type
