"""The shell as the machine may rely on it: what it answers to each order, and what a caller hears meanwhile.

A model of `agent.mouth`, `agent.playout`, `agent.reply` and `agent.errands` in words instead of samples: each word
sounds for `WORD_NS`. It keeps the truth (what really sounded) beside what it reports, and notes every order that the
real shell would have to refuse.
"""

from collections.abc import Callable

from fsm.effects import (
    CancelReply,
    ContinueReply,
    DraftReply,
    DropDraft,
    DuckPlayout,
    Effect,
    EndCall,
    Fill,
    FinishReply,
    HoldPlayout,
    PlayMusic,
    Recite,
    ResumePlayout,
    RunTool,
    StartReply,
)
from fsm.events import Event, PlayoutDrained, PlayoutDucked, PlayoutFinished, PlayoutHeld, ReplyAudioStarted
from simulator.strategies.spoken import WORD_NS, Spoken, wait_filled_ns


class ShellModel:
    """Performs orders, and feeds what comes of them; `feed` takes the events, in order.

    `refused` are orders that make no sense to a shell, each with the reason; `replies` all that was ever begun.
    """

    def __init__(self, feed: Callable[[Event], None]) -> None:
        self.replies: list[Spoken] = []
        self.refused: list[str] = []
        self.ran: list[str] = []
        self.running: list[tuple[int, str]] = []
        """Tools that did not return yet: who asked, and the call's id."""
        self.ended_by: list[EndCall] = []
        self.are_phrases_rendered = True
        """Whether fixed text has its audio at once, as it has once a server is warm."""
        self.last_sound_at = 0
        """When (ns) anything of ours was last audible."""
        self.draft: Spoken | None = None
        """What is prepared and heard by nobody; `drafted_for` are the caller's words that it answers."""
        self.drafted_for = ""
        self.dropped_drafts: list[int] = []
        self._feed = feed
        self._kept: list[Event] = []
        self._current: Spoken | None = None
        self._is_held = self._is_ducked = False
        self._since: int | None = None
        self._filler_until = 0

    # --- what is so -----------------------------------------------------------------------------------------

    @property
    def current(self) -> Spoken | None:
        """The reply that may still be said."""
        return self._current

    @property
    def is_sounding(self) -> bool:
        """Whether words of a reply are audible."""
        return self._since is not None

    @property
    def is_held(self) -> bool:
        """Whether the phone was silenced, and the reply kept."""
        return self._is_held

    def next_due(self) -> int | None:
        """When (ns) the phone will have played all it has."""
        return None if self._since is None or self._current is None else self._since + self._current.left_ns

    # --- orders ---------------------------------------------------------------------------------------------

    def perform(self, order: Effect, now: int) -> None:
        """Do what the machine orders."""
        match order:
            case StartReply() | DraftReply() | DropDraft():
                self._ask(order, now)
            case Recite(reply, _, text):
                self._recite(Spoken(reply, text.split(), is_closed=True), now)
            case ContinueReply(reply):
                self._continue(reply)
            case FinishReply(reply):
                self._finish(reply)
            case CancelReply():
                self._drop(now)
            case _:
                self._perform_more(order, now)

    def _ask(self, order: StartReply | DraftReply | DropDraft, now: int) -> None:
        match order:
            case StartReply(reply, _, is_drafted):
                if is_drafted:
                    self._adopt(reply, now)
                else:
                    self._begin(Spoken(reply, is_asking=True), now)
            case DraftReply(reply, _, text):
                if self.draft is not None:
                    self.refused.append(f"draft {reply} while there is draft {self.draft.number}")
                self.draft, self.drafted_for = Spoken(reply, is_asking=True), text
            case DropDraft(reply):
                if self.draft is None or self.draft.number != reply:
                    self.refused.append(f"drop draft {reply}, which there is not")
                self.dropped_drafts.append(reply)
                self.draft, self._kept = None, []

    def _perform_more(self, order: Effect, now: int) -> None:
        match order:
            case HoldPlayout(reply):
                self._hold(reply, now)
            case DuckPlayout(reply):
                self._duck(reply, now)
            case ResumePlayout(reply):
                self._resume(reply, now)
            case Fill() | PlayMusic():
                if self._since is None and not self._is_held and self._filler_until <= now:
                    self._filler_until = self.last_sound_at = now + wait_filled_ns(order)
            case RunTool(reply, call):
                self._named(reply, f"run tool {call.name}")
                self.ran.append(call.call_id)
                self.running.append((reply, call.call_id))
            case EndCall():
                self.ended_by.append(order)

    def _adopt(self, reply: int, now: int) -> None:
        """What was kept of the draft happens now."""
        if self.draft is None or self.draft.number != reply:
            self.refused.append(f"adopt draft {reply}, which there is not")
            return
        spoken, self.draft, kept, self._kept = self.draft, None, self._kept, []
        self._begin(spoken, now)
        self._go_on(now)
        for event in kept:
            self._feed(event)

    def keep(self, event: Event) -> None:
        """A draft's own events are no facts before it is adopted."""
        self._kept.append(event)

    def _named(self, reply: int, order: str) -> Spoken | None:
        """The present reply, if an order means it; else the order is noted as one that a shell has to refuse."""
        if self._current is None or self._current.number != reply:
            self.refused.append(f"{order} of reply {reply}, which was withdrawn")
            return None
        return self._current

    def _begin(self, spoken: Spoken, now: int) -> None:
        self.play(now)
        if self._since is not None:
            self.refused.append(f"begin reply {spoken.number} while reply {self.replies[-1].number} sounds")
        if self.replies and self.replies[-1].number >= spoken.number:
            self.refused.append(f"begin reply {spoken.number} after {self.replies[-1].number}")
        self._drop_reply()
        self._current = spoken
        self.replies.append(spoken)

    def _recite(self, spoken: Spoken, now: int) -> None:
        self._begin(spoken, now)
        if self.are_phrases_rendered:
            self.voice(len(spoken.said), now)

    def _continue(self, reply: int) -> None:
        spoken = self._named(reply, "continue")
        if spoken is not None:
            if not spoken.awaits_tools:
                self.refused.append(f"continue reply {reply}, which waits for no tool")
            spoken.awaits_tools, spoken.is_asking = False, True
            spoken.round_from = len(spoken.said)

    def _finish(self, reply: int) -> None:
        spoken = self._named(reply, "finish")
        if spoken is not None:
            spoken.is_closed, spoken.awaits_tools = True, False
            self._tell()

    def _hold(self, reply: int, now: int) -> None:
        self.play(now)
        if not self.replies or self.replies[-1].number != reply:
            self.refused.append(f"hold reply {reply}, which is not the latest")
            return
        self._is_held, self._since, self._filler_until = True, None, 0
        self._feed(PlayoutHeld(reply, *self._heard()))

    def _heard(self) -> tuple[str, bool]:
        """What was heard of the present reply, and whether that is all of it."""
        spoken = self._current
        heard = "" if spoken is None else spoken.heard
        return heard, spoken is not None and spoken.has_all_audio and heard == " ".join(spoken.said)

    def _duck(self, reply: int, now: int) -> None:
        self.play(now)
        spoken = self._named(reply, "duck")
        if spoken is not None:
            self._is_ducked = True
            self._unhold(spoken, now)
            self._feed(PlayoutDucked(reply, *self._heard()))

    def _resume(self, reply: int, now: int) -> None:
        self.play(now)
        spoken = self._named(reply, "resume")
        if spoken is not None and (self._is_held or self._is_ducked):
            self._is_ducked = False
            self._unhold(spoken, now)
            self._go_on(now)

    def _unhold(self, spoken: Spoken, now: int) -> None:
        if self._is_held:
            self._is_held = False
            spoken.sounded_ns -= spoken.sounded_ns % WORD_NS
            self._go_on(now)

    def _drop(self, now: int) -> None:
        self.play(now)
        self._is_held = self._is_ducked = False
        self._filler_until = 0
        self._drop_reply()

    def _drop_reply(self) -> None:
        if self._current is not None:
            self._current.is_withdrawn = not self._current.is_over
        self._current, self._since = None, None

    # --- what the phone plays -------------------------------------------------------------------------------

    def voice(self, words: int, now: int) -> None:
        """Audio of that many words of the present reply arrives."""
        assert self._current is not None
        assert words <= self._current.owed
        self.play(now)
        self._current.voiced += words
        self._go_on(now)

    def close(self) -> None:
        """The model has said all of the present reply."""
        assert self._current is not None
        self._current.is_asking, self._current.is_closed = False, True
        self._tell()

    def _go_on(self, now: int) -> None:
        """Play what there is, unless the phone is to be silent."""
        spoken = self._current
        if spoken is None or self._is_held:
            return
        if spoken.left_ns and self._since is None:
            self._since, self._filler_until = now, 0
            spoken.owes_started = not spoken.is_part_open
            spoken.is_part_open = True
        if spoken.owes_started and not self._is_ducked:
            spoken.owes_started = False
            self._feed(ReplyAudioStarted(spoken.number))
        self._tell()

    def play(self, now: int) -> None:
        """Let the phone play until `now`."""
        spoken = self._current
        if spoken is None or self._since is None:
            return
        played_ns = min(now - self._since, spoken.left_ns)
        spoken.sounded_ns += played_ns
        self._since += played_ns
        self.last_sound_at = max(self.last_sound_at, self._since)
        self._tell()

    def _tell(self) -> None:
        """Report that the phone ran dry, or is through, each once; while the floor is in dispute nothing is told."""
        spoken = self._current
        if spoken is None or self._is_held or spoken.left_ns or spoken.is_over:
            return
        self._since = None
        if self._is_ducked:
            return
        if spoken.has_all_audio:
            spoken.is_over, spoken.is_part_open = True, False
            self._feed(PlayoutFinished(spoken.number, " ".join(spoken.said)))
        elif spoken.is_part_open:
            spoken.is_part_open = False
            self._feed(PlayoutDrained(spoken.number, spoken.heard))

    # --- tools and the end ----------------------------------------------------------------------------------

    def tool_returned(self, call_id: str) -> int:
        """Note that a tool is through; who asked for it."""
        (reply,) = (reply for reply, running in self.running if running == call_id)
        self.running.remove((reply, call_id))
        return reply

    def line_closed(self, now: int) -> str:
        """The stream is gone; what was heard of the present reply."""
        self.play(now)
        heard = "" if self._current is None else self._current.heard
        self._drop(now)
        return heard
