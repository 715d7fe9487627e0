"""Random stories told to the chart, in every order that can come about: what a caller would notice never happens.

Which events are possible is read from the chart; what the shell answers to orders is a model of it. Time passes in any
steps, and deadlines are met exactly, one nanosecond before and one after.
"""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from fsm.events import (
    CallEnded,
    CallerOccupied,
    CallerReturned,
    CallStarted,
    HangUpRequested,
    Occupation,
    PassageReached,
    ReplyFailed,
    Stage,
    Tick,
    ToolCall,
    ToolReturned,
    ToolsRequested,
)
from fsm.ignored import IGNORED
from fsm.profile import Phrases, Profile
from fsm.state import Mode
from fsm.units import ms_to_ns
from simulator.strategies.caller_moves import CallerMoves
from simulator.strategies.change_moves import ChangeMoves
from simulator.strategies.end_moves import EndMoves
from simulator.strategies.moves import (
    LATE,
    LATENESS_NS,
    PLACED,
    RARELY,
    RETRY_AFTER_MS,
    WAITS_NS,
    is_asking,
    is_old,
    is_owed,
    late_news,
    move,
)
from simulator.strategies.promises import settled_by_ms
from simulator.strategies.telling import Telling


class ChartMachine(CallerMoves, EndMoves, ChangeMoves, Telling, RuleBasedStateMachine):
    """A call as the chart sees it. `ChartMachine.of(profile).TestCase` is a test of your own profile.

    Rules are what callers, providers and clocks do; `Promises`, named after what a caller would notice, hold at every
    moment; at the end, when nobody says anything any more, the call ends by itself.
    """

    @classmethod
    def of(cls, profile: Profile | Mapping[str, int] | None = None, phrases: Phrases | None = None) -> Any:  # noqa: ANN401 - a subclass of this one; mypy knows no TestCase of it
        """The same machine for another profile (or a table of one, as in an agent's file) and other phrases."""
        if not isinstance(profile, Profile):
            profile = Profile.from_table(profile or {})
        return type("ChartMachine", (cls,), {"profile": profile, "phrases": phrases or cls.phrases})

    def __init__(self) -> None:
        super().__init__()
        self._words = 0
        self._tools = 0
        self._last_text = ""
        self.is_placed, self.voicemail, self.has_music = False, "", False
        self.open_call()

    @initialize(
        opens=st.sampled_from([True, True, True, False]),
        is_warm=st.sampled_from([True, True, False]),
        placed=st.sampled_from(PLACED),
        has_music=st.booleans(),
    )
    def the_call_comes_in(self, opens: bool, is_warm: bool, placed: tuple[bool, str], has_music: bool) -> None:
        """With its stream, or not yet; phrases are rendered, or have to be; or it is we who called."""
        self.is_placed, self.voicemail = placed
        self.has_music = has_music
        self.shell.are_phrases_rendered = is_warm
        if opens:
            self.the_line_opens()

    # --- time ------------------------------------------------------------------------------------------------

    @move(Tick, wait_ns=WAITS_NS, late_ns=LATENESS_NS)
    def time_passes(self, wait_ns: int, late_ns: int) -> None:
        """Deadlines fire meanwhile, in time or late."""
        self.let_time_pass(self.now + wait_ns, late_ns)

    @move(Tick, lambda self: self.shell.is_sounding)
    def the_phone_plays_it_all(self) -> None:
        """Time passes until the reply was heard as far as it came."""
        self.let_time_pass(self.shell.next_due() or self.now)

    @move(Tick, lambda self: self.state.deadlines.earliest() is not None, offset_ns=st.sampled_from([-1, 0, 1]))
    def a_deadline_is_near(self, offset_ns: int) -> None:
        """The next thing happens one nanosecond before a deadline, at its very instant, or before its late timer."""
        due = self.state.deadlines.earliest()
        assert due is not None
        self.stand_at(due + offset_ns)

    @move(CallStarted)
    def the_line_opens(self) -> None:
        self.feed(CallStarted("+15550001", "+15550002", self.is_placed, self.voicemail, self.has_music))

    # --- our side --------------------------------------------------------------------------------------------

    @move(None, is_asking, words=st.integers(1, 12))
    def the_model_says(self, words: int) -> None:
        """More text goes to the voice."""
        current = self.shell.current
        assert current is not None
        first = len(current.said)
        current.said += [f"reply{current.number}word{index}" for index in range(first, first + words)]

    @move(None, is_asking, words=st.integers(1, 12), is_all=st.booleans())
    def the_model_says_and_the_voice_speaks(self, words: int, is_all: bool) -> None:
        self.the_model_says(words)
        self.audio_arrives(1.0)
        if is_all and is_asking(self):
            self.the_model_is_through()

    @move(None, is_owed, share=st.sampled_from([1.0, 0.5, 0.1]))
    def audio_arrives(self, share: float) -> None:
        current = self.shell.current
        assert current is not None
        self.shell.voice(max(1, int(current.owed * share)), self.now)
        self.settle()

    @move(None, is_asking)
    def the_model_is_through(self) -> None:
        """It has said all it had to say, or nothing at all."""
        current = self.shell.current
        assert current is not None
        if current.said:
            self.shell.close()
            self.settle()
        else:
            current.is_asking = False
            self.feed(ReplyFailed(current.number, Stage.MODEL, "empty"))

    @move(ToolsRequested, is_asking, count=st.integers(1, 3))
    def the_model_asks_for_tools(self, count: int) -> None:
        current = self.shell.current
        assert current is not None
        current.is_asking, current.awaits_tools = False, True
        calls = tuple(ToolCall(f"call{self._tools + n}", "book", "{}") for n in range(count))
        self._tools += count
        self.feed(ToolsRequested(current.number, calls, " ".join(current.said[current.round_from :])))

    @move(
        ToolReturned,
        lambda self: bool(self.shell.running),
        which=st.integers(0, 5),
        failed=st.booleans(),
        ends=st.booleans(),
        again=st.booleans(),
    )
    def a_tool_returns(self, which: int, failed: bool, ends: bool, again: bool) -> None:
        call_id = self.shell.running[which % len(self.shell.running)][1]
        reply = self.shell.tool_returned(call_id)
        self.feed(ToolReturned(reply, call_id, "result", failed, ends_call=ends, ends_round=again and failed))

    @move(
        CallerOccupied,
        lambda self: bool(self.shell.running),
        kind=st.sampled_from(Occupation),
        at_most_ms=st.sampled_from([1_000, 30_000]),
    )
    def a_tool_gives_the_caller_something_to_do(self, kind: Occupation, at_most_ms: int) -> None:
        self.feed(CallerOccupied(kind, self.shell.running[-1][0], at_most_ms))

    @move(CallerReturned, lambda self: self.state.occupied is not None)
    def the_caller_is_ours_again(self) -> None:
        self.feed(CallerReturned())

    @move(ReplyFailed, is_asking, retryable=st.booleans(), retry_after_ms=RETRY_AFTER_MS)
    def the_model_fails(self, retryable: bool, retry_after_ms: int) -> None:
        current = self.shell.current
        assert current is not None
        current.is_asking = False
        self.feed(ReplyFailed(current.number, Stage.MODEL, "closed", retryable, retry_after_ms))

    @move(ReplyFailed, is_owed, retryable=st.booleans())
    def the_voice_fails(self, retryable: bool) -> None:
        current = self.shell.current
        assert current is not None
        current.is_mute = True
        self.feed(ReplyFailed(current.number, Stage.VOICE, "closed", retryable))

    @move(PassageReached, lambda self: self.shell.is_sounding)
    def a_passage_begins_or_ends(self) -> None:
        """The caller comes to something that nobody may interrupt, or has heard it."""
        self.feed(PassageReached(self.state.reply, not self.state.is_protected))

    # --- the end, and what comes too late ----------------------------------------------------------------------

    @move(HangUpRequested, is_old, chance=RARELY)
    def somebody_wants_it_over(self, chance: int) -> None:
        if not chance:
            self.feed(HangUpRequested("drain"))

    @move(CallEnded, is_old, chance=RARELY)
    def the_caller_hangs_up(self, chance: int) -> None:
        if chance:
            return
        heard = "" if self.state.mode is Mode.LISTENING else self.shell.line_closed(self.now)
        self.feed(CallEnded("hung up", heard))

    @rule(which=LATE)
    def something_comes_too_late(self, which: int) -> None:
        """The news of the reply before this one: it changes nothing."""
        mode, late = self.state.mode, late_news(self.state.reply - 1)[which]
        if mode is Mode.CONNECTING or IGNORED.get((mode, type(late).__name__), "").startswith("cannot happen"):
            return
        self.nothing_follows_from(late)

    def teardown(self) -> None:
        """Nobody says or does anything any more: the call ends by itself, in good time."""
        self.let_time_pass(self.now + ms_to_ns(settled_by_ms(self.profile)))
        assert self.state.mode is Mode.ENDED, f"the call never ends: {self.state}"
        self.every_promise_is_kept()
