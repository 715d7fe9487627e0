"""The record of a call: one JSON line a decision, with everything needed to decide it again.

Lines are objects with `at_ns` (since the call began) and `kind`:

- `call`: first line: `version`, `call_id`, `agent`, `started_at` (UTC), `began_at_ns` (the clock's instant that `at_ns`
  counts from: instants within events are the clock's), `words` (`kept` or `hidden`), `profile`, `phrases`, `language`;
- `event`: what happened (`event`, `data`), the mode before and after (`mode`, `to`), the orders (`effects`);
- `stage`: an instant on the way of an answer, for the latency ledger (`stage`, `turn`, `reply`);
- `note`: anything else worth knowing: faults, counters (`note`, `data`).

Card numbers are masked (`agent.scrubbing`); while the caller's latest digits may still become one, lines are kept back.
The note `digits_masked` stands before the first line that is not as it was decided on. Each line ends with its `check`
(see `check_of`), by which a line that was changed, lost or moved is found.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TextIO
from zlib import crc32

import orjson

from agent.scrubbing import Screen
from fsm.effects import Effect
from fsm.events import Event
from fsm.state import CallState, Mode
from tools.tool import json_without

VERSION = 3
PRIVATE = frozenset({"text", "heard", "said", "result", "arguments", "caller", "called", "digit", "voicemail"})
"""Fields that may hold what a caller said or is; a redacted trace keeps their lengths only."""

DIGITS_MASKED = "digits_masked"
"""A note before the first line in which digits are masked: from there on nothing is decided again exactly."""

TOOL_TEXTS = frozenset({"arguments", "result"})
"""Fields that hold a tool's JSON text."""


class Observer(Protocol):
    """Somebody who watches a call live."""

    def on_decision(
        self, at_ns: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]
    ) -> None:
        """The machine decided."""


class Trace:
    """Writes the trace of one call; a file that cannot be written costs the trace, never the call.

    Where tools have arguments of `private` names, what stands under such a name is never written.
    """

    def __init__(
        self,
        out: TextIO | None,
        started_at: int,
        *,
        is_redacted: bool = False,
        private: frozenset[str] = frozenset(),
    ) -> None:
        self._private = private
        self._out = out
        self._started_at = started_at
        self._is_redacted = is_redacted
        self._check = ""
        self._screen = Screen()
        self._tells_of_masks = False
        self.errors = 0
        self.on_closed: Callable[[], None] = lambda: None
        """Told when all of the call is on disk."""

    def header(self, *, call_id: str, agent: str, wall_clock: str, state: CallState) -> None:
        """The first line."""
        self._write(
            0,
            "call",
            version=VERSION,
            call_id=call_id,
            agent=agent,
            started_at=wall_clock,
            began_at_ns=self._started_at,
            words="hidden" if self._is_redacted else "kept",
            profile=asdict(state.profile),
            phrases=asdict(state.phrases),
            language=state.language,
        )

    def decision(self, now: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]) -> None:
        """One step of the machine. It was acted on by now, so there is time to put it and what led to it on disk."""
        self._write(
            now,
            "event",
            mode=before,
            event=type(event).__name__,
            data=self._plain(event),
            to=after.mode,
            effects=[[type(effect).__name__, self._plain(effect)] for effect in effects],
        )
        self._flush()

    def stage(self, at: int, stage: str, *, turn: int, reply: int) -> None:
        """An instant on the way of an answer."""
        self._write(at, "stage", stage=stage, turn=turn, reply=reply)

    def note(self, now: int, note: str, **data: object) -> None:
        """Anything else worth knowing; what somebody said goes under a name that is `PRIVATE`."""
        self._write(now, "note", note=note, data=redacted(data) if self._is_redacted else data)
        self._flush()

    def close(self) -> None:
        """No more comes."""
        for line in self._screen.close():
            self._put(line)
        out, self._out = self._out, None
        if out is not None:
            try:
                out.close()
            except OSError:
                self.errors += 1
            self.on_closed()

    def _flush(self) -> None:
        try:
            if self._out is not None:
                self._out.flush()
        except OSError:
            self.errors += 1

    def _plain(self, value: Event | Effect) -> dict[str, Any]:
        plain = asdict(value)
        if self._is_redacted:
            return redacted(plain)
        return _without_private(plain, self._private) if self._private else plain

    def _write(self, at: int, kind: str, **fields: object) -> None:
        if self._out is None:
            return
        at_ns = max(0, at - self._started_at) if at else 0
        line = {"at_ns": at_ns, "kind": kind, **fields}
        for passed in [line] if self._is_redacted else self._screen.take(line):
            self._put(passed)

    def _put(self, line: dict[str, Any]) -> None:
        if self._out is None:
            return
        if self._screen.masked and not self._tells_of_masks:
            self._tells_of_masks = True
            self._put({"at_ns": line["at_ns"], "kind": "note", "note": DIGITS_MASKED, "data": {}})
        text = orjson.dumps(line)
        self._check = _check_of(text, self._check)
        try:
            self._out.write(f'{text[:-1].decode()},"check":"{self._check}"}}\n')
        except OSError:
            self.errors += 1


def check_of(line: dict[str, Any], previous: str) -> str:
    """What the `check` of `line` (without one) must be after a line whose check is `previous`, empty for the first."""
    return _check_of(orjson.dumps(line), previous)


def _check_of(text: bytes, previous: str) -> str:
    return f"{crc32(text, int(previous or '0', 16)):08x}"


def redacted(plain: dict[str, Any]) -> dict[str, Any]:
    """`plain` with private texts replaced by their lengths, nested ones too."""
    return {key: _hidden(value) if key in PRIVATE else _deeper(value) for key, value in plain.items()}


def _without_private(plain: Any, private: frozenset[str]) -> Any:  # noqa: ANN401 - what an event or order is made of
    """`plain` without what stands under a private name in the JSON texts of tools."""
    if isinstance(plain, list | tuple):
        return [_without_private(item, private) for item in plain]
    if not isinstance(plain, dict):
        return plain
    return {
        key: json_without(private, value) if key in TOOL_TEXTS else _without_private(value, private)
        for key, value in plain.items()
    }


def _hidden(value: object) -> object:
    return f"<{len(value)} chars>" if isinstance(value, str) and value else value


def _deeper(value: object) -> object:
    if isinstance(value, dict):
        return redacted(value)
    if isinstance(value, list | tuple):
        return [_deeper(item) for item in value]
    return value


def open_trace(
    directory: Path,
    call_id: str,
    started_at: int,
    *,
    is_redacted: bool = False,
    private: frozenset[str] = frozenset(),
) -> tuple[Trace, Path | None]:
    """A trace in a new file of `directory`, and where it is; a trace that writes nothing if that cannot be done."""
    path = directory / f"{call_id}.jsonl"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        out = path.open("w", encoding="utf-8")
    except OSError:
        return Trace(None, started_at), None
    return Trace(out, started_at, is_redacted=is_redacted, private=private), path
