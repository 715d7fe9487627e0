"""Checkers: what must hold in every simulated call, whatever its script says."""

from collections.abc import Mapping

from simulator.checkers import (
    ending,
    heard_text,
    ledger,
    lines,
    machine,
    manners,
    payments,
    phone_orders,
    privacy,
    samples,
    silence,
    tools,
    transcript,
    word_order,
)
from simulator.checkers.base import Checker, of_calls, of_runs
from simulator.runs.evidence import Evidence
from simulator.runs.outcome import Violation

__all__ = ["CHECKERS", "Checker", "check_all"]

_ALL = (
    of_calls("no-own-mistake", "no call is ended by an exception of ours", ending.own_mistakes),
    of_runs("no-error-log", "the agent logs no error", ending.logged_errors),
    of_calls("one-voice", "words of ours come in their order, whole, one speaker at a time", word_order.one_voice),
    of_calls("dead-words", "no word of a cancelled reply is heard after its clear", word_order.dead_words),
    of_calls("dead-audio", "no audio leaves while the phone is to be silent", phone_orders.audio_while_silent),
    of_calls("clear-first", "clear leaves with the verdict, before all clean-up", phone_orders.late_clears),
    of_calls("twilio-clean", "Twilio takes every message of ours", phone_orders.warnings),
    of_calls("lead", "little audio is ahead of the ear", samples.too_far_ahead),
    of_calls("samples", "each sample is heard, cleared or waits, at both ends", samples.unbalanced, of_whole_runs=True),
    of_calls("playout-clock", "as much counts as played as was played", samples.wrong_clock, of_whole_runs=True),
    of_calls("heard-text", "what counts as heard is within a word of what was", heard_text.wrong_beliefs),
    of_calls("transcript-heard", "the transcript has what counts as heard", heard_text.wrong_transcript),
    of_runs("requests-valid", "each request to the model is valid for it", transcript.invalid_requests),
    of_calls("transcript-valid", "the conversation is valid, its cuts are marked", transcript.false_transcripts),
    of_calls("cuts-marked", "what was cut short is marked so", transcript.unmarked_cuts),
    of_calls("tool-once", "each tool call ends exactly once", tools.unsettled),
    of_calls("effect-once", "each effect happens at most once an intent", tools.done_twice),
    of_calls("charged-once", "what a card was charged with is booked, once", payments.wrong_books, of_whole_runs=True),
    of_calls("effect-ordered", "what does more than read runs once it is ordered, never for a draft", tools.too_soon),
    of_calls("tool-alive", "no tool is run for a reply that is over", tools.of_dead_replies),
    of_calls("deadlines", "each mode is left by its deadline", machine.missed_deadlines),
    of_calls("trace-replays", "the trace, decided again, comes out the same", machine.differences),
    of_calls("manners", "no answer begins while the caller speaks", manners.talks_over),
    of_calls("silence", "no silence over 2 s without a cause", silence.unexplained),
    of_calls("ledger", "the parts of each latency are its whole", ledger.wrong_sums),
    of_calls("latency-true", "a turn's latency counts from the caller's last sound", ledger.untrue),
    of_calls("forwards", "the trace never goes back in time", ledger.backward_instants),
    of_calls("hidden-words", "a trace that is to hide words hides them", privacy.told_words),
    of_calls("card-numbers", "no trace holds a card number that a caller gave", privacy.card_numbers),
    of_runs("keep-alive", "no line to a provider is lost by neglect", lines.neglected),
    of_calls("ended", "each call ends, once", ending.unended, of_whole_runs=True),
    of_runs("released", "everything held is released within two seconds", ending.leftovers),
)

CHECKERS: Mapping[str, Checker] = {checker.name: checker for checker in _ALL}
"""All of them by name, in the order in which they look."""


def check_all(evidence: Evidence) -> list[Violation]:
    """What does not hold in a run, by every checker that its plan does not waive."""
    found: list[Violation] = []
    for name, checker in CHECKERS.items():
        if name not in evidence.plan.waives:
            found += checker.check(evidence)
    return found
