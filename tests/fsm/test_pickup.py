"""Who picked up a call that we placed, as stories: people, machines, screeners, and what heals a wrong judgement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm.answerer import Answerer, answerer_by
from fsm.effects import CancelReply, EndCall, FinalizeTranscript, HoldPlayout, Recite
from fsm.events import (
    AnswererReported,
    BeepHeard,
    CallStarted,
    EarsFailed,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    TurnEnded,
    WordsHeard,
)
from fsm.meeting import LEFT
from fsm.profile import Phrases
from fsm.state import Mode
from fsm.transcript import Message
from fsm.units import ms_to_ns
from tests.fsm.timeline import Timeline

LISTENING, THINKING, SPEAKING, BARGE_IN, ENDED = list(Mode)[1:]
GREETING = Phrases().greeting
MESSAGE = "This is Willow Street Practice. Please call us back."
VOICEMAIL = "Hi, you've reached Ada. Please leave a message after the tone."


def dialled(voicemail: str = MESSAGE) -> Timeline:
    """A call that somebody picks up at 1,000 ms."""
    return Timeline().at(1_000, CallStarted("+1", "+2", is_placed=True, voicemail=voicemail)).expect(LISTENING)


def sounding(t: Timeline, from_ms: int, to_ms: int, words: str = "") -> Timeline:
    """They sound; edges and words come as late as they usually do."""
    t.at(from_ms + 100, SpeechStarted(ms_to_ns(from_ms)))
    t.at(to_ms + 200, SpeechStopped(ms_to_ns(to_ms)))
    return t.at(to_ms + 400, WordsHeard(words, is_final=True)) if words else t


# --- people


def test_a_person_is_greeted_half_a_second_after_their_hello() -> None:
    t = sounding(dialled(), 1_500, 2_000, "Hello?")
    t.until(2_449).expect(LISTENING).until(2_450).expect(THINKING, Recite(1, 0, GREETING))
    assert (t.state.answerer, t.state.answerer_by) == (Answerer.HUMAN, "a hello")
    assert t.state.transcript == (Message("user", "Hello?"),)


def test_somebody_who_says_nothing_is_greeted_after_a_second() -> None:
    dialled().until(1_999).expect(LISTENING).until(2_000).expect(THINKING, Recite(1, 0, GREETING))


def test_a_person_whose_words_do_not_come_is_greeted_all_the_same() -> None:
    sounding(dialled(), 1_500, 2_000).until(2_700).expect(THINKING, Recite)


def test_a_receptionist_who_greets_at_length_is_no_machine() -> None:
    t = dialled().at(1_600, SpeechStarted(ms_to_ns(1_500)))
    t.at(3_500, WordsHeard("Willow Street Practice, this is Maria, how can I help", is_final=False))
    t.at(5_200, SpeechStopped(ms_to_ns(5_000))).until(5_449).expect(LISTENING).until(5_450).expect(THINKING, Recite)


def test_a_long_greeting_without_a_machines_words_is_met_once_it_is_silent() -> None:
    t = dialled("").at(1_600, SpeechStarted(ms_to_ns(1_500))).until(4_200)
    assert t.state.answerer is Answerer.MACHINE
    t.at(5_200, SpeechStopped(ms_to_ns(5_000))).until(6_499).expect(LISTENING)
    t.until(6_500).expect(THINKING, Recite(1, 0, GREETING))


def test_words_of_a_person_who_picked_up_are_no_turn_yet() -> None:
    t = dialled().at(1_600, SpeechStarted(ms_to_ns(1_500))).at(2_000, TurnEnded("Hello, who is")).expect(LISTENING)
    assert t.state.turn == 0


def test_a_lost_transcriber_changes_nothing_about_who_picked_up() -> None:
    t = dialled().at(1_200, EarsFailed("closed")).expect(LISTENING)
    sounding(t, 1_500, 2_000).until(2_700).expect(THINKING, Recite(1, 0, GREETING))


# --- machines


def test_a_machine_is_told_the_message_at_its_beep_and_the_call_ends() -> None:
    t = sounding(dialled(), 1_500, 5_500, VOICEMAIL).until(6_400).expect(LISTENING)
    assert (t.state.answerer, t.state.answerer_by) == (Answerer.MACHINE, "words")
    t.at(6_900, BeepHeard(ms_to_ns(6_900))).until(6_900).expect(THINKING, Recite(1, 0, MESSAGE))
    t.at(6_920, ReplyAudioStarted(1)).at(10_000, PlayoutFinished(1, MESSAGE)).expect(ENDED, EndCall(LEFT))


def test_a_machine_whose_beep_nobody_hears_is_told_the_message_all_the_same() -> None:
    sounding(dialled(), 1_500, 5_500, VOICEMAIL).until(7_999).expect(LISTENING).until(8_000).expect(THINKING, Recite)


def test_a_machine_without_a_message_for_it_is_left_without_a_word() -> None:
    t = sounding(dialled(""), 1_500, 5_500, VOICEMAIL).until(5_900).expect(ENDED, EndCall("a machine answered"))
    assert not any(isinstance(effect, Recite) for effect in t.effects)


def test_a_full_mailbox_is_told_nothing() -> None:
    t = sounding(dialled(), 1_500, 3_500, "The mailbox is full. Goodbye.")
    t.until(3_900).expect(ENDED, EndCall("a machine answered"))


def test_a_machine_that_talks_for_ever_is_told_the_message_in_the_end() -> None:
    t = dialled().at(1_600, SpeechStarted(ms_to_ns(1_500))).at(4_000, WordsHeard(VOICEMAIL, is_final=True))
    t.until(45_999).expect(LISTENING).until(46_000).expect(THINKING, Recite(1, 0, MESSAGE))


def test_noise_without_end_is_no_one() -> None:
    t = dialled("").at(1_600, SpeechStarted(ms_to_ns(1_500))).until(45_999).expect(LISTENING)
    t.until(46_000).expect(ENDED, EndCall("a machine answered"))


def test_nobody_talks_the_message_to_a_machine_down() -> None:
    t = sounding(dialled(), 1_500, 5_500, VOICEMAIL).at(6_900, BeepHeard(ms_to_ns(6_900))).until(6_900)
    t.at(6_920, ReplyAudioStarted(1)).at(7_500, SpeechStarted(ms_to_ns(7_400))).expect(SPEAKING)
    t.at(7_900, WordsHeard("To send your message press one", is_final=True)).expect(SPEAKING)


# --- what heals


def test_a_beep_in_the_middle_of_our_greeting_begins_the_message() -> None:
    t = dialled().until(2_000).at(2_020, ReplyAudioStarted(1)).at(2_600, BeepHeard(ms_to_ns(2_600)))
    t.expect(BARGE_IN, HoldPlayout(1)).at(2_600, PlayoutHeld(1, "Hello, how")).expect(LISTENING, CancelReply(1))
    t.until(2_600).expect(THINKING, Recite(2, 0, MESSAGE))
    assert t.state.transcript == (Message("assistant", "Hello, how", cut=True),)


def test_a_beep_in_the_middle_of_the_message_begins_it_again_but_not_for_ever() -> None:
    t = sounding(dialled(), 1_500, 5_500, VOICEMAIL).until(8_000)
    for reply in (1, 2):
        t.at(8_000 + 1_000 * reply, ReplyAudioStarted(reply)).at(8_500 + 1_000 * reply, BeepHeard(0))
        t.expect(BARGE_IN, HoldPlayout(reply)).feed(PlayoutHeld(reply, "This is"), t.state.now)
        t.until(8_500 + 1_000 * reply).expect(THINKING, Recite(reply + 1, 0, MESSAGE))
    t.at(11_000, ReplyAudioStarted(3)).at(11_500, BeepHeard(0)).expect(SPEAKING)


def test_a_machine_taken_for_a_person_gives_itself_away() -> None:
    t = sounding(dialled(), 1_500, 2_000, "Hi.").until(2_450).at(2_500, ReplyAudioStarted(1))
    t.at(2_900, SpeechStarted(ms_to_ns(2_800))).expect(BARGE_IN, HoldPlayout).at(2_900, PlayoutHeld(1, "Hello,"))
    t.at(3_900, WordsHeard("you've reached Ada", is_final=False)).expect(LISTENING, HoldPlayout, CancelReply)
    t.at(5_000, SpeechStopped(ms_to_ns(4_800))).expect(LISTENING, FinalizeTranscript)
    t.at(5_900, BeepHeard(0)).until(5_900).expect(THINKING, Recite(2, 0, MESSAGE))


def test_later_in_a_conversation_a_beep_is_only_a_beep() -> None:
    t = sounding(dialled(), 1_500, 2_000, "Hello?").until(2_450).at(2_500, ReplyAudioStarted(1))
    t.at(4_000, PlayoutFinished(1, GREETING))
    for turn in (1, 2, 3):
        now = 5_000 * turn
        t.at(now, TurnEnded(f"I would like a room for {turn}")).at(now + 500, ReplyAudioStarted(1 + turn))
        t.at(now + 3_000, PlayoutFinished(1 + turn, "Fine."))
    t.at(18_500, BeepHeard(0)).expect(LISTENING)


def test_who_called_us_is_never_taken_for_a_machine() -> None:
    t = Timeline().at(0, CallStarted("+1", "+2")).at(20, ReplyAudioStarted(1)).at(1_000, PlayoutFinished(1, GREETING))
    t.at(1_500, WordsHeard(VOICEMAIL, is_final=True)).at(1_600, BeepHeard(0)).expect(LISTENING)
    assert t.state.answerer is Answerer.CALLER


# --- screening, and the telephone network's word


def test_a_screening_machine_is_told_who_calls_and_the_person_is_greeted_then() -> None:
    t = sounding(dialled(), 1_500, 4_500, "Please say your name and why you're calling.").until(5_200)
    t.expect(THINKING, Recite(1, 0, GREETING)).at(5_250, ReplyAudioStarted(1)).at(7_000, PlayoutFinished(1, GREETING))
    t.expect(LISTENING).until(20_000).expect(LISTENING)
    sounding(t, 20_500, 22_000, "Thank you, please stay on the line.").until(30_000).expect(LISTENING)
    sounding(t, 31_000, 31_500, "Hello?").until(31_950).expect(THINKING, Recite(2, 0, GREETING))


def test_the_network_says_that_the_machine_records_now() -> None:
    t = dialled().at(1_600, SpeechStarted(ms_to_ns(1_500))).at(8_000, AnswererReported(True, has_beeped=True))
    t.until(8_000).expect(THINKING, Recite(1, 0, MESSAGE))


def test_a_machine_by_the_networks_word_is_given_time_to_beep() -> None:
    t = sounding(dialled(), 1_500, 3_000).at(3_300, AnswererReported(is_machine=True)).until(5_499).expect(LISTENING)
    t.until(5_500).expect(THINKING, Recite(1, 0, MESSAGE))


def test_words_outweigh_the_networks_word() -> None:
    t = dialled().at(1_200, AnswererReported(is_machine=False))
    assert sounding(t, 1_500, 5_500, VOICEMAIL).until(6_000).state.answerer is Answerer.MACHINE


# --- words


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("Hello?", Answerer.HUMAN),
        ("Joe speaking.", Answerer.HUMAN),
        ("Hello, you have reached Willow Street, how can I help you?", Answerer.HUMAN),
        ("She's out, can I take a message?", Answerer.HUMAN),
        ("Hi, you\N{RIGHT SINGLE QUOTATION MARK}ve reached Bob.", Answerer.MACHINE),
        ("Please leave your name and the reason for your call after the tone.", Answerer.MACHINE),
        ("The number you dialled has been forwarded to an automated voice messaging system.", Answerer.MACHINE),
        ("Please state your name after the tone and we will try to connect you.", Answerer.SCREENER),
        ("If you record your name and reason for calling, I'll see if this person is available.", Answerer.SCREENER),
        ("Willow Street Practice", Answerer.UNKNOWN),
        ("", Answerer.UNKNOWN),
    ],
)
def test_words_tell_who_answers(words: str, who: Answerer) -> None:
    assert answerer_by(words) is who


# --- whatever happens

SOUNDS = st.lists(
    st.tuples(st.integers(20, 3_000), st.integers(60, 6_000), st.sampled_from(["", "Hello?", VOICEMAIL, "Okay then"])),
    max_size=12,
)


@given(sounds=SOUNDS, voicemail=st.sampled_from(["", MESSAGE]), beeps=st.sets(st.integers(0, 12), max_size=3))
def test_somebody_is_greeted_told_or_left_within_a_minute(
    sounds: list[tuple[int, int, str]], voicemail: str, beeps: set[int]
) -> None:
    t = dialled(voicemail)
    now = 1_000
    for index, (gap_ms, length_ms, words) in enumerate(sounds):
        sounding(t, now + gap_ms + 400, now + gap_ms + 400 + length_ms, words)
        now += gap_ms + length_ms + 1_000
        if index in beeps:
            t.at(now, BeepHeard(ms_to_ns(now)))
    t.until(max(now, 48_000))
    first = next(effect for effect in t.effects if isinstance(effect, Recite | EndCall))
    assert isinstance(first, EndCall) or first.text in (GREETING, MESSAGE)
