"""A tau-voice trajectory in ticks: the simulations of a tau2-bench run, as its data model lays them down.

What is not named here is not read: audio, words, tool calls and clocks do not enter the metrics, and trimmed files
lack them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.metrics.ticks import Insert, InsertType, Ticks

DEFAULT_TICK_MS = 200
MS_PER_S = 1_000
TICK_SLACK_MS = 1e-6
"""Seconds are written as binary fractions: 0.2 s are 200 ms all the same."""


class TrajectoryError(ValueError):
    """Something in a trajectory is not as it should be; the message says where in it, and what was expected."""


def domain_of(info: Mapping[str, Any]) -> str:
    """The domain of a run, by its `info`. Raises TrajectoryError."""
    environment = _object(info.get("environment_info"), "info.environment_info") or {}
    domain = environment.get("domain_name", "unknown")
    if not isinstance(domain, str):
        raise TrajectoryError(f"info.environment_info.domain_name: expected a text, got {domain!r}")
    return domain


def tick_ms_of(info: Mapping[str, Any]) -> int:
    """How long a tick of a run is, by its `info`; 200 ms where that does not say. Raises TrajectoryError."""
    where = "info.audio_native_config.tick_duration_seconds"
    config = _object(info.get("audio_native_config"), "info.audio_native_config") or {}
    seconds = config.get("tick_duration_seconds")
    if not seconds:
        return DEFAULT_TICK_MS
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < MS_PER_S:
        raise TrajectoryError(f"{where}: expected seconds, got {seconds!r}")
    tick_ms = round(seconds * MS_PER_S)
    if tick_ms < 1 or abs(seconds * MS_PER_S - tick_ms) > TICK_SLACK_MS:
        raise TrajectoryError(f"{where}: expected whole milliseconds, got {seconds!r} s")
    return tick_ms


def ticks_of(simulation: Mapping[str, Any], tick_ms: int) -> Ticks | None:
    """A simulation in ticks; None for one without any, such as a call by text. Raises TrajectoryError."""
    told = simulation.get("ticks")
    if not told:
        return None
    if not isinstance(told, list):
        raise TrajectoryError(f"ticks: expected a list, got {type(told).__name__}")
    users = [_chunk(tick, index, "user_chunk") for index, tick in enumerate(told)]
    agents = [_chunk(tick, index, "agent_chunk") for index, tick in enumerate(told)]
    return Ticks(
        tick_ms,
        [_speaks(chunk, f"ticks[{index}].user_chunk") for index, chunk in enumerate(users)],
        [_speaks(chunk, f"ticks[{index}].agent_chunk") for index, chunk in enumerate(agents)],
        [_action(chunk, f"ticks[{index}].user_chunk") for index, chunk in enumerate(users)],
        [_inserts(chunk, f"ticks[{index}].user_chunk") for index, chunk in enumerate(users)],
    )


Chunk = Mapping[str, Any] | None


def _chunk(tick: object, index: int, side: str) -> Chunk:
    if not isinstance(tick, dict):
        raise TrajectoryError(f"ticks[{index}]: expected an object, got {tick!r}")
    return _object(tick.get(side), f"ticks[{index}].{side}")


def _speaks(chunk: Chunk, where: str) -> bool:
    """Whether there is speech in a chunk: a chunk that does not say has some, no chunk has none."""
    speaks = False if chunk is None else chunk.get("contains_speech", True)
    if not isinstance(speaks, bool):
        raise TrajectoryError(f"{where}.contains_speech: expected true or false, got {speaks!r}")
    return speaks


def _action(chunk: Chunk, where: str) -> str | None:
    taken = _object((chunk or {}).get("turn_taking_action"), f"{where}.turn_taking_action")
    action = (taken or {}).get("action")
    if action is not None and not isinstance(action, str):
        raise TrajectoryError(f"{where}.turn_taking_action.action: expected a text or null, got {action!r}")
    return action


def _inserts(chunk: Chunk, where: str) -> Sequence[Insert]:
    """The sounds of the caller's that were put in, those of the room first; what is no tic is not meant for us."""
    found: list[Insert] = []
    for layer in ("source_effects", "speech_effects"):
        effects = _object((chunk or {}).get(layer), f"{where}.{layer}") or {}
        insert = _object(effects.get("speech_insert"), f"{where}.{layer}.speech_insert")
        if insert is not None:
            is_tic = insert.get("type") == InsertType.VOCAL_TIC
            kind = InsertType.VOCAL_TIC if is_tic else InsertType.NON_DIRECTED
            found.append((kind, str(insert.get("text") or "")))
    return found


def _object(value: object, where: str) -> Mapping[str, Any] | None:
    if value is None or isinstance(value, dict):
        return value
    raise TrajectoryError(f"{where}: expected an object or null, got {value!r}")
