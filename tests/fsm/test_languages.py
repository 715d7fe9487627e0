"""The tables of languages: what callers say in Spanish and German means what it means there."""

import re
from dataclasses import fields, replace

import pytest

from fsm.effects import CancelReply, HoldPlayout, StartReply
from fsm.english import ENGLISH
from fsm.events import PlayoutHeld, WordsHeard
from fsm.expectations import Expected, expected_after, leaning_for
from fsm.floor_words import Bid, bid_of, is_assent, is_for_us, names_somebody_else
from fsm.german import GERMAN
from fsm.language import Language
from fsm.languages import LANGUAGES, OTHERS, language_of
from fsm.questions import ends_in_closed_question
from fsm.sentences import digits_in, is_answer, is_introduction, is_thinking, leaning_of
from fsm.spanish import SPANISH
from fsm.state import Mode
from fsm.words import ask_the_same, tokens
from tests.fsm.timeline import Timeline, listening, speaking

ALL = pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.code)


@ALL
def test_no_table_of_a_language_is_empty_and_each_word_is_one_that_can_be_heard(language: Language) -> None:
    for f in fields(Language):
        table = getattr(language, f.name)
        assert table, f"{f.name} is empty"
        if isinstance(table, frozenset):
            assert [phrase for phrase in table if " ".join(tokens(phrase)) != phrase] == [], f.name


@ALL
def test_every_question_says_what_it_asks_for(language: Language) -> None:
    for pattern, told in language.questions:
        re.compile(pattern)
        assert str(Expected.parse(told)) == told


def test_a_tag_with_a_region_is_its_language_and_any_other_has_sounds_only() -> None:
    assert language_of("en-US") is ENGLISH
    assert language_of("de-CH") is GERMAN
    assert language_of("ES") is SPANISH
    assert language_of("fr") is OTHERS
    assert bid_of("mm-hmm", is_settled=True, language=OTHERS) is Bid.NOTHING
    assert bid_of("attendez", is_settled=True, language=OTHERS) is Bid.FLOOR


@pytest.mark.parametrize(
    ("language", "text", "bid"),
    [
        (SPANISH, "sí, claro", Bid.NOTHING),
        (SPANISH, "ajá, de acuerdo", Bid.NOTHING),
        (SPANISH, "ehhh", Bid.NOTHING),
        (SPANISH, "sí, pero espere", Bid.FLOOR),
        (SPANISH, "no", Bid.FLOOR),
        (SPANISH, "ahora voy", Bid.ASIDE),
        (GERMAN, "ja, genau", Bid.NOTHING),
        (GERMAN, "alles klar", Bid.NOTHING),
        (GERMAN, "ähhm", Bid.NOTHING),
        (GERMAN, "ja, aber warten Sie", Bid.FLOOR),
        (GERMAN, "nein", Bid.FLOOR),
        (GERMAN, "komm her, Schatz", Bid.ASIDE),
    ],
)
def test_what_wants_the_floor(language: Language, text: str, bid: Bid) -> None:
    assert bid_of(text, is_settled=True, language=language) is bid


def test_softly_said_but_to_us() -> None:
    assert is_for_us("¿Me puede repetir eso?", SPANISH)
    assert is_for_us("Könnten Sie das noch einmal sagen?", GERMAN)
    assert names_somebody_else("ven aquí, cariño", SPANISH)
    assert not names_somebody_else("es para mi mamá", SPANISH)
    assert not names_somebody_else("das ist für meine Oma", GERMAN)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (SPANISH, "Quiero una cita el martes y."),
        (SPANISH, "Me gustaría ir a la."),
        (SPANISH, "Quisiera hablar con"),
        (SPANISH, "maría arroba"),
        (SPANISH, "seis seis cinco"),
        (GERMAN, "Ich hätte gern einen Termin am Dienstag oder."),
        (GERMAN, "Ich brauche den."),
        (GERMAN, "Ich komme mit"),
        (GERMAN, "anna punkt"),
        (GERMAN, "null eins sieben"),
    ],
)
def test_what_hangs_in_the_air(language: Language, text: str) -> None:
    assert leaning_of(text, language) >= 70


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (SPANISH, "Eso es todo, gracias."),
        (SPANISH, "Sí, por favor."),
        (GERMAN, "Das war's, danke."),
        (GERMAN, "Ja, gerne."),
    ],
)
def test_what_is_over(language: Language, text: str) -> None:
    assert leaning_of(text, language) < 0


