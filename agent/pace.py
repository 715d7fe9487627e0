"""The pace of one call's voice: what is to be played leaves in even steps, and what came of it is reported."""

from agent.clock import Clock
from agent.fence import Owner, fenced
from agent.pacer import URGENT_SAMPLES, Pacer
from agent.playout import Playout
from fsm.events import PassageReached, ReplyAudioStarted


class Pace:
    """Pumps a playout for as long as anything may come of it, and feeds its news to the call.

    `is_held` is for whoever holds it to set: a held playout needs no beat for what waits in it.
    """

    def __init__(self, playout: Playout, pacer: Pacer, clock: Clock, owner: Owner) -> None:
        self.owner = owner
        self.is_held = False
        self._playout = playout
        self._pacer = pacer
        self._clock = clock
        self._is_beating = False
        self._begins_at: int | None = None

    def move(self) -> None:
        """Send what cannot wait for the next beat: all else leaves in even steps, whatever happens between them."""
        now = self._clock.now()
        if not self._is_beating or self._playout.in_flight_samples(now) < URGENT_SAMPLES:
            self._playout.pump(now)
        self._tell(now)

    def on_mark(self, name: str, returned_at: int) -> None:
        """A mark came back from the phone, which sent it so as to be here at `returned_at` (ns)."""
        delay_ns = self._playout.on_mark(name, returned_at)
        if delay_ns is not None:
            self.stamp_heard(delay_ns // 2)
        self.move()

    def stamp_heard(self, way_ns: int = 0) -> None:
        """Note when the reply's first sound was heard: half a mark's round trip after its turn at the phone came."""
        if self._begins_at is not None:
            self.owner.stamp("heard", self._begins_at + way_ns)
            self._begins_at = None

    def forget_first_sound(self) -> None:
        """The reply is over: when its first sound is heard means nothing any more."""
        self._begins_at = None

    def stop(self) -> None:
        """The call is over."""
        self._pacer.remove(self._beat)

    @fenced
    def _beat(self, due_at: int) -> None:
        self._playout.pump(due_at)
        self._tell(self._clock.now())

    def _tell(self, now: int) -> None:
        """Report what the phone played; keep the beat for as long as anything may come."""
        while (news := self._playout.poll(now)) is not None:
            if isinstance(news, ReplyAudioStarted):
                self.owner.stamp("sent", now)
                self._begins_at = max(now, self._playout.begins_at())
            elif not isinstance(news, PassageReached):
                self.stamp_heard()
            self.owner.feed(news)
        if self._is_beating and self._playout.has_unsent_audio and not self.is_held:
            return  # as most of the time: there is more to send, and the beat goes on
        self._is_beating = self._playout.next_due(now) is not None
        if self._is_beating:
            self._pacer.add(self._beat)
        else:
            self._pacer.remove(self._beat)
