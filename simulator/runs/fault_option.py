"""Faults as options of the command name them: "stt_stall=4000@8000", "mark_lost@SPEAKING#2+300", "frames_burst*2"."""

import math
import re

from simulator.faults.planned import CUES, FaultError, wrong_with
from simulator.runs.plan import FaultPlan, Moment

_OPTION = re.compile(r"(?P<name>[^=*@]+)(=(?P<strength>[^*@]+))?(\*(?P<rate>[^@]+))?(@(?P<moment>.+))?")
_MOMENT = re.compile(r"(?P<cue>[A-Za-z_]+)(#(?P<nth>[1-9]\d*))?(\+(?P<delay>\d+))?|(?P<at>\d+)", re.ASCII)


def parse_fault(text: str) -> FaultPlan:
    """The fault that `text` names, the reverse of `FaultPlan.text`. Raises FaultError that says what is wrong."""
    try:
        return _parsed(text)
    except FaultError as error:
        raise FaultError(f"--fault {text}: {error}") from None


def _parsed(text: str) -> FaultPlan:
    parts = _OPTION.fullmatch(text.strip())
    if parts is None:
        raise FaultError("expected NAME[=STRENGTH][*TIMES_PER_MIN][@MOMENT]")
    fault = FaultPlan(
        parts["name"].strip(),
        _number("strength", parts["strength"]),
        _moment(parts["moment"]),
        _number("times a minute", parts["rate"]),
    )
    wrong = wrong_with(fault)
    if wrong:
        raise FaultError("; ".join(wrong))
    return fault


def _number(what: str, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FaultError(f'{what}: expected a number, got "{value}"')
    return number


def _moment(value: str | None) -> Moment | None:
    if value is None:
        return None
    parts = _MOMENT.fullmatch(value.strip())
    cues = {cue.lower(): cue for cue in CUES}
    if parts is None or (parts["cue"] and parts["cue"].lower() not in cues):
        known = ", ".join(CUES)
        raise FaultError(f'moment: expected ms ("8000") or CUE[#NTH][+MS] ("SPEAKING#2+300"; {known}), got "{value}"')
    if parts["at"]:
        return Moment(delay_ms=int(parts["at"]))
    return Moment(cues[parts["cue"].lower()], int(parts["nth"] or 1), int(parts["delay"] or 0))
