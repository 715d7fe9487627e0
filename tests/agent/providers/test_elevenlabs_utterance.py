"""When an utterance may count as spoken to its end, told by the words' times or the audio's length."""

from agent.ports import Alignment
from agent.providers.elevenlabs_codec import ElevenLabsSettings, Piece
from agent.providers.elevenlabs_utterance import Utterance
from fsm.units import NS_PER_MS

SETTINGS = ElevenLabsSettings(api_key="k", voice_id="v")
LONG = "On Tuesday I have nine in the morning, half past eleven, two, three and four o'clock."
LAST = "Which?"


def spoken(text: str, *, is_final: bool = False) -> Piece:
    audio = bytes(len(text) * 60 * 8)
    return Piece("u1", audio, Alignment(text, tuple(range(len(text)))), follows_text=True, is_final=is_final)


def told(*texts: str) -> Utterance:
    utterance = Utterance(1)
    for text in texts:
        utterance.add(text, 0, SETTINGS)
    utterance.finish(0, SETTINGS)
    return utterance


def test_a_short_last_sentence_is_owed_like_any_other() -> None:
    utterance = told(LONG, LAST)
    utterance.take(spoken(LONG), 0, SETTINGS)
    assert utterance.is_owed()
    assert utterance.due_at == SETTINGS.stall_timeout_ms * NS_PER_MS
    utterance.take(spoken(LAST), 0, SETTINGS)
    assert not utterance.is_owed()
    assert utterance.due_at == SETTINGS.finish_timeout_ms * NS_PER_MS


def test_blanks_and_signs_may_be_left_out_of_the_times() -> None:
    utterance = told(LONG)
    utterance.take(spoken("".join(char for char in LONG if char.isalnum())), 0, SETTINGS)
    assert not utterance.is_owed()


def test_a_server_that_says_it_is_over_is_believed_if_nearly_all_came() -> None:
    utterance = told(LONG, LAST)
    utterance.take(spoken(LONG, is_final=True), 0, SETTINGS)
    assert utterance.is_over
    early = told(LONG, LONG)
    early.take(spoken(LONG, is_final=True), 0, SETTINGS)
    assert not early.is_over


def test_words_known_to_be_missing_are_waited_for_as_long_as_audio_although_a_piece_told_none() -> None:
    utterance = told(LONG)
    utterance.take(spoken(LONG[: len(LONG) // 2]), 0, SETTINGS)
    utterance.take(Piece("u1", bytes(60 * 8), None, follows_text=True, is_final=False), 0, SETTINGS)
    assert utterance.due_at == SETTINGS.stall_timeout_ms * NS_PER_MS


def test_a_moment_without_words_has_no_room_for_the_sentences_that_never_came() -> None:
    """Its last two milliseconds came by themselves, then the next sentence broke off."""
    utterance = told("Let me look.", "Let me look.", "Goodbye.")
    utterance.take(spoken("Let me look."), 0, SETTINGS)
    utterance.take(Piece("u1", bytes(17), None, follows_text=False, is_final=False), 0, SETTINGS)
    utterance.take(spoken("Let me l"), 0, SETTINGS)
    assert utterance.is_owed()
    utterance.take(Piece("u1", bytes(60 * 8 * 15), None, follows_text=False, is_final=False), 0, SETTINGS)
    assert not utterance.is_owed(), "the rest may sound where nobody told the words' times"
