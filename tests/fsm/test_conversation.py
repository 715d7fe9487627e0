"""Random stories: whatever happens in whatever order, what a caller would notice never happens."""

from functools import partial

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fsm import guards
from fsm.chart import guard_named, machine
from fsm.effects import CancelReply, ContinueReply, EndCall, Recite, RunTool, StartReply
from fsm.events import (
    AnswererReported,
    BeepHeard,
    CallEnded,
    CallStarted,
    DigitPressed,
    EarsFailed,
    EarsRestored,
    Event,
    HangUpRequested,
    PlayoutDrained,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    ReplyFailed,
    SpeechStarted,
    SpeechStopped,
    Stage,
    Tick,
    ToolCall,
    ToolReturned,
    ToolsRequested,
    TurnEnded,
    TurnLikelyEnded,
    TurnResumed,
    WordsHeard,
)
from fsm.profile import Phrases, Profile
from fsm.rows import ROWS
from fsm.state import CallState, Mode, is_due
from fsm.step import begin, step
from fsm.transcript import is_valid
from fsm.units import NS_PER_MS

TEXTS = st.sampled_from(
    ["", "mm-hmm", "stop", "book it", "on Tuesday and", "yes", "Um.", "no I meant ten", "okay", "leave a message"]
)
WAITS_MS = st.sampled_from([0, 1, 20, 150, 400, 700, 1_500, 4_000, 30_000])
PICKUP = (
    BeepHeard(0),
    AnswererReported(is_machine=True),
    AnswererReported(is_machine=False),
    AnswererReported(is_machine=True, has_beeped=True),
)
REPLIES_AGO = st.sampled_from([0, 0, 0, 0, 1, 2])


class Model:
    """What a live `Machine` of the same rows asks: each guard, on the state that `step` decided on."""

    state: str

    def __init__(self) -> None:
        self.asked: tuple[CallState, Event, int] | None = None

        for row in ROWS:
            setattr(self, row["after"], lambda: None)
            if row["conditions"]:
                setattr(self, row["conditions"], partial(self._ask, guard_named(row["conditions"])))

    def _ask(self, guard: guards.Guard) -> bool:
        assert self.asked is not None
        return guard(*self.asked)


