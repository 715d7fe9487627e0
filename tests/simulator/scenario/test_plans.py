"""What a script means: the steps of its callers, how everybody behaves, what goes wrong."""

import pickle
import wave
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from simulator.brain.table import TableBrain
from simulator.delays import Between, LogNormal, OneOf
from simulator.peers.groq_behaviour import GroqRefusal
from simulator.peers.twilio_behaviour import Signing, TwilioBehaviour
from simulator.rehearsal import AGENT_ORIGIN, DEEPGRAM, GROQ, MONDAY
from simulator.runs.plan import FaultPlan, Moment, Plan
from simulator.scenario import bundled, load, parse, plan_of
from simulator.scenario.steps import DEFAULT_HANG_UP
from simulator.script import (
    AfterAgentFinished,
    AfterWords,
    Aside,
    At,
    AtOnce,
    Backchannel,
    Background,
    Beep,
    ClearThroat,
    Cough,
    HangUp,
    Hesitate,
    IfLate,
    IntoAgentSpeech,
    Laugh,
    Mumble,
    Music,
    Noise,
    Pause,
    Play,
    Press,
    Say,
    Sneeze,
    Step,
)


def plan(text: str, path: Path = Path("my.toml")) -> Plan:
    """The plan of a script."""
    return plan_of(parse(text, path), path.stem, path)


CALLER = 'caller = [{ say = "Hello" }]\n'


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ('say = "Hello"', Say("Hello")),
        ('say = "Hello", ms_per_char = 120, loudness = 0.5', Say("Hello", ms_per_char=120, loudness=0.5)),
        ('backchannel = "mm-hmm"', Backchannel("mm-hmm")),
        ('backchannel = "mm-hmm", ms_per_char = 40, loudness = 0.6', Backchannel("mm-hmm", IntoAgentSpeech(), 40, 0.6)),
        ('hesitate = "um"', Hesitate("um")),
        ('aside = "Not now, honey."', Aside("Not now, honey.", loudness=0.5)),
        ('background = "And now the weather."', Background("And now the weather.", loudness=0.25)),
        ('background = "Mummy!", loudness = 0.7', Background("Mummy!", loudness=0.7)),
        ("cough = true", Cough()),
        ("cough = true, lasts_ms = 420", Cough(duration_ms=420)),
        ("laugh = true", Laugh()),
        ("sneeze = true, lasts_ms = 500", Sneeze(duration_ms=500)),
        ("clear_throat = true", ClearThroat()),
        ("mumble_ms = 400", Mumble(400)),
        ("noise_ms = 400", Noise(400)),
        ("noise_ms = 400, level = 9000", Noise(400, 9_000)),
        ("music_ms = 400", Music(400)),
        ("beep_ms = 300", Beep(300)),
        ("beep_ms = 300, hz = 440", Beep(300, 440)),
        ('press = "12#"', Press("12#")),
        ('press = "12#", gap_ms = 90', Press("12#", gap_ms=90)),
        ("silence_ms = 900", Pause(900)),
        ("hang_up = true", HangUp()),
    ],
)
def test_each_verb_has_its_usual_moment(text: str, step: Step) -> None:
    assert plan(f"caller = [{{ {text} }}]").callers[0].script[0] == step


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("after_agent = true", AfterAgentFinished()),
        ("after_silence_ms = 1500", AfterAgentFinished(silence_ms=1_500)),
        ("after_agent = true, delay_ms = 200", AfterAgentFinished(200)),
        ('after_words = "suit you"', AfterWords("suit you")),
        (
            'after_words = "suit you", delay_ms = 60, timeout_ms = 9000, if_late = "hang-up"',
            AfterWords("suit you", 60, 9_000, IfLate.HANG_UP),
        ),
        ("into_agent_speech_ms = 300", IntoAgentSpeech(300)),
        ('into_agent_speech_ms = 300, if_late = "go-ahead"', IntoAgentSpeech(300, if_late=IfLate.GO_AHEAD)),
        ("at_ms = 9000", At(9_000)),
        ("delay_ms = 0", AtOnce(0)),
        ("delay_ms = 250", AtOnce(250)),
    ],
)
def test_each_moment(text: str, when: object) -> None:
    assert plan(f'caller = [{{ say = "Hello", {text} }}]').callers[0].script[0] == Say("Hello", when)  # type: ignore[arg-type]  # the moments above


