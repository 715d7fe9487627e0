"""A model's text as it streams, made fit to be spoken: markdown, markup, emoji and loose blanks are gone.

What is left is what a person would read out. The same text gives the same result however it is split into tokens.
"""

import html
import re
import unicodedata
from collections.abc import Callable

_ITEM = r"[-+*•‣◦▪–—][ \t]+"  # noqa: RUF001 - bullets and dashes as models write them

_LINE_START = re.compile(
    r"(?P<fence>`{3,}[^\n`]*(?=\n|\Z))"
    r"|(?P<rule>(?:[-*_=][ \t]*){3,}(?=\n|\Z)|\|?[ \t]*:?-{2,}[-|: \t]*(?=\n|\Z))"
    r"|(?P<heading>\#{1,6}[ \t]+)"
    r"|(?P<quote>>[ \t]*)"
    rf"|(?P<item>{_ITEM}(?:\[[ xX]\][ \t]+)?)"
    r"|(?P<numbered>(?=\d{1,3}[.)][ \t]))"
)
"""What a line may begin with and nobody says; `numbered` keeps its number, but is an item all the same."""

_LINE_UNDECIDED = re.compile(
    r"(?:`{1,2}|`{3,}[^\n`]*|(?:[-*_=][ \t]*)+|[-|: \t]+|\#{1,6}|"
    rf"{_ITEM}(?:\[(?:[ xX](?:\][ \t]*)?)?)?|[-+*•‣◦▪–—]|\d{{1,3}}[.)]?)\Z"  # noqa: RUF001 - same
)
"""The beginning of a line that more text may turn into one of those, or into another of them."""

_PLAIN = re.compile(r"[^\s\]\[<_!*`~|\\&^]+")
_BLANKS = re.compile(r"[^\S\n]+")

_MARKUP: dict[str, tuple[re.Pattern[str], re.Pattern[str], Callable[[re.Match[str]], str]]] = {
    "]": (
        re.compile(r"\]\((?:[^()\n]|\([^()\n]{0,300}\)){0,300}\)|\]\[[^\[\]\n]{0,60}\]"),
        re.compile(r"\](?:\((?:[^()\n]|\([^()\n]{0,300}\)){0,300}(?:\([^()\n]{0,300})?|\[[^\[\]\n]{0,60})?\Z"),
        lambda _: "",
    ),
    "[": (re.compile(r"\[\^?\d{1,3}\](?![(\[])"), re.compile(r"\[(?:\^?\d{0,3}\]?)?\Z"), lambda _: ""),
    "<": (
        re.compile(r"<(?:/?[A-Za-z][^<>\n]{0,80}|!--[^<>\n]{0,80})>"),
        re.compile(r"<(?:/?(?:[A-Za-z][^<>\n]{0,80})?|!(?:-(?:-[^<>\n]{0,80})?)?)\Z"),
        lambda tag: tag[0][1:-1] if _is_address(tag[0]) else " ",
    ),
    "!": (re.compile(r"!(?=\[)"), re.compile(r"!\Z"), lambda _: ""),
    "~": (re.compile(r"~(?=\d)"), re.compile(r"~\Z"), lambda _: "about "),
    "&": (
        re.compile(r"&(?:[A-Za-z]{2,8}|\#\d{2,5}|\#x[0-9A-Fa-f]{2,4});"),
        re.compile(r"&(?:[A-Za-z]{0,8}|\#\d{0,5}|\#x[0-9A-Fa-f]{0,4})\Z"),
        lambda entity: html.unescape(entity[0]),
    ),
    "_": (re.compile(r"_(?=\w)(?!_)"), re.compile(r"_\Z"), lambda _: "_"),
    "*": (re.compile(r"\*(?= ?\d)"), re.compile(r"\* ?\Z"), lambda _: "×"),  # noqa: RUF001 - the sign is meant
}
"""By first character: what is markup, what may become it with more text, and what is said instead."""

_SAID_AS_BLANK = frozenset("|")
_NEVER_SAID = frozenset("][*`~\\^•®™©")
_KEPT_SYMBOLS = frozenset("°+<=>±×÷≈≤≥")  # noqa: RUF001 - same
_SILENT_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Sm", "Sk"})
_EMOJI_VARIANTS = range(0xFE00, 0xFE10)

_HUGGING = frozenset(".,;:!?…)")
"""Characters that belong to the word before, if what stood between was not speakable."""

_OPEN_ENDS = frozenset(")]\"'”’%°")  # noqa: RUF001 - quotation marks as models write them
"""A line that ends with one of these, or a letter or digit, has no stop of its own."""


