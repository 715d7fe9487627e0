"""What the caller heard of the agent, and what the model was told of the caller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fsm.transcript import Message
from simulator.runs.evidence import CallEvidence
from simulator.runs.outcome import Violation
from simulator.scenario.expectations.base import OfCall
from simulator.scenario.expectations.phrases import (
    Found,
    Word,
    find,
    heard_words,
    nearest,
    quoted,
    text_words,
    words_of,
)


def user_texts(call: CallEvidence) -> list[str]:
    """The caller's contributions as the model is told them."""
    if call.agent is None:
        return []
    return [message.content for message in call.agent.state.transcript if message.role == "user"]


@dataclass(frozen=True, slots=True)
class Heard(OfCall):
    """Phrases that reached the caller's ear, in order."""

    phrases: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        for what, at_ms in _missing_in_order(self.phrases, heard_words(call), "the caller to hear", "heard"):
            yield self.violation("heard", what, call, at_ms)


@dataclass(frozen=True, slots=True)
class Said(OfCall):
    """Phrases that reached the caller's ear, in any order."""

    phrases: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        words = heard_words(call)
        for phrase in self.phrases:
            if find(words_of(phrase), words) is None:
                what, at_ms = _missing(phrase, words, 0, "the agent to say", "heard")
                yield self.violation("said", what, call, at_ms)


@dataclass(frozen=True, slots=True)
class NotSaid(OfCall):
    """Phrases that must not reach the caller's ear."""

    phrases: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        words = heard_words(call, whole_only=False)
        for phrase in self.phrases:
            found = find(words_of(phrase), words)
            if found is not None:
                around = Found(max(0, found.first - 4), min(len(words), found.past + 4))
                what = f'expected the agent not to say "{phrase}", heard: {quoted(words, around)}'
                yield self.violation("not_said", what, call, words[found.past - 1].at_ms)


@dataclass(frozen=True, slots=True)
class Understood(OfCall):
    """Phrases of the caller's that the model was told, in order."""

    phrases: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        words = text_words(user_texts(call))
        for what, _ in _missing_in_order(self.phrases, words, "the agent to understand", "understood"):
            yield self.violation("understood", what, call)


@dataclass(frozen=True, slots=True)
class NotUnderstood(OfCall):
    """Phrases that the model must not have been told."""

    phrases: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        for text in user_texts(call):
            for phrase in self.phrases:
                if find(words_of(phrase), text_words([text])) is not None:
                    what = f'expected the agent not to take "{phrase}" for the caller\'s words, understood: "{text}"'
                    yield self.violation("not_understood", what, call)


@dataclass(frozen=True, slots=True)
class ToldAs(OfCall):
    """The conversation as the model would be told it; messages are (role, text, cut), tools left out."""

    messages: tuple[tuple[str, str, bool | None], ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call: the first message that is another."""
        transcript = call.agent.state.transcript if call.agent is not None else ()
        told = [message for message in transcript if message.role in ("user", "assistant") and message.content]
        for number in range(max(len(told), len(self.messages))):
            wanted = self.messages[number] if number < len(self.messages) else None
            got = told[number] if number < len(told) else None
            if not _is_same(wanted, got):
                what = (
                    f"expected message {number + 1} of the conversation to be {_message(wanted)}, got {_message(got)}"
                )
                yield self.violation("transcript", what, call)
                return


def _is_same(wanted: tuple[str, str, bool | None] | None, got: Message | None) -> bool:
    if wanted is None or got is None:
        return False
    role, text, cut = wanted
    return got.role == role and words_of(got.content) == words_of(text) and cut in (None, got.cut)


def _message(message: tuple[str, str, bool | None] | Message | None) -> str:
    if message is None:
        return "none"
    role, text, cut = (message.role, message.content, message.cut) if isinstance(message, Message) else message
    return f'{role} "{text}"' + (" (cut)" if cut else "")


def _missing_in_order(
    phrases: Sequence[str], words: Sequence[Word], whom: str, verb: str
) -> Iterator[tuple[str, int | None]]:
    """Complaints about phrases that do not come, or not after the one before."""
    start, before = 0, ""
    for phrase in phrases:
        found = find(words_of(phrase), words, start)
        if found is not None:
            start, before = found.past, phrase
            continue
        after = f' after "{before}"' if before else ""
        earlier = find(words_of(phrase), words) if before else None
        if earlier is not None:
            at_ms = words[earlier.past - 1].at_ms
            yield f'expected {whom} "{phrase}"{after}, but it came before that{_at(at_ms)}', at_ms
        else:
            yield _missing(phrase, words, start, whom, verb, after)


def _missing(
    phrase: str, words: Sequence[Word], start: int, whom: str, verb: str, after: str = ""
) -> tuple[str, int | None]:
    """The complaint about a phrase that did not come, with what came nearest to it."""
    near = nearest(words_of(phrase), words, start)
    at_ms = words[near.past - 1].at_ms if near is not None else None
    since = words[start:]
    if near is not None:
        came = f"nearest thing {verb}: {quoted(words, near)}{_at(at_ms)}"
    else:
        came = f"{verb}: {quoted(since)}" if since else f"{verb} nothing" + (" more" if words else "")
    return f'expected {whom} "{phrase}"{after}, {came}', at_ms


def _at(at_ms: int | None) -> str:
    return "" if at_ms is None else f" at {at_ms / 1_000:.1f} s"