def test_a_recording_is_played_from_beside_the_script(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "hello.wav"), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(b"\x00\x10" * 16_000)
    (step, _) = plan('caller = [{ play = "hello.wav", text = "Hello" }]', tmp_path / "my.toml").callers[0].script
    assert isinstance(step, Play)
    assert step.text == "Hello"
    assert abs(len(step.audio) - 8_000) <= 2


def test_a_script_without_an_end_hangs_up_once_the_agent_has_finished() -> None:
    assert plan(CALLER).callers[0].script == (Say("Hello"), DEFAULT_HANG_UP)
    assert plan("caller = []").callers[0].script == (DEFAULT_HANG_UP,)
    ends = plan('caller = [{ say = "Hello" }, { hang_up = true, at_ms = 9000 }]').callers[0].script
    assert ends == (Say("Hello"), HangUp(At(9_000, if_late=IfLate.HANG_UP)))


def test_what_is_left_out_is_usual() -> None:
    made = plan(CALLER)
    assert made.cast.agent == "appointments"
    assert made.cast.now == MONDAY
    assert isinstance(made.cast.brain, TableBrain)
    assert (made.longest_ms, made.xfail, made.faults, made.tags, dict(made.waives)) == (600_000, "", (), (), {})
    (caller,) = made.callers
    assert (caller.name, caller.number, caller.line_noise_level, caller.patience_ms) == (
        "caller",
        "+15550001111",
        0,
        60_000,
    )
    assert caller.phone == TwilioBehaviour()


def test_everything_that_can_be_said_of_the_world() -> None:
    made = plan(
        'about = "All of it"\nseed = 7\nnow = 2026-12-24T09:30:00+01:00\nlongest_s = 45.5\nxfail = "not yet"\n'
        'tags = ["a", "b"]\nwaive = { silence = "music" }\n'
        + CALLER
        + "[phone]\none_way_ms = 75\nsigning = 'missing'\n"
        'number = "+4930123456"\nline_noise_level = 40\npatience_s = 5\n'
        "[profile]\nwait_ms = 300\n"
        "[settings]\nOFFHOOK_MAX_CALLS = 3\nGROQ_MODEL = 'openai/gpt-oss-20b'\n"
        "[deepgram]\nfinal_delay_ms = { from = 50, to = 300 }\nrevise_interims = true\n"
        "[groq]\nfirst_token_ms = { p50 = 120, p95 = 900 }\nrefuse = 'server_error'\nfail_first_n = 1\n"
        "[elevenlabs]\nfirst_byte_ms = { one_of = [90, 90, 2500] }\npace = 2\n"
        "[network.deepgram]\njitter_ms = 30\nstalls_ms = [[3000, 4000]]\n[network.twilio]\nup_ms = 40\n"
    )
    cast = made.cast
    assert (made.about, made.longest_ms, made.xfail, made.tags) == ("All of it", 45_500, "not yet", ("a", "b"))
    assert dict(made.waives) == {"silence": "music"}
    assert (cast.seed, cast.now) == (7, datetime(2026, 12, 24, 9, 30, tzinfo=timezone(timedelta(hours=1))))
    assert dict(cast.profile) == {"wait_ms": 300}
    assert dict(cast.settings) == {"OFFHOOK_MAX_CALLS": "3", "GROQ_MODEL": "openai/gpt-oss-20b"}
    assert (cast.deepgram.final_delay_ms, cast.deepgram.revise_interims) == (Between(50, 300), True)
    assert cast.groq.first_token_ms == LogNormal(120, 900)
    assert (cast.groq.refuse, cast.groq.fail_first_n) == (GroqRefusal.SERVER_ERROR, 1)
    assert (cast.elevenlabs.first_byte_ms, cast.elevenlabs.pace) == (OneOf((90, 90, 2_500)), 2.0)
    assert sorted(cast.links) == sorted([DEEPGRAM, AGENT_ORIGIN])
    assert (cast.links[DEEPGRAM].jitter_ms, cast.links[DEEPGRAM].stalls_ms) == (30, ((3_000, 4_000),))
    assert GROQ not in cast.links
    (caller,) = made.callers
    assert (caller.number, caller.line_noise_level, caller.patience_ms) == ("+4930123456", 40, 5_000)
    assert (caller.phone.one_way_ms, caller.phone.signing) == (75, Signing.MISSING)


