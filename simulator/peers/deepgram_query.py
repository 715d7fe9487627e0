"""The query of Deepgram's `/v1/listen`, checked as the service checks it (protocol page, section 2.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RAW_ENCODINGS = ("mulaw", "alaw", "linear16")
"""Encodings this emulator decodes."""

NOVA_3_LANGUAGES = frozenset(
    """multi en es de fr it pt nl sv da no fi pl cs sk hu ro bg el tr ru uk hr sl sr lt lv et ca ja ko zh hi id
    ms vi""".split()
)
"""What nova-3 transcribes, by the first part of a tag; the service's own list grows."""

DEFAULT_ENDPOINTING_MS = 10
SHORTEST_UTTERANCE_END_MS = 1_000
LONGEST_TAG = 128

Query = Mapping[str, Sequence[str]]


class QueryError(ValueError):
    """The query cannot be served; the text is what Deepgram would put in its `dg-error` header."""


@dataclass(frozen=True, slots=True)
class ListenQuery:
    """What a client asked of a transcription. `encoding` is `None` for audio in a container."""

    model: str
    encoding: str | None
    sample_rate: int
    language: str
    endpointing_ms: int | None
    utterance_end_ms: int | None
    interim_results: bool
    vad_events: bool
    punctuate: bool
    smart_format: bool
    numerals: bool
    no_delay: bool
    multichannel: bool

    @property
    def is_punctuated(self) -> bool:
        """Whether words keep case and punctuation."""
        return self.punctuate or self.smart_format


def read_query(query: Query, *, live: bool) -> ListenQuery:
    """The query's meaning; raises `QueryError`."""
    multichannel = _flag(query, "multichannel")
    if live and (multichannel or _number(query, "channels", 1) != 1):
        raise QueryError("This emulator transcribes one live channel: leave 'channels' at 1 and 'multichannel' out.")
    if len(first(query, "tag") or "") > LONGEST_TAG:
        raise QueryError(f"'tag' is longer than {LONGEST_TAG} characters.")
    encoding, sample_rate = audio_of(query)
    return ListenQuery(
        model=_model(query),
        encoding=encoding,
        sample_rate=sample_rate,
        language=first(query, "language") or "en",
        endpointing_ms=_endpointing(query),
        utterance_end_ms=_utterance_end(query),
        interim_results=_flag(query, "interim_results"),
        vad_events=_flag(query, "vad_events"),
        punctuate=_flag(query, "punctuate"),
        smart_format=_flag(query, "smart_format"),
        numerals=_flag(query, "numerals"),
        no_delay=_flag(query, "no_delay"),
        multichannel=multichannel,
    )


def _model(query: Query) -> str:
    model = first(query, "model")
    if not model:
        raise QueryError("Missing 'model': name one, such as model=nova-3.")
    if model.startswith("flux"):
        raise QueryError(f"Model '{model}' is served at /v2/listen, not at /v1/listen.")
    language = first(query, "language") or "en"
    if model.startswith("nova-3") and language.partition("-")[0] not in NOVA_3_LANGUAGES:
        raise QueryError(f"No such model/language/tier combination found: '{model}' and '{language}'.")
    if "keyterm" in query and not model.startswith("nova-3"):
        raise QueryError(f"'keyterm' needs a nova-3 model, not '{model}'; older models take 'keywords'.")
    return model


def audio_of(query: Query) -> tuple[str | None, int]:
    """Encoding and sample rate, none for audio in a container; raises `QueryError`."""
    encoding = first(query, "encoding")
    if encoding is None:
        return None, 0
    if encoding not in RAW_ENCODINGS:
        raise QueryError(f"Invalid 'encoding' value of '{encoding}'. This emulator decodes {', '.join(RAW_ENCODINGS)}.")
    if not first(query, "sample_rate"):
        raise QueryError(f"'sample_rate' is required with encoding={encoding}.")
    sample_rate = _number(query, "sample_rate", 0)
    if not 8_000 <= sample_rate <= 48_000:
        raise QueryError(f"Invalid 'sample_rate' value of '{sample_rate}'. Expected 8000 to 48000.")
    return encoding, sample_rate


def _endpointing(query: Query) -> int | None:
    value = first(query, "endpointing")
    if value == "false":
        return None
    return DEFAULT_ENDPOINTING_MS if value == "true" else _number(query, "endpointing", DEFAULT_ENDPOINTING_MS)


def _utterance_end(query: Query) -> int | None:
    if first(query, "utterance_end_ms") is None:
        return None
    duration_ms = _number(query, "utterance_end_ms", 0)
    if duration_ms < SHORTEST_UTTERANCE_END_MS:
        raise QueryError(f"Invalid 'utterance_end_ms' value of '{duration_ms}'. Expected at least 1000.")
    return duration_ms


def first(query: Query, name: str) -> str | None:
    """The first value of a parameter."""
    values = query.get(name)
    return values[0] if values else None


def _flag(query: Query, name: str) -> bool:
    value = first(query, name)
    if value in (None, "true", "false"):
        return value == "true"
    raise QueryError(f"Invalid '{name}' value of '{value}'. Expected 'true' or 'false'.")


def _number(query: Query, name: str, default: int) -> int:
    value = first(query, name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise QueryError(f"Invalid '{name}' value of '{value}'. Expected a whole number.")
    return int(value)
