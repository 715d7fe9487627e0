"""The emulated ElevenLabs' sockets: buffering, pace, audio, alignment, contexts, the end."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.simulator.peers.elevenlabs_client import (
    BEGIN,
    LONG,
    Line,
    Studio,
    begin,
    close,
    say,
    words_in,
)

# --- buffering --------------------------------------------------------------------------------------------


def test_nothing_is_spoken_before_the_schedule_is_reached() -> None:
    line = Studio().open("stream-input").say(BEGIN, {"text": "x" * 60 + " "}, {"text": "y" * 56 + " "}, wait_ms=5_000)
    assert line.received() == []
    line.say({"text": "z "}, wait_ms=60_000)
    assert line.words().split()[0] == "x" * 60


def test_a_client_that_forgets_to_flush_gets_silence_until_the_timeout() -> None:
    line = Studio().open("stream-input", "inactivity_timeout=20").say(BEGIN, {"text": "Hello there. "}, wait_ms=19_999)
    assert line.received() == []
    line.clock.advance(1)
    assert line.error == "input_timeout_exceeded"
    assert line.wire.closed is not None
    assert line.wire.closed[0] == 1008


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("auto_mode=true", {"text": "Hello there. "}),
        ("", {"text": "Hello there. ", "flush": True}),
        ("", {"text": "Hello there, I can offer you ten or half past eleven. ", "try_trigger_generation": True}),
    ],
)
def test_auto_mode_flush_and_try_trigger_speak_at_once(query: str, message: dict[str, object]) -> None:
    line = Studio().open("stream-input", query).say(BEGIN, message, wait_ms=151)
    assert line.received()[0]["audio"]


def test_try_trigger_below_its_minimum_does_nothing() -> None:
    line = Studio().open("stream-input").say(BEGIN, {"text": "Hello. ", "try_trigger_generation": True}, wait_ms=5_000)
    assert line.received() == []


def test_the_schedule_of_the_first_message_counts_and_grows() -> None:
    config = {"generation_config": {"chunk_length_schedule": [50, 100]}}
    line = Studio().open("stream-input").say({**BEGIN, **config}, {"text": "a" * 49 + " "}, wait_ms=9_000)
    assert line.words() == "a" * 49
    line.say({"text": "b" * 55 + " "}, wait_ms=9_000)
    assert line.words() == "a" * 49
    line.say({"text": "c" * 55 + " "}, wait_ms=18_000)
    assert line.words().split() == ["a" * 49, "b" * 55, "c" * 55]


def test_a_schedule_leaves_the_last_word_until_it_is_whole() -> None:
    line = Studio().open("stream-input").say(BEGIN, {"text": "hello " * 20 + "Lon"}, wait_ms=1_000)
    line.say({"text": "don "}, {"text": ""}, wait_ms=60_000)
    assert line.words() == ("hello " * 20 + "London").strip()


def test_texts_without_a_final_blank_fuse_and_are_reported() -> None:
    studio = Studio()
    line = studio.open("stream-input").say(BEGIN, {"text": "Hello"}, {"text": "there"}, {"text": ""}, wait_ms=9_000)
    assert line.words() == "Hellothere"
    assert [complaint for complaint in studio.peer.complaints if "final blank" in complaint]


def test_closing_speaks_the_rest_then_is_final_then_close_1000() -> None:
    line = Studio().open("stream-input").say(BEGIN, {"text": "Hello there. "}, {"text": ""}, wait_ms=9_000)
    assert line.words() == "Hello there."
    assert line.received()[-1] == {"audio": None, "isFinal": True}
    assert line.wire.closed == (1000, "")
    assert line.clock.pending_count == 0


def test_an_empty_stream_ends_at_once() -> None:
    line = Studio().open("stream-input").say(BEGIN, {"text": ""})
    assert line.received() == [{"audio": None, "isFinal": True}]


# --- contexts ---------------------------------------------------------------------------------------------


def test_a_bare_flush_has_no_final_and_close_context_exactly_one() -> None:
    line = Studio().open().say(begin("a"), say("a", "Hello there. "), {"context_id": "a", "flush": True}, wait_ms=9_000)
    assert line.words("a") == "Hello there."
    assert not any(message["isFinal"] for message in line.received("a"))
    line.say(close("a"), wait_ms=9_000)
    assert [message["isFinal"] for message in line.received("a")].count(True) == 1
    assert line.wire.closed is None


def test_flush_done_is_a_message_of_no_schema() -> None:
    line = Studio(flush_done=True).open().say(say("a", "Hello. ", flush=True), wait_ms=9_000)
    assert line.received()[-1] == {"type": "flush_done", "contextId": "a"}


def test_audio_of_two_contexts_interleaves_and_stays_apart() -> None:
    line = Studio(frame_max_ms=200).open()
    line.say(say("a", LONG, flush=True), say("b", "Six seven eight. " * 5, flush=True), wait_ms=90_000)
    order = [message["contextId"] for message in line.received()]
    assert len([1 for one, two in itertools.pairwise(order) if one != two]) > 3
    assert (line.words("a"), line.words("b")) == (LONG.strip(), ("Six seven eight. " * 5).strip())


def test_after_a_barge_in_the_old_context_trails_and_its_id_can_be_used_again() -> None:
    line = Studio().open().say(say("a", LONG, flush=True), wait_ms=200)
    before = len(line.received("a"))
    line.say(close("a"), say("b", "Yes. ", flush=True), wait_ms=60_000)
    assert len(line.received("a")) > before + 1
    assert line.received("a")[-1]["isFinal"] is True
    line.say(say("a", "Again. ", flush=True), close("a"), wait_ms=9_000)
    assert line.words("a").endswith("Again.")
    assert [message["isFinal"] for message in line.received("a")].count(True) == 2


def test_closing_a_context_drops_what_was_not_flushed_unless_told() -> None:
    studio = Studio()
    line = studio.open().say(say("a", "Hello there. "), close("a"), wait_ms=9_000)
    assert (line.audio(), line.received()[-1]["isFinal"]) == (b"", True)
    assert "never flushed" in studio.peer.complaints[-1]
    kind = Studio(close_context_flushes=True).open().say(say("a", "Hello there. "), close("a"), wait_ms=9_000)
    assert kind.words("a") == "Hello there."


def test_text_after_close_context_is_reported_and_not_spoken() -> None:
    studio = Studio()
    line = studio.open().say(say("a", "One. ", flush=True), close("a"), say("a", "Two. ", flush=True), wait_ms=9_000)
    assert line.words() == "One."
    assert "after close_context" in studio.peer.complaints[-1]


def test_without_an_id_there_is_a_default_context() -> None:
    line = Studio().open().say({"text": "Hello. ", "flush": True}, {"close_context": True}, wait_ms=9_000)
    assert line.received()[-1] == {"audio": None, "isFinal": True, "contextId": None}
    assert line.words(None) == "Hello."


def test_the_sixth_context_ends_everything() -> None:
    line = Studio().open().say(*(begin(name) for name in "abcde"), say("a", LONG, flush=True), wait_ms=200)
    line.say(begin("f"))
    assert line.error == "max_active_conversations"
    assert line.wire.closed is not None
    assert line.wire.closed[0] == 1008
    assert line.clock.pending_count == 0


def test_a_closed_context_makes_room_for_a_new_one() -> None:
    line = Studio().open().say(*(begin(name) for name in "abcde"), close("c"), begin("f"))
    assert line.wire.closed is None


def test_close_socket_lets_flushed_contexts_finish() -> None:
    line = (
        Studio()
        .open()
        .say(say("a", "One two. ", flush=True), say("b", "Never. "), {"close_socket": True}, wait_ms=9_000)
    )
    assert line.words() == "One two."
    assert [message["contextId"] for message in line.received() if message["isFinal"]] == ["b", "a"]
    assert line.wire.closed == (1000, "")
    assert Studio().open().say({"close_socket": True}).wire.closed == (1000, "")


# --- properties -------------------------------------------------------------------------------------------


class Contexts(RuleBasedStateMachine):
    """Whatever a client does with five contexts, each hears its own words in order and ends once."""

    def __init__(self) -> None:
        super().__init__()
        self.studio = Studio()
        self.line: Line = self.studio.open(query="auto_mode=true&inactivity_timeout=180")
        self.said: dict[str, list[str]] = {}
        self.ended: dict[str, int] = {}
        self.count = 0

    @rule(name=st.sampled_from("abcde"))
    def speak(self, name: str) -> None:
        context = f"{name}{self.ended.get(name, 0)}"
        self.count += 1
        word = f"word{self.count}."
        self.said.setdefault(context, []).append(word)
        self.line.say(say(context, word + " "))

    @rule(name=st.sampled_from("abcde"))
    def close(self, name: str) -> None:
        context = f"{name}{self.ended.get(name, 0)}"
        if context in self.said:
            self.ended[name] = self.ended.get(name, 0) + 1
            self.line.say(close(context))

    @rule(wait_ms=st.integers(1, 3_000))
    def wait(self, wait_ms: int) -> None:
        self.line.clock.advance(wait_ms)

    @rule()
    def keep_alive(self) -> None:
        for context in self.said:
            if context[1:] == str(self.ended.get(context[0], 0)):
                self.line.say(say(context, ""))

    @invariant()
    def the_socket_lives(self) -> None:
        assert self.line.wire.closed is None

    def teardown(self) -> None:
        self.line.clock.advance(100_000)
        for context, words in self.said.items():
            assert self.line.words(context) == " ".join(words)
        finals = [message["contextId"] for message in self.line.received() if message["isFinal"]]
        assert sorted(finals) == sorted(f"{name}{i}" for name, count in self.ended.items() for i in range(count))
        self.line.socket.on_close()
        assert self.line.clock.pending_count == 0
        assert self.studio.peer.generating == 0


TestContexts = Contexts.TestCase
TestContexts.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_behaviour_may_be_replaced_while_a_socket_is_open() -> None:
    studio = Studio(first_byte_ms=100)
    line = studio.open().say(say("a", "One. ", flush=True), wait_ms=5_000)
    studio.peer.behaviour = replace(studio.peer.behaviour, first_byte_ms=400)
    line.say(say("b", "Two. ", flush=True), wait_ms=399)
    assert line.received("b") == []
    line.clock.advance(1)
    assert words_in(line.audio("b")) or line.received("b")