def test_several_callers_share_a_phone_network_and_have_their_own() -> None:
    made = plan(
        "[phone]\none_way_ms = 75\nline_noise_level = 20\n"
        "[[callers]]\nname = 'ada'\nscript = [{ say = 'Hello' }]\n"
        "[[callers]]\nname = 'bob'\narrives_ms = 700\nnumber = '+1555'\nline_noise_level = 0\npatience_s = 9\n"
        "phone = { one_way_ms = 200 }\n"
    )
    ada, bob = made.callers
    assert (ada.name, ada.arrives_ms, ada.number, ada.line_noise_level, ada.phone.one_way_ms) == (
        "ada",
        0,
        "+15550001111",
        20,
        75,
    )
    assert (bob.name, bob.arrives_ms, bob.number, bob.line_noise_level, bob.phone.one_way_ms) == (
        "bob",
        700,
        "+1555",
        0,
        200,
    )
    assert bob.patience_ms == 9_000
    assert bob.script == (DEFAULT_HANG_UP,)


def test_callers_without_a_number_have_different_ones() -> None:
    made = plan("[[callers]]\nname = 'ada'\n[[callers]]\nname = 'bob'\n")
    assert len({caller.number for caller in made.callers}) == 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", FaultPlan("stt_stall")),
        ("strength = 4000\nat_ms = 8000", FaultPlan("stt_stall", 4_000.0, Moment(delay_ms=8_000))),
        ('at = "speaking"\nnth = 2\nplus_ms = 300', FaultPlan("stt_stall", None, Moment("SPEAKING", 2, 300))),
        ('at = "barge_in"', FaultPlan("stt_stall", None, Moment("BARGE_IN"))),
        ('at = "greeting"', FaultPlan("stt_stall", None, Moment("greeting"))),
        ('at = "tool"', FaultPlan("stt_stall", None, Moment("tool"))),
        ("rate_per_min = 2", FaultPlan("stt_stall", rate_per_min=2.0)),
    ],
)
def test_faults(text: str, fault: FaultPlan) -> None:
    assert plan(CALLER + f'[[faults]]\nname = "stt_stall"\n{text}\n').faults == (fault,)


def test_an_agent_of_ones_own_may_lie_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\nprompt = "Be brief."\ntools = ["hang_up"]\n')
    text = 'agent = "mine.toml"\n' + CALLER + '[expect]\ntools = [{ name = "hang_up" }]\n'
    assert plan(text, tmp_path / "my.toml").cast.agent == str(tmp_path / "mine.toml")


def test_a_date_in_another_zone_is_that_instant() -> None:
    assert plan("now = 2026-11-23T09:00:00+01:00\n" + CALLER).cast.now == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", bundled())
def test_every_plan_can_be_sent_to_another_process(name: str) -> None:
    made = load(name)
    sent = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own bytes
    assert sent.callers == made.callers
    assert [each.text for each in sent.expectations] == [each.text for each in made.expectations]


def test_a_script_may_change_what_the_agent_always_says() -> None:
    assert plan(CALLER + '[phrases]\ngreeting = "Good morning!"').cast.phrases == {"greeting": "Good morning!"}
