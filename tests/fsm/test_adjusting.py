"""What a tool changes in mid-call holds from there on, and no sooner."""

from dataclasses import replace

from fsm.changes import LanguageChanged, LanguageRefused, ProfileChanged
from fsm.effects import ChangeLanguage, DraftReply, DropDraft, Recite, StartReply
from fsm.events import PlayoutFinished, SpeechStarted, SpeechStopped, WordsHeard
from fsm.profile import Phrases, Profile
from fsm.state import Mode
from fsm.units import ms_to_ns
from tests.fsm.timeline import Timeline, listening, speaking, thinking

LISTENING, THINKING, SPEAKING = Mode.LISTENING, Mode.THINKING, Mode.SPEAKING
USUAL = Profile(drafts=0)
SLOW = ProfileChanged("slow", replace(USUAL, wait_ms=900))


def said(t: Timeline) -> Timeline:
    """The caller says something from 5,000 to 6,000 ms, and its words are known soon after."""
    t.at(5_000, SpeechStarted(ms_to_ns(5_000)))
    t.at(6_020, SpeechStopped(ms_to_ns(6_000)))
    return t.at(6_100, WordsHeard("I have a letter here.", is_final=True))


def test_a_turn_ends_later_under_a_more_patient_profile() -> None:
    said(listening().at(3_000, SLOW)).until(6_899).expect(LISTENING).until(6_900).expect(THINKING, StartReply)


def test_the_end_of_a_turn_under_way_is_that_of_the_new_profile() -> None:
    t = said(listening()).at(6_200, SLOW).until(6_899).expect(LISTENING)
    t.until(6_900).expect(THINKING, StartReply)


def test_a_less_patient_one_ends_a_turn_that_waited_long_enough_at_once() -> None:
    t = said(listening().at(3_000, SLOW))
    t.at(6_600, ProfileChanged("usual", USUAL)).until(6_600).expect(THINKING, StartReply)


def test_nothing_else_follows_from_a_change_while_we_think_or_speak() -> None:
    thinking().at(2_400, SLOW).expect(THINKING)
    t = speaking().at(3_000, SLOW).expect(SPEAKING)
    assert t.state.profile == SLOW.profile


def test_a_call_that_is_over_keeps_the_profile_it_had() -> None:
    t = thinking()
    t.state = replace(t.state, mode=Mode.ENDED)
    assert t.at(3_000, SLOW).state.profile == USUAL


# --- languages

SPANISH = LanguageChanged("es", Phrases(language_refused="Lo siento.", goodbye="Adiós."))
REFUSED = LanguageRefused("bad_request")
OWNED_UP = Phrases().language_refused


def test_another_language_changes_phrases_tables_ears_and_voice_at_once() -> None:
    t = thinking().at(2_400, SPANISH).expect(THINKING, ChangeLanguage("es"))
    assert t.state.phrases.goodbye == "Adiós."
    assert t.state.tables.code == "es"


def test_the_language_that_is_spoken_already_changes_nothing() -> None:
    t = thinking().at(2_400, LanguageChanged("en", Phrases(goodbye="Ciao."))).expect(THINKING)
    assert t.state.phrases == Phrases()


def test_words_that_are_not_settled_are_left_to_the_new_ears() -> None:
    t = listening().at(2_000, WordsHeard("I need", is_final=True)).at(2_300, WordsHeard("able spaniel"))
    t.at(2_400, SPANISH).expect(LISTENING, ChangeLanguage("es"))
    assert t.state.utterance.text == "I need"
    t.at(2_700, WordsHeard("hablar español", is_final=True))
    assert t.state.utterance.text == "I need hablar español"


def test_a_draft_in_the_language_before_is_dropped() -> None:
    t = listening(Profile()).at(2_000, SpeechStarted(ms_to_ns(2_000))).at(2_520, SpeechStopped(ms_to_ns(2_500)))
    t.at(2_550, WordsHeard("Do you speak Spanish?", is_final=True)).until(2_700).expect(LISTENING, DraftReply)
    t.at(2_750, SPANISH).expect(LISTENING, DropDraft, ChangeLanguage)


def test_a_language_that_cannot_be_heard_is_owned_up_to_in_the_one_before() -> None:
    t = thinking().at(2_400, SPANISH).at(2_600, REFUSED)
    t.expect(THINKING, ChangeLanguage("en"), Recite(3, 1, OWNED_UP))
    assert t.state.phrases == Phrases()
    assert t.state.tables.code == "en"


def test_while_we_speak_it_is_owned_up_to_once_that_was_heard() -> None:
    t = speaking().at(3_000, SPANISH).at(3_200, REFUSED).expect(SPEAKING, ChangeLanguage("en"))
    t.at(4_000, PlayoutFinished(2, "Claro que sí.")).expect(THINKING, Recite(3, 1, OWNED_UP))
    assert [message.content for message in t.state.transcript if message.role == "assistant"][-1] == "Claro que sí."


def test_a_caller_who_speaks_is_not_interrupted_for_it() -> None:
    t = listening().at(2_000, SPANISH).at(2_300, SpeechStarted(ms_to_ns(2_300)))
    t.at(2_400, REFUSED).expect(LISTENING, ChangeLanguage("en"))
    assert t.state.owes_word


def test_a_silent_caller_is_told_at_once() -> None:
    listening().at(2_000, SPANISH).at(2_100, REFUSED).expect(THINKING, ChangeLanguage, Recite(2, 0, OWNED_UP))


def test_a_refusal_of_a_language_that_nobody_asked_for_changes_nothing() -> None:
    for t in (listening(), thinking(), speaking()):
        mode = t.state.mode
        t.at(3_000, REFUSED).expect(mode)
