"""One call of the corpus: made, run in a world of its own, and read."""

import gc
from collections.abc import Iterator
from pathlib import Path

from agent.ledger import ledger_of
from fsm.units import NS_PER_MS
from simulator.checkers import check_all
from simulator.checkers.facts import facts_of
from simulator.checkers.phone_orders import sounds_at
from simulator.corpus.reader import corpus
from simulator.corpus.variation import ONE_WAY_MS, vary
from simulator.runs.evidence import CallEvidence, Evidence, Line
from simulator.runs.one import CLEAN_EVERY_SEEDS, quiet, story
from simulator.runs.plan import Plan
from simulator.runs.run import gathered
from simulator.scenario import ScriptFile, plan_of
from simulator.script import ClearThroat, Cough, Laugh, Sneeze
from simulator.script_sounds import WORDLESS
from simulator.turn_bench.facts import Broken, CallFacts, Finding, Which
from simulator.turn_truth import turn_trace

SILENCING = frozenset({"HoldPlayout", "CancelReply"})

BODILY = frozenset(WORDLESS[kind][0] for kind in (Cough, Laugh, Sneeze, ClearThroat))
"""What a body does, by the kind of its sound."""

_runs = 0


def script_of(which: Which) -> ScriptFile:
    """The call script of a variation. Raises ScriptError for a situation or a profile that nobody knows."""
    found = corpus(Path(which.folder)) if which.folder else corpus()
    return vary(found.named(which.name), which.seed, found.shared, which.profile or None)


def planned(which: Which) -> tuple[Plan, int]:
    """What is to be run, and the seed of its world."""
    script = script_of(which)
    return plan_of(script, which.name), script.seed


def measure(which: Which) -> CallFacts | Broken:
    """Run a call and keep what it is judged by; a mistake of ours becomes a broken call."""
    _clean_now_and_then()
    try:
        plan, seed = planned(which)
        with quiet(), gathered(plan, seed) as evidence:
            if evidence.trouble:
                return Broken(which, evidence.trouble)
            return facts_from(which, evidence)
    except Exception as error:  # whatever broke: the other calls go on, and this one is told
        return Broken(which, story(error))


def facts_from(which: Which, evidence: Evidence) -> CallFacts | Broken:
    """What a run that is over tells."""
    (call,) = evidence.calls
    trace = turn_trace(evidence, call)
    if trace is None:
        return Broken(which, "the call never had a media stream")
    began_at = min(phone.started_at for phone in call.twilio.phones if phone.started_at is not None)
    return CallFacts(
        which=which,
        trace=trace,
        way_ms=ONE_WAY_MS,
        body_sounds_ms=tuple(
            max(0, (said.started_at - began_at + NS_PER_MS // 2) // NS_PER_MS)  # rounded as the trace's are
            for said in call.caller.said
            if said.kind in BODILY
        ),
        adopted_turns=frozenset(data["turn"] for _, name, data in call.effects if _is_adoption(name, data)),
        opening_turns=frozenset(_opening_turns(call)),
        drafts_made=sum(name == "DraftReply" for _, name, _ in call.effects),
        drafts_adopted=sum(_is_adoption(name, data) for _, name, data in call.effects),
        clear_ms=tuple(_clears_ms(evidence, call)),
        findings=tuple(Finding(one.checker, one.what, one.at_ms) for one in check_all(evidence)),
        parts_ms=tuple(tuple(turn.parts_ms().items()) for turn in ledger_of(call.lines)),
        missed=len(call.caller.missed),
        simulated_ms=evidence.rehearsal.world.elapsed_ms,
    )


def _opening_turns(call: CallEvidence) -> Iterator[int]:
    """The turns whose answer began with an opening that was rendered ahead."""
    begun = {line["data"]["reply"] for line in call.notes("opening")}
    return (data["turn"] for _, name, data in call.effects if name == "StartReply" and data["reply"] in begun)


def _is_adoption(name: str, order: Line) -> bool:
    """Whether a reply was begun that had been drafted."""
    return name == "StartReply" and bool(order.get("is_drafted"))


def _clears_ms(evidence: Evidence, call: CallEvidence) -> Iterator[int]:
    """From each order to silence a phone that sounds to the `clear` that followed it."""
    (stream,) = facts_of(evidence, call).sent
    clears = [sent.at for sent in stream if sent.kind == "clear"]
    for line, name, _ in call.effects:
        at = call.trace_began_at + line["at_ns"]
        after = [clear for clear in clears if clear >= at]
        if name in SILENCING and after and sounds_at(stream, at):
            yield (after[0] - at) // NS_PER_MS


def _clean_now_and_then() -> None:
    """A run's world is one knot of references: untied so often, memory stays where it was."""
    global _runs  # noqa: PLW0603 - of this process, which may measure for several benches
    _runs += 1
    if _runs % CLEAN_EVERY_SEEDS == 0:
        gc.collect()
