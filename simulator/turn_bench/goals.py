"""What the figures of the bench should be: the numbers that the specification of turn-taking asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be: at most `limit`, or at least."""

    figure: str
    limit: float
    what: str
    unit: str = ""
    is_at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Whether `value` is good enough."""
        return value >= self.limit if self.is_at_least else value <= self.limit

    def missed_by(self, value: float) -> float:
        """How far `value` is from good enough; 0 if it is."""
        return 0.0 if self.is_met(value) else round(abs(value - self.limit), 4)

    def __str__(self) -> str:
        return f"{'at least' if self.is_at_least else 'at most'} {self.limit:g}{self.unit}"


GOALS = (
    Goal("yield_rate", 0.99, "yields to a true interruption", is_at_least=True),
    Goal("selectivity_backchannel", 0.97, "talks on through a backchannel", is_at_least=True),
    Goal("selectivity_vocal_tic", 0.62, "neither stops for a vocal tic nor answers it", is_at_least=True),
    Goal("selectivity_non_directed", 0.58, "the same for words to somebody else", is_at_least=True),
    Goal("stop_ms_p50", 200, "onset of an interruption to silence, median", " ms"),
    Goal("stop_ms_p95", 350, "the same, p95", " ms"),
    Goal("cough_dead_air_ms", 700, "dead air after a cough, p95", " ms"),
    Goal("false_cutoff_rate", 0.03, "turns that are cut off"),
    Goal("voice_to_voice_ms_p50", 400, "voice to voice, median", " ms"),
    Goal("voice_to_voice_ms_p95", 550, "the same, p95", " ms"),
    Goal("draft_voice_to_voice_ms_p50", 300, "voice to voice of adopted drafts, median", " ms"),
    Goal("heard_error_words_p95", 0, "error in the heard text, p95", " words"),
    Goal("heard_error_words_max", 1, "the same, worst", " words"),
    Goal("clear_ms_p99", 10, "order to be silent to clear, p99, virtual time", " ms"),
    Goal("ledger_violations", 0, "turns whose latency parts are not the whole"),
    Goal("silence_violations", 0, "silences over 2 s without a cause"),
    Goal("violations", 0, "findings of all checkers"),
)
"""Section by section as the table shows them. Those on `stop_ms` and `voice_to_voice_ms` hold at the server."""

SLOW_STOP_MS, SLOW_ANSWER_MS, LONG_DEAD_AIR_MS, MOST_HEARD_ERROR_WORDS = 350, 550, 700, 1
"""What a single episode must exceed to be a miss of its call."""
