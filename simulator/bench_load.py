"""The load: many light phones and the peers of the providers on one loop, and how late that loop itself is."""

import asyncio
from array import array
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from typing import Self

from agent.clock import LoopClock
from fsm.units import FRAME_MS, NS_PER_MS, ms_to_ns
from simulator.bench_figures import percentile, to_ms
from simulator.bench_peers import Peers
from simulator.bench_phone import Habit, Phone, Sounds
from simulator.bench_turns import Turns
from simulator.bench_words import make_utterance, quiet_frames

SLOTS = FRAME_MS
"""Phones send in slots 1 ms apart, which is as fine as an event loop's timers are: calls do not coincide."""

POLL_MS = 20


class BenchError(Exception):
    """Nothing could be measured; the message says what was waited for."""


class Load:
    """Places calls to a server on loopback and has their callers talk; entered, it also serves as the providers."""

    def __init__(self) -> None:
        self.clock = LoopClock(asyncio.get_running_loop())
        self.turns = Turns()
        self.peers = Peers(self.clock, self.turns)
        self.phones: list[Phone] = []
        quiet = tuple(b2a_base64(frame, newline=False) for frame in quiet_frames())
        self._sounds = Sounds(quiet, make_utterance())
        self._peers_port = 0
        self._lateness: array[int] = array("q")
        self._slots: list[list[Phone]] = [[] for _ in range(SLOTS)]
        self._slot = 0
        self._next_at = 0
        self._placed = 0
        self._is_over = False

    async def __aenter__(self) -> Self:
        self._peers_port = await self.peers.start()
        self._next_at = self.clock.now() + NS_PER_MS
        self._tick()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        for phone in self.phones:
            phone.hang_up()
        await self.peers.stop()

    @property
    def env(self) -> dict[str, str]:
        """Variables that point a server at the peers."""
        host = f"127.0.0.1:{self._peers_port}"
        urls = {"DEEPGRAM_BASE_URL": f"ws://{host}", "GROQ_BASE_URL": f"http://{host}"}
        urls["ELEVENLABS_BASE_URL"] = f"ws://{host}"
        return urls | dict.fromkeys(("DEEPGRAM_API_KEY", "GROQ_API_KEY", "ELEVENLABS_API_KEY"), "bench")

    # --- calls -------------------------------------------------------------------------------------------------

    async def place(self, count: int, port: int, *, gap_ms: int = 20) -> list[Phone]:
        """`count` more calls, `gap_ms` apart; returns once each has heard audio. Raises `BenchError`, `OSError`."""
        placed = []
        for _ in range(count):
            placed.append(await self._place(port))
            await self.pause(gap_ms)
        await self.until(
            lambda: all(phone.first_media_at is not None for phone in placed), f"the greeting of {count} calls"
        )
        return placed

    async def place_at_once(self, count: int, port: int) -> list[Phone]:
        """`count` more calls in the same instant; returns once each has heard audio. Raises as `place`."""
        placed = list(await asyncio.gather(*[self._place(port) for _ in range(count)]))
        await self.until(
            lambda: all(phone.first_media_at is not None for phone in placed), f"the greeting of {count} calls"
        )
        return placed

    async def hang_up(self, phones: Iterable[Phone]) -> None:
        """End calls, and wait until their sockets are closed."""
        leaving = list(phones)
        for phone in leaving:
            phone.hang_up()
        await self.until(lambda: not any(phone.is_open for phone in leaving), "the end of calls that hung up")
        self.phones = [phone for phone in self.phones if phone not in leaving]
        self._slots = [[phone for phone in slot if phone not in leaving] for slot in self._slots]

    async def _place(self, port: int) -> Phone:
        phone = Phone(self._placed, self.clock, self.turns, self._sounds, port)
        self._placed += 1
        await asyncio.get_running_loop().create_connection(lambda: phone, "127.0.0.1", port)
        self._slots[phone.number * 7 % SLOTS].append(phone)
        self.phones.append(phone)
        return phone

    # --- callers -----------------------------------------------------------------------------------------------

    def talk_by(self, habit: Habit | None) -> None:
        """Every caller takes up a habit, or falls silent after what is being said."""
        for phone in self.phones:
            phone.talk_by(habit)

    async def hush(self) -> None:
        """Nobody speaks any more, and every answer was heard to its end."""
        self.talk_by(None)
        await self.until(lambda: all(self._is_quiet(phone) for phone in self.phones), "silence on all calls", 30_000)

    def _is_quiet(self, phone: Phone) -> bool:
        is_answered = not phone.is_waiting or phone.has_lost_patience
        return not phone.is_speaking and is_answered and phone.earpiece.plays_until < self.clock.now()

    def forget(self) -> None:
        """Measure from here."""
        self.turns.forget()
        self._lateness = array("q")
        for phone in self.phones:
            phone.forget()

    @property
    def late_ms_p99(self) -> float:
        """How late the load sent its own frames since `forget`: beyond a few ms it measures itself."""
        return to_ms(percentile(self._lateness, 99) or 0)

    # --- time --------------------------------------------------------------------------------------------------

    async def pause(self, duration_ms: int) -> None:
        """Let the calls go on for so long."""
        over = asyncio.Event()
        self.clock.call_at(self.clock.now() + ms_to_ns(duration_ms), over.set)
        await over.wait()

    async def until(self, is_reached: Callable[[], bool], what: str, limit_ms: int = 15_000) -> None:
        """Let the calls go on until something is so. Raises `BenchError`."""
        limit_at = self.clock.now() + ms_to_ns(limit_ms)
        while not is_reached():
            if self.clock.now() > limit_at:
                raise BenchError(f"waited {limit_ms} ms in vain for {what}")
            await self.pause(POLL_MS)

    def _tick(self) -> None:
        """Serve every slot that is due."""
        while self._next_at <= self.clock.now() and not self._is_over:
            phones = self._slots[self._slot]
            if phones:
                self._lateness.append(self.clock.now() - self._next_at)
            for phone in phones:
                phone.tick(self._next_at)
            self._slot = (self._slot + 1) % SLOTS
            self._next_at += NS_PER_MS
        if not self._is_over:
            self.clock.call_at(self._next_at, self._tick)
