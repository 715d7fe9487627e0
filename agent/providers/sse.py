"""Server-sent events out of bytes that are split anywhere. Pure."""

_BOM = b"\xef\xbb\xbf"

EVENT_LIMIT_BYTES = 1 << 20
"""Longest line, and longest data of one event."""


class SseTooLongError(ValueError):
    """A line or an event is longer than the limit."""


class SseParser:
    """Collects events; `feed` returns those that are complete, as (event name, data).

    The name is "" where the stream gives none. Comments, `id` and `retry` are skipped, events without data too, and
    what follows the last blank line is not an event (WHATWG HTML, 9.2.6). Lines end in LF, CRLF or CR.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._ended_in_cr = False
        self._is_first_line = True
        self._name = ""
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Events completed by `data`. Raises `SseTooLongError`; the parser is of no use afterwards."""
        lines = (self._rest + self._with_lf(data)).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > EVENT_LIMIT_BYTES:
            raise SseTooLongError(f"expected lines up to {EVENT_LIMIT_BYTES} bytes, one is longer")
        events: list[tuple[str, bytes]] = []
        for line in lines:
            if line:
                self._on_line(line)
            else:
                self._on_blank(events)
        return events

    def _with_lf(self, data: bytes) -> bytes:
        if self._ended_in_cr and data:
            self._ended_in_cr = False
            data = data.removeprefix(b"\n")  # the other half of a CRLF
        if b"\r" in data:
            self._ended_in_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _on_line(self, line: bytes) -> None:
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(_BOM)
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._data_bytes += len(value)
            if self._data_bytes > EVENT_LIMIT_BYTES:
                raise SseTooLongError(f"expected events up to {EVENT_LIMIT_BYTES} bytes, one is longer")
        elif name == b"event":
            self._name = value.decode(errors="replace")

    def _on_blank(self, events: list[tuple[str, bytes]]) -> None:
        self._is_first_line = False
        if self._data:
            events.append((self._name, b"\n".join(self._data)))
            self._data.clear()
            self._data_bytes = 0
        self._name = ""
