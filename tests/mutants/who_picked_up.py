"""Bugs in finding out who picked up, and in what a transcriber of turns tells."""

from contextlib import AbstractContextManager

from agent.beep import BeepDetector
from agent.providers.flux import TurnsTold
from agent.providers.flux_codec import TurnTold
from fsm import meeting, pickup, pickup_guards
from fsm.answerer import Answerer
from fsm.events import SpeechStopped, TurnEnded, WordsHeard
from fsm.state import CallState
from tests.mutants.mutant import all_of, guard_for, mutant, swapped

Plan = AbstractContextManager[object]


@mutant("beeps are not heard", "outgoing_machine_that_beeps_late", "outgoing_machine_by_its_length")
def beeps_unheard() -> Plan:
    return swapped(BeepDetector, "push", lambda *_: None)


@mutant("words never show that it is a machine", "outgoing_machine_without_a_beep", "outgoing_machine_and_no_message")
def machines_unrecognised() -> Plan:
    def blind(_words: str) -> Answerer:
        return Answerer.UNKNOWN

    return all_of(swapped(pickup, "answerer_by", blind), swapped(pickup_guards, "answerer_by", blind))


@mutant("whoever was taken for a person stays one", "outgoing_machine_that_pauses")
def misjudged_for_good() -> Plan:
    never = lambda *_: False  # noqa: E731 - three guards, one answer
    return all_of(
        guard_for(pickup_guards.tells_machine, never),
        guard_for(pickup_guards.is_machine_after_all, never),
        guard_for(pickup_guards.may_be_machine, never),
    )


@mutant("every greeting that is long is a machine's", "outgoing_long_greeting")
def length_decides() -> Plan:
    return swapped(pickup, "LONG_PAUSE_MS", 20_000)


@mutant("the message is left while the machine still talks", "outgoing_machine")
def message_too_early() -> Plan:
    def listens(state: CallState, _now: int) -> bool:
        return state.answerer is Answerer.MACHINE

    return swapped(pickup, "is_machine_listening", listens)


@mutant("a person who picked up waits for ever", "outgoing_person", "outgoing_silent_person")
def nobody_greets() -> Plan:
    return swapped(pickup, "NO_HELLO_MS", 20_000)


@mutant("what somebody said before they were greeted is forgotten", "outgoing_receptionist", "outgoing_person")
def hello_forgotten() -> Plan:
    kept = meeting._with_evidence

    def forget(state: CallState, event: object) -> CallState:
        return state if isinstance(event, WordsHeard | TurnEnded | SpeechStopped) else kept(state, event)  # type: ignore[arg-type]  # one of the events

    return swapped(meeting, "_with_evidence", forget)


@mutant("audio of a turn that goes on is not kept for a new connection", "flux_drop")
def turn_settled_early() -> Plan:
    told = TurnsTold._on_turn

    def settle(dialect: TurnsTold, turn: TurnTold, starts_at: int) -> None:
        told(dialect, turn, starts_at)
        dialect._audio.settle(dialect._audio.sent_to)

    return swapped(TurnsTold, "_on_turn", settle)


@mutant("Flux is not told that its turn was taken as over", "flux_interrupted")
def turn_not_ended() -> Plan:
    return swapped(TurnsTold, "end_turn", lambda _: "")
