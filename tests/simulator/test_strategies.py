"""What users draw: valid things, simplest first, to be pasted into a test; and a run that does not hold says so."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from simulator import strategies
from simulator.brain.answers import CannedBrain
from simulator.faults.planned import wrong_with
from simulator.rehearsal import Cast
from simulator.runs.outcome import Violation
from simulator.runs.plan import CallerPlan, Expectation, FaultPlan, Plan
from simulator.script import At, HangUp, IfLate
from simulator.simulated_call import SimulatedCall
from simulator.strategies import hold, plans, source_of
from simulator.strategies.call_machine import CallMachine
from simulator.strategies.holding import as_test
from tests.soak import examples
from tools.catalog import CATALOG
from tools.context import ToolError
from tools.declare import tool
from tools.tool import Kind

README = Path(__file__).parents[2] / "README.md"

EXAMPLE = '''\
from hypothesis import given

from simulator.strategies import ChartMachine, hold, plans, seeds
from tools.catalog import CATALOG
from tools.declare import tool


@tool()
def parcel_price(kilos: float, is_express: bool = False) -> dict[str, float]:
    """What it costs to send a parcel, in euros."""
    return {"euros": round((5 + 2 * kilos) * (2 if is_express else 1), 2)}


CATALOG.add(parcel_price)
PATIENT = {"wait_ms": 700, "reprompts": 3}


@given(plan=plans(profile=PATIENT, tools=[parcel_price]), seed=seeds())
def test_every_call_holds(plan, seed):
    hold(plan, seed)


TestTheChartUnderMyProfile = ChartMachine.of(PATIENT).TestCase
'''
"""As README has it."""

SHORT = Plan(
    "short",
    cast=Cast(brain=CannedBrain(["Yes."])),
    callers=(CallerPlan(script=(HangUp(At(1_500, if_late=IfLate.HANG_UP)),)),),
    is_strict=False,
)


@tool(kind=Kind.PURE)
def _weigh(kilos: int, colour: str | None = None, parts: list[float] | None = None) -> int:
    """Weigh something."""
    return kilos


# --- the example


@pytest.fixture
def catalog() -> Iterator[None]:
    """The catalog as it was, afterwards."""
    before = dict(CATALOG._tools)
    yield
    CATALOG._tools.clear()
    CATALOG._tools.update(before)


@pytest.mark.usefixtures("catalog")
def test_the_example_is_a_test_that_passes() -> None:
    names: dict[str, Any] = {"__name__": "example"}
    exec(EXAMPLE, names)  # noqa: S102 - a text of ours
    few = settings(max_examples=3, stateful_step_count=20)
    few(names["test_every_call_holds"])()
    names["TestTheChartUnderMyProfile"].settings = few
    names["TestTheChartUnderMyProfile"]().runTest()


def test_readme_shows_no_other_example_than_this_one() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert [block for block in blocks if "simulator.strategies" in block] in ([], [EXAMPLE])


# --- what is drawn


@pytest.mark.parametrize(
    ("drawn", "simplest"),
    [
        (strategies.callers(), "CallerPlan(script=(HangUp(when=At(at_ms=30000, if_late=IfLate.HANG_UP)),))"),
        (strategies.deepgram_behaviours(), "DeepgramBehaviour()"),
        (strategies.groq_behaviours(), "GroqBehaviour()"),
        (strategies.elevenlabs_behaviours(), "ElevenLabsBehaviour()"),
        (strategies.links(), "LinkModel()"),
        (strategies.profiles(), "Profile()"),
        (strategies.seeds(), "0"),
        (strategies.answers(), "BrainAnswer(text='Yes.')"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_simplest_is_healthy_and_short(drawn: st.SearchStrategy[object], simplest: str) -> None:
    assert source_of(find(drawn, lambda _value: True, settings=settings(database=None, max_examples=5))) == simplest


@given(st.data(), st.sampled_from([*CATALOG, _weigh]))
def test_arguments_fit_the_tools_they_are_drawn_for(data: st.DataObject, wanted: Any) -> None:  # noqa: ANN401 - a Tool
    wanted.check(data.draw(strategies.arguments(wanted)))


PATIENT = settings(database=None, max_examples=2_000)
"""One in thirty is broken in a given way, and the first ones are alike."""


@pytest.mark.parametrize("wanted", [*CATALOG, _weigh], ids=lambda wanted: str(wanted.name))
def test_broken_arguments_are_refused_by_most_tools(wanted: Any) -> None:  # noqa: ANN401 - a Tool
    def is_refused(arguments: str) -> bool:
        try:
            wanted.check(arguments)
        except ToolError:
            return True
        return False

    for broken in (lambda text: text == "{", lambda text: "nonsense" in text, is_refused):
        assert is_refused(find(strategies.broken_arguments(wanted), broken, settings=PATIENT))


def test_a_tool_that_is_not_in_the_catalog_is_named() -> None:
    with pytest.raises(ValueError, match="_weigh: not in the catalog; add it first"):
        plans(tools=[_weigh])


@given(strategies.faults())
def test_every_drawn_fault_can_be(fault: FaultPlan) -> None:
    assert wrong_with(fault) == []


@examples(6)
@given(plans(), strategies.profiles(), strategies.links())
def test_what_is_drawn_can_be_pasted_into_a_test(plan: Plan, profile: object, link: object) -> None:
    for value in (plan, profile, link):
        names: dict[str, Any] = {}
        exec("\n".join(strategies.pasting.imports_of(value)), names)  # noqa: S102 - our own text
        again = eval(source_of(value), names)  # noqa: S307 - same
        assert source_of(again) == source_of(value)


# --- a run that does not hold


def test_a_run_that_does_not_hold_says_what_how_and_how_to_see_it_again() -> None:
    wrong = Expectation("said something", lambda _evidence: [Violation("said", "never said so", 1_200, "caller")])
    with pytest.raises(AssertionError) as caught:
        hold(replace(SHORT, expectations=(wrong,)), seed=7)
    text = str(caught.value)
    assert "short does not hold with seed 7:" in text
    assert "said at 1.200 s, caller: never said so" in text
    assert text.endswith(", seed=7)")
    with pytest.raises(AssertionError, match=r"rerun: offhook simulate my\.toml --seed 7 --until 1200"):
        hold(replace(SHORT, expectations=(wrong,), path=Path("my.toml")), seed=7)


def test_the_test_it_shows_runs() -> None:
    names: dict[str, Any] = {}
    exec(as_test(SHORT, 3), names)  # noqa: S102 - our own text
    names["test_a_call_that_did_not_hold"]()
    assert hold(SHORT, 3).digest == hold(SHORT, 3).digest


class Mistaken(CallMachine):
    """A phone that loses samples."""

    def every_sample_is_heard_or_thrown_away_or_waits(self, call: SimulatedCall) -> None:
        for phone in call.twilio.phones:
            phone.playback.received_samples += 1
        super().every_sample_is_heard_or_thrown_away_or_waits(call)


def test_what_the_phone_really_played_is_looked_at_all_the_time() -> None:
    with pytest.raises(AssertionError, match="samples"):
        run_state_machine_as_test(Mistaken, settings=settings(max_examples=3, phases=[Phase.generate]))


def test_without_hypothesis_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import simulator.strategies"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert "simulator.strategies needs hypothesis; run: pip install 'offhook[testing]'" in done.stderr
    assert json.dumps(done.returncode) == "1"
