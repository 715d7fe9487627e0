"""How a network behaves, in plain fields that a script can name: each direction by itself."""

from dataclasses import dataclass, fields
from typing import TypeVar

T = TypeVar("T")
Windows = tuple[tuple[int, int], ...]
"""Spans of time, each (from, until) in ms since the world began."""


class BadLink(ValueError):  # noqa: N818 - the name says what is wrong
    """A link that cannot be; the text names the field, what it may be and what it was."""


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction of a link, with nothing left to inherit."""

    delay_ms: int
    jitter_ms: int
    jitter_correlation: float
    burst_every_ms: int
    burst_ms: int

    @property
    def is_even(self) -> bool:
        """Whether every message takes exactly the delay."""
        return not (self.jitter_ms or self.burst_ms)


@dataclass(frozen=True, slots=True)
class LinkModel:
    """How the network between two ends behaves; windows and moments count from the world's beginning.

    `up_*` is what the dialling side sends, `down_*` what it gets; jitter and bursts are those of both directions unless
    a direction has its own.

    - delay: every message takes `up_ms` or `down_ms`; a new websocket costs `handshake_ms` beyond that.
    - jitter: each message takes up to `jitter_ms` longer, every value as likely. `jitter_correlation` (0 to below 1) is
      the correlation of one message's jitter with that of the next in the same direction, whatever its connection: with
      that probability it stays what it was, else it is drawn anew. (A moving average would shrink the jitter instead.)
    - burst: once in every `burst_every_ms`, at a moment drawn from the seed, messages are held for `burst_ms` and then
      leave together, as behind a lost packet.
    - stall: from one end of a window of `stalls_ms` to the other nothing arrives, and then all of it.
    - `cuts_ms`: every open connection is lost at that moment; in `down_windows_ms` dialling fails.
    - splitting: with `splits_bodies` the pieces of an HTTP answer are cut anywhere on their way, as TCP may; with
      `chunk_bytes` they come in pieces of exactly so much (the last one excepted). Websocket messages stay whole.

    Nothing overtakes within one connection: TCP does not allow it. Two connections of the same link owe each other
    nothing, so with jitter a later request, or a later status callback, may well arrive first.
    """

    up_ms: int = 1
    down_ms: int = 1
    jitter_ms: int = 0
    handshake_ms: int = 0
    stalls_ms: Windows = ()
    down_windows_ms: Windows = ()
    cuts_ms: tuple[int, ...] = ()
    splits_bodies: bool = True
    chunk_bytes: int = 0
    """0: wherever the seed says."""
    jitter_correlation: float = 0.0
    burst_every_ms: int = 0
    burst_ms: int = 0
    up_jitter_ms: int | None = None
    down_jitter_ms: int | None = None
    up_jitter_correlation: float | None = None
    down_jitter_correlation: float | None = None
    up_burst_every_ms: int | None = None
    down_burst_every_ms: int | None = None
    up_burst_ms: int | None = None
    down_burst_ms: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name))
        for name, direction in (("up_", self.up), ("down_", self.down)):
            _check_bursts(name, direction)
        if self.chunk_bytes and not self.splits_bodies:
            raise BadLink("chunk_bytes: sizes need splits_bodies, which is off")

    @property
    def up(self) -> Direction:
        """What the dialling side sends goes this way."""
        return Direction(
            self.up_ms,
            _own(self.up_jitter_ms, self.jitter_ms),
            _own(self.up_jitter_correlation, self.jitter_correlation),
            _own(self.up_burst_every_ms, self.burst_every_ms),
            _own(self.up_burst_ms, self.burst_ms),
        )

    @property
    def down(self) -> Direction:
        """What the dialling side gets comes this way."""
        return Direction(
            self.down_ms,
            _own(self.down_jitter_ms, self.jitter_ms),
            _own(self.down_jitter_correlation, self.jitter_correlation),
            _own(self.down_burst_every_ms, self.burst_every_ms),
            _own(self.down_burst_ms, self.burst_ms),
        )


def _own(own: T | None, common: T) -> T:
    return common if own is None else own


def _check(name: str, value: object) -> None:
    """Each field by itself; the name says its kind."""
    if name.endswith("s_ms"):
        _check_moments(name, value)
    elif name.endswith("correlation"):
        if value is not None and not (isinstance(value, int | float) and 0 <= value < 1):
            raise BadLink(f"{name}: expected a number from 0 to below 1, got {value!r}")
    elif name != "splits_bodies" and value is not None and not _is_count(value):
        raise BadLink(f"{name}: expected a whole number, 0 or more, got {value!r}")


def _check_moments(name: str, value: object) -> None:
    """Windows are pairs that end after they begin; cuts are moments."""
    wanted = "moments in ms" if name == "cuts_ms" else "windows [from, until] in ms, each ending after it begins"
    if not isinstance(value, tuple):
        raise BadLink(f"{name}: expected a tuple of {wanted}, got {value!r}")
    for item in value:
        is_window = isinstance(item, tuple) and len(item) == 2 and all(map(_is_count, item)) and item[0] < item[1]
        if not (_is_count(item) if name == "cuts_ms" else is_window):
            raise BadLink(f"{name}: expected {wanted}, got {item!r}")


def _check_bursts(prefix: str, direction: Direction) -> None:
    if bool(direction.burst_ms) != bool(direction.burst_every_ms):
        raise BadLink(f"{prefix}burst_ms and {prefix}burst_every_ms: expected both or neither, got {direction}")
    if direction.burst_ms and direction.burst_ms >= direction.burst_every_ms:
        raise BadLink(
            f"{prefix}burst_ms: expected less than {prefix}burst_every_ms, which is {direction.burst_every_ms}, "
            f"got {direction.burst_ms}"
        )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
