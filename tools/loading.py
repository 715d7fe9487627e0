"""Tools from Python files and modules that an agent names."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import ModuleType

from tools.registry import Registry
from tools.tool import Tool

_loaded: dict[Path, tuple[int, Registry]] = {}


class LoadingError(Exception):
    """Tools cannot be had from where they should be; says where, what was expected and what came."""


def load_tools(source: str) -> Registry:
    """Every tool that the file (`/path/my_tools.py`) or module (`my_package.tools`) has under a name of its own.

    A file is run once, and again when it was changed; what lies beside it may be imported by it. Raises `LoadingError`.
    """
    if is_file(source):
        return _of_file(Path(source))
    try:
        module = importlib.import_module(source)
    except Exception as error:  # a module may raise anything while it is imported
        raise LoadingError(_complaint(source, error)) from error
    return _tools_in(module, source)


def is_file(source: str) -> bool:
    """Whether `source` names a file, not a module."""
    return "/" in source or source.endswith(".py")


def _of_file(path: Path) -> Registry:
    try:
        written_at = path.stat().st_mtime_ns
    except OSError as error:
        raise LoadingError(f"{path} cannot be read: {error.strerror}") from None
    known = _loaded.get(path)
    if known is not None and known[0] == written_at:
        return known[1]
    found = _tools_in(_run(path), str(path))
    _loaded[path] = (written_at, found)
    return found


def _run(path: Path) -> ModuleType:
    name = f"offhook_tools_{blake2b(str(path).encode(), digest_size=6).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadingError(f"{path}: expected a Python file, its name ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # types in it are looked up there
    try:
        with _importable(path.parent):
            spec.loader.exec_module(module)
    except Exception as error:  # a file may raise anything while it is run
        del sys.modules[name]
        raise LoadingError(_complaint(str(path), error)) from error
    return module


def _tools_in(module: ModuleType, source: str) -> Registry:
    found = {id(each): each for each in vars(module).values() if isinstance(each, Tool)}
    if not found:
        raise LoadingError(
            f"{source} has no tool: write @tool() (from tools.declare import tool) above a typed function"
        )
    try:
        return Registry(found.values())
    except ValueError as error:
        raise LoadingError(f"{source}: {error}") from None


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _complaint(source: str, error: Exception) -> str:
    """What broke and in which line of the source, the innermost one of it."""
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == source:
            line = step.tb_lineno
        step = step.tb_next
    where = f"{source}:{line}" if line else source
    return f"{where}: {type(error).__name__}: {error}"
