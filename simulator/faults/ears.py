"""What goes wrong at the transcriber."""

from simulator.faults.base import Fault, Kind, Stage, Strike
from simulator.faults.ways import LASTING, Changes, ears_become, ms, once_there, some
from simulator.rehearsal import DEEPGRAM


def _open(stage: Stage) -> bool:
    return stage.rehearsal.deepgram.counts.open_now > 0


def _stall(stage: Stage, strength: float) -> None:
    once_there(stage, lambda: _open(stage), lambda: stage.rehearsal.deepgram.stall(round(strength)))


def _drops(code: int | None) -> Strike:
    """Every open connection is closed with `code`, or torn; for so long there is no new one."""

    def strike(stage: Stage, outage_ms: float) -> None:
        def drop() -> None:
            if outage_ms:
                stage.rehearsal.link(DEEPGRAM).take_down(round(outage_ms))
            stage.rehearsal.deepgram.drop(code)

        once_there(stage, lambda: _open(stage), drop)

    return strike


def _refuses(status: int) -> Strike:
    """Every open connection is lost, and the next so many are refused."""

    def strike(stage: Stage, times: float) -> None:
        stage.rehearsal.deepgram.refuse_next(status, round(times))
        stage.rehearsal.deepgram.drop(None)

    return strike


def _down(stage: Stage, strength: float) -> None:
    stage.rehearsal.link(DEEPGRAM).take_down(round(strength))
    stage.rehearsal.link(DEEPGRAM).cut()


def _babble(stage: Stage, strength: float) -> None:
    once_there(stage, lambda: _open(stage), lambda: stage.rehearsal.deepgram.babble(_NONSENSE * round(strength)))


_NONSENSE = (
    "{",
    '{"type": "Novelty", "words": 7}',
    '{"type": "Results"}',
    '{"type": "Results", "is_final": "maybe", "channel": {"alternatives": []}}',
    "[]",
)


def _odd(name: str, about: str, changes: Changes) -> Fault:
    """An oddity of the transcriber, for as long as it lasts."""
    return Fault(name, Kind.EARS, about, LASTING, strike=ears_become(changes, lasts=True))


FAULTS = (
    Fault(
        "stt_stall",
        Kind.EARS,
        "No transcript comes for so long, then all of it.",
        ms(100, 60_000, 4_000),
        strike=_stall,
        swarm=(100, 5_000),
    ),
    Fault(
        "stt_drop",
        Kind.EARS,
        "The socket closes with 1011, and cannot be opened again for so long.",
        ms(0, 30_000, 0),
        strike=_drops(1011),
        swarm=(0, 3_000),
    ),
    Fault(
        "stt_reset",
        Kind.EARS,
        "The socket is torn without a close, and cannot be opened again for so long.",
        ms(0, 30_000, 0),
        strike=_drops(None),
        swarm=(0, 3_000),
    ),
    Fault(
        "stt_down",
        Kind.EARS,
        "The transcriber cannot be reached for so long, and open connections are lost.",
        ms(100, 3_600_000, 3_000),
        strike=_down,
        swarm=(100, 4_000),
    ),
    Fault(
        "stt_429",
        Kind.EARS,
        "The socket is lost, and the next ones are refused: too many requests.",
        some("upgrades", 1_000, 3),
        strike=_refuses(429),
        swarm=(1, 4),
    ),
    Fault(
        "stt_500",
        Kind.EARS,
        "The socket is lost, and the next ones are refused: a server error.",
        some("upgrades", 1_000, 3),
        strike=_refuses(500),
        swarm=(1, 4),
    ),
    Fault(
        "stt_slow",
        Kind.EARS,
        "Every result takes so long.",
        ms(1, 5_000, 600),
        strike=ears_become(lambda s: {"processing_ms": round(s)}),
        repeats=False,
        swarm=(1, 1_500),
    ),
    Fault(
        "stt_jitter",
        Kind.EARS,
        "Results take up to so much longer, each at random.",
        ms(1, 2_000, 300),
        strike=ears_become(lambda s: {"jitter_ms": round(s)}),
        repeats=False,
        swarm=(1, 800),
    ),
    Fault(
        "late_final",
        Kind.EARS,
        "Final words come so much later.",
        ms(1, 5_000, 800),
        strike=ears_become(lambda s: {"late_finals_ms": round(s)}),
        repeats=False,
        swarm=(1, 1_500),
    ),
    Fault(
        "stt_late_edges",
        Kind.EARS,
        "The transcriber notices a voice so much later.",
        ms(1, 5_000, 800),
        strike=ears_become(lambda s: {"speech_started_late_ms": round(s)}),
        repeats=False,
    ),
    Fault(
        "stt_babble",
        Kind.EARS,
        "Messages that mean nothing come so many times: no JSON, unknown types, results without words.",
        some("times", 50, 2),
        strike=_babble,
    ),
    _odd(
        "stt_no_finals",
        "No words are ever final but when it is asked to settle; for so long.",
        lambda _: {"finals_missing": True},
    ),
    _odd(
        "stt_never_speech_final",
        "Words become final, but no result says that the speech is over; for so long.",
        lambda _: {"never_speech_final": True},
    ),
    _odd(
        "stt_ignores_finalize",
        "A request to settle is never answered; for so long.",
        lambda _: {"ignore_finalize": True},
    ),
    _odd(
        "stt_empty_finalize",
        "A request to settle is answered by nothing, and a stale interim comes after it; for so long.",
        lambda _: {"empty_finalize": True, "late_interim_after_finalize": True},
    ),
    _odd(
        "stt_no_edges",
        "The transcriber never says that a voice began; for so long.",
        lambda _: {"speech_started_missing": True},
    ),
    _odd(
        "stt_double_edges",
        "The transcriber says twice that a voice began; for so long.",
        lambda _: {"speech_started_doubled": True},
    ),
    _odd("stt_revises", "Interim words err and are withdrawn; for so long.", lambda _: {"revise_interims": True}),
    _odd(
        "stt_writes_digits",
        "Finals write spoken digits as one number; for so long.",
        lambda _: {"format_numbers": True},
    ),
)
