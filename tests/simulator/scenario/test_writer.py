"""Scripts written as TOML: read again they are the same, and they look as a person would write them."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario import ScriptFile, bundled, find, parse, read, write

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: any(char.isalnum() for char in text) and "[" not in text and "]" not in text
)
VALUES = st.recursive(
    st.one_of(st.integers(-(2**60), 2**60), st.booleans(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
STEPS = st.one_of(
    st.builds(lambda words, ms: {"say": words, "after_words": words, "delay_ms": ms}, WORDS, st.integers(0, 9_000)),
    st.builds(lambda words: {"backchannel": words, "into_agent_speech_ms": 500}, WORDS),
    st.builds(lambda ms: {"silence_ms": ms}, st.integers(20, 9_000)),
    st.just({"cough": True, "if_late": "skip"}),
    st.builds(lambda loud: {"say": "x", "loudness": loud}, st.floats(0.05, 4.0)),
)
CALLERS = st.one_of(
    st.fixed_dictionaries({"caller": st.lists(STEPS, max_size=3)}),
    st.fixed_dictionaries(
        {
            "callers": st.lists(
                st.fixed_dictionaries(
                    {"name": st.sampled_from(["ada", "bob"]), "script": st.lists(STEPS, max_size=2)},
                    optional={"arrives_ms": st.integers(0, 900), "phone": st.just({"one_way_ms": 5})},
                ),
                min_size=1,
                max_size=2,
                unique_by=lambda caller: caller["name"],
            )
        }
    ),
)
REST = st.fixed_dictionaries(
    {},
    optional={
        "about": st.text(max_size=30).filter(lambda text: "\0" not in text),
        "seed": st.integers(0, 2**62),
        "longest_s": st.floats(100, 900),
        "now": st.sampled_from(
            [datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-5)))]
        ),
        "tags": st.lists(st.sampled_from(["a", "b-c"]), max_size=2),
        "waive": st.just({"silence": 'music, "on purpose"'}),
        "groq": st.just({"first_token_ms": {"p50": 90, "p95": 900}, "check_tool_calls": False}),
        "network": st.just({"groq": {"stalls_ms": [[1, 2]]}, "twilio": {"up_ms": 3}}),
        "faults": st.just([{"name": "stt_stall", "at": "speaking", "nth": 2}, {"name": "mark_lost", "strength": 12.5}]),
        "model": st.fixed_dictionaries(
            {},
            optional={
                "answers": st.builds(
                    lambda arguments: [{"asked": "x", "call": "hang_up", "arguments": arguments}],
                    st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
                ),
                "fallback": WORDS,
            },
        ),
        "expect": st.fixed_dictionaries(
            {},
            optional={
                "heard": st.lists(WORDS, max_size=3),
                "turns": st.integers(0, 5),
                "latency_ms": st.just({"p95": 900}),
                "transcript": st.just([{"role": "user", "text": "", "cut": False}]),
                "database": st.just([{"table": "appointments", "where": {"name": "x"}, "rows": 0}]),
            },
        ),
    },
)


@given(CALLERS, REST)
def test_what_was_written_reads_as_the_same_script(callers: dict[str, Any], rest: dict[str, Any]) -> None:
    script = ScriptFile.model_validate({**callers, **rest})
    text = write(script)
    assert parse(text, Path("my.toml")) == script
    assert write(parse(text, Path("my.toml"))) == text


@pytest.mark.parametrize("name", bundled())
def test_bundled_scripts_survive_being_written(name: str) -> None:
    beside = find(name).with_name("my.toml")  # scripts may name files that lie beside them
    assert parse(write(read(name)), beside) == read(name)


def test_it_looks_as_a_person_would_write_it() -> None:
    script = parse(
        "about = 'Two steps'\ncaller = [{say='Hello', after_words='you?', delay_ms=60}, {hang_up=true}]\n"
        "[model]\nreplies = ['One.', {say='Two.', call='hang_up'}]\n"
        "[[model.answers]]\nasked='x'\nsay='y'\n[expect]\nturns=2\n[expect.latency_ms]\nmax=900\n",
        Path("my.toml"),
    )
    assert write(script) == (
        'about = "Two steps"\n'
        "caller = [\n"
        '  { say = "Hello", after_words = "you?", delay_ms = 60 },\n'
        "  { hang_up = true },\n"
        "]\n"
        "\n"
        "[model]\n"
        "replies = [\n"
        '  "One.",\n'
        '  { say = "Two.", call = "hang_up" },\n'
        "]\n"
        "\n"
        "[[model.answers]]\n"
        'say = "y"\n'
        'asked = "x"\n'
        "\n"
        "[expect]\n"
        "turns = 2\n"
        "latency_ms = { max = 900 }\n"
    )


def test_arguments_with_a_null_are_written_as_the_model_writes_them() -> None:
    call = {"call": "find_free_slots", "arguments": {"date": None}}
    script = ScriptFile.model_validate({"caller": [], "model": {"replies": [call]}})
    again = parse(write(script), Path("my.toml"))
    assert again.model.replies is not None
    assert again.model.replies[0].raw_arguments == '{"date":null}'
