"""How the emulated Deepgram behaves: delays, faults and limits, all settable; and what it counts."""

from collections import Counter
from dataclasses import dataclass, field

from simulator.delays import Delay


@dataclass(frozen=True, slots=True)
class DeepgramBehaviour:
    """Settings of the emulated Deepgram; the defaults are a healthy service.

    Durations of audio are counted in audio received, delays in the clock's time: input faster than real time works.
    Sources: protocol page of Deepgram, sections 2.4 to 2.6 and "What an emulator must reproduce".
    """

    api_key: str | None = None
    """The only key accepted; `None` accepts any that is not empty."""

    # --- pace ---
    interim_every_ms: int = 150
    """Audio between two interim results while somebody speaks."""
    processing_ms: Delay = 80
    """From the arrival of audio to what it brings about."""
    final_delay_ms: Delay = 120
    """From the end of the pause to the final result."""
    finalize_delay_ms: Delay = 100
    """From a `Finalize`, `CloseStream` or uploaded recording to its answer."""
    final_after_speech_ms: Delay = 0
    """Words become final no earlier than so long after their last sound, however soon they are asked for."""
    jitter_ms: int = 0
    """Up to this is added to each of these delays, at random."""
    number_hold_ms: int = 400
    """A final that ends in a number waits this much longer under `smart_format` without `no_delay`."""

    # --- segmentation, in audio ---
    onset_ms: int = 40
    """Sound that counts as the start of speech."""
    shortest_pause_ms: int = 80
    """Shorter silence lies between words, whatever `endpointing` says."""
    settle_pause_ms: int = 1_000
    """Silence after which words are final even where `endpointing` is off or longer."""
    segment_ms: int = 5_000
    """Longest segment: further speech is settled piece by piece."""
    empty_results_every_ms: int = 4_000
    """In silence an empty result with both flags comes this often; 0 never."""
    finalize_needs_ms: int = 100
    """A `Finalize` with neither words nor this much audio since the last final has no answer."""
    idle_timeout_ms: int = 10_000
    """Clock time without audio or KeepAlive after which the socket is closed with NET-0001."""

    # --- Flux, in audio ---
    flux_update_every_ms: int = 240
    """Between two messages, whether somebody speaks or not."""
    flux_end_after_ms: Delay = 260
    """Silence after which the model is as sure of a turn's end as it is asked to be, where the words look finished."""
    flux_unfinished_after_ms: Delay = 1_200
    """The same where they do not end in a full stop, a question mark or the like."""

    # --- refusing and dropping ---
    refuse_status: int | None = None
    """Refuse websockets and recordings with this status: 400, 401, 402, 403, 429, 500 or another 4xx, 5xx."""
    refuse_times: int | None = None
    """How many are refused so; `None` is all."""
    max_open: int | None = None
    """Websockets beyond this many at once are refused with 429."""
    drop_after_ms: int | None = None
    """Drop the websocket once this much audio came, in mid-word or not."""
    drop_code: int | None = 1011
    """Close code of a drop; `None` tears the connection down without a closing handshake."""
    drop_times: int | None = 1
    """How many websockets, from the next one opened on, carry this fault; `None` is all."""

    # --- faults ---
    stall_from_ms: int | None = None
    """Withhold everything from this moment of the socket's life on (clock time) ..."""
    stall_until_ms: int | None = None
    """... until this one; `None` is for ever: open, but silent."""
    speech_started_missing: bool = False
    speech_started_doubled: bool = False
    speech_started_late_ms: Delay = 0
    never_speech_final: bool = False
    """Pauses settle words, but no result says `speech_final`."""
    finals_missing: bool = False
    """Interims go on and on; no words are ever settled but by `Finalize` and `CloseStream`."""
    late_finals_ms: Delay = 0
    """Finals come this much later, and what follows waits behind them."""
    revise_interims: bool = False
    """Interims are lower case, bare, and err: last word replaced, withdrawn, or everything gone."""
    format_numbers: bool = False
    """Finals under `smart_format` or `numerals` write spoken digits as one number."""
    ignore_finalize: bool = False
    empty_finalize: bool = False
    """The words come in a plain final, and the `from_finalize` result is empty."""
    late_interim_after_finalize: bool = False
    """A stale interim of the segment follows its `from_finalize` result."""
    flux_is_hasty: bool = False
    """Flux takes all words for finished ones."""
    flux_starts_missing: bool = False
    """An `Update` opens each turn of Flux."""
    flux_trigger_missing: bool = False
    """No `EndOfTurn` says what it was triggered by, as with older servers."""
    keepalive_needs_audio: bool = False
    """KeepAlive does not count before the first audio, as some report."""
    configure_failure: str | None = None
    """Answer `Configure` with this failure code."""


@dataclass(slots=True)
class DeepgramCounts:
    """What happened at the peer so far."""

    opened: int = 0
    open_now: int = 0
    refused: int = 0
    dropped: int = 0
    idle_closed: int = 0
    recordings: int = 0
    audio_bytes: int = 0
    received: Counter[str] = field(default_factory=Counter)
    """Messages by type; audio as "audio", unreadable ones as "bad", KeepAlive in a binary frame as "binary text"."""
    sent: Counter[str] = field(default_factory=Counter)
    """Messages by type."""
    withheld: int = 0
    """Messages an endless stall swallowed, or a stall too long to keep them."""

    @property
    def keepalives(self) -> int:
        """KeepAlive messages received, as text."""
        return self.received["KeepAlive"]
