"""What goes wrong at the voice."""

from simulator import speech
from simulator.faults.base import Fault, Kind, Stage, Strike
from simulator.faults.ways import LASTING, ms, once_there, share, some, voice_becomes
from simulator.peers.elevenlabs_behaviour import AlignmentStyle, VoiceFault
from simulator.rehearsal import ELEVENLABS

AUDIO = ms(0, 10_000, 600)
"""Of audio that still comes before it strikes."""


def _open(stage: Stage) -> bool:
    return stage.rehearsal.elevenlabs.counts["open_sockets"] > 0


def _strikes(name: str, about: str, fault: VoiceFault) -> Fault:
    """The open sockets fail after so much more audio."""

    def strike(stage: Stage, after_ms: float) -> None:
        once_there(stage, lambda: _open(stage), lambda: stage.rehearsal.elevenlabs.spoil(fault, round(after_ms)))

    return Fault(name, Kind.VOICE, about, AUDIO, strike=strike)


def _no_final(stage: Stage, for_ms: float) -> None:
    elevenlabs = stage.rehearsal.elevenlabs
    stage.voice.change(for_ms, sends_final=False)
    once_there(stage, lambda: _open(stage), lambda: elevenlabs.spoil(VoiceFault.NO_FINAL))
    stage.after(for_ms, lambda: elevenlabs.spoil(None))


def _stall(stage: Stage, strength: float) -> None:
    stage.rehearsal.elevenlabs.stall(round(strength))
    stage.voice.change(stall_after_ms=STALLS_AFTER_MS, stall_ms=round(strength))


STALLS_AFTER_MS = 500


def _refuses(status: int) -> Strike:
    """Every connection is lost, and the next so many are refused."""

    def strike(stage: Stage, times: float) -> None:
        stage.rehearsal.elevenlabs.refuse_next(status, round(times))
        stage.rehearsal.link(ELEVENLABS).cut()

    return strike


def _down(stage: Stage, strength: float) -> None:
    stage.rehearsal.link(ELEVENLABS).take_down(round(strength))
    stage.rehearsal.link(ELEVENLABS).cut()


def _wrong_context(stage: Stage, strength: float) -> None:
    def babble() -> None:
        for _ in range(round(strength)):
            stage.rehearsal.elevenlabs.babble(speech.speak("Nobody asked for this.").audio)

    once_there(stage, lambda: _open(stage), babble)


FAULTS = (
    Fault(
        "tts_stall",
        Kind.VOICE,
        "Each piece of speech from then on stops for so long in its middle.",
        ms(50, 30_000, 1_600),
        strike=_stall,
        repeats=False,
        swarm=(50, 3_000),
    ),
    Fault(
        "tts_slow_first_byte",
        Kind.VOICE,
        "Each piece of speech takes so long to begin.",
        ms(1, 30_000, 1_500),
        strike=voice_becomes(lambda s: {"first_byte_ms": round(s)}),
        repeats=False,
        swarm=(1, 2_500),
    ),
    Fault(
        "tts_jitter",
        Kind.VOICE,
        "Each piece of speech takes up to so much longer to begin, at random.",
        ms(1, 5_000, 400),
        strike=voice_becomes(lambda s: {"first_byte_jitter_ms": round(s)}),
        repeats=False,
        swarm=(1, 1_500),
    ),
    Fault(
        "tts_underrun",
        Kind.VOICE,
        "Audio comes at this share of the speed at which it is heard.",
        share(10, 100, 70, "% of real time"),
        strike=voice_becomes(lambda s: {"pace": s / 100, "frame_max_ms": 300}),
        repeats=False,
        swarm=(50, 100),
    ),
    Fault(
        "tts_small_frames",
        Kind.VOICE,
        "Audio comes in pieces of at most so much.",
        ms(1, 100, 15),
        strike=voice_becomes(lambda s: {"frame_min_ms": 1, "frame_max_ms": round(s)}),
        repeats=False,
    ),
    Fault(
        "tts_wrong_context",
        Kind.VOICE,
        "Audio of something that nobody asked for comes, so many times.",
        some("times", 50, 3),
        strike=_wrong_context,
    ),
    Fault(
        "tts_no_final",
        Kind.VOICE,
        "All audio comes, but nothing says that it was all; for so long.",
        LASTING,
        strike=_no_final,
    ),
    _strikes("tts_drop", "The socket closes with 1011, after so much more audio.", VoiceFault.CLOSE),
    _strikes("tts_hang", "Audio stops and the socket stays open, after so much more audio.", VoiceFault.HANG),
    _strikes(
        "tts_error_frame", "An error comes and the socket stays open, after so much more audio.", VoiceFault.ERROR_FRAME
    ),
    _strikes("tts_quota", "The quota is used up, after so much more audio.", VoiceFault.QUOTA),
    _strikes(
        "tts_apology",
        "The service says that something went wrong and closes, after so much more audio.",
        VoiceFault.APOLOGY,
    ),
    _strikes(
        "tts_unusual_activity",
        "The service takes us for somebody else and closes, after so much more audio.",
        VoiceFault.UNUSUAL_ACTIVITY,
    ),
    Fault(
        "tts_429",
        Kind.VOICE,
        "Every connection is lost, and the next are refused: too many requests.",
        some("requests", 1_000, 2),
        strike=_refuses(429),
        swarm=(1, 3),
    ),
    Fault(
        "tts_503",
        Kind.VOICE,
        "Every connection is lost, and the next are refused: not available.",
        some("requests", 1_000, 2),
        strike=_refuses(503),
        swarm=(1, 3),
    ),
    Fault(
        "tts_down",
        Kind.VOICE,
        "The voice cannot be reached for so long, and open connections are lost.",
        ms(100, 3_600_000, 3_000),
        strike=_down,
        swarm=(100, 3_000),
    ),
    Fault(
        "tts_no_alignment",
        Kind.VOICE,
        "This share of the audio does not say when its words are spoken.",
        share(1, 100, 100, "% of frames"),
        strike=voice_becomes(lambda s: {"null_alignment_share": s / 100}),
        repeats=False,
    ),
    Fault(
        "tts_late_alignment",
        Kind.VOICE,
        "When words are spoken is told one piece of audio late; for so long.",
        LASTING,
        strike=voice_becomes(lambda _: {"alignment": AlignmentStyle.LAGGING}, lasts=True),
        is_fatal=True,
    ),
    Fault(
        "tts_early_alignment",
        Kind.VOICE,
        "When words are spoken is told ahead of the audio, in a message without any; for so long.",
        LASTING,
        strike=voice_becomes(lambda _: {"alignment": AlignmentStyle.BEFORE_AUDIO, "leading_blank": True}, lasts=True),
    ),
    Fault(
        "tts_unlisted_messages",
        Kind.VOICE,
        "Messages come that no documentation lists; for so long.",
        LASTING,
        strike=voice_becomes(lambda _: {"flush_done": True}, lasts=True),
    ),
)
