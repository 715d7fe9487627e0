"""When the caller's turn is over, told as timelines: every piece of evidence moves the end, none holds it for ever."""

from hypothesis import given
from hypothesis import strategies as st

from agent.profiles import named_profile, profile_names
from fsm.effects import CancelReply, FinalizeTranscript, Recite, StartReply
from fsm.endpointing import longest_wait_ms, on_scale, wait_ms
from fsm.events import (
    CallStarted,
    DigitPressed,
    EarsFailed,
    EndOfTurnScored,
    PlayoutFinished,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    TurnEnded,
    TurnLikelyEnded,
    TurnResumed,
    WordsHeard,
)
from fsm.expectations import Expected, Kind
from fsm.profile import Profile
from fsm.state import CallState, Mode
from fsm.units import ms_to_ns
from fsm.utterance import Utterance
from fsm.values import replace
from tests.fsm.timeline import Timeline, listening

LISTENING, THINKING = Mode.LISTENING, Mode.THINKING


def asked(question: str, profile: Profile | None = None) -> Timeline:
    """A call whose greeting ended in a question, heard at 1,000 ms."""
    t = Timeline(profile).at(0, CallStarted("+1", "+2")).at(20, ReplyAudioStarted(1))
    return t.at(1_000, PlayoutFinished(1, question))


def says(t: Timeline, words: str, from_ms: int, to_ms: int) -> Timeline:
    """The caller speaks; the words are settled 150 ms after the last sound, the silence noticed after 200."""
    t.at(from_ms + 80, SpeechStarted(ms_to_ns(from_ms)))
    t.at(to_ms + 150, WordsHeard(words, is_final=True))
    return t.at(to_ms + 200, SpeechStopped(ms_to_ns(to_ms)))


def ends_at(t: Timeline, at_ms: int) -> None:
    t.until(at_ms - 1).expect(LISTENING)
    t.until(at_ms)
    assert t.state.mode is THINKING, f"still {t.state.mode}"


# --- the words -------------------------------------------------------------------------------------------------


def test_the_wait_counts_from_the_last_sound_however_late_the_words_come() -> None:
    t = listening().at(1_580, SpeechStarted(ms_to_ns(1_500))).at(2_200, SpeechStopped(ms_to_ns(2_000)))
    t.at(2_390, WordsHeard("I need an appointment.", is_final=True))
    ends_at(t, 2_400)


def test_a_sentence_that_hangs_in_the_air_is_waited_for_three_times_as_long() -> None:
    ends_at(says(listening(), "I would like to come on", 1_500, 2_000), 3_000)


def test_more_words_make_good_what_looked_unfinished() -> None:
    t = says(listening(), "I would like to come on", 1_500, 2_000)
    ends_at(says(t, "Tuesday.", 2_500, 2_900), 3_300)


def test_interim_words_need_no_final_once_the_transcriber_has_listened_past_the_last_sound() -> None:
    t = listening().at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(2_150, WordsHeard("I need an appointment", until=ms_to_ns(2_050))).at(2_200, SpeechStopped(ms_to_ns(2_000)))
    ends_at(t, 2_400)


def test_interim_words_of_a_transcriber_that_lags_wait_for_their_final() -> None:
    t = listening().at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(1_950, WordsHeard("I need an", until=ms_to_ns(1_800))).at(2_200, SpeechStopped(ms_to_ns(2_000)))
    t.at(2_390, WordsHeard("I need an appointment", until=ms_to_ns(1_990))).until(2_500)
    t.expect(LISTENING, FinalizeTranscript)
    t.at(2_550, WordsHeard("I need an appointment.", is_final=True)).until(2_600)
    assert t.state.mode is THINKING


# --- what was asked --------------------------------------------------------------------------------------------


def test_a_yes_to_a_closed_question_ends_the_turn_in_200_ms() -> None:
    ends_at(says(asked("Shall I book that?"), "Yeah.", 1_500, 1_800), 2_000)


def test_a_yes_that_goes_on_is_not_cut_off() -> None:
    ends_at(says(asked("Shall I book that?"), "Yes, but", 1_500, 1_900), 2_900)


def test_a_telephone_number_is_not_over_until_ten_digits_came() -> None:
    t = says(asked("What is your phone number?"), "five five five", 1_500, 2_300)
    t = says(t.until(3_500).expect(LISTENING), "one two three", 3_600, 4_300)
    t = says(t.until(5_500).expect(LISTENING), "four five six seven", 5_600, 6_500)
    ends_at(t, 6_700)


def test_a_number_that_never_comes_whole_ends_after_a_long_pause() -> None:
    ends_at(says(asked("What is your phone number?"), "five five five", 1_500, 2_300), 3_800)


def test_keys_count_as_the_digits_that_were_asked_for() -> None:
    t = asked("Please tell me the last four digits of your card.")
    for index, digit in enumerate("432"):
        t.at(1_500 + 500 * index, DigitPressed(digit))
    t.until(3_950).expect(LISTENING)
    t.at(3_960, DigitPressed("1"))
    ends_at(t, 4_160)


