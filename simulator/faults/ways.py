"""Ways of striking that many faults share, and their strengths."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simulator.faults.base import Prepare, Scenery, Stage, Strength, Strike
from simulator.peers.twilio_stream import TwilioPhone

Changes = Callable[[float], Mapping[str, Any]]
"""Fields of a behaviour and their values, for a strength."""

WHOLE_CALL_MS = 600_000
TRY_AGAIN_MS = 20
"""How often to look for something that is not there yet."""


def ms(low: float, high: float, default: float) -> Strength:
    """A strength that is a duration."""
    return Strength("ms", low, high, default, is_whole=True)


def some(what: str, high: float, default: float = 1) -> Strength:
    """A strength that is a number of things."""
    return Strength(what, 1, high, default, is_whole=True)


def share(low: float, high: float, default: float, what: str = "%") -> Strength:
    """A strength in per cent."""
    return Strength(what, low, high, default)


LASTING = ms(1_000, WHOLE_CALL_MS, 60_000)
"""For as long as it lasts."""


def once_there(stage: Stage, there: Callable[[], bool], act: Callable[[], None]) -> None:
    """Act as soon as what is to be struck exists, unless the call is over before."""
    if there():
        act()
    elif not stage.is_over:
        stage.after(TRY_AGAIN_MS, lambda: once_there(stage, there, act))


def on_phone(act: Callable[[Stage, TwilioPhone, float], None]) -> Strike:
    """Act on the phone, as soon as its stream goes on."""

    def strike(stage: Stage, strength: float) -> None:
        def go() -> None:
            assert stage.phone is not None
            act(stage, stage.phone, strength)

        once_there(stage, lambda: stage.phone is not None, go)

    return strike


# --- behaviours ----------------------------------------------------------------------------------------------------


def phone_is(changes: Changes) -> Prepare:
    """The caller's phone is like this from the beginning."""
    return lambda scenery, strength: replace(scenery, phone=replace(scenery.phone, **changes(strength)))


def phone_becomes(changes: Changes) -> Strike:
    """The caller's phone is like this from now on."""

    def act(_stage: Stage, phone: TwilioPhone, strength: float) -> None:
        phone.behaviour = replace(phone.behaviour, **changes(strength))

    return on_phone(act)


def ears_become(changes: Changes, *, lasts: bool = False) -> Strike:
    """The transcriber is like this from now on; with `lasts`, for as long as the strength says."""
    return lambda stage, strength: stage.ears.change(strength if lasts else None, **changes(strength))


def model_becomes(changes: Changes, *, lasts: bool = False) -> Strike:
    """The model is like this from now on; with `lasts`, for as long as the strength says."""
    return lambda stage, strength: stage.model.change(strength if lasts else None, **changes(strength))


def voice_becomes(changes: Changes, *, lasts: bool = False) -> Strike:
    """The voice is like this from now on; with `lasts`, for as long as the strength says."""
    return lambda stage, strength: stage.voice.change(strength if lasts else None, **changes(strength))


def scenery_is(change: Callable[[Scenery, float], Scenery]) -> Prepare:
    """Something else is so from the beginning."""
    return change
