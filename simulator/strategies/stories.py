"""Random stories of a call as the chart is told them: instants and events, in an order that can come about."""

from hypothesis import strategies as st

from fsm.events import Event
from fsm.profile import Phrases, Profile
from simulator.strategies.chart_machine import ChartMachine
from simulator.strategies.moves import PLACED, moves_of

Story = tuple[tuple[int, Event], ...]
"""Instants (ns) and events, from `begin` at the first of them on."""


@st.composite
def stories(
    draw: st.DrawFn, profile: Profile | None = None, phrases: Phrases | None = None, *, max_moves: int = 40
) -> Story:
    """What happens in a call under `profile`, in at most `max_moves` moves; Ticks stand where the shell would tick.

    Each keeps every promise while it is drawn. Fold them through `fsm.step.step`, from `begin(profile, phrases, 0)` on.
    """
    telling: ChartMachine = ChartMachine.of(profile, phrases)()
    is_warm, placed, has_music = draw(st.booleans()), draw(st.sampled_from(PLACED)), draw(st.booleans())
    telling.the_call_comes_in(opens=True, is_warm=is_warm, placed=placed, has_music=has_music)
    for _ in range(draw(st.integers(0, max_moves))):
        possible = moves_of(telling)
        if not possible:
            break
        name = draw(st.sampled_from(list(possible)))
        getattr(telling, name)(**{each: draw(drawn) for each, drawn in possible[name].arguments.items()})
        telling.every_promise_is_kept()
    return tuple(telling.told)
