"""Settings that faults change, for good or for a while."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from simulator.faults.layers import Layers
from simulator.world import World


@dataclass(frozen=True)
class Weather:
    """Something that can be changed."""

    rain: int = 0
    wind: int = 0


class House:
    """Wears what the weather is."""

    def __init__(self) -> None:
        self.world = World(0)
        self.seen = Weather()
        self.layers = Layers(Weather(), self.adopt, self.after)

    def adopt(self, weather: Weather) -> None:
        self.seen = weather

    def after(self, delay_ms: float, act: object) -> None:
        assert callable(act)
        self.world.call_at(self.world.now() + round(delay_ms * 1_000_000), act)


def test_a_change_for_a_while_goes_and_leaves_what_others_changed() -> None:
    house = House()
    house.layers.change(100, rain=3)
    house.layers.change(wind=7)
    assert house.seen == Weather(rain=3, wind=7)
    house.world.run_for(101)
    assert house.seen == Weather(wind=7)


CHANGES = st.lists(st.tuples(st.sampled_from(["rain", "wind"]), st.integers(1, 9), st.integers(1, 50)), max_size=8)


@given(CHANGES, st.integers(0, 60))
def test_of_two_changes_of_one_thing_the_later_holds_as_long_as_it_lasts(
    changes: list[tuple[str, int, int]], at_ms: int
) -> None:
    house = House()
    for field, value, for_ms in changes:
        house.layers.change(for_ms, **{field: value})
    house.world.run_for(at_ms)
    assert house.seen == Weather(**{field: value for field, value, for_ms in changes if for_ms > at_ms})
