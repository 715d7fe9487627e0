"""The scripted brain: what a call script's model answers, and what it was asked in vain."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from simulator.brain import AppointmentBrain
from simulator.brain.answers import BrainAnswer, last_user_text
from simulator.scenario.model_answers import AnswerTable, CallTable, ModelTable, ReplyTable

NO_ANSWER = "The script has no answer to this."
"""Said where nothing fits, so that the call goes on; the script is complained about at its end."""

SHOWN = 8
"""So many questions are shown in a complaint."""

REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer and what it answers. `number` counts from 1 among its kind, `times` 0 is without limit."""

    answer: BrainAnswer
    kind: str
    number: int
    asked: str = ""
    after_tool: str = ""
    times: int = 0

    @property
    def text(self) -> str:
        """As a complaint names it: 'model answer 2 (asked = "hours")'."""
        if self.asked:
            what = f'asked = "{self.asked}"'
        elif self.after_tool:
            what = f'after_tool = "{self.after_tool}"'
        else:
            what = (
                f'"{self.answer.text}"' if self.answer.text else ", ".join(name for name, _ in self.answer.tool_calls)
            )
        return f"model {self.kind} {self.number} ({what})"

    def fits(self, asked: str, tools: Sequence[str]) -> bool:
        """Whether it answers these words of the caller, or the results of these tools if any have just come."""
        if self.after_tool:
            if self.after_tool not in tools:
                return False
        elif tools:
            return False
        return not self.asked or re.search(self.asked, asked, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class ScriptedAnswers:
    """A recipe for brains, each of which has answered nothing yet; plain values, so it can be sent anywhere."""

    replies: tuple[Scripted, ...] = ()
    answers: tuple[Scripted, ...] = ()
    fallback: str = ""
    brain: str = ""

    def fresh(self) -> "ScriptedBrain":
        """A brain that has answered nothing yet."""
        return ScriptedBrain(self)

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:
        """The answer of a fresh brain."""
        return self.fresh().answer(request)


@dataclass(slots=True)
class ScriptedBrain:
    """Answers one run's requests, and remembers what was asked of it."""

    recipe: ScriptedAnswers
    asked: list[tuple[str, str]] = field(default_factory=list)
    """What each new request was about, in words, and what answered it; empty for nothing."""
    used: dict[Scripted, int] = field(default_factory=dict)
    """How often each counted."""
    _tried: set[Scripted] = field(default_factory=set)
    _given: dict[bytes, BrainAnswer] = field(default_factory=dict)
    _open: dict[bytes, tuple[tuple[str, str], Scripted | None]] = field(default_factory=dict)
    """What came of the last words of the caller's in each conversation, while nobody has heard an answer to them."""

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:
        """The first answer that fits; asked the same again, the same again."""
        key = orjson.dumps(request.get("messages"))
        if key not in self._given:
            if len(self._given) >= REMEMBERED:
                self._given.clear()
            self._given[key] = self._new(request)
        return self._given[key]

    def _new(self, request: Mapping[str, object]) -> BrainAnswer:
        text, tools = last_user_text(request), tools_just_run(request)
        self._take_back(request)
        scripted = next(self._fitting(text, tools), None)
        by, answer = self._chosen(request, scripted)
        asked = (f"after {', '.join(tools)}" if tools else f'"{text}"', by)
        self.asked.append(asked)
        if (before := before_last_user(request)) is not None:
            self._open[before] = asked, scripted
        return answer

    def _take_back(self, request: Mapping[str, object]) -> None:
        """Whoever goes on before they hear an answer gets one to all of it: the one made for less does not count."""
        asked, scripted = self._open.pop(before_last_user(request) or b"", (None, None))
        if asked is not None:
            self.asked.remove(asked)
        if scripted is not None:
            self.used[scripted] -= 1

    def _chosen(self, request: Mapping[str, object], scripted: Scripted | None) -> tuple[str, BrainAnswer]:
        """What answers, in words, and the answer."""
        if scripted is not None:
            self._tried.add(scripted)
            self.used[scripted] = self.used.get(scripted, 0) + 1
            return f"{scripted.kind} {scripted.number}", scripted.answer
        if self.recipe.brain:
            return self.recipe.brain, AppointmentBrain().answer(request)
        if self.recipe.fallback:
            return "fallback", BrainAnswer(self.recipe.fallback)
        return "", BrainAnswer(NO_ANSWER)

    def _fitting(self, text: str, tools: Sequence[str]) -> Iterator[Scripted]:
        for scripted in self.recipe.answers:
            is_left = not scripted.times or self.used.get(scripted, 0) < scripted.times
            if is_left and scripted.fits(text, tools):
                yield scripted
        yield from (reply for reply in self.recipe.replies if not self.used.get(reply))

    def complaints(self) -> Iterator[str]:
        """What was scripted and never asked for, and what was asked and not scripted."""
        asked = [f"{about} ({by or 'no answer'})" for about, by in self.asked]
        was = f"it was asked {_times(len(asked))}: {_list(asked)}" if asked else "it was not asked at all"
        for scripted in (*self.recipe.answers, *self.recipe.replies):
            if scripted not in self._tried:
                yield f"expected the model to be asked for {scripted.text}, but {was}"
        unanswered = [about for about, by in self.asked if not by]
        if unanswered:
            yield (
                f"expected an answer to everything the model is asked, got none for {_list(unanswered)}; {was}. "
                'Add one, or fallback = "..."'
            )


def before_last_user(request: Mapping[str, object]) -> bytes | None:
    """The conversation before the caller's words that end it, as a key; None where it ends otherwise."""
    listed = request.get("messages")
    messages = listed if isinstance(listed, list) else []
    is_user = bool(messages) and isinstance(messages[-1], Mapping) and messages[-1].get("role") == "user"
    return orjson.dumps(messages[:-1]) if is_user else None


def tools_just_run(request: Mapping[str, object]) -> list[str]:
    """Names of the tools whose results end the conversation, in order."""
    listed = request.get("messages")
    messages = [each for each in (listed if isinstance(listed, list) else []) if isinstance(each, Mapping)]
    ids: list[object] = []
    while messages and messages[-1].get("role") == "tool":
        ids.insert(0, messages.pop().get("tool_call_id"))
    names = {call.get("id"): call.get("function", {}).get("name", "") for call in _calls(messages)}
    return [str(names.get(each, "")) for each in ids]


def _calls(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    calls = messages[-1].get("tool_calls") if messages else None
    return [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _list(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


# --- from the tables ---------------------------------------------------------------------------------------------


def answers_of(table: ModelTable) -> ScriptedAnswers | None:
    """The recipe of a script's model; None where it says nothing, and the bundled brain answers alone."""
    if not (table.replies or table.answers or table.fallback):
        return None
    replies = tuple(Scripted(_answer(reply), "reply", i) for i, reply in enumerate(table.replies or [], 1))
    answers = tuple(_scripted(answer, i) for i, answer in enumerate(table.answers or [], 1))
    return ScriptedAnswers(replies, answers, table.fallback or "", table.brain or "")


def _scripted(table: AnswerTable, number: int) -> Scripted:
    return Scripted(_answer(table), "answer", number, table.asked or "", table.after_tool or "", table.times or 0)


def _answer(table: ReplyTable) -> BrainAnswer:
    return BrainAnswer(table.say or "", tuple(map(_call, calls_of(table))))


def calls_of(table: ReplyTable) -> list[CallTable]:
    """The tools an answer asks for."""
    own = (
        []
        if table.call is None
        else [CallTable(call=table.call, arguments=table.arguments, raw_arguments=table.raw_arguments)]
    )
    return [*own, *(table.calls or [])]


def _call(table: CallTable) -> tuple[str, str]:
    if table.raw_arguments is not None:
        return table.call, table.raw_arguments
    return table.call, orjson.dumps(table.arguments or {}).decode()
