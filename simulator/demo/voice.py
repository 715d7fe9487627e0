"""The demonstration call with real speech: local recogniser and voice, a spoken or recorded caller, Twilio's frames."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from agent.clock import LoopClock
from agent.config import Config, load_config
from agent.errors import SettingsError
from agent.providers.local import LocalSpeech
from agent.trace import Observer
from fsm.units import ms_to_samples
from simulator.brain.of_agent import brain_of
from simulator.demo.live import Watch, opened_house, place_call
from simulator.demo.story import Options, Performance, demo_settings, story_of
from simulator.ears import EnergyEar, voiced_span
from simulator.emulators import EmulatedProviders, Setup
from simulator.script import AfterAgentFinished, Backchannel, HangUp, IfLate, Play, Say, Script, Step
from simulator.wav import read_wav

PAUSE_SAMPLES = ms_to_samples(700)
"""Silence in a recording after which the person is taken to have finished a contribution."""

EDGE_SAMPLES = ms_to_samples(60)
"""Kept around the sound of each contribution."""

PRONOUNCEABLE = {"mm-hmm": "Uh-huh."}
"""What a synthetic voice says instead: it spells "mm-hmm" out, letter by letter."""

SCRIPTED_BRAIN = (
    "The language model is a scripted brain: it books appointments and understands little else. For a real one set "
    "GROQ_API_KEY, or GROQ_BASE_URL to any OpenAI-compatible server."
)


async def perform_voice(
    options: Options,
    observer: Observer | None = None,
    watch: Watch = lambda _caller: None,
    recording: Path | None = None,
) -> Performance:
    """Let the call happen with real speech; `recording`: a WAV of the caller's side instead of the spoken script.

    Raises SettingsError where the local speech engines or the recording cannot be used.
    """
    clock = LoopClock(asyncio.get_running_loop())
    local = LocalSpeech(clock)
    try:
        await local.start()
        script = (
            split_script(read_caller(recording))
            if recording is not None
            else await spoken(story_of(options.agent).script, local)
        )
        only = ("twilio",) if has_model() else ("twilio", "groq")
        async with EmulatedProviders(
            Setup(only=only, seed=options.seed, brain=brain_of(options.agent)), clock=clock
        ) as emulated:
            settings = {**own_settings(), **demo_settings(emulated.env, options.data, options.agent)}
            config = replace(load_config(settings), stt="local", tts="local")
            notes = (SCRIPTED_BRAIN,) if "groq" in only else (f"The language model is at {config.groq_base_url}.",)
            performance = await _perform(config, options, local, script, observer, watch)
    finally:
        local.close()
        await local.wait_closed()
    return replace(performance, notes=notes)


async def _perform(
    config: Config, options: Options, local: LocalSpeech, script: Script, observer: Observer | None, watch: Watch
) -> Performance:
    async with opened_house(config, options, observer, local) as house:
        return await place_call(house, options, script, ear=EnergyEar(), watch=watch)


def own_settings() -> dict[str, str]:
    """The user's language model, if they have one."""
    return {name: value for name in ("GROQ_API_KEY", "GROQ_BASE_URL", "GROQ_MODEL") if (value := os.environ.get(name))}


def has_model() -> bool:
    """Whether the user has a language model of their own."""
    return bool({"GROQ_API_KEY", "GROQ_BASE_URL"} & set(own_settings()))


async def spoken(script: Script, local: LocalSpeech) -> list[Step]:
    """The script with its words spoken by the local voice, in the caller's style."""
    steps: list[Step] = []
    for step in script:
        if isinstance(step, Say | Backchannel):
            text = PRONOUNCEABLE.get(step.text, step.text)
            steps.append(Play(await local.render(text), text, step.when, takes_floor=isinstance(step, Say)))
        else:
            steps.append(step)
    return steps


def split_script(audio: bytes) -> list[Step]:
    """A caller who says each contribution of a recording (mu-law) once the agent has finished, and then hangs up."""
    plays = [Play(piece, when=AfterAgentFinished(timeout_ms=20_000)) for piece in contributions(audio)]
    if not plays:
        raise SettingsError("the caller's recording is silent: expected speech in it")
    return [*plays, HangUp(AfterAgentFinished(silence_ms=2_500, timeout_ms=20_000, if_late=IfLate.HANG_UP))]


def contributions(audio: bytes) -> list[bytes]:
    """The stretches of sound in mu-law `audio`, parted where it is silent for `PAUSE_SAMPLES`."""
    step = ms_to_samples(20)
    pieces: list[tuple[int, int]] = []
    for at in range(0, len(audio), step):
        span = voiced_span(audio[at : at + step])
        if span is None:
            continue
        begin, end = at + span[0], at + span[1]
        if pieces and begin - pieces[-1][1] < PAUSE_SAMPLES:
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces.append((begin, end))
    return [audio[max(0, begin - EDGE_SAMPLES) : end + EDGE_SAMPLES] for begin, end in pieces]


def read_caller(path: Path) -> bytes:
    """A WAV file as mu-law at 8 kHz; of two channels the left. Raises SettingsError."""
    try:
        return read_wav(path)
    except ValueError as error:
        raise SettingsError(f"--caller {path}: {error}") from error
