"""The bundled scripted brain: books appointments by rules, from nothing but the request it is given.

It keeps no memory between requests: every time it folds the messages into a `Case` and says the next thing. It calls
only tools that the request offers, and only with slots that a tool told it.
"""

from collections.abc import Mapping, Sequence

import orjson

from simulator.brain.answers import BrainAnswer, content_text, offered_tools
from simulator.brain.case import (
    BOOK,
    CUT_MARKER,
    FIND,
    HANG_UP,
    Case,
    Query,
    Slot,
    read_prompt,
    read_tool_result,
    say_day_of,
)
from simulator.brain.hearing import hear
from simulator.brain.listening import AGAIN, NEWS, Reaction, listen
from simulator.brain.messages import called_last, calls_of, messages_of
from simulator.brain.phrases import Intent
from simulator.brain.speaking import say_choice, say_date, say_part, say_time, say_weekday

MOST_MISSES = 5
"""After so many utterances in a row that made no sense the call is politely ended."""

FACTS: Mapping[str, str] = {
    "hours": "We are open Monday to Friday, nine to five.",
    "address": "We are at twelve Willow Street.",
    "price": "A consultation is sixty dollars.",
}
"""Answers where the system prompt has no line such as "Opening hours: …"."""

TOPICS: Mapping[Intent, str] = {
    Intent.ROBOT: "Yes, I'm a machine: a scripted demo brain, and I can only book appointments.",
    Intent.HUMAN: "I'm sorry, there is nobody else on this line. I'm a scripted demo brain.",
    Intent.CHANGE: "I'm sorry, I can't change or cancel appointments. Someone will call you back about it.",
    Intent.HOW_ARE_YOU: "Very well, thank you.",
}
FACT_TOPICS: Mapping[Intent, str] = {Intent.HOURS: "hours", Intent.ADDRESS: "address", Intent.PRICE: "price"}

HINTS: Mapping[str, str] = {
    "day": "You can say a day, such as Tuesday, or tomorrow morning.",
    "choice": "You can say the first one, or name another day.",
    "name": "Just the name is enough.",
    "else": "You can say goodbye when you are done.",
    "trouble": "You can say yes or no.",
}


class AppointmentBrain:
    """Answers chat completions requests as a receptionist who only books appointments, and says so when asked."""

    def answer(self, request: Mapping[str, object]) -> BrainAnswer:
        """The next thing to say or to look up."""
        messages = messages_of(request)
        case, reaction = _fold(messages)
        if called_last(messages) == HANG_UP:
            return BrainAnswer()
        return _speak(case, reaction, offered_tools(request))


def _fold(messages: Sequence[Mapping[str, object]]) -> tuple[Case, Reaction]:
    """Where the booking stands after `messages`, and how the last of them was taken."""
    case, reaction = Case(), NEWS
    calls: dict[object, tuple[str, str]] = {}
    for message in messages:
        content = message.get("content")
        match message.get("role"):
            case "system" | "developer":
                read_prompt(case, content_text(content))
            case "assistant":
                case.was_cut = CUT_MARKER in content_text(content)
                calls.update(calls_of(message))
                reaction = AGAIN
            case "tool":
                name, arguments = calls.get(message.get("tool_call_id"), ("", ""))
                read_tool_result(case, name, arguments, content)
                reaction = NEWS
            case "user":
                reaction = listen(case, hear(content_text(content)))
            case _:
                pass
    return case, reaction


# --- speaking --------------------------------------------------------------------------------------------


def _speak(case: Case, reaction: Reaction, tools: frozenset[str]) -> BrainAnswer:
    prefix = _prefix(case, reaction)
    if reaction.ends or case.misses >= MOST_MISSES:
        return _goodbye(case, prefix, tools)
    if reaction.waits:
        return BrainAnswer(prefix)
    if case.needs_search:
        return _search(case.wanted(), prefix, tools)
    if case.chosen is not None and case.name is not None and case.trouble is None:
        return _book(case, case.chosen, case.name, prefix, tools)
    return BrainAnswer(_sentences(prefix, _question(case, is_news=reaction.is_news)))


