"""What goes wrong with tools: the code of the business behind the agent."""

from agent.services import ToolOutcome
from simulator.faults.base import Fault, Kind, Stage, Strike
from simulator.faults.tool_trouble import Run, ToolTrouble, Trouble, babbles, breaks, doubled, hangs, slowed
from simulator.faults.ways import ms, some
from tools.tool import Kind as ToolKind

HANGS_UP_AFTER_MS = 300
"""So long after a tool began the caller has enough."""

CALLS = some("calls", 50, 1)


def _befalls(trouble: Trouble) -> Strike:
    """It happens to the next so many tools."""
    return lambda stage, strength: stage.tools.befall(trouble, round(strength))


def _doubled(stage: Stage, strength: float) -> None:
    tools = stage.rehearsal.desk.workshop.tools

    def is_effect(name: str) -> bool:
        """Whether the tool does something that must not be done twice."""
        return name in tools and tools[name].terms.kind is ToolKind.EFFECT

    stage.tools.befall(doubled, round(strength), is_effect)


def _slow(stage: Stage, strength: float) -> None:
    stage.tools.slow_ms = strength


def _after_hangup(stage: Stage, strength: float) -> None:
    late = slowed(strength)

    async def abandoned(tools: ToolTrouble, run: Run) -> ToolOutcome:
        stage.after(HANGS_UP_AFTER_MS, stage.call.twilio.hang_up)
        return await late(tools, run)

    stage.tools.befall(abandoned)


FAULTS = (
    Fault(
        "tool_slow",
        Kind.TOOLS,
        "Every tool takes so much longer to answer.",
        ms(1, 120_000, 4_000),
        strike=_slow,
        repeats=False,
        swarm=(1, 6_000),
    ),
    Fault("tool_hangs", Kind.TOOLS, "The next tools never answer.", CALLS, strike=_befalls(hangs), swarm=(1, 2)),
    Fault("tool_500", Kind.TOOLS, "The next tools fail at once.", CALLS, strike=_befalls(breaks), swarm=(1, 3)),
    Fault(
        "tool_doubled",
        Kind.TOOLS,
        "The next tools that change something are run twice at once.",
        CALLS,
        strike=_doubled,
    ),
    Fault("tool_babbles", Kind.TOOLS, "The next tools do it, and answer nonsense.", CALLS, strike=_befalls(babbles)),
    Fault(
        "tool_answers_twice",
        Kind.TOOLS,
        "The next answer of a tool comes again, so much later.",
        ms(0, 60_000, 500),
        strike=lambda stage, strength: stage.repeat_next_tool(strength),
        is_fatal=True,
    ),
    Fault(
        "tool_after_hangup",
        Kind.TOOLS,
        "The caller hangs up while the next tool runs; it answers after so long.",
        ms(400, 120_000, 3_000),
        strike=_after_hangup,
        is_fatal=True,
    ),
)
