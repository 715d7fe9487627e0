"""The languages whose words are known, by their codes."""

from fsm.english import ENGLISH
from fsm.german import GERMAN
from fsm.language import Language, words
from fsm.spanish import SPANISH

LANGUAGES = {language.code: language for language in (ENGLISH, SPANISH, GERMAN)}

OTHERS = Language(
    code="",
    backchannels=words("m mm mmm mhm hm hmm mm-hmm aha ah oh okay ok"),
    hesitations=words("uh um eh er em hm hmm ha haha"),
    thinking=words("uh um eh em hm hmm"),
)
"""Any other: sounds that mean the same nearly everywhere; its words tell nothing, so that pauses decide."""


def language_of(code: str) -> Language:
    """The tables for a language tag such as `es` or `de-CH`; for one that is not known those of `OTHERS`."""
    return LANGUAGES.get(code.partition("-")[0].lower(), OTHERS)
