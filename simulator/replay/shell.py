"""A recorded call through the whole shell again: desk, switchboard, codecs, providers' clients, playout, machine.

What came over its wires comes again, in the recorded order and at the recorded instants; what the code does is compared
with what it did, message by message and decision by decision, up to the first difference.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any, TextIO, cast

from agent.assembly import make_providers
from agent.call import Call
from agent.desk import Desk
from agent.media_stream import MediaStream
from agent.services import Services
from agent.switchboard import Switchboard
from agent.trace import Trace
from agent.twilio import CallPort, Phone, Started
from agent.wire_log import bytes_told
from fsm.events import EndOfTurnScored
from fsm.units import NS_PER_MS
from simulator.loop import WorldLoop
from simulator.replay.deck import Deck, DeckClock, DeckNetwork, DeckPhone, DeckPhrases, DeckTools, NobodyError
from simulator.replay.difference import Difference, context_of
from simulator.replay.recorded import Line, Recorded
from simulator.replay.wires import RecordedWires, Woken
from simulator.replay.written import Written
from simulator.world import World
from tools.tool import Tool

NOT_COMPARED = ("at_ns", "phrase")
"""Of what was done: when (as what woke it) and what the tape itself answered."""


@dataclass(frozen=True, slots=True)
class ShellReplay:
    """How far a replay of the wires came. `woken` and `done`: what came, and what was compared of what was done."""

    woken: int
    done: int
    decisions: int
    difference: Difference | None = None

    @property
    def is_same(self) -> bool:
        """Whether all was done as recorded."""
        return self.difference is None


def replay_shell(recorded: Recorded, wires: RecordedWires) -> ShellReplay:
    """Let everything come again, up to the first difference."""
    stage = _Stage(recorded, wires)
    try:
        difference = stage.play(wires.woken())
        if difference is None and wires.is_whole:
            difference = stage.missing()
        return ShellReplay(stage.woken, stage.done, stage.decisions, difference)
    finally:
        stage.close()


class _Stage:
    """The house of one call, as it stood then, and what is compared."""

    def __init__(self, recorded: Recorded, wires: RecordedWires) -> None:
        self._recorded = recorded
        self._deck = deck = Deck(wires.began_at)
        self._world = World()
        self._loop = WorldLoop(self._world)
        self._network = DeckNetwork(deck)
        self._phrases = DeckPhrases(deck)
        self._tools = DeckTools()
        self._written = Written()
        self._compared = 0
        self._playing: Woken | None = None
        self._mistake = ""
        self._difference: Difference | None = None
        self._is_over = False
        self.woken = self.done = self.decisions = 0
        self._providers = make_providers(wires.config, wires.agent, self._network, deck)
        started_at = datetime.fromisoformat(recorded.started_at)
        self._desk = Desk(wires.config, wires.agent, deck, self._providers, wall_clock=lambda: started_at)
        self._desk.offer_tools(wires.remote_tools)
        self._desk.recorder = self
        self._ports: list[Call] = []
        self._board = Switchboard(DeckClock(deck), self._start_call, max_calls=1)
        self._phones: dict[int, tuple[DeckPhone, MediaStream]] = {}

    # --- the house ---------------------------------------------------------------------------------------------------

    def expect_call(self) -> None:
        """The tape says when."""

    def know_tools(self, tools: Iterable[Tool]) -> None:
        """The tape has them."""

    def tape_of(self, _call_sid: str) -> "_Stage":
        """The call is made of the tape."""
        return self

    def services(self, services: Services) -> Services:
        """What the call is given."""
        private = self._desk.workshop.tools.private
        return replace(
            services,
            phrasebook=self._phrases,
            tongues={tag: replace(one, phrasebook=self._phrases) for tag, one in services.tongues.items()},
            new_runner=lambda _call_id, _caller, _line: self._tools,
            new_trace=lambda _call_id, started_at: Trace(cast("TextIO", self._written), started_at, private=private),
        )

    def _start_call(self, started: Started, phone: Phone) -> Call:
        port = self._desk.start_call(started, phone)
        self._ports.append(port)
        return port

    def close(self) -> None:
        """Leave nothing open."""
        self._world.call_soon(self._tools.close)
        self._world.run_for(1)
        self._desk.providers.close()

    # --- step by step ------------------------------------------------------------------------------------------------

    def play(self, tape: Iterator[Woken]) -> Difference | None:
        """Let everything come again, one thing an instant of the loop that tools run on; the first difference."""

        def go_on() -> None:
            self._difference = self._otherwise()
            self._playing = next(tape, None) if self._difference is None else None
            if self._playing is None:
                self._is_over = True
                return
            self._begin(self._playing)
            self._world.call_at(self._world.now() + 1, go_on)

        self._world.call_soon(go_on)
        self._world.run(lambda: self._is_over)
        return self._difference

    def _begin(self, woken: Woken) -> None:
        """One thing comes again; the tasks it wakes go on before the next."""
        self._deck.at = self._deck.began_at + woken.at_ns
        self._deck.done.clear()
        for _, line in woken.done:
            if line["out"] == "phrase":
                self._phrases.learn(line)
        try:
            self._let_come(woken.what)
        except NobodyError as error:
            self._mistake = str(error)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            self._mistake = f"{type(error).__name__}: {error}"

    def _otherwise(self) -> Difference | None:
        """What was done otherwise than recorded about what came last."""
        woken = self._playing
        if woken is None:
            return None
        if self._mistake:
            return self._differs(woken, woken.line, woken.what, self._mistake)
        difference = self._decided_otherwise() or self._done_otherwise(woken)
        if difference is None:
            self.woken += 1
            self.done += len(woken.done)
        return difference

    def _let_come(self, line: Mapping[str, Any]) -> None:
        kind = line["in"]
        if kind in _FROM_WIRES:
            _FROM_WIRES[kind](self._network, line)
        elif kind.startswith("stream_") and "stream" in line:
            self._from_phone(kind, line)
        elif kind == "timer":
            self._deck.fire(line["timer"], line["due_ns"])
        elif kind == "tool":
            self._tools.returned(line)
        elif kind == "scored":
            self._port().feed(EndOfTurnScored(line["percent"], self._deck.began_at + line["heard_to_ns"]))
        elif kind == "warm":
            self._providers.warm()
        elif kind in _TO_CALL:
            _TO_CALL[kind](self._port(), line)
        else:
            raise ValueError(f"nothing of the kind {kind!r} is known to come")

    def _from_phone(self, kind: str, line: Mapping[str, Any]) -> None:
        number = line["stream"]
        if number not in self._phones:
            phone = DeckPhone(self._deck, number)
            listener = self._board.open_stream(phone)
            assert isinstance(listener, MediaStream), "nobody records a replay"
            self._phones[number] = (phone, listener)
        phone, stream = self._phones[number]
        if kind == "stream_opened":
            stream.on_open()
        elif kind == "stream_message":
            stream.on_message(bytes_told(line))
        else:
            phone.closed()
            stream.on_close(line["code"], line["reason"])

    def _port(self) -> Call:
        if not self._ports:
            raise NobodyError("no call was started")
        return self._ports[-1]

    # --- comparing ---------------------------------------------------------------------------------------------------

    def _decided_otherwise(self) -> Difference | None:
        lines = self._recorded.lines
        for written in self._written.taken():
            number = self._compared + 1
            expected = _without(lines[number - 1], "check") if number <= len(lines) else None
            actual = _without(written, "check")
            if expected != actual:
                return self._trace_differs(number, expected, actual)
            self._compared = number
            self.decisions += actual["kind"] == "event"
        return None

    def missing(self) -> Difference | None:
        """The first line of the trace that did not come, now that everything did."""
        lines = self._recorded.lines
        if self._compared >= len(lines):
            return None
        return self._trace_differs(self._compared + 1, _without(lines[self._compared], "check"), None)

    def _trace_differs(self, number: int, expected: Line | None, actual: Line | None) -> Difference:
        lines = self._recorded.lines
        line = expected or actual or {}
        return Difference(
            "shell",
            "trace",
            min(number, len(lines)),
            int(line["at_ns"]) / NS_PER_MS,
            "the call did not do what it did then" if actual is None else "the call did something else",
            _pairs(expected),
            _pairs(actual),
            context_of(lines, min(number, len(lines))),
        )

    def _done_otherwise(self, woken: Woken) -> Difference | None:
        for told, actual in zip_longest(woken.done, self._deck.done):
            if told is None and woken.is_last:
                return None  # the tape ended with the call, in the middle of what was done then
            expected = None if told is None else _without(told[1], *NOT_COMPARED)
            if expected != actual:
                line = woken.line if told is None else told[0]
                return self._differs(woken, line, expected, actual)
        return None

    def _differs(self, woken: Woken, line: int, expected: object, actual: object) -> Difference:
        came = f"{woken.at_ns / NS_PER_MS:9.3f} ms  {_brief(woken.what)}"
        what = "nothing waits for what came" if isinstance(actual, str) else "something else was done"
        return Difference(
            "shell", "wires", line, woken.at_ns / NS_PER_MS, what, _told(expected), _told(actual), (came,)
        )


_TO_CALL: dict[str, Callable[[CallPort, Mapping[str, Any]], None]] = {
    "stream_ended": lambda port, line: port.on_stream_ended(line["reason"]),
    "answerer": lambda port, line: port.on_answerer_reported(line["answered_by"]),
    "end_politely": lambda port, line: port.end_politely(line["reason"]),
}

_FROM_WIRES: dict[str, Callable[[DeckNetwork, Mapping[str, Any]], None]] = {
    "opened": lambda network, line: network.wire(line["wire"]).opened(),
    "message": lambda network, line: network.wire(line["wire"]).message(line),
    "closed": lambda network, line: network.wire(line["wire"]).closed(line["code"], line["reason"]),
    "response": lambda network, line: network.exchange(line["exchange"]).listener.on_response(
        line["status"], line["headers"]
    ),
    "data": lambda network, line: network.exchange(line["exchange"]).data(line),
    "end": lambda network, line: network.exchange(line["exchange"]).listener.on_end(),
    "failure": lambda network, line: network.exchange(line["exchange"]).listener.on_failure(
        line["reason"], timed_out=line["timed_out"]
    ),
}


def _without(line: Line, *names: str) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in names}


def _pairs(line: Line | None) -> tuple[str, ...]:
    return () if line is None else tuple(f"{key}: {value}" for key, value in line.items())


def _told(what: object) -> tuple[str, ...]:
    if isinstance(what, Mapping):
        return _pairs(what)
    return () if what is None else (str(what),)


def _brief(line: Line) -> str:
    return " ".join(f"{key}={value}" for key, value in line.items() if key != "at_ns")
