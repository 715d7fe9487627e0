"""Turn-traces written down in a line: who sounded when."""

from agent.metrics.turn_trace import AgentEntry, AgentKind, CallerEntry, CallerKind, StoppedBy, TurnEntry, TurnTrace
from simulator.turn_bench.facts import CallFacts, Which

WAY_MS = 75


def said(start_ms: int, end_ms: int, kind: CallerKind = CallerKind.TURN) -> CallerEntry:
    return CallerEntry(kind=kind, start_ms=start_ms, end_ms=end_ms)


def spoke(
    start_ms: int, end_ms: int, turn: int, by: StoppedBy = StoppedBy.FINISHED, kind: AgentKind = AgentKind.REPLY
) -> AgentEntry:
    return AgentEntry(turn=turn, start_ms=start_ms, end_ms=end_ms, stopped_by=by, kind=kind)


def facts(
    caller: list[CallerEntry], agent: list[AgentEntry], *, turns: tuple[TurnEntry, ...] = (), **more: object
) -> CallFacts:
    trace = TurnTrace(end_ms=30_000, caller=tuple(caller), agent=tuple(agent), turns=turns)
    return CallFacts(Which("stop", 1, "scheduling"), trace, WAY_MS, **more)  # type: ignore[arg-type]  # by name
