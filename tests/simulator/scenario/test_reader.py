"""Every mistake in a script is told: file, line, what was expected, what was probably meant; all of them at once."""

from pathlib import Path

import pytest

from simulator.scenario import ScriptError, bundled, load, parse, plan_of, read

CALLER = 'caller = [{ say = "Hello" }]\n'


def complaints(text: str, path: Path = Path("my.toml")) -> list[str]:
    """All complaints about a script."""
    with pytest.raises(ScriptError) as error:
        parse(text, path)
    return str(error.value).splitlines()


def step(*steps: str) -> str:
    """A script of these steps, the first of which is on line 2."""
    return "caller = [\n" + "".join(f"  {{ {each} }},\n" for each in steps) + "]\n"


VERBS = (
    "one of say, backchannel, hesitate, aside, background, cough, laugh, sneeze, clear_throat, mumble_ms, noise_ms, "
    "music_ms, beep_ms, press, silence_ms, play, hang_up"
)
MARKS = "[900 ms], [cough], [laugh], [sneeze], [throat], [mumble 400 ms] or [noise 400 ms]"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            'say = "x", into_agent_speach_ms = 5',
            'unknown key "into_agent_speach_ms"; did you mean "into_agent_speech_ms"?',
        ),
        ("after_agent = true", f"expected something to do: {VERBS}"),
        ('say = "x", press = "1"', "expected one thing to do, got say and press; make them steps"),
        ('say = "x", at_ms = 9000, after_words = "y"', "expected one moment, got after_words and at_ms"),
        ("say = 5", "say: expected text, got 5"),
        ('say = ""', 'say: expected something that is not empty, got ""'),
        ('say = "..."', 'say: expected words, got "..."; a sound alone is cough, mumble_ms or noise_ms'),
        ('say = "a [cuogh] b"', f"say: expected {MARKS}, got [cuogh]"),
        ('say = "a [900 ms]"', "say: a pause at the end is no part of what is said; make it a silence_ms step"),
        ("silence_ms = -5", "silence_ms: expected at least 20, got -5"),
        ("silence_ms = 99999999", "silence_ms: expected at most 600000, got 99999999"),
        ("mumble_ms = 4.5", "mumble_ms: expected a whole number, got 4.5"),
        ('noise_ms = "long"', 'noise_ms: expected a whole number, got "long"'),
        ("music_ms = true", "music_ms: expected a whole number, got true"),
        ("cough = false", "cough: expected true, got false"),
        ("beep_ms = 400, hz = 9", "hz: expected at least 300, got 9"),
        ("music_ms = 400, hz = 900", "hz: goes with beep_ms only, not with music_ms"),
        ('press = "12x"', 'press: expected 1 to 64 keys of 0-9, *, #, A-D, got "12x"'),
        ('backchannel = "--"', 'backchannel: expected words, got "--"'),
        ('play = "none.wav"', "play: expected a WAV file, but none.wav cannot be read: No such file or directory"),
        ('say = "x", at_ms = -1', "at_ms: expected at least 0, got -1"),
        ('say = "x", after_words = "?!"', 'after_words: expected words, got "?!"'),
        (
            'say = "x", if_late = "skipp"',
            'if_late: expected one of go-ahead, skip, hang-up, got "skipp"; did you mean "skip"?',
        ),
        (
            'press = "1", ms_per_char = 60',
            "ms_per_char: goes with say, backchannel, hesitate, aside and background only, not with press",
        ),
        ('say = "x", lasts_ms = 300', "lasts_ms: goes with cough, laugh, sneeze and clear_throat only, not with say"),
        ("laugh = true, lasts_ms = 30", "lasts_ms: expected at least 60, got 30"),
        ('aside = "..."', 'aside: expected words, got "..."'),
        ('say = "x", level = 60', "level: goes with noise_ms only, not with say"),
        ('say = "x", loudness = 9', "loudness: expected at most 4.0, got 9"),
        (
            'say = "x", into_agent_speech_ms = 5, delay_ms = 5',
            "delay_ms: add it to into_agent_speech_ms, where it says the same",
        ),
        (
            'say = "x", at_ms = 9000, after_silence_ms = 5',
            "after_silence_ms: goes with after_agent only, not with at_ms",
        ),
        (
            "cough = true, into_agent_speech_ms = 25000",
            "into_agent_speech_ms: expected less than timeout_ms, which is 20000, got 25000: it would never come",
        ),
        (
            'say = "x", after_silence_ms = 700, timeout_ms = 500',
            "after_silence_ms: expected less than timeout_ms, which is 500, got 700: it would never come",
        ),
    ],
)
def test_a_step_that_cannot_be(line: str, complaint: str) -> None:
    assert complaints(step('say = "Hello"', line)) == [f"my.toml:3: caller step 2: {complaint}"]


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        (
            ('say = "This takes more than a second to say.", at_ms = 1000', 'say = "Overlap.", at_ms = 1500'),
            "3: caller step 2: at_ms: expected 3387 or more, got 1500: step 1 (say) lasts until then",
        ),
        (
            ("silence_ms = 3000", "cough = true, at_ms = 2000"),
            "3: caller step 2: at_ms: expected 3000 or more, got 2000: step 1 (silence_ms) lasts until then",
        ),
        (
            ('press = "123456", at_ms = 100, gap_ms = 1000', 'press = "1", at_ms = 4000'),
            "3: caller step 2: at_ms: expected 5100 or more, got 4000: step 1 (press) lasts until then",
        ),
        (("hang_up = true", 'say = "Hello?"'), "3: caller step 2: nothing can be done after hang_up"),
        (
            ('say = "x", at_ms = 700000',),
            "2: caller step 1: at_ms: expected less than longest_s, which is 600, got 700000 ms",
        ),
        (
            ("silence_ms = 400000", "music_ms = 300000"),
            "1: expected steps that end within longest_s (600), got 700000 ms",
        ),
    ],
)
def test_steps_that_cannot_follow_each_other(steps: tuple[str, ...], complaint: str) -> None:
    assert any(told.startswith(f"my.toml:{complaint}") for told in complaints(step(*steps)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sed = 3\n" + CALLER, '1: unknown key "sed"; did you mean "seed"?'),
        ("seed = -1\n" + CALLER, "1: seed: expected at least 0, got -1"),
        ("zebra = 3\n" + CALLER, '1: unknown key "zebra"; known are about, agent, seed'),
        ('about = "nobody"\n', '1: expected somebody who calls: caller = [{ say = "..." }], [[callers]] or [machine]'),
        (
            CALLER + '[[callers]]\nname = "a"\n',
            "2: expected one of caller, [[callers]] and [machine], got caller and callers",
        ),
        ("caller = 5\n", "1: caller: expected a list, [ ... ], got 5"),
        ('caller = ["hello"]\n', '1: caller step 1: expected a table, { ... }, got "hello"'),
        (
            'agent = "apointments"\n' + CALLER,
            "1: agent: no bundled agent is called 'apointments'; did you mean 'appointments'?",
        ),
        ('agent = "mine.toml"\n' + CALLER, "1: agent: there is no file mine.toml"),
        (
            'now = "monday"\n' + CALLER,
            "1: now: expected a date and time with its offset, such as 2026-11-23T08:00:00+00:00",
        ),
        ("now = 2026-11-23T08:00:00\n" + CALLER, "1: now: expected a date and time with its offset"),
        ("longest_s = 0\n" + CALLER, "1: longest_s: expected more than 0.0, got 0"),
        ('xfail = ""\n' + CALLER, '1: xfail: expected something that is not empty, got ""'),
        ('tags = ["a b"]\n' + CALLER, '1: tags: expected a name of 1 to 40 letters, digits, _ and -, got "a b"'),
        (CALLER + '[waive]\nsilense = "music"\n', '3: [waive]: unknown checker "silense"; did you mean "silence"?'),
        (CALLER + "[phone]\njiter_ms = 5\n", '3: [phone]: unknown key "jiter_ms"; did you mean "jitter_ms"?'),
        (CALLER + '[phone]\none_way_ms = "fast"\n', '3: [phone]: one_way_ms: expected a whole number, got "fast"'),
        (CALLER + "[phone]\none_way_ms = -20\n", "3: [phone]: one_way_ms: expected 0 or more, got -20"),
        (CALLER + "[phone]\ndrop_rate = 1.5\n", "3: [phone]: drop_rate: expected a share from 0 to 1, got 1.5"),
        (
            CALLER + "[phone]\nline_noise_level = 9000\n",
            "3: [phone]: line_noise_level: expected 0 to 5000 (RMS), got 9000",
        ),
        (CALLER + '[phone]\nnumber = "home"\n', "3: [phone]: number: expected a telephone number such as"),
        (CALLER + '[phone]\nsigning = "wrong-tokn"\n', 'got "wrong-tokn"; did you mean "wrong-token"?'),
        (
            CALLER + "[profile]\nwait_mss = 5\n",
            '3: [profile]: unknown key "wait_mss"; did you mean "wait_ms" (100 to 3000)?',
        ),
        (CALLER + 'profile = "schedulin"\n', '2: no profile is called "schedulin"; did you mean "scheduling"?'),
        (CALLER + '[profile]\nbase = "support"\nwait_ms = 5\n', "4: [profile]: wait_ms must lie between 100 and 3000"),
        (CALLER + "[profile]\nwait_ms = 5\n", "3: [profile]: wait_ms must lie between 100 and 3000, got 5"),
        (
            CALLER + "[profile]\nwait_ms = 2000\n",
            "3: [profile]: unfinished_wait_ms must not be less than wait_ms (2000)",
        ),
        (
            CALLER + '[settings]\nGROQ_MODL = "x"\n',
            '3: [settings]: unknown variable "GROQ_MODL"; did you mean "GROQ_MODEL"?',
        ),
        (
            CALLER + '[settings]\nGROQ_API_KEY = "x"\n',
            "3: [settings]: GROQ_API_KEY is set by the simulation itself; leave it out",
        ),
        (CALLER + "[settings]\nOFFHOOK_MAX_CALLS = -1\n", "3: [settings]: OFFHOOK_MAX_CALLS must be"),
        (
            CALLER + "[deepgram]\nfinal_dely_ms = 3\n",
            '3: [deepgram]: unknown key "final_dely_ms"; did you mean "final_delay_ms"?',
        ),
        (CALLER + "[groq]\nburst_tokens = 0\n", "3: [groq]: burst_tokens: expected at least 1, got 0"),
        (
            CALLER + "[groq]\nfirst_token_ms = { p50 = 900, p95 = 120 }\n",
            "3: [groq]: first_token_ms: p50, p95: expected 0 < p50 <= p95 <= 600000 (ms), got p50 = 900, p95 = 120",
        ),
        (
            CALLER + "[groq]\nfirst_token_ms = { mean = 900 }\n",
            "3: [groq]: first_token_ms: expected a whole number of ms, or { p50 = 120, p95 = 900 }",
        ),
        (
            CALLER + "[elevenlabs]\nframe_max_ms = 50\n",
            "3: [elevenlabs]: frame_min_ms, frame_max_ms: expected 0 < min <= max, got 100 and 50",
        ),
        (CALLER + "[network.grok]\nup_ms = 3\n", '2: [network]: unknown key "grok"; did you mean "groq"?'),
        (
            CALLER + "[network.groq]\njitter_ms = -3\n",
            "3: [network.groq]: jitter_ms: expected a whole number, 0 or more, got -3",
        ),
        (CALLER + '[[faults]]\nname = "stt_stal"\n', '3: fault 1: unknown fault "stt_stal"; did you mean "stt_stall"?'),
        (
            CALLER + '[[faults]]\nname = "stt_stall"\nstrength = -1\n',
            "4: fault 1: strength of stt_stall: expected ",
        ),
        (
            CALLER + '[[faults]]\nname = "stop_missing"\nrate_per_min = 2\n',
            "4: fault 1: stop_missing does not come again and again: give it no rate",
        ),
        (CALLER + "[[faults]]\nat_ms = 3\n", '2: fault 1: expected the key "name", which is missing'),
        (
            CALLER + '[[faults]]\nname = "stt_stall"\nat = "speking"\n',
            "4: fault 1: at: expected one of greeting, listening, thinking, speaking, barge_in, tool, got",
        ),
        (
            CALLER + '[[faults]]\nname = "stt_stall"\nat_ms = 5\nrate_per_min = 2\n',
            "5: fault 1: expected one moment or a rate, got at_ms and rate_per_min",
        ),
        (CALLER + '[[faults]]\nname = "stt_stall"\nat_ms = 5\nnth = 2\n', '5: fault 1: nth: goes with at = "..." only'),
    ],
)
def test_a_table_that_cannot_be(text: str, complaint: str) -> None:
    (told,) = complaints(text)
    assert complaint in told
    assert told.startswith("my.toml:")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "[model]\nbrain = 'apointments'\n",
            '3: [model]: brain: expected appointments, got "apointments"; did you mean',
        ),
        ("[model]\nreplies = [5]\n", "3: model reply 1: expected a table, { ... }, got 5"),
        (
            "[model]\nreplies = [{}]\n",
            "3: model reply 1: expected say, call or calls: an answer says something or asks for a tool",
        ),
        ('[model]\nreplies = [{ say = "x", sya = "y" }]\n', '3: model reply 1: unknown key "sya"; did you mean "say"?'),
        (
            '[model]\nreplies = [{ call = "book_apointment" }]\n',
            '3: model reply 1: the agent has no tool "book_apointment"; did you mean "book_appointment"?',
        ),
        ('[model]\nreplies = [{ say = "x", arguments = {} }]\n', "3: model reply 1: arguments: goes with call only"),
        (
            '[model]\nreplies = [{ call = "hang_up", arguments = {}, raw_arguments = "{" }]\n',
            "3: model reply 1: expected arguments or raw_arguments, got both",
        ),
        (
            '[model]\nreplies = [{ call = "hang_up", calls = [] }]\n',
            "3: model reply 1: expected call or calls, got both",
        ),
        (
            '[[model.answers]]\nasked = "open(ing"\nsay = "x"\n',
            '3: model answer 1: asked: expected a regular expression, got "open(ing"',
        ),
        (
            '[[model.answers]]\nafter_tool = "find_slots"\nsay = "x"\n',
            '3: model answer 1: the agent has no tool "find_slots"',
        ),
        (
            '[[model.answers]]\nsay = "x"\n[[model.answers]]\nasked = "y"\nsay = "z"\n',
            "2: model answer 1: fits whatever is asked, so none after it is ever given; set asked, or times",
        ),
        ('[[model.answers]]\nsay = "x"\ntimes = 0\n', "4: model answer 1: times: expected at least 1, got 0"),
        ("[expect]\nturns = 'two'\n", '3: [expect]: turns: expected a whole number, got "two"'),
        ("[expect]\nherd = ['x']\n", '3: [expect]: unknown key "herd"; did you mean "heard"?'),
        ("[expect]\nheard = 'x'\n", '3: [expect]: heard: expected a list, [ ... ], got "x"'),
        ("[expect]\nheard = ['ok',\n '!']\n", '4: [expect]: heard: expected words, got "!"'),
        ("[expect]\nmode = 'LISTENNING'\n", 'ENDED, got "LISTENNING"; did you mean "LISTENING"?'),
        (
            "[expect]\nended_by = 'callr'\n",
            '3: [expect]: ended_by: expected one of agent, caller, network, got "callr"',
        ),
        ("[expect]\nlatency_ms = { p90 = 3 }\n", '3: [expect.latency_ms]: unknown key "p90"; did you mean "p95"?'),
        (
            "[expect]\nduration_ms = { min = 9, max = 3 }\n",
            "3: [expect]: duration_ms: expected min <= max, got 9 and 3",
        ),
        (
            "[expect]\ntools = [{ name = 'book_apointment' }]\n",
            '3: expected tool 1: the agent has no tool "book_apointment"; did you mean',
        ),
        (
            "[expect]\ntools = [{ name = 'book_appointment', arguments = { slot = 3 } }]\n",
            '3: expected tool 1: book_appointment has no argument "slot"; did you mean "slot_id"?',
        ),
        (
            "[expect]\nno_tools = true\ntools = [{ name = 'hang_up' }]\n",
            "3: [expect]: expected tools or no_tools, got both",
        ),
        (
            "[expect]\ndatabase = [{ table = 'appointment' }]\n",
            '3: expected row 1: there is no table "appointment"; did you mean "appointments"?',
        ),
        (
            "[expect]\ndatabase = [{ table = 'appointments', where = { nam = 'Ada' } }]\n",
            '3: expected row 1: appointments has no column "nam"; did you mean "name"?',
        ),
        ("[expect]\nfaults_noticed = ['deepgrm']\n", 'got "deepgrm"; did you mean "deepgram"?'),
        (
            "[expect]\ntranscript = [{ role = 'tool', text = '' }]\n",
            "3: expected message 1: role: expected one of user, assistant",
        ),
        (
            "[expect.callers.bob]\nturns = 1\n",
            '2: [expect.callers]: there is no caller "bob"; there is only one caller',
        ),
    ],
)
def test_answers_and_expectations_that_cannot_be(text: str, complaint: str) -> None:
    (told,) = complaints(CALLER + text)
    assert complaint in told
    assert told.startswith("my.toml:")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = 'ada'\n", '4: caller ada: expected a name of their own, got "ada" again'),
        ("name = 'a b'\n", "4: caller a b: name: expected a name of 1 to 40 letters, digits, _ and -"),
        ("name = 'bob'\nscript = [{ sya = 'x' }]\n", '5: caller bob step 1: unknown key "sya"; did you mean "say"?'),
        ("name = 'bob'\narrives_ms = 700000\n", "5: caller bob: arrives_ms: expected less than 600000 (longest_s)"),
        (
            "name = 'bob'\nphone = { jiter_ms = 3 }\n",
            '5: caller bob: unknown key "jiter_ms"; did you mean "jitter_ms"?',
        ),
        (
            "name = 'bob'\n[expect.callers.bobb]\n",
            '5: [expect.callers]: there is no caller "bobb"; did you mean "bob"?',
        ),
        (
            "name = 'bob'\n[model]\nreplies = ['x']\n",
            "6: [model]: replies: several callers have no order to be answered in",
        ),
    ],
)
def test_callers_that_cannot_be(text: str, complaint: str) -> None:
    told = complaints("[[callers]]\nname = 'ada'\n[[callers]]\n" + text)
    assert any(f"my.toml:{complaint}" in each for each in told), told


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    told = complaints(
        "sed = 3\n"
        'caller = [\n  { say = "x", loudnes = 2 },\n  { say = "[cuogh] x" },\n]\n'
        "[groq]\nburst_tokens = 0\ntokens_per_s = 0\n"
        "[expect]\nturns = 'two'\ntools = [{ name = 'book' }]\n"
    )
    assert [each.split(":")[1] for each in told] == ["1", "3", "4", "7", "8", "10", "11"]


