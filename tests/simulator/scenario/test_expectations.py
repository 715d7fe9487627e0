"""What a script expects, held against calls that really were: what holds is silent, what does not says what came."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.runs.evidence import Evidence
from simulator.runs.outcome import Violation
from simulator.runs.run import gathered
from simulator.scenario import load, parse, plan_of
from simulator.scenario.expectations.phrases import Word, find, nearest, text_words, words_of
from simulator.scenario.expectations.timing import percentile

HEAD = "caller = []\n[groq]\ncheck_tool_calls = false\n[expect]\n"


@pytest.fixture(scope="module")
def booking() -> Iterator[Evidence]:
    """The bundled booking call, once it is over."""
    with gathered(load("booking"), 0) as evidence:
        yield evidence


def run_of(text: str) -> list[Violation]:
    """A script, run; what its own expectations say."""
    plan = plan_of(parse(text, Path("my.toml")), "my")
    with gathered(plan, 0) as evidence:
        return [violation for each in plan.expectations for violation in each.check(evidence)]


def judged(evidence: Evidence, expect: str) -> list[Violation]:
    """What some expectations say of a call; whether its moments came is left out."""
    plan = plan_of(parse(HEAD + expect, Path("my.toml")), "my")
    return [violation for each in plan.expectations[1:] for violation in each.check(evidence)]


@pytest.mark.parametrize(
    "expect",
    [
        'heard = ["Willow Street Practice", "Which suits you?", "You\'re BOOKED, Ada Lovelace.", "see you on Tuesday"]',
        'heard = ["November twenty-fourth, I have nine"]',  # over a false alarm, which repeats a word
        'said = ["see you on Tuesday", "Willow Street Practice"]',
        'not_said = ["Bob", "you on the Tuesday"]',
        'understood = ["Tuesday morning", "My name is Ada Lovelace", "Goodbye"]',
        'not_understood = ["mm-hmm", "Tuesday evening"]',
        "turns = 5",
        "model_requests = 8",
        'tools = [{ name = "book_appointment", arguments = { name = "Ada Lovelace" }, result = { booked = true } }]',
        'tools = [{ name = "book_appointment", times = 0, arguments = { name = "Bob" } }, { name = "hang_up" }]',
        'database = [{ table = "appointments", where = { name = "Ada Lovelace", slot = "2026-11-24T10:00" } }]',
        'database = [{ table = "appointments", where = { name = "Bob" }, rows = 0 }, { table = "hours", rows = 5 }]',
        'mode = "SPEAKING"',
        'mode = "ENDED"',
        'ended_by = "agent"',
        "interruptions = 1",
        "resumed = 1",
        "latency_ms = { p50 = 900, p95 = 1000, max = 1000 }",
        "longest_silence_ms = 1000",
        "yields_within_ms = 300",
        "faults_noticed = []",
        "duration_ms = { min = 30000, max = 60000 }",
    ],
)
def test_what_holds_is_not_complained_about(booking: Evidence, expect: str) -> None:
    assert judged(booking, expect) == []


@pytest.mark.parametrize(
    ("expect", "checker", "what"),
    [
        (
            'heard = ["Which suits you?", "You\'re booked, Bob Lovelace"]',
            "expect.heard",
            'after "Which suits you?", nearest thing heard: "you\'re booked ada lovelace" at ',
        ),
        (
            'heard = ["see you on Tuesday", "Which suits you?"]',
            "expect.heard",
            'expected the caller to hear "Which suits you?" after "see you on Tuesday", but it came before that at ',
        ),
        (
            'heard = ["see you on Tuesday", "zebra"]',
            "expect.heard",
            '"zebra" after "see you on Tuesday", heard nothing more',
        ),
        ('said = ["zebra"]', "expect.said", 'expected the agent to say "zebra", heard: "hello this is willow'),
        (
            'not_said = ["booked, Ada"]',
            "expect.not_said",
            'expected the agent not to say "booked, Ada", heard: "i put down you\'re booked ada lovelace',
        ),
        (
            'understood = ["Tuesday evening"]',
            "expect.understood",
            'expected the agent to understand "Tuesday evening", understood: "hello i need',
        ),
        (
            'not_understood = ["where are you"]',
            "expect.not_understood",
            'not to take "where are you" for the caller\'s words, understood: "Wait, where are you exactly?"',
        ),
        (
            "turns = 4",
            "expect.turns",
            'expected 4 turns, got 5: "Hello, I need an appointment on',
        ),
        ("model_requests = 1", "expect.model_requests", "expected the model to be asked once, got 8"),
        (
            'tools = [{ name = "book_appointment", arguments = { name = "Bob" } }]',
            "expect.tools",
            'expected book_appointment with {"name": "Bob"} to run once, it ran never; find_free_slots(',
        ),
        (
            'tools = [{ name = "book_appointment", times = 2, result = { booked = true } }]',
            "expect.tools",
            'expected book_appointment and the result {"booked": true} to run 2 times, it ran once; ',
        ),
        ('tools = [{ name = "hang_up", times = 0 }]', "expect.tools", "expected hang_up to run never, it ran once; "),
        ("no_tools = true", "expect.no_tools", 'expected no tool to run, got find_free_slots({"date": "2026-11-24"'),
        (
            'database = [{ table = "appointments", where = { name = "Bob" } }]',
            "expect.database",
            "expected 1 of the rows of appointments to have name = 'Bob', got 0; there is 1: id = 1, slot = '2026-",
        ),
        ('mode = "THINKING"', "expect.mode", "expected the call to end in THINKING, got SPEAKING"),
        (
            'ended_by = "caller"',
            "expect.ended_by",
            "to be ended by the caller, but it was ended by the agent",
        ),
        ("interruptions = 0", "expect.interruptions", "expected 0 interruptions, got 1 (at "),
        ("resumed = 2", "expect.resumed", "expected 2 replies that went on, got 1 (at "),
        (
            "latency_ms = { p50 = 100 }",
            "expect.latency_ms",
            "expected p50 of 100 ms or less from voice to voice, got 455 ms; the slowest was turn 3 of caller: 677 ms",
        ),
        ("longest_silence_ms = 100", "expect.longest_silence_ms", "expected no silence over 100 ms, got one of 7"),
        (
            'faults_noticed = ["groq"]',
            "expect.faults_noticed",
            "expected the agent to notice that groq failed, noticed: none",
        ),
        ('twilio_says = ["busy"]', "expect.twilio_says", 'expected Twilio to say "busy", it said: nothing'),
        ("duration_ms = { max = 20000 }", "expect.duration_ms", "expected a call of 20000 ms at most, got 4"),
        ("duration_ms = { min = 90000 }", "expect.duration_ms", "expected a call of 90000 ms at least, got 4"),
        (
            'transcript = [{ role = "assistant", text = "Hello" }]',
            "expect.transcript",
            'expected message 1 of the conversation to be assistant "Hello", got assistant "Hello, this',
        ),
    ],
)
def test_what_does_not_hold_says_what_was_expected_and_what_came(
    booking: Evidence, expect: str, checker: str, what: str
) -> None:
    (violation,) = judged(booking, expect)
    assert violation.checker == checker
    assert what in violation.what


def test_a_violation_knows_when_it_was(booking: Evidence) -> None:
    (violation,) = judged(booking, 'not_said = ["see you on Tuesday"]')
    assert violation.at_ms is not None
    assert 40_000 < violation.at_ms < 50_000
    assert violation.caller == "caller"


def test_the_whole_conversation_can_be_expected() -> None:
    greeting = "Hello, this is Willow Street Practice. I can book an appointment for you. Which day would suit you?"
    text = (
        'caller = [{ say = "When are you open?" }]\n[model]\nreplies = ["Nine to five."]\n[expect]\ntranscript = [\n'
        f'  {{ role = "assistant", text = "{greeting}" }},\n'
        '  { role = "user", text = "when are you open" },\n'
        '  { role = "assistant", text = "Nine to five.", cut = CUT },\n]\n'
    )
    assert run_of(text.replace("CUT", "false")) == []
    (violation,) = run_of(text.replace("CUT", "true"))
    assert violation.what == (
        'expected message 3 of the conversation to be assistant "Nine to five." (cut), got assistant "Nine to five."'
    )


def test_an_interrupted_agent_falls_silent_in_time_or_it_is_told() -> None:
    text = (
        'caller = [{ say = "When are you open?" }, { say = "Stop.", into_agent_speech_ms = 1500 }]\n'
        '[model]\nreplies = ["From nine in the morning to five in the afternoon.", "All right."]\n'
        "[expect]\nyields_within_ms = LIMIT\n"
    )
    assert run_of(text.replace("LIMIT", "300")) == []
    (violation,) = run_of(text.replace("LIMIT", "10"))
    assert 'expected the agent to fall silent within 10 ms of "Stop." at ' in violation.what


def test_a_moment_that_does_not_come_is_a_failure_unless_the_step_says_what_to_do_then() -> None:
    text = (
        'caller = [\n  { say = "When are you open?" },\n'
        '  { say = "And on Sunday?", after_words = "weekends", timeout_ms = 6000MORE },\n]\n'
        '[model]\nreplies = ["Nine to five."]\n'
    )
    (violation,) = run_of(text.replace("MORE", ""))
    assert violation.checker == "expect.moments"
    assert 'the moment of step 2 (say "And on Sunday?", after_words = "weekends") to come, but at ' in violation.what
    assert violation.what.endswith('it was left out; the agent had said last: "Nine to five."')
    assert run_of(text.replace("MORE", ', if_late = "skip"')) == []


def test_a_call_that_is_over_before_its_script_is_a_failure() -> None:
    (violation,) = run_of(
        'caller = [\n  { say = "That is all, goodbye." },\n  { say = "Wait!", after_agent = true, delay_ms = 5000 },\n]'
        '\n[model]\nreplies = [{ say = "Goodbye.", call = "hang_up" }]\n'
    )
    assert violation.what == (
        'expected the script to be done, but the call was over before step 2 (say "Wait!", after_agent = true)'
    )


def test_what_is_expected_of_all_holds_of_each_caller_and_tools_count_together() -> None:
    violations = run_of(
        '[[callers]]\nname = "ada"\nscript = [{ say = "It is Ada." }]\n'
        '[[callers]]\nname = "bob"\narrives_ms = 300\nscript = [{ say = "It is Bob." }]\n'
        '[[model.answers]]\nasked = "Ada"\nsay = "Hello Ada."\ncall = "find_free_slots"\n'
        '[[model.answers]]\nasked = "Bob"\nsay = "Hello Bob."\n'
        '[[model.answers]]\nafter_tool = "find_free_slots"\nsay = "Nothing is free."\n'
        '[expect]\nheard = ["Hello Ada"]\nunderstood = ["It is"]\ntools = [{ name = "find_free_slots" }]\n'
        '[expect.callers.ada]\nheard = ["Hello Ada", "Nothing is free"]\n'
        'tools = [{ name = "find_free_slots" }]\n'
        '[expect.callers.bob]\nheard = ["Hello Bob"]\nno_tools = true\nturns = 2\n'
    )
    assert [(violation.checker, violation.caller) for violation in violations] == [
        ("expect.heard", "bob"),
        ("expect.turns", "bob"),
    ]


def test_what_twilio_says_itself_and_a_call_that_never_reached_the_agent() -> None:
    violations = run_of(
        '[settings]\nOFFHOOK_MAX_CALLS = 1\n[[callers]]\nname = "ada"\nscript = [{ silence_ms = 20000 }]\n'
        '[[callers]]\nname = "bob"\narrives_ms = 2000\n[model]\nfallback = "Yes?"\n'
        '[expect.callers.bob]\ntwilio_says = ["All our lines are busy"]\nended_by = "agent"\n'
    )
    assert [violation.what for violation in violations] == [
        "expected the call to be ended by the agent, but it never reached the agent"
    ]


def test_a_provider_that_failed_is_noticed() -> None:
    text = (
        'caller = [{ say = "When are you open?" }]\n[groq]\nrefuse = "server_error"\nfail_first_n = 1\n'
        '[model]\nreplies = ["Nine to five."]\n[expect]\nfaults_noticed = ["groq"]\nheard = ["Nine to five"]\n'
    )
    assert run_of(text) == []


# --- phrases -----------------------------------------------------------------------------------------------------


def test_a_phrase_is_found_word_by_word() -> None:
    words = text_words(["I have nine,", "ten thirty and four o\N{RIGHT SINGLE QUOTATION MARK}clock."])
    assert find(words_of("Ten-thirty"), words) is not None
    assert find(words_of("four o'clock"), words) is not None
    assert find(words_of("nine and"), words) is None
    assert find(words_of("have nine"), words, 2) is None


def test_a_word_said_again_after_a_pause_may_be_heard_once_or_twice() -> None:
    words = [Word("on"), Word("tuesday"), Word("tuesday", None, is_again=True), Word("at"), Word("ten")]
    assert find(["on", "tuesday", "at", "ten"], words) is not None
    assert find(["tuesday", "tuesday", "at"], words) is not None
    assert find(["tuesday", "at"], words) is not None


def test_what_is_nothing_like_a_phrase_is_not_shown_as_near() -> None:
    words = text_words(["I have nine in the morning"])
    assert nearest(words_of("zebra crossing"), words) is None
    near = nearest(words_of("nine on the morning"), words)
    assert near is not None
    assert [word.text for word in words[near.first : near.past]] == ["nine", "in", "the", "morning"]


def test_the_nearest_thing_begins_like_the_phrase_where_it_can() -> None:
    words = text_words(["We are open from nine to five, Monday to Friday."])
    near = nearest(words_of("nine to six"), words)
    assert near is not None
    assert [word.text for word in words[near.first : near.past]] == ["nine", "to", "five"]


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([1, 2, 3, 4], 50) == 2
    assert percentile([1, 2, 3, 4], 95) == 4
    assert percentile([7], 50) == 7
