"""Every fault there is, by name."""

from collections.abc import Mapping
from difflib import get_close_matches

from simulator.faults import caller, ears, model, network, phone, process, tools, voice
from simulator.faults.base import Fault

ALL: tuple[Fault, ...] = (
    *phone.FAULTS,
    *ears.FAULTS,
    *model.FAULTS,
    *voice.FAULTS,
    *network.FAULTS,
    *tools.FAULTS,
    *process.FAULTS,
    *caller.FAULTS,
)

CATALOGUE: Mapping[str, Fault] = {fault.name: fault for fault in ALL}
"""In the order in which they are listed."""

assert len(CATALOGUE) == len(ALL), "two faults have one name"


def fault_named(name: str) -> Fault:
    """The fault of that name. Raises `LookupError` that says which name was probably meant."""
    if name not in CATALOGUE:
        near = get_close_matches(name, list(CATALOGUE), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else "`offhook simulate --faults` lists them all"
        raise LookupError(f"there is no fault {name!r}; {hint}")
    return CATALOGUE[name]