def test_an_answer_of_another_kind_is_taken_as_it_comes() -> None:
    ends_at(says(asked("What is your phone number?"), "I have none.", 1_500, 2_000), 2_400)


def test_asking_again_does_not_change_the_question() -> None:
    t = asked("What is your phone number?")
    t.until(11_000)
    assert t.state.is_recital
    t.at(11_100, ReplyAudioStarted(2)).at(12_000, PlayoutFinished(2, t.state.phrases.still_there))
    assert t.state.expected == Expected(Kind.DIGITS, 10)


# --- the transcriber's own signals -----------------------------------------------------------------------------


def test_a_guess_shortens_the_wait_and_taken_back_gives_it_back() -> None:
    t = says(listening(), "I need an appointment", 1_500, 2_000)
    ends_at(t.at(2_210, TurnLikelyEnded("I need an appointment", 100)), 2_280)
    t = says(listening(), "I need an appointment", 1_500, 2_000)
    t.at(2_210, TurnLikelyEnded("I need an appointment", 100)).at(2_250, TurnResumed())
    ends_at(t, 2_650)


def test_an_end_that_is_taken_back_is_the_callers_turn_again() -> None:
    t = says(listening(), "I need an appointment", 1_500, 2_000).at(2_250, TurnEnded("I need an appointment"))
    t.expect(THINKING, StartReply(2, 1)).at(2_300, TurnResumed()).expect(LISTENING, CancelReply(2))
    t.at(2_900, WordsHeard("I need an appointment on Tuesday.", is_final=True))
    t.until(3_400)
    assert t.state.turn == 1
    assert "on Tuesday" in t.state.transcript[-1].content


def test_an_end_taken_back_by_mistake_comes_again() -> None:
    t = says(listening(), "I need an appointment", 1_500, 2_000).at(2_250, TurnEnded("I need an appointment"))
    ends_at(t.at(2_300, TurnResumed()), 3_300)


def test_the_transcribers_end_does_not_cut_a_number_in_two() -> None:
    t = says(asked("What is your phone number?"), "five five five", 1_500, 2_300)
    ends_at(t.at(2_560, TurnEnded("five five five")).expect(LISTENING), 3_800)


# --- a model's score -------------------------------------------------------------------------------------------


def test_a_score_shifts_the_end_and_a_later_one_takes_its_place() -> None:
    t = says(listening(), "I need an appointment", 1_500, 2_000)
    ends_at(t.at(2_210, EndOfTurnScored(100, ms_to_ns(2_200))), 2_320)
    t = says(listening(), "I need an appointment", 1_500, 2_000)
    t.at(2_210, EndOfTurnScored(0, ms_to_ns(2_200))).until(2_600).expect(LISTENING)
    t.at(2_610, EndOfTurnScored(90, ms_to_ns(2_600))).until(2_611)
    assert t.state.mode is THINKING


def test_a_score_of_an_earlier_silence_says_nothing_any_more() -> None:
    t = says(listening(), "I need an appointment", 1_500, 2_000).at(2_210, EndOfTurnScored(0, ms_to_ns(2_200)))
    ends_at(says(t, "on Tuesday.", 2_300, 2_900), 3_300)


def test_no_score_ends_a_sentence_sooner_that_its_words_leave_open() -> None:
    said = replace(listening().state, utterance=Utterance(settled=("I could",)), scored_to=ms_to_ns(10_000))
    unscored, over, unfinished = (wait_ms(replace(said, score_percent=percent)) for percent in (None, 100, 0))
    assert Profile().wait_ms < unscored == over < unfinished


def test_a_late_score_takes_no_newer_ones_place() -> None:
    t = says(listening(), "I need an appointment", 1_500, 2_000).at(2_210, EndOfTurnScored(100, ms_to_ns(2_200)))
    ends_at(t.at(2_220, EndOfTurnScored(0, ms_to_ns(2_190))), 2_320)


def test_a_late_score_does_not_put_off_an_end_that_the_transcriber_saw_through_noise() -> None:
    t = listening().at(1_000, SpeechStarted(ms_to_ns(1_000)))
    t.at(2_000, WordsHeard("I need an appointment.", is_final=True, speech_final=True))
    due_at = t.state.deadlines.turn_end_at
    t.at(2_100, EndOfTurnScored(50, ms_to_ns(900)))
    assert t.state.deadlines.turn_end_at == due_at


# --- this caller -----------------------------------------------------------------------------------------------


def test_a_caller_who_pauses_long_in_mid_turn_is_given_the_time() -> None:
    t = says(listening(), "I need an appointment", 1_500, 2_000)
    t = says(t, "on Tuesday", 2_380, 2_700)
    t = says(t, "in the morning", 3_090, 3_500)
    assert t.state.pauses_ms == (380, 390)
    ends_at(t, 3_980)


def test_one_long_pause_proves_nothing() -> None:
    t = says(says(listening(), "I need an appointment", 1_500, 2_000), "on Tuesday", 2_390, 2_700)
    ends_at(t, 3_100)


# --- bounds ----------------------------------------------------------------------------------------------------


