"""On which line of a TOML text each key and each item of a list stands, so that a complaint can name it.

Reads only what `tomllib` accepted already, so it need not know what is right, only where things begin and end.
"""

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]
"""Keys and positions from the top, such as ("caller", 2, "say")."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'")
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'  # in the order in which they are to be tried
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\r\n]+",
    re.DOTALL,
)


class Lines:
    """`of(path)` is the line of what stands there, or of the nearest thing around it that has a line."""

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {}
        _Scan(text, self._found).run()

    def of(self, path: Sequence[str | int]) -> int:
        """Counted from 1; 1 also for the whole."""
        where = tuple(path)
        while where and where not in self._found:
            where = where[:-1]
        return self._found.get(where, 1)


class _Scan:
    def __init__(self, text: str, found: dict[Path, int]) -> None:
        self._text = text
        self._found = found
        self._at = 0
        self._tables: dict[Path, int] = {}  # how many [[...]] of a name there were

    def run(self) -> None:
        within: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            within = self._header() if self._text[self._at] == "[" else self._pair(within)
            self._skip(_BLANK)

    def _header(self) -> Path:
        is_list = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if is_list else 1
        path = self._latest(self._keys())
        self._at += 2 if is_list else 1
        if is_list:
            self._found.setdefault(path, line)
            number = self._tables[path] = self._tables.get(path, -1) + 1
            path = (*path, number)
        for end in range(1, len(path) + 1):
            self._found.setdefault(path[:end], line)
        return path

    def _latest(self, keys: Path) -> Path:
        """`keys` as a path: each list of tables on the way means its latest item."""
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            if path in self._tables:
                path = (*path, self._tables[path])
        return (*path, keys[-1])

    def _pair(self, within: Path) -> Path:
        line = self._line()
        path = within
        for key in self._keys():
            path = (*path, key)
            self._found.setdefault(path, line)
        self._at += 1  # the =
        self._skip(_SPACE)
        self._value(path)
        return within

    def _keys(self) -> Path:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            found = _KEY.match(self._text, self._at)
            assert found is not None, f"expected a key at {self._at}"
            keys.append(found.group().strip("\"'"))
            self._at = found.end()
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return tuple(keys)
            self._at += 1

    def _value(self, path: Path) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._items(path)
        elif opening == "{":
            self._pairs(path)
        else:
            self._skip(_SCALAR)

    def _items(self, path: Path) -> None:
        number = 0
        while self._next("]"):
            self._found[*path, number] = self._line()
            self._value((*path, number))
            number += 1

    def _pairs(self, path: Path) -> None:
        while self._next("}"):
            self._pair(path)

    def _next(self, closing: str) -> bool:
        """Step over the opening or a comma; False and past the end where it closes."""
        if self._text[self._at] in "[{,":
            self._at += 1
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_BLANK)
        if self._text[self._at] == closing:
            self._at += 1
            return False
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found is not None else self._at

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1
