import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.toml_lines import Lines

TEXT = """\
about = "a [x] # no comment" # a comment
"quoted key" = 3

caller = [                 # steps
  { say = "Hello, { you }" },
  { say = '''two
lines''', after_words = "x" }, { press = "1" },
]
nested = { deep = { deeper = [1, 2,
  3] } }

[expect]
heard = [ "a",
  "b" ]

[[model.answers]]
asked = "x"
[[model.answers]]
asked = \"\"\"y
z\"\"\"
say = "w"

[expect.callers.bob]
turns = 1
[dotted]
a.b = 2
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("about",), 1),
        (("quoted key",), 2),
        (("caller",), 4),
        (("caller", 0, "say"), 5),
        (("caller", 1, "say"), 6),
        (("caller", 1, "after_words"), 7),
        (("caller", 2), 7),
        (("caller", 2, "press"), 7),
        (("nested", "deep", "deeper", 1), 9),
        (("nested", "deep", "deeper", 2), 10),
        (("expect",), 12),
        (("expect", "heard", 1), 14),
        (("model",), 16),
        (("model", "answers", 0, "asked"), 17),
        (("model", "answers", 1), 18),
        (("model", "answers", 1, "say"), 21),
        (("expect", "callers", "bob", "turns"), 24),
        (("dotted", "a", "b"), 26),
        (("expect", "no such key"), 12),
        (("nowhere",), 1),
    ],
)
def test_everything_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert Lines(TEXT).of(path) == line


@given(
    st.lists(
        st.one_of(
            st.integers(), st.booleans(), st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.just([1, "]", {}])
        ),
        max_size=8,
    )
)
def test_whatever_the_values_are_keys_are_found_on_their_lines(values: list[object]) -> None:
    text = "".join(f"key{i} = {_toml(value)}\n" for i, value in enumerate(values))
    lines = Lines(text)
    assert [lines.of((f"key{i}",)) for i in range(len(values))] == list(range(1, len(values) + 1))


def _toml(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value).lower()
