"""One call of the many that a situation stands for: wording, times, place in our speech, drawn from a seed."""

from typing import Any

from agent.speakable import speakable
from simulator.corpus.draws import Draws
from simulator.corpus.model import Situation, SituationStep
from simulator.corpus.openings import begun
from simulator.corpus.reader import TIMES, WORDS, Shared
from simulator.scenario import ScriptFile
from simulator.scene import plain_words
from simulator.speech import speak

ONE_WAY_MS = 75
"""Of the leg between the telephone and us, each way."""

CONDITIONS: dict[str, Any] = {
    "deepgram": {"final_after_speech_ms": {"p50": 247, "p95": 298}, "final_delay_ms": 50, "finalize_delay_ms": 50},
    "groq": {"first_token_ms": {"p50": 83, "p95": 131}},
    "elevenlabs": {"first_byte_ms": {"p50": 178, "p95": 288}},
    "phone": {"one_way_ms": ONE_WAY_MS},
}
"""Providers as their delays are published.

The transcriber's is what pipecat's stt-benchmark calls time to final segment: from the end of speech to the final, for
Deepgram's nova-3, asked to settle its words after 200 ms of silence. Who asks sooner gets it no sooner.
"""

NOISE_LEVELS = (0, 0, 0, 20, 40)
"""Under what the caller says: most lines are quiet."""

GOODBYE = {"hang_up": True, "after_silence_ms": 1_300}
"""Longer than any pause between two sentences of the agent's, and than most waits for a resumed reply."""

HEEL_WORDS = 2
"""So many of the last words of a reply are waited for by who answers on its heels."""

LATE_PERCENT = (70, 85)
MIDDLE_PERCENT = (25, 60)
START_MS = (150, 700)
END_MS = (300, 900)
"""Places in what the agent says: shares of its length, or ms after its beginning and before its end."""


def vary(situation: Situation, seed: int, shared: Shared, profile: str | None = None) -> ScriptFile:
    """The call script of variation `seed`; `profile` names the agent's tuning, None leaves it its own.

    A function of its arguments: each draw has a generator of its own, named by what it is for.
    """
    draw = Draws(situation.name, seed, shared)
    answers = [draw.words(wording, f"agent/{i}") for i, wording in enumerate(situation.agent)]
    answers.append(draw.words("{short}", "fallback"))
    *replies, fallback = answers if situation.no_openings else begun(answers, draw)
    greeting = draw.words("{greeting}", "greeting")
    spoken = [greeting, *replies]
    steps: list[dict[str, Any]] = []
    turns = 0
    for index, step in enumerate(situation.caller):
        said = spoken[turns] if turns < len(spoken) else fallback
        steps.append(_step(step, said, draw, f"caller/{index}"))
        turns += step.say is not None or step.press is not None
    if not situation.caller[-1].hang_up:
        steps.append(dict(GOODBYE))
    noise_level = situation.line_noise_level
    raw: dict[str, Any] = {
        "about": situation.about,
        "seed": draw.world_seed,
        "longest_s": 120.0,
        "phrases": {"greeting": greeting},
        "caller": steps,
        **CONDITIONS,
        "model": {"replies": replies, "fallback": fallback},
        "faults": [fault.model_dump(exclude_none=True) for fault in situation.faults],
        "phone": {**CONDITIONS["phone"], "line_noise_level": draw.one_of(NOISE_LEVELS, "noise", noise_level)},
    }
    if profile is not None:
        raw["profile"] = profile
    return ScriptFile.model_validate(raw)


def _step(step: SituationStep, said: str, draw: Draws, what: str) -> dict[str, Any]:
    """The step as a call script has it; `said` is what the agent is saying meanwhile, or has just said."""
    told = step.model_dump(exclude_none=True, exclude={"place"})
    for key in WORDS:
        if key in told:
            told[key] = draw.words(told[key], f"{what}/{key}")
    for key in TIMES:
        if key in told:
            told[key] = draw.time_ms(told[key], f"{what}/{key}")
    if isinstance(told.get("loudness"), list):
        told["loudness"] = draw.rng(f"{what}/loudness").choice(told["loudness"])
    if "say" in told and "ms_per_char" not in told:
        told["ms_per_char"] = draw.time_ms("speaking_pace", f"{what}/pace")
    told |= _moment(step.place, said, draw, what)
    if told.keys() & {"into_agent_speech_ms", "after_words"}:
        told.setdefault("if_late", "skip")
    return told


def _moment(place: str | None, said: str, draw: Draws, what: str) -> dict[str, Any]:
    """A place in what is said, as the moment of a step."""
    if place is None:
        return {}
    if place == "on_its_heels":
        last = plain_words(speakable(said))[-HEEL_WORDS:]
        return {"after_words": " ".join(last), "delay_ms": draw.time_ms("turn_gap", f"{what}/gap")}
    length_ms = len(speak(speakable(said)).audio) // 8
    return {"into_agent_speech_ms": draw.between(*_bounds_ms(place, length_ms), f"{what}/place")}


def _bounds_ms(place: str, length_ms: int) -> tuple[int, int]:
    """Between which instants of an utterance of that length a place lies."""
    match place:
        case "start":
            return START_MS
        case "end":
            return max(0, length_ms - END_MS[1]), max(0, length_ms - END_MS[0])
    first, last = MIDDLE_PERCENT if place == "middle" else LATE_PERCENT
    return length_ms * first // 100, length_ms * last // 100