@pytest.mark.parametrize(
    ("language", "asked", "expected"),
    [
        (SPANISH, "¿Le viene bien el martes?", "yes_no"),
        (SPANISH, "Lo reservo para el martes, ¿de acuerdo?", "yes_no"),
        (SPANISH, "¿El martes o el miércoles?", "open"),
        (SPANISH, "¿Qué día le viene bien?", "date_time"),
        (SPANISH, "¿Me dice su código postal?", "digits(5)"),
        (SPANISH, "¿Cuál es su nombre completo?", "name"),
        (SPANISH, "¿A qué nombre lo pongo?", "name"),
        (SPANISH, "He anotado su número de pedido.", "open"),
        (GERMAN, "Passt Ihnen Dienstag?", "yes_no"),
        (GERMAN, "Also am Dienstag, richtig?", "yes_no"),
        (GERMAN, "Passt Ihnen Dienstag oder Mittwoch?", "open"),
        (GERMAN, "Wann möchten Sie kommen?", "date_time"),
        (GERMAN, "Wie ist Ihre Postleitzahl?", "digits(5)"),
        (GERMAN, "Wie heißen Sie?", "name"),
        (GERMAN, "Auf welchen Namen darf ich es eintragen?", "name"),
        (GERMAN, "Ich habe Ihre Kundennummer notiert.", "open"),
    ],
)
def test_what_a_question_of_ours_asks_for(language: Language, asked: str, expected: str) -> None:
    assert str(expected_after(asked, language=language)) == expected


def test_answers_and_numbers_are_understood() -> None:
    assert is_answer("Sí, claro.", SPANISH)
    assert is_answer("Ja, natürlich.", GERMAN)
    assert is_assent("vale", SPANISH)
    assert ends_in_closed_question("¿Le parece bien?", SPANISH)
    assert digits_in("seis cero doble tres", SPANISH) == "6033"
    assert digits_in("null zwo doppel fünf", GERMAN) == "0255"
    assert leaning_for(Expected.parse("digits(4)"), "uno dos tres", "", SPANISH) == 200
    assert ask_the_same(("el", "martes"), ("el", "martes", "por", "favor"), SPANISH)


def speaking_in(language: str, text: str) -> Timeline:
    """Reply 2 sounds, the caller sounds over it, and words are heard."""
    t = speaking()
    t.state = replace(t.state, language=language)
    return t.at(4_000, WordsHeard(text, is_final=True))


@pytest.mark.parametrize(("language", "text"), [("es", "ajá"), ("de-CH", "genau"), ("en-US", "right")])
def test_agreement_in_the_callers_language_keeps_the_floor(language: str, text: str) -> None:
    speaking_in(language, text).expect(Mode.SPEAKING)


@pytest.mark.parametrize(("language", "text"), [("es", "espere"), ("de", "warten Sie"), ("en-US", "genau")])
def test_a_bid_in_the_callers_language_takes_it(language: str, text: str) -> None:
    t = speaking_in(language, text).expect(Mode.BARGE_IN, HoldPlayout)
    t.at(4_000, PlayoutHeld(2, "We have")).expect(Mode.LISTENING, CancelReply)


def test_a_turn_that_hangs_in_the_air_is_waited_for_in_its_language() -> None:
    for language, text in (("es", "Quiero una cita el martes o"), ("de", "Ich möchte am Dienstag oder")):
        t = listening()
        t.state = replace(t.state, language=language)
        t.at(2_000, WordsHeard(text, is_final=True)).until(2_900).expect(Mode.LISTENING)
        t.until(3_000).expect(Mode.THINKING, StartReply)


@pytest.mark.parametrize(
    ("language", "text"),
    [(GERMAN, "Guten Tag, hier ist Anna Berg."), (GERMAN, "Mein Name ist Berg."), (SPANISH, "Me llamo Ana Ruiz.")],
)
def test_who_says_who_they_are_has_more_to_say_in_each_language(language: Language, text: str) -> None:
    assert is_introduction(text, language)


@pytest.mark.parametrize(("language", "text"), [(GERMAN, "Ähm."), (GERMAN, "Öööhm"), (SPANISH, "Eh, pues...")])
def test_a_sound_of_thinking_is_none_but_that_in_each_language(language: Language, text: str) -> None:
    assert is_thinking(text, language)
