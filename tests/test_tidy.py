"""The shape of the house: who imports whom, how long files and functions are, what may not be said."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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
    "socket": {"agent/net_dial.py", "simulator/guarded.py"},
    "piper": {"agent/providers/local_speaking.py"},
}
"""What is imported nowhere but here."""

SOCKETS = ("aiohttp", "aiohappyeyeballs", "httptools", "websockets")
NETWORKED = re.compile(r"agent/(net|server)\w*\.py|simulator/(hosts|websocket|dialling|bench\w*|bench/\w+)\.py")


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def suite() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(text_of(path))))


def imports(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def wrong_imports(path: Path) -> Iterator[str]:
    """What this file imports and should not, with the reason."""
    name = name_of(path)
    room = name.split("/")[0]
    for imported in imports(path):
        top = imported.split(".")[0]
        if name == "agent/cli.py" and top == "simulator":
            yield f"{name}: cli names the simulator's commands as text only"
        if top in FORBIDDEN[room]:
            yield f"{name}: {room} must not import {imported}"
        if name not in ONLY_IN.get(top, {name}):
            yield f"{name}: {top} is imported only in {ONLY_IN[top]}"
        if top in SOCKETS and not NETWORKED.fullmatch(name):
            yield f"{name}: {imported}: sockets belong into the files made for them"


def test_imports_go_one_way() -> None:
    assert [wrong for path in sources() for wrong in wrong_imports(path)] == []


def test_peers_do_not_speak_with_our_own_codecs() -> None:
    ours = ("agent.providers", "agent.twilio", "agent.net", "agent.call")
    peers = sorted((ROOT / "simulator/peers").glob("*.py"))
    assert peers
    wrong = [f"{name_of(path)}: {name}" for path in peers for name in imports(path) if name.startswith(ours)]
    assert wrong == []


def too_long(path: Path, longest_file: int) -> Iterator[str]:
    """What of this file nobody will read to its end."""
    lines = text_of(path).count("\n")
    if lines > longest_file:
        yield f"{name_of(path)} has {lines} lines: ask what it is two of"
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            if length > LONGEST_FUNCTION_LINES:
                yield f"{name_of(path)}: {node.name} has {length} lines"


def test_nothing_is_too_long_to_read() -> None:
    assert [long for path in sources() for long in too_long(path, LONGEST_FILE_LINES)] == []
    assert [long for path in suite() for long in too_long(path, 2 * LONGEST_FILE_LINES)] == []


def test_the_core_never_waits() -> None:
    for path in (ROOT / "fsm").glob("*.py"):
        awaits = [node for node in nodes_of(path) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
        assert not awaits, f"{name_of(path)} waits"


def test_every_ignored_complaint_has_its_reason() -> None:
    for path in [*sources(), *suite()]:
        for number, line in enumerate(text_of(path).splitlines(), 1):
            found = re.search(r"# (?:noqa: [A-Z0-9, ]+|type: ignore\[[^\]]+\])(.*)", line)
            if found and path != Path(__file__):
                assert re.search(r"[-#] \S", found.group(1)), f"{name_of(path)}:{number}: why is this ignored?"


def test_no_path_of_a_machine_and_no_registry_is_named() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|root|farm)/|https?://[^ ]*/(?:simple|packages)/")
    for path in [*sources(), *suite(), ROOT / "README.md", ROOT / "Makefile"]:
        if path != Path(__file__):
            assert not machine.search(text_of(path)), name_of(path)


def test_the_readme_shows_the_chart_as_it_is() -> None:
    from fsm.diagram import embed  # noqa: PLC0415 - the rest of this file needs no import of ours

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert embed(readme) == readme, "run `make chart`"
