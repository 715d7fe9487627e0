"""The scripted brain of a business whose rules are a table: see `simulator.brain.rules`.

It keeps no memory between requests: every time it folds the messages into a `Standing` and does the first step of the
caller's goal that is not done yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from simulator.brain.answers import BrainAnswer, content_text, offered_tools
from simulator.brain.appointments import MOST_MISSES, AppointmentBrain
from simulator.brain.case import CUT_MARKER, HANG_UP, Case, read_prompt
from simulator.brain.hearing import Heard, hear
from simulator.brain.messages import called_last, calls_of, messages_of
from simulator.brain.phrases import Intent
from simulator.brain.rules import Goal, Rules, Says, Step
from simulator.brain.told import argument, at_path, filled, find_value

YES = (Intent.YES, Intent.PRAISE, Intent.GO_ON)
NO = (Intent.NO, Intent.ABANDON, Intent.OTHER)
CLOSING = (Intent.NO, Intent.DONE, Intent.THANKS)

BROKEN = "I'm sorry, that does not work right now. Shall I try again?"
GIVEN_UP = "I'm sorry about that. Please call again later."
UNKNOWN = "I'm sorry, I cannot do that now. Please call again later."
MISSED = "Sorry, I didn't catch that."
INTERRUPTED = "Sorry, I talked over you."


@dataclass(slots=True)
class Standing:
    """Where a conversation stands."""

    tools: frozenset[str] = frozenset()
    """Those that may be called."""
    today: date | None = None
    goal: Goal | None = None
    values: dict[str, object] = field(default_factory=dict)
    confirmed: set[int] = field(default_factory=set)
    """Steps of the goal to which the caller said yes."""
    answers: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """What tools answered to its steps."""
    is_broken: bool = False
    """The last tool failed; asked whether to try again."""
    is_over: bool = False
    """The goal is reached or given up."""
    prefix: str = ""
    """Said first, once."""
    misses: int = 0
    was_cut: bool = False
    ends: bool = False

    def begin(self, goal: Goal) -> None:
        """The caller wants this now; what they told before stays."""
        self.goal, self.is_over, self.is_broken = goal, False, False
        self.confirmed, self.answers = set(), {}

    def step(self) -> int | None:
        """The first step that is not done; None: the goal is reached."""
        if self.goal is None or self.is_over:
            return None
        for number, step in enumerate(self.goal.steps):
            is_told = step.ask in self.values or step.unless in self.values
            is_told = is_told or bool(step.unless and step.call not in self.tools)
            if not (is_told or number in self.confirmed or number in self.answers):
                return number
        return None

    def forget(self, names: Sequence[str]) -> None:
        """Ask for these again; what was confirmed and answered with them is void."""
        for name in names:
            self.values.pop(name, None)
        self.confirmed, self.answers = set(), {}


class TableBrain:
    """Answers chat completions requests by the rules of a business."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._otherwise = AppointmentBrain() if rules.otherwise else None

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:
        """The next thing to say or to do."""
        messages = messages_of(request)
        if called_last(messages) == HANG_UP:
            return BrainAnswer()
        standing = self._fold(messages, offered_tools(request))
        if standing.goal is None and self._otherwise is not None:
            return self._otherwise.answer(request)
        return self._speak(standing)

    # --- listening -----------------------------------------------------------------------------------------------

    def _fold(self, messages: Sequence[Mapping[str, object]], tools: frozenset[str]) -> Standing:
        standing = Standing(tools)
        calls: dict[object, tuple[str, str]] = {}
        for message in messages:
            standing.prefix = ""
            content = message.get("content")
            match message.get("role"):
                case "system" | "developer":
                    case = Case()
                    read_prompt(case, content_text(content))
                    standing.today = case.today or standing.today
                case "assistant":
                    standing.was_cut = CUT_MARKER in content_text(content)
                    calls.update(calls_of(message))
                case "tool":
                    name, _ = calls.get(message.get("tool_call_id"), ("", ""))
                    self._take_answer(standing, name, content_text(content))
                case "user":
                    self._listen(standing, content_text(content))
                case _:
                    pass
        return standing

    def _listen(self, standing: Standing, said: str) -> None:
        heard = hear(said)
        if heard.means(Intent.BYE):
            standing.ends = True
            return
        if self._tries_again(standing, heard) if standing.is_broken else self._understands(standing, said, heard):
            standing.misses = 0
            return
        standing.misses += 1
        standing.prefix = INTERRUPTED if standing.was_cut else MISSED

    def _understands(self, standing: Standing, said: str, heard: Heard) -> bool:
        number = standing.step()
        step = standing.goal.steps[number] if standing.goal is not None and number is not None else None
        if step is not None and number is not None and step.confirm and self._confirms(standing, number, step, heard):
            return True
        goal = next((goal for goal in self._rules.goals if goal.wants.search(heard.text)), None)
        if goal is None and standing.goal is None and self._otherwise is not None:
            return True  # said to the other brain
        told = self._take_values(standing, step.ask if step is not None else "", said)
        if goal is not None and (step is None or (goal is not standing.goal and not told)):
            standing.begin(goal)
            return True
        return told or self._small_talk(standing, step, heard)

    def _small_talk(self, standing: Standing, step: Step | None, heard: Heard) -> bool:
        for answer in self._rules.answers:
            if answer.wants.search(heard.text):
                standing.prefix = answer.text
                return True
        if step is None and standing.goal is not None and heard.means(*CLOSING):
            standing.ends = True
            return True
        if step is not None and heard.means(Intent.ABANDON) and standing.goal is not None:
            standing.is_over, standing.prefix = True, standing.goal.declined
            return True
        talk = (Intent.HELLO, Intent.THANKS, Intent.BACKCHANNEL, Intent.REPEAT, Intent.WAIT, Intent.HOW_ARE_YOU, *YES)
        return heard.means(*talk)

    def _tries_again(self, standing: Standing, heard: Heard) -> bool:
        if heard.means(*NO, Intent.DONE):
            standing.is_broken, standing.is_over, standing.prefix = False, True, GIVEN_UP
            return True
        standing.is_broken = not (heard.means(*YES, Intent.BACKCHANNEL) or "again" in heard.text)
        return not standing.is_broken

    def _confirms(self, standing: Standing, number: int, step: Step, heard: Heard) -> bool:
        """Whether it was a yes or a no."""
        if heard.means(*NO):
            if step.forget:
                standing.forget(step.forget)
            else:
                standing.is_over, standing.prefix = True, standing.goal.declined if standing.goal is not None else ""
            return True
        if heard.means(*YES):
            standing.confirmed.add(number)
            return True
        return False

    def _take_values(self, standing: Standing, asked: str, said: str) -> bool:
        """Whether anything was told that was not known."""
        told = False
        for name, value in self._rules.values.items():
            if name in standing.values and name != asked:
                continue
            found = find_value(value, said, standing.today, was_asked=name == asked)
            if found is not None:
                standing.values[name] = found
                told = told or name == asked or value.kind in ("digits", "money", "day")
        return told

    # --- what tools answer -----------------------------------------------------------------------------------------

    def _take_answer(self, standing: Standing, name: str, content: str) -> None:
        number = standing.step()
        if standing.goal is None or number is None or standing.goal.steps[number].call != name:
            return
        answer = _object(content)
        if "error" in answer or not answer:
            standing.is_broken, standing.prefix = True, str(answer.get("say", ""))
            return
        standing.answers[number] = answer
        says = _fitting(standing.goal.steps[number], answer)
        if says is None:
            return
        standing.prefix = filled(says.text, {**standing.values, **answer})
        for key, path in says.takes.items():
            standing.values[key] = at_path(answer, path)
        if says.forget:
            standing.forget(says.forget)
        if says.stops:
            standing.is_over = True
        following = next((goal for goal in self._rules.goals if goal.name == says.then), None)
        if following is not None:
            standing.begin(following)

    # --- speaking --------------------------------------------------------------------------------------------------

    def _speak(self, standing: Standing) -> BrainAnswer:
        if standing.ends or standing.misses >= MOST_MISSES:
            calls = ((HANG_UP, _json({"reason": "the caller is done"})),) if HANG_UP in standing.tools else ()
            return BrainAnswer(self._rules.goodbye, calls)
        if standing.is_broken:
            return BrainAnswer(_sentences(standing.prefix, BROKEN))
        if standing.goal is None:
            return BrainAnswer(_sentences(standing.prefix, self._rules.opening))
        number = standing.step()
        if number is None:
            return BrainAnswer(_sentences(standing.prefix, self._rules.more))
        return self._do(standing, standing.goal.steps[number])

    def _do(self, standing: Standing, step: Step) -> BrainAnswer:
        if not step.call:
            asked = step.confirm or self._rules.values[step.ask].ask
            return BrainAnswer(_sentences(standing.prefix, filled(asked, standing.values)))
        if step.call not in standing.tools:
            return BrainAnswer(_sentences(standing.prefix, UNKNOWN))
        arguments = {name: argument(text, standing.values) for name, text in step.arguments.items()}
        spoken = _sentences(standing.prefix, filled(step.first, standing.values))
        return BrainAnswer(spoken, ((step.call, _json(arguments)),))


def _fitting(step: Step, answer: Mapping[str, Any]) -> Says | None:
    return next((says for says in step.says if all(at_path(answer, k) == v for k, v in says.when.items())), None)


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _json(value: Mapping[str, object]) -> str:
    return orjson.dumps(value).decode()
