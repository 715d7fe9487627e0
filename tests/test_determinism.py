"""The same script and seed give the same bytes: under any hash seed, on any Python."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT, SEED = "booking", 7


def digest(hash_seed: int, python: Path = Path(sys.executable)) -> str:
    """What another process says of the run."""
    done = subprocess.run(  # noqa: S603 - our own command
        [python, "-m", "agent", "simulate", SCRIPT, "--seed", str(SEED), "--json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    told: str = json.loads(done.stdout)["digest"]
    return told


def version(python: Path) -> str:
    """Such as "3.13", of another interpreter."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, check=True, text=True).stdout.strip()  # noqa: S603 - an interpreter of ours


def other_pythons() -> list[Path]:
    """Interpreters of other versions that this project is installed for, beside this one."""
    own = "{}.{}".format(*sys.version_info[:2])
    found = [folder / "bin" / "python" for folder in sorted(ROOT.glob(".venv*"))]
    return [python for python in found if (python.parent.parent / ".dev").exists() and version(python) != own]


def test_the_hash_seed_changes_nothing() -> None:
    assert digest(1) == digest(2)


def test_another_python_tells_the_same() -> None:
    others = other_pythons()
    if not others:
        pytest.skip("the project is installed for one Python only (`make setup PYTHON=python3.13 VENV=.venv-3.13`)")
    own = digest(1)
    assert {version(python): digest(1, python) for python in others} == {version(python): own for python in others}
