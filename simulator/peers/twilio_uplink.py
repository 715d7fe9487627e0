"""A phone's way to the server: sequence numbers, the link's delays, the websocket at its end."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Protocol, runtime_checkable

from agent.clock import Clock
from agent.ports import Wire
from fsm.units import NS_PER_MS
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_link import Link

LOST = 1011
"""Close code that no hang-up has: stands for a lost connection where the wire cannot be torn."""


@runtime_checkable
class Abortable(Protocol):
    """A wire that can be torn."""

    def abort(self) -> None:
        """Tear the connection down without a closing handshake."""


class Uplink:
    """Carries messages to the wire it is attached to, in order; without a wire they are lost."""

    def __init__(self, clock: Clock, rng: Random, behaviour: TwilioBehaviour) -> None:
        self._link = Link(
            clock,
            rng,
            delay_ms=behaviour.one_way_ms,
            jitter_ms=behaviour.jitter_ms,
            stall_every_ms=behaviour.stall_every_ms,
            stall_ms=behaviour.stall_ms,
        )
        self._clock = clock
        self._wire: Wire | None = None
        self._sequence = 0
        self._is_dead = False

    def hold(self, duration_ms: int) -> None:
        """Let nothing through for so long, then all of it at once."""
        self._link.hold(duration_ms)

    def die(self, *, is_dead: bool = True) -> None:
        """Carry nothing from now on, not even the end, and tell nobody."""
        self._is_dead = is_dead

    def attach(self, wire: Wire) -> None:
        """Carry to `wire`."""
        self._wire = wire

    def next_sequence(self) -> int:
        """The number of the next message."""
        self._sequence += 1
        return self._sequence

    def send(self, message: str | bytes, delay_ms: int = 0) -> None:
        """Send a message, `delay_ms` from now."""
        if self._link.is_prompt and not delay_ms:
            if self._wire is not None and not self._is_dead:
                self._wire.send(message)
        else:
            self._later(partial(self._link.carry, partial(self._send, message)), delay_ms)

    def close(self, delay_ms: int = 0) -> None:
        """Close the wire, behind all that was sent."""
        self._later(partial(self._link.carry, self._close), delay_ms)

    def _later(self, action: Callable[[], None], delay_ms: int) -> None:
        if delay_ms:
            self._clock.call_at(self._clock.now() + delay_ms * NS_PER_MS, action)
        else:
            action()

    def abort(self) -> None:
        """Tear the wire, behind all that was sent; one that cannot be torn is closed with the code `LOST`."""
        self._link.carry(self._abort)

    def drop(self) -> None:
        """The wire is gone, and with it what is under way."""
        self._wire = None
        self._link.cut()

    def _send(self, message: str | bytes) -> None:
        if self._wire is not None and not self._is_dead:
            self._wire.send(message)

    def _close(self) -> None:
        if self._wire is not None and not self._is_dead:
            self._wire.close()

    def _abort(self) -> None:
        wire: object = self._wire
        if self._is_dead:
            return
        if isinstance(wire, Abortable):
            wire.abort()
        elif self._wire is not None:
            self._wire.close(LOST, "lost")
