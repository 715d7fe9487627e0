"""The wires of a call on disk: one JSON line for whatever woke the call's code, and for all that it did then.

Beside the trace `<call>.jsonl` lies `<call>.wires.jsonl`, where the settings ask for it (`OFFHOOK_TRACE_WIRES=kept`).
The first line (`kind` "wires") says what the call was made from. Every other has `at_ns` (since the call began, before
it below zero) and either `in`, what came, or `out`, what was done then:

- `stream_opened`, `stream_message`, `stream_closed` (`stream`): the telephone's media stream;
- `opened`, `message`, `closed` (`wire`); `response`, `data`, `end`, `failure` (`exchange`): the providers;
- `timer` (its number, `due_ns`), `tool`, `warm`, `phrase`: timers, tools, what is shared;
- `stream_ended`, `end_politely`, `answerer`, `scored`: what the house tells a call;
- out: `dial`, `send`, `close`, `request`, `cancel` and, for the telephone, `phone` and `phone_close`.

What came is kept whole. Of what was done, texts are kept whole and bytes as their number and digest: they are compared.
No header that we send is kept, so no key is.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import orjson

VERSION = 2
"""2: timers have numbers, since a real loop fires those of one instant in any order."""

SUFFIX = ".wires.jsonl"

LIMIT_BYTES = 256 * 1024 * 1024
"""Of one log: an hour and a half of telephone call. Then it ends, and says so."""

BUFFER_BYTES = 64 * 1024
"""Kept in memory before it is written."""

EARLY_LIMIT_LINES = 2_000
"""Kept in memory of what happened before the call began; older ones are dropped, and the log says so."""

INSTANTS = ("at_ns", "due_ns", "heard_to_ns")


def wires_path(trace: Path) -> Path:
    """Where the wires of the call lie whose trace is at `trace`."""
    return trace.with_name(trace.name.removesuffix(".jsonl") + SUFFIX)


def told_bytes(message: str | bytes) -> dict[str, object]:
    """A message that came, so that `bytes_told` gives it back."""
    if isinstance(message, str):
        return {"text": message}
    try:
        return {"utf8": message.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(message).decode()}


def bytes_told(line: Mapping[str, Any]) -> str | bytes:
    """The message in a line of the log; KeyError or ValueError where there is none."""
    if "text" in line:
        return str(line["text"])
    return str(line["utf8"]).encode() if "utf8" in line else b64decode(line["base64"], validate=True)


def shown_bytes(message: str | bytes) -> dict[str, object]:
    """A message that was sent, to be compared: a text whole, bytes by number and digest."""
    if isinstance(message, str):
        return {"text": message}
    return {"bytes": len(message), "digest": hashlib.blake2s(message, digest_size=8).hexdigest()}


class WireLog:
    """Writes the lines of one call; what cannot be written costs the log, never the call.

    Lines have absolute instants (ns) until they are written. Those from before `begin` wait in memory.
    """

    def __init__(self) -> None:
        self._out: TextIO | None = None
        self._began_at: int | None = None
        self._early: list[dict[str, Any]] = []
        self._is_over = False
        self._bytes = 0
        self.dropped = 0
        """Lines that did not reach the disk."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is written any more."""
        return self._is_over

    def write(self, line: dict[str, Any]) -> None:
        """One more line, in the order of what happened."""
        if self._is_over:
            return
        if self._began_at is not None:
            self._put(line)
        elif len(self._early) < EARLY_LIMIT_LINES:
            self._early.append(line)
        else:
            self.dropped += 1

    def begin(self, path: Path, header: dict[str, Any], began_at: int) -> None:
        """The call begins, at instant `began_at` (ns): open its file and write what happened so far, by instants."""
        assert self._began_at is None, "a log begins once"
        self._began_at = began_at
        early, self._early = sorted(self._early, key=lambda line: int(line["at_ns"])), []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._out = path.open("w", encoding="utf-8", buffering=BUFFER_BYTES)
        except OSError:
            self._is_over = True
            return
        head = {"kind": "wires", "version": VERSION, "began_at_ns": began_at, "lost_lines": self.dropped, **header}
        for line in (head, *early):
            self._put(line)

    def close(self) -> None:
        """Nothing more is written; harmless twice."""
        self._is_over = True
        self._early.clear()
        out, self._out = self._out, None
        if out is not None:
            try:
                out.close()
            except OSError:
                self.dropped += 1

    def _put(self, line: dict[str, Any]) -> None:
        assert self._began_at is not None, "lines are written once the call began"
        if self._out is None:
            return
        for name in INSTANTS:
            if name in line:
                line[name] -= self._began_at
        text = orjson.dumps(line).decode()
        self._bytes += len(text)
        try:
            self._out.write(text + "\n")
            if self._bytes > LIMIT_BYTES:
                self._out.write(f'{{"kind":"limit","bytes":{self._bytes}}}\n')
        except OSError:
            self.dropped += 1
        if self._bytes > LIMIT_BYTES:
            self.close()
