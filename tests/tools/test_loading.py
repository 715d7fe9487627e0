"""Tools come from the files and modules that an agent names, or a line says why not."""

import os
import sys
from pathlib import Path

import pytest

from tools.loading import LoadingError, load_tools

PARCELS = '''
from __future__ import annotations

from depot import PLACES
from tools.declare import tool


@tool()
def where_is(parcel: str) -> str:
    """Where a parcel is."""
    return PLACES[parcel]
'''


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    (tmp_path / "depot.py").write_text('PLACES = {"AB1": "Paris"}\n')
    path = tmp_path / "parcels.py"
    path.write_text(PARCELS)
    return path


def test_a_file_is_run_once_with_what_lies_beside_it(parcels: Path) -> None:
    before = list(sys.path)
    found = load_tools(str(parcels))
    assert found.names == ("where_is",)
    assert load_tools(str(parcels)) is found
    assert sys.path == before


def test_a_changed_file_is_run_again(parcels: Path) -> None:
    load_tools(str(parcels))
    parcels.write_text(PARCELS.replace("where_is", "locate"))
    os.utime(parcels, ns=(1, 1))
    assert load_tools(str(parcels)).names == ("locate",)


def test_a_module_is_imported() -> None:
    assert load_tools("tools.appointments.tools").names[:2] == ("find_free_slots", "book_appointment")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", "has no tool"),
        ("x = 1\ndef broken(:\n", "parcels.py:2: SyntaxError"),
        (
            "import depot\nimport no_such_module\n",
            "parcels.py:2: ModuleNotFoundError: No module named",
        ),
        ("from tools.declare import tool\n@tool()\ndef f(x): pass\n", "parcels.py:2: ValueError: f needs a docstring"),
        (
            'from tools.declare import tool\ndef f() -> None:\n    "F."\n\na = tool()(f)\nb = tool()(f)\n',
            "parcels.py: two tools are named 'f'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(parcels: Path, text: str, told: str) -> None:
    parcels.write_text(text)
    with pytest.raises(LoadingError) as caught:
        load_tools(str(parcels))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("no_such_package.tools", "no_such_package.tools: ModuleNotFoundError"),
        ("tools.context", "tools.context has no tool"),
        ("/nowhere/parcels.py", "/nowhere/parcels.py cannot be read: No such file"),
    ],
)
def test_what_is_not_there_is_named(source: str, told: str) -> None:
    with pytest.raises(LoadingError, match=told):
        load_tools(source)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tools.txt").write_text("")
    with pytest.raises(LoadingError, match="expected a Python file"):
        load_tools(str(tmp_path / "tools.txt"))
