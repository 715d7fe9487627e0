"""What an utterance does to a booking: one function a stage, each changing the `Case` and saying how it was taken."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.brain.case import Case, Slot
from simulator.brain.hearing import Heard, misheard_hours
from simulator.brain.phrases import Intent
from simulator.brain.speaking import say_time
from simulator.brain.times import DayWish

NOON = 12 * 60

AGREEING = (Intent.YES, Intent.PRAISE)
SMALL_TALK = (Intent.HELLO, Intent.BOOK, Intent.THANKS, Intent.BACKCHANNEL, Intent.GO_ON, Intent.NO, *AGREEING)
QUESTIONS = (
    *(Intent.HOURS, Intent.ADDRESS, Intent.PRICE, Intent.ROBOT, Intent.HUMAN, Intent.CHANGE, Intent.HOW_ARE_YOU),
)


@dataclass(frozen=True, slots=True)
class Reaction:
    """How an utterance was taken.

    `prefix` is said before the next question; `topic` is a question of the caller's to answer first.
    """

    prefix: str = ""
    topic: Intent | None = None
    is_news: bool = False
    """What stands now is new to the caller, so it is said in full."""
    is_miss: bool = False
    waits: bool = False
    """The prefix is all there is to say."""
    ends: bool = False


NEWS = Reaction(is_news=True)
AGAIN = Reaction()
MISS = Reaction(is_miss=True)


def listen(case: Case, heard: Heard) -> Reaction:
    """Take one utterance into the case."""
    case.tool_note = ""
    if case.day is None and not case.slots:
        case.asked = None  # a day that had nothing free may be asked for again
    reaction = _react(case, heard)
    case.misses = case.misses + 1 if reaction.is_miss else 0
    return reaction


def _react(case: Case, heard: Heard) -> Reaction:
    case.service = heard.service or case.service
    case.name = heard.told_name or case.name
    if heard.means(Intent.BYE):
        return Reaction(ends=True)
    topic = next((intent for intent in QUESTIONS if heard.means(intent)), None)
    if topic is not None:
        return _answer_topic(case, heard, topic)
    if not _tells_time(heard):
        if heard.means(Intent.WAIT) and not heard.means(Intent.NO):
            return Reaction("Take your time.", waits=True)
        if heard.means(Intent.REPEAT):
            return NEWS
    return _stage(case)(case, heard)


def _answer_topic(case: Case, heard: Heard, topic: Intent) -> Reaction:
    """A question of the caller's; a day in "are you open on Saturday" is no wish."""
    if topic is not Intent.HOURS and not case.is_settled and _take_wishes(case, heard):
        return Reaction(topic=topic, is_news=True)
    return Reaction(topic=topic)


def _stage(case: Case) -> Callable[[Case, Heard], Reaction]:
    if case.is_settled:
        return _after
    if case.trouble is not None:
        return _in_trouble
    if case.chosen is not None and case.name is None:
        return _naming
    return _choosing if case.offered else _opening


def _opening(case: Case, heard: Heard) -> Reaction:
    """Asked for a day."""
    if _take_wishes(case, heard):
        return NEWS
    if heard.means(Intent.ABANDON, Intent.DONE):
        return _give_up(case)
    if heard.means(Intent.SOONEST):
        case.wants_search = True
        return NEWS
    if heard.means(Intent.BOOK):
        return Reaction("Of course.")
    is_told = heard.told_name is not None or heard.service is not None or case.time is not None
    return AGAIN if is_told or heard.means(*SMALL_TALK) else MISS


def _choosing(case: Case, heard: Heard) -> Reaction:
    """Offered some times."""
    if _take_wishes(case, heard):
        return _chosen_or_not(case)
    if heard.choice is not None:
        return _choose(case, _nth(case.offered, heard.choice))
    declined = _declined(case, heard)
    if declined is not None:
        return declined
    agreed = _agreed_slot(case, heard)
    if agreed is not None:
        return _choose(case, agreed)
    return AGAIN if heard.means(*SMALL_TALK) or heard.told_name is not None else MISS


def _naming(case: Case, heard: Heard) -> Reaction:
    """Asked for the name."""
    if _tells_time(heard) and _take_wishes(case, heard):
        return _chosen_or_not(case)
    if heard.choice is not None and case.offered:
        return _choose(case, _nth(case.offered, heard.choice))
    if heard.bare_name is not None and not heard.means(Intent.OTHER, Intent.ABANDON):
        case.name = heard.bare_name
        return NEWS
    declined = _declined(case, heard)
    if declined is not None:
        return declined
    return AGAIN if heard.means(*SMALL_TALK) or heard.told_name is not None else MISS


def _in_trouble(case: Case, heard: Heard) -> Reaction:
    """Said that the calendar failed, and asked whether to try again."""
    if heard.means(Intent.NO, Intent.ABANDON, Intent.DONE):
        return _give_up(case)
    was = case.trouble
    if _take_wishes(case, heard):
        case.trouble, case.asked = None, None
        return NEWS
    if heard.means(Intent.YES, Intent.PRAISE, Intent.GO_ON, Intent.BACKCHANNEL) or "again" in heard.text:
        case.trouble = None
        if was == "search":
            case.asked = None
        return NEWS
    return MISS


