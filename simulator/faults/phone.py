"""What goes wrong between Twilio and us: the media stream, its messages, the requests around it."""

from collections.abc import Callable, Iterator

from simulator.faults import rubbish
from simulator.faults.base import Fault, Kind, Stage, Strike
from simulator.faults.ways import ms, on_phone, phone_becomes, phone_is, share, some
from simulator.peers.twilio_behaviour import Signing
from simulator.peers.twilio_messages import Leg
from simulator.peers.twilio_stream import TwilioPhone
from simulator.rehearsal import AGENT_ORIGIN

KEY_GAP_MS = 10
KEYS = "0123456789*#"


def _storm(stage: Stage, phone: TwilioPhone, strength: float) -> None:
    rng = stage.rng("dtmf_storm")

    def press() -> None:
        if phone.is_streaming:
            phone.press(rng.choice(KEYS))

    for index in range(round(strength)):
        stage.after(index * KEY_GAP_MS, press)


def _sends(make: Callable[[Leg, float], Iterator[str | bytes]]) -> Strike:
    """Puts messages into the stream that no phone would send."""

    def act(_stage: Stage, phone: TwilioPhone, strength: float) -> None:
        for message in make(phone.leg, strength):
            phone.send_raw(message)

    return on_phone(act)


def _drop_stream(stage: Stage, outage_ms: float) -> None:
    if outage_ms:
        stage.rehearsal.link(AGENT_ORIGIN).stall(round(outage_ms))
    stage.call.twilio.drop_stream()


def _reconnect(stage: Stage, outage_ms: float) -> None:
    if outage_ms:
        stage.rehearsal.link(AGENT_ORIGIN).stall(round(outage_ms))
    stage.call.twilio.reconnect()


def _half_die(stage: Stage, phone: TwilioPhone, strength: float) -> None:
    phone.go_dead()
    stage.after(strength, phone.revive)


def _forge(strength: float) -> dict[str, Signing]:
    return {"signing": (Signing.MISSING, Signing.WRONG_TOKEN, Signing.CHANGED_BODY)[round(strength) - 1]}