@given(
    name=st.sampled_from(profile_names()),
    words=st.text(max_size=30),
    keys=st.text(alphabet="0123456789#*", max_size=12),
    kind=st.sampled_from(Kind),
    guess=st.none() | st.integers(0, 100),
    score=st.none() | st.integers(0, 100),
    pauses=st.lists(st.integers(0, 60_000), max_size=8),
)
def test_no_evidence_holds_a_turn_open_for_ever(
    name: str, words: str, keys: str, kind: Kind, guess: int | None, score: int | None, pauses: list[int]
) -> None:
    profile = named_profile(name)
    state = CallState(
        profile=profile,
        utterance=Utterance(settled=(words,), digits=keys),
        expected=Expected(kind, 10 if kind is Kind.DIGITS else 0),
        guess_percent=guess,
        score_percent=score,
        pauses_ms=tuple(pauses),
    )
    assert profile.quick_wait_ms <= wait_ms(state) <= longest_wait_ms(profile)


@given(st.sampled_from(profile_names()), st.integers(-100, 199), st.integers(0, 100))
def test_what_leans_more_to_more_is_never_waited_for_less(name: str, leaning: int, more: int) -> None:
    profile = named_profile(name)
    assert on_scale(profile, leaning) <= on_scale(profile, leaning + more)


def test_without_any_grace_for_the_final_the_interim_words_are_answered_at_once() -> None:
    t = listening(Profile(final_grace_ms=0)).at(2_000, WordsHeard("Yes."))
    t.until(2_349).expect(LISTENING).until(2_350).expect(THINKING, FinalizeTranscript, StartReply)


# --- who has only begun


def test_an_um_alone_is_never_a_turn_and_what_follows_is() -> None:
    t = says(listening(), "Um.", 1_500, 1_700).until(6_000).expect(LISTENING)
    says(t, "Is there parking?", 6_500, 7_500).until(9_000)
    assert t.state.transcript[-1].content == "Is there parking?"


def test_who_says_no_more_than_an_um_is_asked_like_anybody_who_is_silent() -> None:
    t = says(listening(), "Um.", 1_500, 1_700).until(2_700).expect(LISTENING)
    t.until(2_700 + Profile().idle_ms).expect(THINKING, Recite)


def test_a_transcriber_that_takes_an_um_for_a_turn_is_not_believed() -> None:
    listening().at(2_000, TurnEnded("Um.")).expect(LISTENING)


def test_a_name_is_waited_on_for_what_is_wanted_unless_it_was_asked_for() -> None:
    ends_at(says(listening(), "My name is Susan Clark.", 1_500, 3_000), 3_700)
    ends_at(says(asked("Could I have your name, please?"), "My name is Susan Clark.", 1_500, 3_000), 3_400)


# --- a guess, and then nobody who transcribes

SETTLED = st.lists(st.sampled_from(["On Tuesday.", "I need a cleaning.", "For my son."]), max_size=2, unique=True)
GUESSED = st.sampled_from(["And on Friday as well.", "Thank you."])


@given(SETTLED, GUESSED, st.booleans(), st.integers(0, 300))
def test_words_that_were_guessed_to_be_the_whole_turn_are_answered_whatever_becomes_of_the_transcriber(
    settled: list[str], guessed: str, tells_all: bool, lost_after_ms: int
) -> None:
    t = listening().at(1_580, SpeechStarted(ms_to_ns(1_500)))
    for words in settled:
        t.at(2_000, WordsHeard(words, is_final=True))
    t.at(3_200, SpeechStopped(ms_to_ns(3_000)))
    t.at(3_210, TurnLikelyEnded(" ".join([*settled, guessed]) if tells_all else guessed, 60))
    t.at(3_210 + min(lost_after_ms, 100), EarsFailed("closed")).until(6_000)
    assert t.state.transcript[-1].content == " ".join([*settled, guessed])


def test_a_guess_that_the_caller_has_gone_beyond_is_no_turn_once_the_transcriber_is_lost() -> None:
    t = listening().at(1_580, SpeechStarted(ms_to_ns(1_500))).at(2_200, SpeechStopped(ms_to_ns(2_000)))
    t.at(2_210, TurnLikelyEnded("I need", 60)).at(2_280, SpeechStarted(ms_to_ns(2_240)))
    t.at(2_300, EarsFailed("closed"))
    assert t.state.utterance.text == ""


def test_a_mere_day_is_given_time_for_the_hour_and_a_whole_date_is_not() -> None:
    question = "Which day would suit you?"
    ends_at(says(asked(question), "Next Monday.", 1_500, 2_000), 2_490)
    ends_at(says(asked(question), "On Monday at ten.", 1_500, 2_000), 2_400)


def test_the_hash_key_ends_what_was_keyed_at_once() -> None:
    t = asked("What is your patient number?")
    for n, key in enumerate("4711"):
        t.at(2_000 + 300 * n, DigitPressed(key))
    t.at(3_200, DigitPressed("#"))
    ends_at(t, 3_400)
    due = t.state.deadlines.filler_at
    assert due == ms_to_ns(3_400 + Profile().filler_ms), "nobody has waited for long yet"
