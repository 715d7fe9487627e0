"""The query of Deepgram's `/v2/listen`, checked as the service checks it (protocol page, section 3.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.peers.deepgram_query import QueryError, audio_of, first

MODELS = ("flux-general-en", "flux-general-multi")

DEFAULT_END, DEFAULT_TIMEOUT_MS = 0.7, 5_000


@dataclass(frozen=True, slots=True)
class FluxQuery:
    """What a client asked of Flux. Without `eager_threshold` no end is guessed early."""

    model: str
    encoding: str | None
    sample_rate: int
    end_threshold: float
    eager_threshold: float | None
    end_timeout_ms: int


def read_flux_query(query: Mapping[str, Sequence[str]]) -> FluxQuery:
    """The query's meaning; raises `QueryError`."""
    model = first(query, "model")
    if model not in MODELS:
        raise QueryError(f"Invalid 'model' value of '{model or ''}'. Expected one of {', '.join(MODELS)}.")
    if "language_hint" in query and model != "flux-general-multi":
        raise QueryError(f"'language_hint' needs flux-general-multi, not '{model}'.")
    end = _share(query, "eot_threshold", 0.5, 1.0)
    eager = _share(query, "eager_eot_threshold", 0.3, 0.9)
    end = DEFAULT_END if end is None else end
    if eager is not None and eager > end:
        raise QueryError(f"'eager_eot_threshold' of {eager} exceeds 'eot_threshold' of {end}.")
    encoding, sample_rate = audio_of(query)
    return FluxQuery(model, encoding, sample_rate, end, eager, _timeout_ms(query))


def _share(query: Mapping[str, Sequence[str]], name: str, least: float, most: float) -> float | None:
    value = first(query, name)
    if value is None:
        return None
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not least <= share <= most:
        raise QueryError(f"Invalid '{name}' value of '{value}'. Expected {least} to {most}.")
    return share


def _timeout_ms(query: Mapping[str, Sequence[str]]) -> int:
    value = first(query, "eot_timeout_ms")
    if value is None:
        return DEFAULT_TIMEOUT_MS
    if not (value.isascii() and value.isdigit() and 500 <= int(value[:9]) <= 60_000):
        raise QueryError(f"Invalid 'eot_timeout_ms' value of '{value}'. Expected 500 to 60000.")
    return int(value)
