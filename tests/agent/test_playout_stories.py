from itertools import cycle

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.playout import LEAD_MS, Playout
from agent.ports import Alignment
from agent.volume import APPEAR_SAMPLES
from fsm.events import PlayoutDrained, PlayoutFinished, ReplyAudioStarted
from fsm.units import ms_to_ns, ms_to_samples
from tests.agent.model_phone import ModelPhone
from tests.agent.playout_script import Script, is_a_rendering
from tests.fakes import ManualClock

FILLER = 0xFE
FILLER_SOUNDS = bytes([0xFE, 0xFF])
"""A filler, as it is and faded."""


class Stories(RuleBasedStateMachine):
    @initialize(delay_ms=st.sampled_from([0, 20, 75, 150]), returns_marks=st.booleans())
    def open(self, delay_ms: int, returns_marks: bool) -> None:
        self.clock = ManualClock()
        self.delay_ms = delay_ms
        self.phone = ModelPhone(self.clock, self._on_mark, delay_ms=delay_ms, returns_marks=returns_marks)
        self.playout = Playout(self.phone)
        self.script: Script | None = None
        self.held = self.ducked = self.was_touched = False
        self.over = False
        self.replies = 0
        self.news: list[object] = []
        self.sent_before = 0
        self.due: int | None = None

    def _on_mark(self, name: str) -> None:
        self.playout.on_mark(name, self.clock.now())
        self._work()

    def _work(self) -> None:
        now = self.clock.now()
        self.playout.pump(now)
        while (news := self.playout.poll(now)) is not None:
            self._note(news)
        self.due = self.playout.next_due(now)
        assert self.due is None or self.due > now, "what is due now was just done"
        if self.due is not None:
            self.clock.call_at(self.due, self._work)

    def _note(self, news: object) -> None:
        assert self.script is not None
        assert not self.over, "nothing follows the end"
        assert not self.held, "what happens to a silenced reply is told later"
        assert not self.ducked, "and what happens to a disputed one"
        last = self.news[-1] if self.news else None
        if isinstance(news, ReplyAudioStarted):
            assert last is None or isinstance(last, PlayoutDrained)
        elif isinstance(news, PlayoutDrained):
            assert isinstance(last, ReplyAudioStarted)
            assert self.script.agrees(news.heard, self.script.pushed)
        else:
            assert isinstance(news, PlayoutFinished)
            assert self.script.finished
            assert news.text == self.script.text
            self.over = True
        self.news.append(news)

    def _reply_heard(self) -> bytes:
        return self.phone.heard()[self.sent_before :].translate(None, FILLER_SOUNDS)

    @precondition(lambda self: self.script is None)
    @rule(
        word_samples=st.lists(st.integers(400, 5_000), min_size=1, max_size=10),
        piece_samples=st.lists(st.integers(1, 12_000), min_size=1, max_size=6),
    )
    def begin(self, word_samples: list[int], piece_samples: list[int]) -> None:
        self.clock.advance(2 * self.delay_ms)
        self.replies += 1
        self.script = Script(self.replies, word_samples, piece_samples)
        self.held = self.ducked = self.was_touched = self.over = False
        self.news.clear()
        self.sent_before = len(self.phone.heard())
        self.playout.begin(self.replies)
        self.playout.note_text(self.script.text)
        self._work()

    @precondition(lambda self: self.script and self.script.pushed < len(self.script.audio))
    @rule()
    def push(self) -> None:
        script = self.script
        assert script is not None
        begin = script.pushed
        script.pushed = min(len(script.audio), begin + script.piece_samples[begin % len(script.piece_samples)])
        self.playout.push(script.audio[begin : script.pushed], script.alignment(begin, script.pushed))
        self._work()

    @precondition(
        lambda self: self.script and self.script.pushed == len(self.script.audio) and not self.script.finished
    )
    @rule()
    def finish(self) -> None:
        assert self.script is not None
        self.script.finished = True
        self.playout.finish()
        self._work()

    @rule(duration_ms=st.one_of(st.integers(1, 300), st.integers(300, 4_000)))
    def pass_time(self, duration_ms: int) -> None:
        self.clock.advance(duration_ms)

    @precondition(lambda self: self.script)
    @rule(samples=st.integers(1, 6_000), is_music=st.booleans())
    def fill(self, samples: int, is_music: bool) -> None:
        alignment = None if is_music else Alignment("a b", (0, samples // 3, samples // 2))
        self.playout.begin_filler(bytes([FILLER]) * samples, alignment, is_music=is_music)
        self._work()

    def _expect_heard(self, expected: bytes) -> None:
        """Sample by sample; at full volume as long as nobody turned it down."""
        heard = self._reply_heard()
        assert is_a_rendering(heard, expected)
        assert self.was_touched or heard == expected

    def _silenced(self, words: str) -> None:
        """The clear takes effect: what was claimed is the truth, and the next stretch begins where it must."""
        script = self.script
        assert script is not None
        self.clock.advance(self.delay_ms)
        heard = self._reply_heard()
        position = script.begins + len(heard) - len(script.expected)
        self._expect_heard(script.expected + script.audio[script.begins : position])
        script.expected += script.audio[script.begins : position]
        script.furthest = max(script.furthest, position)
        assert script.agrees(words, script.furthest)

    @precondition(lambda self: self.script and not self.held and not self.over)
    @rule()
    def hold(self) -> None:
        words = self.playout.hold(self.clock.now())
        self._work()
        self.held = True
        self._silenced(words)

    def _goes_on(self, repeated_before: int) -> None:
        """A reply that was silenced sounds again from the start of a word, or of the fade before it."""
        script = self.script
        assert script is not None
        script.begins = script.furthest - (self.playout.repeated_samples - repeated_before)
        if not script.is_mid_word(script.furthest):
            begins = script.word_start(script.furthest)
            if begins < script.pushed:
                begins = max(0, begins - APPEAR_SAMPLES)
            assert script.begins == begins, "at most the word in progress is repeated"
        self.held = False

    @precondition(lambda self: self.script and not self.over)
    @rule(by_db=st.sampled_from([0, 6, 12]))
    def duck(self, by_db: int) -> None:
        repeated_before = self.playout.repeated_samples
        words = self.playout.duck(self.clock.now(), by_db)
        assert words == self.playout.heard_text(self.clock.now())
        self.ducked = self.was_touched = True
        if self.held:
            self._goes_on(repeated_before)
        self._work()

    @precondition(lambda self: (self.held or self.ducked) and not self.over)
    @rule()
    def resume(self) -> None:
        repeated_before = self.playout.repeated_samples
        self.playout.resume(self.clock.now())
        self.ducked, self.was_touched = False, True
        if self.held:
            self._goes_on(repeated_before)
        self._work()

    @precondition(lambda self: self.script)
    @rule()
    def drop(self) -> None:
        script = self.script
        assert script is not None
        was_silent = self.held or self.over
        words = self.playout.drop(self.clock.now())
        sent = len(self.phone.sent)
        self.playout.push(script.audio[:100])
        self._work()
        assert len(self.phone.sent) == sent, "nothing of a dropped reply is sent"
        assert self.due is None
        if not was_silent:
            self._silenced(words)
        self.script = None
        self.held = self.ducked = False

    @precondition(lambda self: self.script and self.script.finished and not self.held and not self.ducked)
    @rule()
    def be_over(self) -> None:
        script = self.script
        assert script is not None
        self.clock.advance(60_000)
        assert self.over
        self._expect_heard(script.expected + script.audio[script.begins :])
        assert self.playout.in_flight_samples(self.clock.now()) == 0
        self.playout.drop(self.clock.now())
        self._work()
        self.script = None

    @invariant()
    def every_sample_is_accounted_for(self) -> None:
        if not hasattr(self, "playout"):
            return
        now, playout = self.clock.now(), self.playout
        assert (
            playout.pushed_samples + playout.repeated_samples
            == playout.played_samples(now)
            + playout.in_flight_samples(now)
            + playout.queued_samples
            + playout.cleared_samples
        )

    @invariant()
    def the_phone_is_never_far_ahead_of_the_ear(self) -> None:
        if hasattr(self, "playout"):
            assert self.playout.in_flight_samples(self.clock.now()) <= ms_to_samples(LEAD_MS)


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking a story takes minutes: do it by hand
)


@given(
    jitters_ms=st.lists(st.integers(0, 100), min_size=1, max_size=50),
    held_at_ms=st.integers(300, 9_000),
    word_samples=st.lists(st.integers(1_300, 5_000), min_size=10, max_size=19),
)
@settings(deadline=None, max_examples=50)
def test_on_a_jittery_line_the_heard_text_is_within_a_word_of_the_truth(
    jitters_ms: list[int], held_at_ms: int, word_samples: list[int]
) -> None:
    clock = ManualClock()
    jitter = cycle(jitters_ms)

    def on_mark(name: str) -> None:
        playout.on_mark(name, clock.now())

    playout = Playout(phone := ModelPhone(clock, on_mark, jitter_ms=lambda: next(jitter)))
    script = Script(1, word_samples, [])
    playout.begin(1)
    playout.note_text(script.text)
    playout.push(script.audio, script.alignment(0, len(script.audio)))
    playout.finish()
    while clock.now() < ms_to_ns(held_at_ms):
        playout.pump(clock.now())
        clock.advance(20)
    words = playout.hold(clock.now())
    clock.advance(500)
    truth = script.words_heard(len(phone.heard()))
    assert abs(len(words.split()) - len(truth.split())) <= 1
