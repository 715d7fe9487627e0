"""What an emulated language model answers: the port, and two brains for people who bring their own replies."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BrainAnswer:
    """One answer of a model.

    `tool_calls` are pairs of name and arguments; the arguments are JSON text, exactly as the model "wrote" it, so
    that broken JSON and an empty string can be answered too.
    """

    text: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()
    reasoning: str = ""


class Brain(Protocol):
    """Decides what an emulated model answers to a chat completions request (the decoded JSON body)."""

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:
        """The answer to `request`; called once a request, when it arrives."""
        ...


class CannedBrain:
    """Gives fixed replies, one a request, in order; after the last it begins again."""

    def __init__(self, replies: Sequence[str | BrainAnswer]) -> None:
        if not replies:
            raise ValueError("expected at least one canned reply, got none")
        self._replies = tuple(BrainAnswer(reply) if isinstance(reply, str) else reply for reply in replies)
        self._given = 0

    @property
    def replies(self) -> tuple[BrainAnswer, ...]:
        """What it answers, in order."""
        return self._replies

    def __repr__(self) -> str:
        return f"CannedBrain({list(self._replies)!r})"

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:  # noqa: ARG002 - the reply is fixed
        """The next reply."""
        reply = self._replies[self._given % len(self._replies)]
        self._given += 1
        return reply


class RuleBrain:
    """Gives the reply of the first rule whose pattern is found in the last user message.

    `rules` are pairs of a regular expression (case does not matter) and a reply; `{1}`, `{name}` in a reply stand for
    the groups found. A pattern that is no regular expression, and a reply that names a group its pattern lacks, raise
    `ValueError` at once.
    """

    def __init__(self, rules: Sequence[tuple[str, str]], fallback: str = "Sorry, I did not understand that.") -> None:
        self._rules = tuple((_compiled(pattern, reply), reply) for pattern, reply in rules)
        self._fallback = fallback

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:
        """The first fitting rule's reply, else the fallback."""
        heard = last_user_text(request)
        for pattern, reply in self._rules:
            found = pattern.search(heard)
            if found is not None:
                return BrainAnswer(_filled(reply, found.group(0), found.groups(default=""), found.groupdict("")))
        return BrainAnswer(self._fallback)


def last_user_text(request: Mapping[str, object]) -> str:
    """The text of the last `user` message; empty when there is none."""
    messages = request.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, Mapping) and message.get("role") == "user":
            return content_text(message.get("content"))
    return ""


def content_text(content: object) -> str:
    """A message's text, whether its content is a string or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return " ".join(text for text in texts if isinstance(text, str))


def offered_tools(request: Mapping[str, object]) -> frozenset[str]:
    """Names of the tools a request offers; none with `tool_choice` "none"."""
    tools = request.get("tools")
    if not isinstance(tools, list) or request.get("tool_choice") == "none":
        return frozenset()
    return frozenset(name for tool in tools if (name := tool_name(tool)) is not None)


def tool_name(tool: object) -> str | None:
    """The name of an offered tool; `None` when it is no function tool."""
    if not isinstance(tool, Mapping) or tool.get("type") != "function":
        return None
    function = tool.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) and name else None


def _compiled(pattern: str, reply: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"expected a regular expression, got {pattern!r}: {error}") from error
    try:
        _filled(reply, "", ("",) * compiled.groups, dict.fromkeys(compiled.groupindex, ""))
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(
            f"the reply {reply!r} does not fit the pattern {pattern!r} ({error}); write {{{{ for a literal brace"
        ) from error
    return compiled


def _filled(reply: str, whole: str, groups: tuple[str, ...], named: Mapping[str, str]) -> str:
    """`reply` with `{0}` (all that was found), `{1}`… and named groups put in."""
    return reply.format(whole, *groups, **named)
