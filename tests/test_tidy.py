"""The shape of the house: who imports whom, how long files and functions are, what may not be said."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("fsm", "tools", "agent", "simulator")
LONGEST_FILE_LINES = 300
LONGEST_FUNCTION_LINES = 60

FORBIDDEN = {
    "fsm": ("agent", "tools", "simulator", "asyncio", "time", "random", "os", "socket", "logging", "aiohttp", "uvloop"),
    "tools": ("agent", "fsm", "simulator", "uvloop", "websockets"),
    "agent": ("simulator",),
    "simulator": (),
}
"""What a room never imports."""

ONLY_IN = {
    "uvloop": {"agent/__main__.py"},
    "transitions": {"fsm/chart.py"},
    "socket": {"simulator/guarded.py"},
    "piper": {"agent/providers/local_speaking.py"},
}
"""What is imported nowhere but here."""

SOCKETS = ("aiohttp", "websockets")
NETWORKED = re.compile(r"agent/(net|server)\w*\.py|simulator/(hosts|websocket|dialling|bench\w*|bench/\w+)\.py")


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    room = name_of(path).split("/")[0]
    for imported in imports(path):
        top = imported.split(".")[0]
        if name_of(path) == "agent/cli.py":
            assert top != "simulator", "cli names the simulator's commands as text only"
        assert top not in FORBIDDEN[room], f"{room} must not import {imported}"
        assert name_of(path) in ONLY_IN.get(top, {name_of(path)}), f"{top} is imported only in {ONLY_IN[top]}"
        if top in SOCKETS:
            assert NETWORKED.fullmatch(name_of(path)), f"{imported}: sockets belong into the files made for them"


@pytest.mark.parametrize("path", sorted((ROOT / "simulator/peers").glob("*.py")), ids=name_of)
def test_peers_do_not_speak_with_our_own_codecs(path: Path) -> None:
    for imported in imports(path):
        assert not imported.startswith(("agent.providers", "agent.twilio", "agent.net", "agent.call")), imported


@pytest.mark.parametrize("path", [*sources(), *sorted((ROOT / "tests").rglob("*.py"))], ids=name_of)
def test_nothing_is_too_long_to_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    limit = LONGEST_FILE_LINES if "tests/" not in name_of(path) else 2 * LONGEST_FILE_LINES
    assert lines <= limit, f"{lines} lines: ask what it is two of"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION_LINES, f"{node.name} has {length} lines"


def test_the_core_never_waits() -> None:
    for path in (ROOT / "fsm").glob("*.py"):
        awaits = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.AsyncFunctionDef | ast.Await)]
        assert not awaits, f"{name_of(path)} waits"


def test_every_ignored_complaint_has_its_reason() -> None:
    for path in [*sources(), *(ROOT / "tests").rglob("*.py")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.search(r"# (?:noqa: [A-Z0-9, ]+|type: ignore\[[^\]]+\])(.*)", line)
            if found and path != Path(__file__):
                assert re.search(r"[-#] \S", found.group(1)), f"{name_of(path)}:{number}: why is this ignored?"


def test_no_path_of_a_machine_and_no_registry_is_named() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|root|farm)/|https?://[^ ]*/(?:simple|packages)/")
    for path in [*sources(), *(ROOT / "tests").rglob("*.py"), ROOT / "README.md", ROOT / "Makefile"]:
        if path != Path(__file__):
            assert not machine.search(path.read_text(encoding="utf-8")), name_of(path)


def test_the_readme_shows_the_chart_as_it_is() -> None:
    from fsm.diagram import embed  # noqa: PLC0415 - the rest of this file needs no import of ours

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert embed(readme) == readme, "run `make chart`"
