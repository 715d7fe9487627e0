"""How soon "is my shipment delayed?" is answered, end to end: the parcel agent, simulated, with a slow database.

In virtual time, so that no neighbour on this machine counts; providers and the telephone are as slow as published, see
`simulator.corpus.variation`. What counts is from the caller's last sound to our first one at the telephone's media, and
to the first word of the answer itself where something was said before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from agent.ledger import ledger_of
from fsm.units import NS_PER_MS
from simulator.bench_figures import percentile
from simulator.corpus.variation import CONDITIONS, ONE_WAY_MS
from simulator.runs.evidence import CallEvidence
from simulator.runs.one import quiet
from simulator.runs.run import gathered
from simulator.scenario import ScriptFile, plan_of
from simulator.scene import plain_words

TOOL_MS = 150
"""So long the database takes for whatever it is asked."""

GOAL_MS = 1_000
"""Voice to voice, p95: the promise."""

QUESTIONS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "asked": (
        ("Is my shipment four seven one nine two zero delayed?",),
        ("Hello, is shipment four seven one nine two zero late?",),
        ("Is my shipment delayed?", "It is four seven one nine two zero."),
        ("Hello, where is my parcel?", "Four seven one nine two zero."),
        ("Has my parcel arrived?", "Four seven one [600 ms] nine two zero."),
    ),
    "kept": (
        ("Is my shipment delayed?",),
        ("Hello, where is my parcel?",),
        ("Is my parcel late?",),
        ("Has my shipment arrived?",),
    ),
}
"""What is said, by how the last of it is answered: by a question to the database, which knows the shipment by its
number, or from what was looked up while the caller was greeted."""

NUMBERS = {"asked": "+15550009999", "kept": "+15550001111"}
"""Who calls: somebody whom nobody knows, and a customer."""

ANSWER = ("it", "is", "delayed")
PACE_MS = (55, 80)
"""A character takes so long: some speak faster."""


@dataclass(slots=True)
class QuestionFigures:
    """Durations in ms of one way to be answered; `fillers` of them were preceded by a phrase of waiting."""

    first_ms: list[int] = field(default_factory=list)
    answer_ms: list[int] = field(default_factory=list)
    fillers: int = 0
    unanswered: int = 0

    def values(self, way: str) -> dict[str, float | None]:
        """Percentiles, None where nothing was answered."""
        figures: dict[str, float | None] = {f"question_{way}_calls": len(self.first_ms) + self.unanswered}
        for name, durations in (("voice_to_voice", self.first_ms), ("answer", self.answer_ms)):
            for percent in (50, 95):
                figures[f"question_{way}_{name}_ms_p{percent}"] = percentile(sorted(durations), percent)
        return {
            **figures,
            f"question_{way}_fillers": self.fillers,
            f"question_{way}_unanswered": self.unanswered,
        }


def measure(calls: int) -> dict[str, float | None]:
    """So many calls of each way, and their figures."""
    figures: dict[str, float | None] = {}
    for way in QUESTIONS:
        of_way = QuestionFigures()
        for seed in range(calls):
            _take(of_way, way, seed)
        figures.update(of_way.values(way))
    return figures


def _take(figures: QuestionFigures, way: str, seed: int) -> None:
    plan = plan_of(script_of(way, seed), f"question-{way}")
    with quiet(), gathered(plan, seed) as evidence:
        (call,) = evidence.calls
        turns = [turn for turn in ledger_of(call.lines) if turn.voice_to_voice_ms is not None]
        asked_until = max(said.ended_at for said in call.caller.said)
        answered_at = next((at for at in _said_at(call, ANSWER) if at > asked_until), None)
        if not turns or answered_at is None:
            figures.unanswered += 1
            return
        first_ms = turns[-1].voice_to_voice_ms
        assert first_ms is not None, "others were left out"
        figures.first_ms.append(first_ms)
        way_ms = 2 * ONE_WAY_MS  # of the telephone's, there and back, which is the caller's and not ours
        figures.answer_ms.append(max(first_ms, (answered_at - asked_until) // NS_PER_MS - way_ms))
        figures.fillers += any(name == "Fill" for _, name, _ in call.effects)


def script_of(way: str, seed: int) -> ScriptFile:
    """A call in which the question is asked once."""
    draw = Random(f"{seed}/question/{way}")
    pace_ms = draw.randint(*PACE_MS)
    steps: list[dict[str, object]] = [{"say": text, "ms_per_char": pace_ms} for text in draw.choice(QUESTIONS[way])]
    return ScriptFile.model_validate(
        {
            "agent": "shipments",
            "caller": [*steps, {"hang_up": True, "after_silence_ms": 1_300}],
            **CONDITIONS,
            "phone": {**CONDITIONS["phone"], "number": NUMBERS[way]},
            "database": {"delay_ms": TOOL_MS},
            "waive": {"silence": "the bench looks at latency alone"},
        }
    )


def _said_at(call: CallEvidence, words: tuple[str, ...]) -> Iterator[int]:
    """When (ns) each place at which the caller heard these words began."""
    heard = [(plain, word.started_at) for word in call.caller.heard for plain in plain_words(word.text)]
    for begin in range(len(heard) - len(words) + 1):
        if tuple(word for word, _ in heard[begin : begin + len(words)]) == words:
            yield heard[begin][1]
