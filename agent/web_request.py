"""A web request and its answer as values, so that what decides about them needs no socket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

MAX_FIELDS = 200
"""Fields in one form; Twilio sends about forty."""


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request; `target` is path and query exactly as they came, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query, without its question mark, as it came."""
        return self.target.partition("?")[2]

    @property
    def has_form(self) -> bool:
        """Whether the body says that it is a form."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == "application/x-www-form-urlencoded"

    def form(self) -> "Form":
        """The fields of the body's form; empty where there is none. Raises ValueError above `MAX_FIELDS`."""
        return Form.parse(self.body.decode("utf-8", "replace")) if self.has_form else Form(())

    def parameters(self) -> "Form":
        """What the sender tells us: the form of a POST, the query of a GET. Raises ValueError above `MAX_FIELDS`."""
        return self.form() if self.method == "POST" else Form.parse(self.query)


@dataclass(frozen=True, slots=True)
class WebResponse:
    """An answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Form(Mapping[str, str]):
    """Fields by name; a name may come more than once. `form[name]` is its first value."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @classmethod
    def parse(cls, text: str) -> "Form":
        """Fields of an urlencoded text, blank ones included; raises ValueError above `MAX_FIELDS`."""
        return cls(tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)))

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getall(self, name: str) -> list[str]:
        """All values of a name, in the order they came."""
        return self._values[name]