class Cleaner:
    """Cleans one text as it comes: `push` tokens, get speakable text; `flush` at the end. The pieces concatenate."""

    def __init__(self) -> None:
        self._raw = ""
        self._at = 0
        self._out: list[str] = []
        self._last = ""
        self._before = ""
        self._owes_blank = False
        self._dropped = False
        self._newlines = 1
        self._kind = ""

    def push(self, token: str) -> str:
        """The text that `token` made certain; a blank that separates it from text before it comes first."""
        self._raw += token
        return self._clean(is_end=False)

    def flush(self) -> str:
        """The rest: the text is complete."""
        return self._clean(is_end=True)

    def _clean(self, *, is_end: bool) -> str:
        while self._at < len(self._raw) and (self._step_line(is_end) if self._newlines else self._step(is_end)):
            pass
        self._raw = self._raw[self._at :]
        self._at = 0
        out = "".join(self._out)
        self._out.clear()
        return out

    def _step_line(self, is_end: bool) -> bool:
        """Go past what begins a line; False: more text is needed to know what that is."""
        if blanks := _BLANKS.match(self._raw, self._at):
            self._skip(blanks.end())
        elif self._raw[self._at] == "\n":
            self._skip(self._at + 1)
            self._newlines += 1
        elif not is_end and _LINE_UNDECIDED.match(self._raw, self._at):
            return False
        else:
            start = _LINE_START.match(self._raw, self._at)
            kind = start.lastgroup or "" if start else ""
            if kind not in {"fence", "rule"}:
                self._stop_line(kind)
            if start:
                self._skip(start.end())
            if kind == "quote":
                return True
            self._newlines = 0
        return True

    def _stop_line(self, kind: str) -> None:
        """Where the line before ends without a stop and is no running text, end it: the voice shall pause."""
        is_item, was_item = kind in {"item", "numbered"}, self._kind in {"item", "numbered"}
        ends = self._newlines > 1 or self._kind == "heading" or was_item
        stop = "," if is_item and (was_item or not ends) else "." if ends or kind == "heading" else ""
        if stop and self._last and (self._last.isalnum() or self._last in _OPEN_ENDS):
            self._out.append(stop)
            self._last = stop
        if kind != "quote":
            self._kind = kind

    def _step(self, is_end: bool) -> bool:
        """Go past one piece of a line; False: more text is needed to know what it is."""
        raw, at = self._raw, self._at
        if plain := _PLAIN.match(raw, at):
            self._say(plain[0])
            self._skip(plain.end(), blank=False)
        elif raw[at] == "\n":
            self._newlines = 1
            self._skip(at + 1)
        elif blanks := _BLANKS.match(raw, at):
            self._skip(blanks.end())
        else:
            return self._step_markup(is_end)
        return True

    def _step_markup(self, is_end: bool) -> bool:
        raw, at = self._raw, self._at
        markup, undecided, said = _MARKUP.get(raw[at], (None, None, None))
        if undecided is not None and not is_end and undecided.match(raw, at):
            return False
        found = markup.match(raw, at) if markup is not None else None
        if found and said is not None and self._is_markup(raw[at]):
            self._say(said(found))
            self._skip(found.end(), blank=False)
        else:
            if raw[at] != "_":
                self._say(raw[at])
            self._skip(at + 1, blank=False)
        return True

    def _is_markup(self, first: str) -> bool:
        """Whether what stands before allows it: `_` joins words, `*` numbers, `~` is no second one of a pair."""
        if first == "_":
            return self._before.isalnum()
        if first == "*":
            follows_blank = self._before.isspace()
            gap = self._raw[self._at + 1] == " "
            return self._last.isdigit() and follows_blank == gap and (follows_blank or self._before.isdigit())
        return first != "~" or self._before != "~"

    def _skip(self, to: int, *, blank: bool = True) -> None:
        self._before = self._raw[to - 1]
        self._at = to
        self._owes_blank |= blank

    def _say(self, text: str) -> None:
        """Add `text` without what cannot be said."""
        if text.isascii() and text.isalnum():
            self._add(text)
            return
        for char in text:
            if char.isspace() or char in _SAID_AS_BLANK or _is_picture(char):
                self._dropped |= not char.isspace()
                self._owes_blank = True
            elif not _is_silent(char):
                self._add(char)

    def _add(self, text: str) -> None:
        if self._owes_blank and self._last and not (self._dropped and text[0] in _HUGGING):
            self._out.append(" ")
        self._out.append(text)
        self._last = text[-1]
        self._owes_blank = self._dropped = False


def _is_address(tag: str) -> bool:
    return "://" in tag or "@" in tag


def _is_picture(char: str) -> bool:
    """Emoji, dingbats and arrows: a reader leaves them out, but the words on both sides stay apart."""
    if char.isascii() or char in _KEPT_SYMBOLS or char in _NEVER_SAID:
        return False
    return unicodedata.category(char) in {"So", "Sm"}


def _is_silent(char: str) -> bool:
    if char in _NEVER_SAID:
        return True
    if char.isalnum() or char in _KEPT_SYMBOLS:
        return False
    return ord(char) in _EMOJI_VARIANTS or unicodedata.category(char) in _SILENT_CATEGORIES