class Conversation(RuleBasedStateMachine):
    """Drives `step` and a live `Machine` of the same rows side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 5 * NS_PER_MS
        self.state = begin(Profile(max_call_ms=60_000), Phrases(), self.now)
        self.model = Model()
        self.machine = machine(self.model)
        self.open_replies: list[int] = []
        self.ran: list[str] = []
        self.calls = 0
        self.ends = 0

    @initialize(is_placed=st.booleans(), voicemail=st.sampled_from(["", "Please call us back."]))
    def call_starts(self, is_placed: bool, voicemail: str) -> None:
        self.feed(CallStarted("+1", "+2", is_placed, voicemail))

    def feed(self, event: Event) -> None:
        before = self.state
        self.state, effects = step(before, event, self.now)
        self.model.asked = (before, event, self.now)
        trigger = type(event).__name__
        if trigger in self.machine.events and self.machine.events[trigger].transitions.get(before.mode.name):
            getattr(self.model, trigger)()
        for effect in effects:
            match effect:
                case StartReply(reply=reply) | Recite(reply=reply):
                    self.open_replies = [*(r for r in self.open_replies if r >= reply), reply]
                case CancelReply(reply=reply):
                    self.open_replies = [r for r in self.open_replies if r != reply]
                case ContinueReply(reply=reply):
                    assert reply in self.open_replies, "a reply that was dropped goes on"
                case RunTool(reply=reply, call=call):
                    assert reply in self.open_replies, "a tool of a dropped reply runs"
                    self.ran.append(call.call_id)
                case EndCall():
                    self.ends += 1
                    self.open_replies = []

    def reply(self, ago: int) -> int:
        return max(1, self.state.reply - ago)

    @rule(wait_ms=WAITS_MS)
    def time_passes(self, wait_ms: int) -> None:
        end = self.now + wait_ms * NS_PER_MS
        for _ in range(2_000):
            due = self.state.deadlines.earliest()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.feed(Tick())
        else:
            raise AssertionError(f"deadlines fire without end in {self.state.mode}: {self.state.deadlines}")
        self.now = end

    @rule()
    def caller_sounds(self) -> None:
        self.feed(SpeechStarted(self.now - 80 * NS_PER_MS if self.now > 80 * NS_PER_MS else 0))

    @rule()
    def caller_falls_silent(self) -> None:
        self.feed(SpeechStopped(max(0, self.now - 200 * NS_PER_MS)))

    @rule(text=TEXTS, is_final=st.booleans(), speech_final=st.booleans())
    def words_arrive(self, text: str, is_final: bool, speech_final: bool) -> None:
        self.feed(WordsHeard(text, is_final, speech_final))

    @rule(event=st.sampled_from([TurnEnded("and Friday"), TurnEnded(""), TurnLikelyEnded("so"), TurnResumed()]))
    def transcriber_signals_a_turn(self, event: Event) -> None:
        self.feed(event)

    @rule(event=st.sampled_from([EarsFailed("closed"), EarsRestored(), DigitPressed("5"), Tick(), *PICKUP]))
    def something_else_happens(self, event: Event) -> None:
        if isinstance(event, Tick) and not is_due(self.state.deadlines.earliest(), self.now):
            return  # the shell ticks only when something is due
        self.feed(event)

    @rule(ago=REPLIES_AGO)
    def audio_leaves(self, ago: int) -> None:
        self.feed(ReplyAudioStarted(self.reply(ago)))

    @rule(ago=REPLIES_AGO)
    def the_phone_runs_dry(self, ago: int) -> None:
        self.feed(PlayoutDrained(self.reply(ago), "We have"))

    @rule(ago=REPLIES_AGO)
    def the_phone_finishes(self, ago: int) -> None:
        if self.state.mode in (Mode.SPEAKING, Mode.LISTENING, Mode.ENDED):
            self.feed(PlayoutFinished(self.reply(ago), "We have ten."))

    @rule(ago=REPLIES_AGO)
    def the_phone_is_silenced(self, ago: int) -> None:
        self.feed(PlayoutHeld(self.reply(ago), "We"))

    @rule(ago=REPLIES_AGO, stage=st.sampled_from(Stage), retryable=st.booleans())
    def a_provider_fails(self, ago: int, stage: Stage, retryable: bool) -> None:
        self.feed(ReplyFailed(self.reply(ago), stage, "closed", retryable))

    @rule(ago=REPLIES_AGO, count=st.integers(1, 3))
    def the_model_asks_for_tools(self, ago: int, count: int) -> None:
        if self.state.is_round_open and ago == 0:
            return  # a generation asks once
        calls = tuple(ToolCall(f"c{self.calls + n}", "book", "{}") for n in range(count))
        self.calls += count
        self.feed(ToolsRequested(self.reply(ago), calls, "Let me see."))

    @precondition(lambda self: self.state.pending_tools)
    @rule(which=st.integers(0, 5), ends=st.booleans(), failed=st.booleans())
    def a_tool_returns(self, which: int, ends: bool, failed: bool) -> None:
        tool = self.state.pending_tools[which % len(self.state.pending_tools)]
        self.feed(ToolReturned(tool.reply, tool.call_id, "result", failed, ends))

    @rule()
    def somebody_wants_it_over(self) -> None:
        self.feed(HangUpRequested("drain"))

    @rule(chance=st.integers(0, 9))
    def the_caller_hangs_up(self, chance: int) -> None:
        if chance == 0:
            self.feed(CallEnded("hung up"))

    @invariant()
    def never_two_replies_at_once(self) -> None:
        assert len(self.open_replies) <= 1

    @invariant()
    def no_tool_runs_twice(self) -> None:
        assert len(self.ran) == len(set(self.ran))

    @invariant()
    def the_model_is_never_sent_a_broken_transcript(self) -> None:
        assert is_valid(self.state.transcript)

    @invariant()
    def every_mode_is_left_by_a_deadline(self) -> None:
        assert self.state.mode is Mode.ENDED or self.state.deadlines.earliest() is not None

    @invariant()
    def the_call_ends_once(self) -> None:
        assert self.ends <= 1

    @invariant()
    def the_live_machine_agrees(self) -> None:
        assert self.model.state is self.state.mode or self.model.state == self.state.mode.name


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