def _prefix(case: Case, reaction: Reaction) -> str:
    """What is said first: an answer, an apology, an acknowledgement."""
    if reaction.topic is not None:
        key = FACT_TOPICS.get(reaction.topic)
        return TOPICS[reaction.topic] if key is None else _fact(case, key)
    if not reaction.is_miss:
        return _sentences(reaction.prefix, case.tool_note)
    if case.misses >= MOST_MISSES:
        return "I'm sorry, we don't seem to understand each other. Please call again."
    if case.was_cut:
        return "Sorry, I talked over you."
    return "Sorry, I didn't catch that." if case.misses == 1 else f"Sorry, I still didn't get that. {_hint(case)}"


def _fact(case: Case, key: str) -> str:
    told = case.facts.get(key)
    if told is None:
        return FACTS[key]
    opening = {"hours": "We are open", "address": "We are at", "price": "It is"}[key]
    return f"{opening} {told.rstrip('.')}."


def _hint(case: Case) -> str:
    if case.is_settled:
        return HINTS["else"]
    if case.trouble is not None:
        return HINTS["trouble"]
    return HINTS["name" if case.chosen is not None else "choice" if case.offered else "day"]


def _question(case: Case, *, is_news: bool) -> str:
    """What the caller is asked next; in full when it is new to them."""
    if case.is_settled:
        return _sentences(_confirmation(case) if is_news else "", "Is there anything else I can do?")
    if case.trouble == "search":
        return "I'm sorry, the calendar is not answering. Shall I try again?"
    if case.trouble == "booking":
        return "I'm sorry, I could not confirm that booking. Shall I try again?"
    if case.chosen is not None:
        asked = "What name shall I put down?"
        return f"{_capital(_time_on_day(case.chosen))}. {asked}" if is_news else asked
    if case.offered:
        return _offer(case.offered, is_news=is_news)
    return "Which day would suit you?" if not case.tool_note else "Which other day would suit you?"


def _offer(offered: Sequence[Slot], *, is_news: bool) -> str:
    day = say_day_of(offered)
    if day:
        times = say_choice([say_time(slot.minutes) for slot in offered]) + say_part(offered[-1].minutes)
        if not is_news:
            return f"Would {times} suit you?"
        return f"On {day}, I have {times}. {'Which suits you?' if len(offered) > 1 else 'Does that suit you?'}"
    times = say_choice([_time_on_day(slot) for slot in offered])
    return f"I have {times}. Which suits you?" if is_news else f"Would it be {times}?"


def _time_on_day(slot: Slot) -> str:
    return f"{say_time(slot.minutes)}{say_part(slot.minutes)} on {say_date(slot.day)}"


def _confirmation(case: Case) -> str:
    if not case.booked_words:
        return ""
    who = f", {case.name}" if case.name else ""
    what = _capital(_time_on_day(case.booked)) if case.booked is not None else _capital(case.booked_words)
    return f"You're booked{who}. {what}."


def _goodbye(case: Case, prefix: str, tools: frozenset[str]) -> BrainAnswer:
    seen = f"see you on {say_weekday(case.booked.day)}" if case.booked is not None else "thank you for calling"
    text = _sentences(prefix, f"Goodbye, and {seen}.")
    calls = ((HANG_UP, _json({"reason": "the caller is done"})),) if HANG_UP in tools else ()
    return BrainAnswer(text, calls)


def _search(query: Query, prefix: str, tools: frozenset[str]) -> BrainAnswer:
    if FIND not in tools:
        return BrainAnswer(
            _sentences(prefix, "I'm sorry, I can't look into the calendar now. Please call again later.")
        )
    arguments = {"date": query.day, "part_of_day": query.part, "service": query.service}
    return BrainAnswer(prefix, ((FIND, _json(arguments)),))


def _book(case: Case, slot: Slot, name: str, prefix: str, tools: frozenset[str]) -> BrainAnswer:
    if BOOK not in tools:
        return BrainAnswer(_sentences(prefix, "I'm sorry, I can't book that now. Please call again later."))
    arguments = {"slot_id": slot.slot_id, "name": name, "service": case.service}
    return BrainAnswer(prefix, ((BOOK, _json(arguments)),))


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _json(arguments: Mapping[str, object]) -> str:
    return orjson.dumps(arguments).decode()