def test_a_value_of_the_wrong_kind_hides_nothing_else_of_its_step() -> None:
    told = complaints(step('say = "[cuogh] x", delay_ms = "soon", after_words = "!"'))
    assert len(told) == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("caller = [\n", "my.toml: not TOML: "),
        ("caller = []\nseed = \n", "my.toml:2: not TOML: "),
        ("caller = []\n[a]\n[a]\n", "my.toml:3: not TOML: "),
    ],
)
def test_what_is_no_toml(text: str, complaint: str) -> None:
    (told,) = complaints(text)
    assert told.startswith(complaint)


def test_a_bundled_script_goes_by_its_name_and_a_file_by_its_path(tmp_path: Path) -> None:
    assert load("booking").name == "booking"
    assert load("booking").path is None
    own = tmp_path / "mine.toml"
    own.write_text('"$schema" = "call.json"\n' + CALLER)
    assert load(own).path == own
    assert load(str(own)).name == "mine"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("bokking", 'no bundled script is called "bokking", and there is no such file; did you mean "booking"?'),
        ("mine.toml", "mine.toml: there is no such file"),
        ("some/where", "some/where: there is no such file"),
    ],
)
def test_a_script_that_is_not_there(name: str, complaint: str) -> None:
    with pytest.raises(ScriptError) as error:
        load(name)
    assert complaint in str(error.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"about = '\xff'")
    with pytest.raises(ScriptError, match="expected UTF-8, got byte 0xff"):
        load(path)
    path.write_bytes(b"#" * 2_000_000)
    with pytest.raises(ScriptError, match="at most 1024 KiB"):
        load(path)


def test_a_script_made_in_memory_is_checked_as_well() -> None:
    script = read("booking")
    with pytest.raises(ScriptError) as error:
        plan_of(script.model_copy(update={"caller": None}), "shrunk")
    wanted = 'caller = [{ say = "..." }], [[callers]] or [machine]'
    assert str(error.value) == f"shrunk: expected somebody who calls: {wanted}"


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_script_can_be_read_and_says_what_it_is_about(name: str) -> None:
    plan = load(name)
    assert plan.about
    assert plan.callers
    assert len(plan.expectations) > 1


def test_phrases_that_nobody_says_are_told_with_their_line() -> None:
    assert complaints(CALLER + '[phrases]\ngreetign = "Hello"\ngoodbye = "..."') == [
        'my.toml:3: [phrases]: unknown key "greetign"; did you mean "greeting"?',
        'my.toml:4: [phrases]: goodbye: expected words, got "..."',
    ]
