"""Faults as plans want them: checked against the catalogue, and done before the world exists where they must be."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fsm.state import Mode
from simulator.faults.base import Fault, Scenery
from simulator.faults.catalogue import fault_named
from simulator.runs.plan import FaultPlan, Moment, Plan

GREETING, TOOL = "greeting", "tool"
CUES = (*(mode.name for mode in Mode if mode not in (Mode.CONNECTING, Mode.ENDED)), GREETING, TOOL)
"""What a moment may be counted from."""

MOST_PER_MIN = 600
"""Ten strikes a second are a storm; more are one fault too strong."""


class FaultError(ValueError):
    """A fault that cannot be as a plan wants it; the message says what was expected."""


def wrong_with(plan: FaultPlan) -> list[str]:
    """What is wrong with a planned fault, in words; nothing if it can be."""
    try:
        fault = fault_named(plan.name)
    except LookupError as error:
        return [str(error.args[0])]
    return [complaint for complaint in _complaints(fault, plan) if complaint]


def _complaints(fault: Fault, plan: FaultPlan) -> Iterable[str]:
    strength = fault.strength
    if plan.strength is not None and not strength.low <= plan.strength <= strength.high:
        expected = f"{strength.low:g} to {strength.high:g} {strength.unit}"
        yield f"strength of {fault.name}: expected {expected}, got {plan.strength:g}"
    if plan.at is not None and plan.rate_per_min is not None:
        yield f"{fault.name}: expected a moment or a rate, got both"
    if plan.at is not None:
        yield from _wrong_moment(fault, plan.at)
    if plan.rate_per_min is not None:
        if not fault.may_repeat:
            yield f"{fault.name} does not come again and again: give it no rate"
        if not 0 < plan.rate_per_min <= MOST_PER_MIN:
            expected = f"more than 0 and at most {MOST_PER_MIN}"
            yield f"rate_per_min of {fault.name}: expected {expected}, got {plan.rate_per_min:g}"


def _wrong_moment(fault: Fault, at: Moment) -> Iterable[str]:
    if not fault.has_moment:
        yield f"{fault.name} is there from the beginning or not at all: give it no moment"
    if at.cue and at.cue not in CUES:
        yield f"moment of {fault.name}: expected one of {', '.join(CUES)}, got {at.cue!r}"
    if at.nth < 1 or at.delay_ms < 0:
        yield f"moment of {fault.name}: expected an nth of at least 1 and a delay of at least 0 ms"


@dataclass(frozen=True, slots=True)
class Armed:
    """A fault of the plan that has still to strike."""

    index: int
    plan: FaultPlan
    fault: Fault

    @property
    def strength(self) -> float:
        """In the fault's unit."""
        told = self.plan.strength
        return self.fault.strength.default if told is None else told

    @property
    def is_prepared(self) -> bool:
        """Whether it acts before the world exists, and so no more within it."""
        return self.fault.prepare is not None and self.plan.at is None and self.plan.rate_per_min is None

    @property
    def text(self) -> str:
        """What is told of a strike."""
        return f"{self.fault.name}, {self.strength:g} {self.fault.strength.unit}"


def armed(plans: Iterable[FaultPlan]) -> list[Armed]:
    """The faults of a plan, with what the catalogue says of them. Raises `FaultError`."""
    found = []
    for index, plan in enumerate(plans):
        complaints = wrong_with(plan)
        if complaints:
            raise FaultError("; ".join(complaints))
        found.append(Armed(index, plan, fault_named(plan.name)))
    return found


def prepared(plan: Plan) -> Plan:
    """The plan with what its faults change before the world exists: the cast, and the phone of the first caller."""
    if not plan.callers:
        return plan
    first, *others = plan.callers
    scenery = Scenery(plan.cast, first.phone)
    for fault in armed(plan.faults):
        if fault.is_prepared and fault.fault.prepare is not None:
            scenery = fault.fault.prepare(scenery, fault.strength)
    return replace(plan, cast=scenery.cast, callers=(replace(first, phone=scenery.phone), *others))
