"""A mistake in a callback is the call's own affair."""

import pytest

from agent.fence import fenced
from tests.agent.call_fakes import FakeOwner
from tests.fakes import ManualClock


class Part:
    """A part of a call with one callback that may fail."""

    def __init__(self) -> None:
        self.owner = FakeOwner(ManualClock())
        self.got: list[int] = []

    @fenced
    def on_number(self, number: int, *, divisor: int = 1) -> None:
        """Keep `number` divided."""
        self.got.append(number // divisor)


def test_what_works_works_as_without_a_fence() -> None:
    part = Part()
    part.on_number(6, divisor=2)
    part.on_number(4)
    assert part.got == [3, 4]
    assert part.owner.mistakes == []
    assert Part.on_number.__doc__ == "Keep `number` divided."


def test_a_mistake_goes_to_the_call_and_no_further() -> None:
    part = Part()
    part.on_number(6, divisor=0)
    assert [type(error) for error in part.owner.mistakes] == [ZeroDivisionError]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_who_wants_the_process_over_is_not_held_up(kind: type[BaseException]) -> None:
    class Stopping(Part):
        @fenced
        def on_number(self, number: int, *, divisor: int = 1) -> None:
            raise kind

    with pytest.raises(kind):
        Stopping().on_number(1)
