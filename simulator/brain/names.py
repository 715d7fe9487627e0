"""A caller's name in what they say: "yeah it's ada lovelace thanks" to "Ada Lovelace"."""

import re

LONGEST_WORDS = 5

_OPENING = re.compile(
    r"\b(?:my names?(?: is|'s)?|the names?(?: is|'s)|names?(?: is|'s)|call me|i'm called)\s+", re.IGNORECASE
)
"""Openings that tell a name wherever they are said."""

_ANSWERING = re.compile(
    r"\b(?:it's|its|it is|this is|that's|that is|that would be|i'm|i am|under|put down|for)\s+", re.IGNORECASE
)
"""Openings that tell a name only after one was asked for."""

_POLITE = frozenset(
    "uh um er erm ah oh well so yes yeah yep sure okay ok of course certainly please thanks thank you hi hello hey"
    " right alright and great good fine perfect is speaking here sir ma'am madam mister missus mr mrs ms doctor dr"
    "".split()
)
_NOT_NAMES = frozenset(
    "a an the i i'd i'll i've i'm me my we you your it it's its this that those these he she they is are was be been am"
    " do does did don't doesn't didn't have has had can can't could would will won't should may might must"
    " what what's when where which who whom why how because if but or not no nope nah never than then there here"
    " at on in to from with about for of by as up out after before until"
    " just like want wanted need think know mean meant say said tell speak talk hear wait hold moment second minute"
    " repeat pardon sorry excuse cancel stop again another other else something anything nothing everything"
    " book booking appointment slot time times day days date week month year hour hours open price cost much many"
    " first last later earlier earliest next today tomorrow tonight morning afternoon evening noon"
    " monday tuesday wednesday thursday friday saturday sunday"
    " one two three four five six seven eight nine ten eleven twelve thirty fifteen half quarter past am pm"
    " works work suits suit take give make come go going get gonna really actually maybe robot human"
    " mhm hmm hm huh uh-huh mm bye goodbye name names fine".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?|[,;!?.]")  # noqa: RUF001 - curly apostrophes are transcribed too


def find_name(said: str, *, was_asked: bool) -> str | None:
    """The name told in `said` (as transcribed, any case), or `None`; without an opening only if it `was_asked` for."""
    opening = _OPENING.search(said)
    if opening is not None:
        return _name_at(said[opening.end() :])
    if not was_asked:
        return None
    answering = _ANSWERING.search(said)
    if answering is not None:
        name = _name_at(said[answering.end() :])
        if name is not None:
            return name
    return _whole_name(said)


def _name_at(said: str) -> str | None:
    """The name that `said` begins with; it ends at punctuation or a word that is none."""
    tokens = _WORD.findall(said)
    words: list[str] = []
    for token in tokens:
        word = token.rstrip(".")
        if word.lower() in _POLITE and not words:
            continue
        if not word.strip(",;!?") or not _may_be_name(word, tokens) or word.lower() in _POLITE:
            break
        words.append(word)
    return _put_together(words)


def _whole_name(said: str) -> str | None:
    """All of `said` if, politeness aside, it can be nothing but a name."""
    words = [word.rstrip(".") for word in _WORD.findall(said) if word.strip(",;!?.")]
    rest = [word for word in words if word.lower() not in _POLITE]
    if re.search(r"\d", said) or not all(_may_be_name(word, words) for word in rest):
        return None
    return _put_together(rest)


def _may_be_name(word: str, among: list[str]) -> bool:
    """Not a usual word; "a" and "i" are letters where others are spelled too."""
    is_spelled = len(word) == 1 and sum(len(other) == 1 and other.isalpha() for other in among) > 1
    is_doing = word.islower() and word.endswith("ing") and len(word) > 5
    return is_spelled or not (word.lower() in _NOT_NAMES or is_doing)


def _put_together(words: list[str]) -> str | None:
    return _spelled(words) if 0 < len(words) <= LONGEST_WORDS or _is_spelling(words) else None


def _is_spelling(words: list[str]) -> bool:
    return 0 < len(words) <= 40 and all(len(word) == 1 for word in words[1:])


def _spelled(words: list[str]) -> str:
    """Words in capitals; letters spelled out are put together, and dropped when they only repeat the word before."""
    parts: list[str] = []
    letters = ""
    for word in [*words, ""]:
        spelled = word.replace("-", "") if re.fullmatch(r"\w(?:-\w)*", word) else ""
        letters += spelled
        if letters and not spelled:
            if not parts or parts[-1].lower() != letters.lower():
                parts.append(letters)
            letters = ""
        if word and not spelled:
            parts.append(word)
    return " ".join(_capital(part) for part in parts)


def _capital(word: str) -> str:
    """Write "o'brien" as "O'Brien"; a word that came with capitals inside keeps them."""
    if any(letter.isupper() for letter in word[1:]) and not word.isupper():
        return word
    return re.sub(r"[^\W\d_]+", lambda part: part.group().capitalize(), word).replace("'S", "'s")