def _after(case: Case, heard: Heard) -> Reaction:
    """Booked, or given up; asked whether there is anything else."""
    if heard.means(Intent.BOOK) or (case.is_over and _tells_time(heard)):
        case.start_over()
        _take_wishes(case, heard)
        return Reaction("Of course.", is_news=True)
    if _tells_time(heard):
        return Reaction("That one is booked, and I can't change it. I can book another one, if you like.", waits=True)
    if heard.means(Intent.NO, Intent.DONE, Intent.THANKS):
        return Reaction(ends=True)
    if heard.means(Intent.YES):
        return Reaction("Go ahead, I'm listening.", waits=True)
    return AGAIN if heard.means(*SMALL_TALK) else MISS


# --- what the stages share -------------------------------------------------------------------------------


def _tells_time(heard: Heard) -> bool:
    return heard.day is not None or heard.part is not None or (heard.time is not None and not heard.time.is_bare)


def _take_wishes(case: Case, heard: Heard) -> bool:
    """Take day, part of the day and time into the case; whether there was anything new to look up or to choose."""
    time = heard.time
    if time is not None and time.is_bare and not (case.offered or heard.day is not None or heard.part is not None):
        time = None
    if heard.day is None and heard.part is None and time is None:
        return False
    before, chosen = case.wanted(), case.chosen
    case.day = _day_meant(case, heard.day) or case.day
    if heard.part is not None or time is not None:
        case.part, case.time = heard.part, time
    case.chosen = None
    case.wants_search = case.wants_search or heard.day is not None or heard.part is not None
    if time is None and case.wanted() == before:
        case.chosen = chosen  # nothing but a confirmation
    elif not case.choose_by_time():
        _choose_by_day(case, heard)
    return case.wants_search or case.chosen is not None


def _day_meant(case: Case, wish: DayWish | None) -> DayWish | None:
    """A weekday said in answer to an offer means the day that was offered."""
    offered = sorted({slot.day for slot in case.offered})
    if wish is not None and wish.kind == "weekday" and not wish.is_next_week:
        for day in offered:
            if day.weekday() == wish.number:
                return DayWish("date", day.day, month=day.month)
    return wish


def _choose_by_day(case: Case, heard: Heard) -> None:
    """A mere "Wednesday" chooses the only time offered on that day, where several days were offered."""
    on_day = [slot for slot in case.offered if slot.day.isoformat() == case.wanted_day()]
    if heard.time is None and heard.part is None and len(on_day) == 1 and len(case.offered) > 1:
        case.chosen = on_day[0]


def _declined(case: Case, heard: Heard) -> Reaction | None:
    """Whether the caller wants none of what was offered, and what follows from that."""
    if heard.means(Intent.ABANDON):
        return _give_up(case)
    if heard.means(Intent.OTHER):
        return _show_others(case, heard)
    return _ask_anew(case) if heard.means(Intent.NO) else None


def _agreed_slot(case: Case, heard: Heard) -> Slot | None:
    """The slot that a misheard hour or a plain "yes" takes; a mere "mhm" only if it is the only one."""
    if case.chosen is not None:
        return case.chosen  # agreed already: "my name is Ada Lovely" praises nothing
    misheard = [slot for slot in case.slots if slot.minutes % 60 == 0 and _hour(slot) in misheard_hours(heard)]
    if misheard:
        return misheard[0]
    is_agreed = heard.means(Intent.SOONEST, *AGREEING) or (len(case.offered) == 1 and heard.means(Intent.BACKCHANNEL))
    return case.offered[0] if is_agreed else None


def _chosen_or_not(case: Case) -> Reaction:
    """After a wish: it was met, it has to be looked up, or it cannot be had."""
    if case.chosen is not None or case.needs_search or case.time is None:
        return NEWS
    return Reaction(f"I can't offer {say_time(case.time.minutes)}.", is_news=True)


def _choose(case: Case, slot: Slot) -> Reaction:
    case.chosen = slot
    return NEWS


def _nth(offered: tuple[Slot, ...], choice: str) -> Slot:
    """The slot meant by an ordinal; "the third" of two is the last."""
    place = {"first": 0, "second": 1, "third": 2, "last": len(offered) - 1}[choice]
    return offered[min(place, len(offered) - 1)]


def _hour(slot: Slot) -> int:
    return slot.minutes % NOON // 60 or 12


def _show_others(case: Case, heard: Heard) -> Reaction:
    """Other times than those offered: more of the same answer, then the other half of the day, then another day."""
    is_earlier = "earl" in heard.text and "too earl" not in heard.text
    case.chosen, case.time = None, None
    if case.offered and not is_earlier and "day" not in heard.text:
        last = case.offered[-1]
        others = tuple(slot for slot in case.slots if (slot.day, slot.minutes) > (last.day, last.minutes))[:2]
        if others:
            case.offered = others
            return NEWS
    part_asked = case.asked.part if case.asked is not None else None
    other_part = "morning" if is_earlier else "afternoon"
    if case.day is not None and part_asked != other_part and "day" not in heard.text:
        case.part = "morning" if is_earlier else "afternoon"
        case.wants_search = True
        return NEWS
    return _ask_anew(case)


def _ask_anew(case: Case) -> Reaction:
    case.forget_times()
    case.day = case.part = case.time = None
    case.wants_search = False
    return Reaction("No problem, let's try another day.", is_news=True)


def _give_up(case: Case) -> Reaction:
    case.forget_times()
    case.trouble, case.is_over = None, True
    return Reaction("All right, I won't book anything.")
