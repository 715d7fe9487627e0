"""All mutants, by name."""

from tests.mutants import (  # noqa: F401 - each adds its own
    at_the_phone,
    behind_the_call,
    businesses,
    elsewhere,
    end_of_turn,
    rendered_ahead,
    who_has_the_floor,
    who_picked_up,
)
from tests.mutants.mutant import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant"]
