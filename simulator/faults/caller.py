"""What callers and their surroundings do that no script says."""

from functools import partial

from simulator.faults.base import Fault, Kind, Stage
from simulator.faults.ways import WHOLE_CALL_MS, ms, share, some
from simulator.script import AtOnce, Backchannel, Cough, Mumble, Pause

GAP_MS = 1_500


def _coughs(stage: Stage, strength: float) -> None:
    for index in range(round(strength)):
        stage.after(index * GAP_MS, partial(stage.call.caller.interject, Cough(AtOnce())))


def _hums(stage: Stage, strength: float) -> None:
    for index in range(round(strength)):
        stage.after(index * GAP_MS, partial(stage.call.caller.interject, Backchannel("mm-hmm", AtOnce())))


def _mumbles(stage: Stage, strength: float) -> None:
    stage.call.caller.interject(Mumble(round(strength), AtOnce()))


def _hesitates(stage: Stage, strength: float) -> None:
    stage.call.caller.interject(Pause(round(strength)))


def _hangs_up(stage: Stage, strength: float) -> None:
    stage.after(strength, stage.call.twilio.hang_up)


FAULTS = (
    Fault(
        "caller_coughs",
        Kind.CALLER,
        "The caller coughs, so many times.",
        some("times", 20, 1),
        strike=_coughs,
        swarm=(1, 3),
    ),
    Fault(
        "caller_hums",
        Kind.CALLER,
        "The caller says mm-hmm, so many times.",
        some("times", 20, 1),
        strike=_hums,
        swarm=(1, 3),
    ),
    Fault(
        "caller_mumbles",
        Kind.CALLER,
        "The caller mumbles for so long.",
        ms(100, 10_000, 800),
        strike=_mumbles,
        swarm=(100, 2_500),
    ),
    Fault(
        "caller_hesitates",
        Kind.CALLER,
        "The caller needs so much longer before they go on.",
        ms(100, 60_000, 2_500),
        strike=_hesitates,
        swarm=(100, 6_000),
    ),
    Fault(
        "caller_hangs_up",
        Kind.CALLER,
        "The caller hangs up, so much later.",
        ms(0, 60_000, 0),
        strike=_hangs_up,
        repeats=False,
        is_fatal=True,
    ),
    Fault(
        "caller_muted",
        Kind.CALLER,
        "The caller's microphone is off for so long.",
        ms(100, WHOLE_CALL_MS, 2_000),
        strike=lambda stage, s: stage.microphone.mute(s),
        swarm=(100, 3_000),
    ),
    Fault(
        "line_noise",
        Kind.CALLER,
        "There is noise on the line, this loud (RMS of 32,767), for the rest of the call.",
        share(1, 3_000, 100, "RMS"),
        strike=lambda stage, s: stage.microphone.hiss(round(s)),
        repeats=False,
        swarm=(1, 200),
    ),
    Fault(
        "line_echo",
        Kind.CALLER,
        "The agent's voice comes back by the microphone at this share of its loudness, for the rest of the call.",
        share(1, 100, 10, "%"),
        strike=lambda stage, s: stage.microphone.echo(s / 100),
        repeats=False,
        swarm=(1, 5),
    ),
    Fault(
        "line_loud",
        Kind.CALLER,
        "The caller is heard at this share of their loudness; above 100 it is clipped.",
        share(5, 1_000, 300, "%"),
        strike=lambda stage, s: stage.microphone.amplify(s / 100),
        repeats=False,
        swarm=(40, 300),
    ),
)