FAULTS = (
    Fault(
        "mark_lost",
        Kind.PHONE,
        "Marks never come back from the phone: this share of them.",
        share(1, 100, 100, "% of marks"),
        prepare=phone_is(lambda s: {"lost_mark_rate": s / 100}),
        strike=phone_becomes(lambda s: {"lost_mark_rate": s / 100}),
        repeats=False,
    ),
    Fault(
        "marks_late",
        Kind.PHONE,
        "Marks come back so much late.",
        ms(1, 1_500, 400),
        prepare=phone_is(lambda s: {"mark_delay_ms": round(s)}),
        strike=phone_becomes(lambda s: {"mark_delay_ms": round(s)}),
        repeats=False,
        swarm=(1, 400),
    ),
    Fault(
        "stray_mark",
        Kind.PHONE,
        "Marks come back that were never sent.",
        some("marks", 50, 3),
        strike=_sends(rubbish.stray_marks),
    ),
    Fault(
        "frames_burst",
        Kind.PHONE,
        "Nothing of the phone arrives for so long, then all of it at once; without a moment, every few seconds.",
        ms(40, 5_000, 600),
        prepare=phone_is(lambda s: {"stall_every_ms": max(3_000, round(4 * s)), "stall_ms": round(s)}),
        strike=on_phone(lambda _stage, phone, s: phone.hold(round(s))),
    ),
    Fault(
        "frames_lost",
        Kind.PHONE,
        "This share of the caller's frames is lost, as when a server reads too slowly (31930).",
        share(0.1, 20, 2, "% of frames"),
        prepare=phone_is(lambda s: {"drop_rate": s / 100}),
        strike=phone_becomes(lambda s: {"drop_rate": s / 100}),
        repeats=False,
        swarm=(0.1, 3),
    ),
    Fault(
        "frames_gap",
        Kind.PHONE,
        "So many of the caller's frames in a row are lost.",
        some("frames", 250, 10),
        strike=on_phone(lambda _stage, phone, s: phone.drop_frames(round(s))),
        swarm=(1, 25),
    ),
    Fault(
        "timestamp_jump",
        Kind.PHONE,
        "Timestamps of the caller's audio jump so far ahead.",
        ms(20, 3_600_000, 100_000),
        prepare=phone_is(lambda s: {"first_timestamp_ms": round(s)}),
        strike=phone_becomes(lambda s: {"first_timestamp_ms": round(s)}),
        repeats=False,
    ),
    Fault(
        "phone_far",
        Kind.PHONE,
        "Each message takes so long between Twilio and us, either way.",
        ms(1, 400, 150),
        prepare=phone_is(lambda s: {"one_way_ms": round(s)}),
    ),
    Fault(
        "phone_jitter",
        Kind.PHONE,
        "The caller's messages take up to so much longer, each at random, and so come in bunches.",
        ms(1, 250, 60),
        prepare=phone_is(lambda s: {"jitter_ms": round(s)}),
    ),
    Fault(
        "start_late",
        Kind.PHONE,
        "The stream is open, but `start` takes so long; after 5 s it is too late.",
        ms(1, 20_000, 900),
        prepare=phone_is(lambda s: {"start_after_ms": round(s)}),
        swarm=(1, 1_500),
    ),
    Fault(
        "stop_missing",
        Kind.PHONE,
        "The stream ends without `stop`: the connection just closes, so long after the caller hung up.",
        ms(0, 1_500, 0),
        prepare=phone_is(lambda s: {"sends_stop": False, "close_after_ms": round(s)}),
        strike=phone_becomes(lambda s: {"sends_stop": False, "close_after_ms": round(s)}),
        repeats=False,
    ),
    Fault(
        "stream_dropped",
        Kind.PHONE,
        "The stream's connection is lost, the call goes on and asks where to; nothing arrives for so long.",
        ms(0, 3_000, 0),
        strike=_drop_stream,
        swarm=(0, 1_000),
    ),
    Fault(
        "reconnect",
        Kind.PHONE,
        "The same call's stream connects again by itself; nothing arrives for so long.",
        ms(0, 3_000, 0),
        strike=_reconnect,
        swarm=(0, 1_000),
    ),
    Fault(
        "zombie_call",
        Kind.PHONE,
        "The stream is half dead: nothing comes from it any more for so long, not even its end.",
        ms(100, 3_600_000, 3_600_000),
        strike=on_phone(_half_die),
        is_fatal=True,
    ),
    Fault(
        "dtmf_storm",
        Kind.PHONE,
        "So many keys are pressed, a hundred a second.",
        some("keys", 2_000, 200),
        strike=on_phone(_storm),
        swarm=(1, 100),
    ),
    Fault(
        "giant_message",
        Kind.PHONE,
        "One media message is so large.",
        share(0.05, 16, 4, "MB"),
        strike=_sends(rubbish.giant),
        swarm=(0.05, 1),
    ),
    Fault(
        "bad_base64",
        Kind.PHONE,
        "Media messages carry what is no base64; after twenty malformed ones the stream is closed.",
        some("messages", 200, 5),
        strike=_sends(rubbish.bad_base64),
        swarm=(1, 5),
    ),
    Fault(
        "malformed_json",
        Kind.PHONE,
        "Messages that are no JSON, or no object; after twenty malformed ones the stream is closed.",
        some("messages", 200, 5),
        strike=_sends(rubbish.no_json),
        swarm=(1, 5),
    ),
    Fault(
        "binary_frame",
        Kind.PHONE,
        "Binary messages of rubbish; after twenty malformed ones the stream is closed.",
        some("messages", 200, 5),
        strike=_sends(rubbish.binary),
        swarm=(1, 5),
    ),
    Fault(
        "wrong_order",
        Kind.PHONE,
        "Messages out of their order: a second `connected` and `start`, audio of the past, the echo of no mark.",
        some("messages", 200, 8),
        strike=_sends(rubbish.wrong_order),
    ),
    Fault(
        "unknown_event",
        Kind.PHONE,
        "Events that no documentation knows.",
        some("messages", 200, 5),
        strike=_sends(rubbish.unknown_event),
    ),
    Fault(
        "signature_wrong",
        Kind.PHONE,
        "Requests are not signed (1), signed with another token (2), or their body was changed (3).",
        some("as listed", 3, 2),
        prepare=phone_is(_forge),
        is_fatal=True,
    ),
    Fault(
        "callback_storm",
        Kind.PHONE,
        "Status callbacks come so many times, late and in any order.",
        some("copies", 50, 5),
        prepare=phone_is(lambda s: {"callback_copies": round(s), "callback_jitter_ms": 900}),
    ),
    Fault(
        "unknown_parameters",
        Kind.PHONE,
        "Twilio's requests carry so many parameters that no documentation knows.",
        some("parameters", 100, 5),
        prepare=phone_is(
            lambda s: {"extra_parameters": tuple((f"Novelty{index}", "caf\u00e9 & more") for index in range(round(s)))}
        ),
    ),
)
