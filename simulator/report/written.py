"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


class ReportError(ValueError):
    """A report cannot be written, or an old one cannot be read; the message says which and what to do."""


def check_place(path: Path, option: str) -> None:
    """Complain now, before anything ran, where a report could not be written in the end. Raises ReportError."""
    if not path.parent.is_dir():
        raise ReportError(f"{option} {path}: expected an existing folder, there is no {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise ReportError(f"{option} {path}: expected a folder that can be written to")
    if path.is_dir():
        raise ReportError(f"{option} {path}: expected a file name, this is a folder")


def make_folder(path: Path, option: str) -> None:
    """Make a folder that files will go to. Raises ReportError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"{option} {path}: expected a folder that can be made: {error.strerror}") from error
    if not os.access(path, os.W_OK):
        raise ReportError(f"{option} {path}: expected a folder that can be written to")


@contextmanager
def written_whole(path: Path) -> Iterator[IO[str]]:
    """A text file under a temporary name in the same folder, renamed to `path` if all goes well. Raises ReportError."""
    try:
        yield from _renamed(path)
    except OSError as error:
        raise ReportError(f"{path}: could not be written: {error.strerror}") from error


def _renamed(path: Path) -> Iterator[IO[str]]:
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            yield file
        except BaseException:
            temporary.unlink()
            raise
    temporary.chmod(0o644)
    temporary.replace(path)
