"""What a caller no longer hears because they hung up is no sample lost, however late the agent learns of it."""

import pytest

from simulator.link_model import LinkModel
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.rehearsal import AGENT_ORIGIN, Cast
from simulator.runs.plan import CallerPlan, FaultPlan, Moment, Plan
from simulator.script import At, HangUp
from simulator.strategies import hold

AMID_THE_GREETING = HangUp(At(2_500))


@pytest.mark.parametrize(
    "phone",
    [TwilioBehaviour(one_way_ms=73, jitter_ms=90), TwilioBehaviour(stall_every_ms=2_600, stall_ms=900)],
    ids=["their messages come late", "their line stands still"],
)
def test_a_caller_hangs_up_and_the_agent_goes_on_until_it_learns_of_that(phone: TwilioBehaviour) -> None:
    hold(Plan("gone", callers=(CallerPlan(script=(AMID_THE_GREETING,), phone=phone),)))


def test_a_caller_hangs_up_while_nothing_of_theirs_arrives_for_two_seconds() -> None:
    held = FaultPlan("frames_burst", 2_000.0, Moment(delay_ms=2_400))
    hold(Plan("gone", callers=(CallerPlan(script=(AMID_THE_GREETING,)),), faults=(held,)))


def test_a_caller_hangs_up_on_a_network_that_is_slow_one_way_only() -> None:
    links = {AGENT_ORIGIN: LinkModel(up_ms=200, up_jitter_ms=200)}
    hold(Plan("gone", cast=Cast(links=links), callers=(CallerPlan(script=(AMID_THE_GREETING,)),)))
