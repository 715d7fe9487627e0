"""What is left of a call, and what is not the call's."""

from simulator.link_model import LinkModel
from simulator.rehearsal import DEEPGRAM, Cast
from simulator.runs.plan import CallerPlan, Plan
from simulator.script import At, HangUp
from simulator.strategies import hold


def test_a_cut_that_the_network_has_in_store_for_later_is_held_by_no_call() -> None:
    cast = Cast(links={DEEPGRAM: LinkModel(cuts_ms=(60_000,))})
    hold(Plan("over before the cut", cast=cast, callers=(CallerPlan(script=(HangUp(At(2_000)),)),)))
