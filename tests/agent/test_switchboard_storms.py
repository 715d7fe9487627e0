"""Random stories on the switchboard: a call ends once and last, and nothing is left behind."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.media_stream import MediaStream
from tests.agent import stream_fakes as twilio_says
from tests.agent.switchboard_house import House


class Storm(RuleBasedStateMachine):
    """Calls come, break, resume and end in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House(max_calls=3)
        self.streams: list[MediaStream] = []

    @rule(call=st.sampled_from(["CA1", "CA2", "CA3", "CA4"]), token=st.sampled_from(["good", "good", "bad"]))
    def ring(self, call: str, token: str) -> None:
        stream, _ = self.house.ring(call, f"MZ{len(self.streams)}", token)
        self.streams.append(stream)

    @rule(call=st.sampled_from(["CA1", "CA2", "CA5"]))
    def webhook(self, call: str) -> None:
        self.house.board.reserve(call)

    @rule(call=st.sampled_from(["CA1", "CA2", "CA3"]))
    def after(self, call: str) -> None:
        self.house.board.next_for(call)

    @rule(call=st.sampled_from(["CA1", "CA2", "CA3"]))
    def completed(self, call: str) -> None:
        self.house.board.end_reported(call)

    @rule(which=st.integers(0, 9), code=st.sampled_from([1000, 1006]))
    def close(self, which: int, code: int) -> None:
        if which < len(self.streams):
            self.streams[which].on_close(code, "")

    @rule(which=st.integers(0, 9))
    def hang_up(self, which: int) -> None:
        if which < len(self.house.calls.made):
            self.house.calls.made[which].phone.hang_up()

    @rule(which=st.integers(0, 9))
    def speak(self, which: int) -> None:
        if which < len(self.streams):
            self.streams[which].on_message(twilio_says.digit("1"))

    @rule(duration_ms=st.sampled_from([100, 1_600, 12_000]))
    def wait(self, duration_ms: int) -> None:
        self.house.clock.advance(duration_ms)

    @invariant()
    def never_more_calls_than_allowed(self) -> None:
        assert self.house.board.active_calls <= 3

    @invariant()
    def a_call_ends_once_and_last(self) -> None:
        for call in self.house.calls.made:
            assert call.kinds.count("ended") <= 1
            assert "ended" not in call.kinds[:-1]

    @invariant()
    def active_calls_are_those_that_did_not_end(self) -> None:
        alive = [call.started.call_sid for call in self.house.calls.made if "ended" not in call.kinds]
        assert len(alive) == len(set(alive)) == self.house.board.active_calls

    def teardown(self) -> None:
        self.house.clock.advance(120_000)
        assert self.house.board.active_calls == 0
        assert self.house.clock.pending_count == 0


TestStorm = Storm.TestCase
TestStorm.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
