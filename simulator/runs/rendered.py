"""Phrases rendered ahead, as a server that has run before has them on disk.

A run begins with them whatever its faults are, so that it is a function of script and seed alone.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from simulator.rehearsal import Cast, Rehearsal

FOLDER = "phrases"


def put_phrases(data: Path, cast: Cast) -> None:
    """Put the rendered phrases of the cast's agent into `data`."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _rendered(cast.agent, tuple(sorted(cast.settings.items()))).items():
        (folder / name).write_bytes(content)


@cache
def _rendered(agent: str, settings: tuple[tuple[str, str], ...]) -> Mapping[str, bytes]:
    """The files of an agent's phrases, spoken by a healthy voice; a handful of agents in a process."""
    with TemporaryDirectory() as name:
        data = Path(name)
        rehearsal = Rehearsal(data, Cast(agent=agent, settings=dict(settings)))
        rehearsal.prepare()
        rehearsal.close()
        return {path.name: path.read_bytes() for path in sorted((data / FOLDER).iterdir())}
