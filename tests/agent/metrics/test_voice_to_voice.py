from agent.metrics.voice_to_voice import Answered, Discard, VoiceToVoice, turns_of, voices_of
from tests.agent.metrics.traces import agent, call, sound, turn

PUBLISHED = call(
    caller=[turn(5_000, 6_800), turn(12_000, 13_500), turn(20_000, 21_900)],
    agent=[
        agent(100, 2_600, 0, kind="greeting"),
        agent(8_200, 10_900, 1),
        agent(14_100, 16_000, 2),
        agent(21_000, 21_220, 3, kind="filler"),
        agent(23_400, 26_000, 3),
    ],
)


def test_the_published_example_gives_its_numbers() -> None:
    assert turns_of(*voices_of(PUBLISHED)) == [Answered(1_400, 1_400), Answered(600, 600), Answered(-900, 1_500)]
    measured = VoiceToVoice()
    measured.add(PUBLISHED)
    values = measured.values()
    assert (values["ttfab_ms_p50"], values["ttfab_ms_p95"], values["negative"]) == (600.0, 1_320.0, 1)
    assert values["consistency"] == 2.2


def test_a_turn_ends_with_its_last_voiced_sound() -> None:
    trace = call(
        caller=[turn(1_000, 3_000, voiced_ms=[[1_050, 1_800], [2_600, 2_900]])], agent=[agent(3_500, 5_000, 1)]
    )
    assert turns_of(*voices_of(trace)) == [Answered(600, 600)]


def test_a_pause_within_a_sentence_does_not_break_it_however_long() -> None:
    trace = call(
        caller=[turn(1_000, 5_000, voiced_ms=[[1_000, 1_800], [4_000, 5_000]])], agent=[agent(5_500, 7_000, 1)]
    )
    assert turns_of(*voices_of(trace)) == [Answered(500, 500)]


def test_contributions_close_together_are_one_turn() -> None:
    trace = call(caller=[turn(1_000, 2_000), turn(2_699, 3_000)], agent=[agent(3_500, 5_000, 1)])
    assert turns_of(*voices_of(trace)) == [Answered(500, 500)]
    apart = call(caller=[turn(1_000, 2_000), turn(2_700, 3_000)], agent=[agent(3_500, 5_000, 1)])
    assert turns_of(*voices_of(apart)) == [Discard.NO_RESPONSE, Answered(500, 500)]


def test_sounds_that_are_no_turns_are_none_here_either() -> None:
    trace = call(caller=[turn(1_000, 2_000), sound("vocal_tic", 2_500, 2_700)], agent=[agent(3_000, 5_000, 1)])
    assert turns_of(*voices_of(trace)) == [Answered(1_000, 1_000)]


def test_a_greeting_that_was_talked_into_costs_the_whole_call() -> None:
    barged = [(5_000, 6_000), (9_000, 9_500)], [(100, 5_051), (6_500, 8_000)]
    assert turns_of(*barged) == [Discard.BARGED_GREETING, Discard.BARGED_GREETING]
    at_its_end = [(5_000, 6_000)], [(100, 5_050), (6_500, 8_000)]
    assert turns_of(*at_its_end) == [Answered(500, 500)]


def test_a_reply_that_was_talked_into_costs_the_turn_that_did_it() -> None:
    assert turns_of([(1_000, 2_000), (4_000, 5_000)], [(2_500, 4_051), (5_500, 6_500)]) == [
        Answered(500, 500),
        Discard.BARGED_REPLY,
    ]


def test_an_agent_that_starts_just_before_the_end_talks_double() -> None:
    assert turns_of([(1_000, 3_000)], [(2_700, 4_000)]) == [Discard.DOUBLE_TALK]
    assert turns_of([(1_000, 3_000)], [(2_699, 4_000)]) == [Answered(-301, None)]
    assert turns_of([(1_000, 3_000)], [(3_000, 4_000)]) == [Answered(0, 0)]


def test_an_answer_after_fifteen_seconds_is_none() -> None:
    assert turns_of([(1_000, 2_000)], [(17_000, 18_000)]) == [Answered(15_000, 15_000)]
    assert turns_of([(1_000, 2_000)], [(17_001, 18_000)]) == [Discard.NO_RESPONSE]


def test_pauses_and_clicks_of_the_agent_make_no_stretches() -> None:
    trace = call(agent=[agent(1_000, 1_500, 1, voiced_ms=[[1_000, 1_100], [1_291, 1_400]]), agent(3_000, 3_059, 1)])
    assert voices_of(trace)[1] == [(1_000, 1_400)]
    apart = call(agent=[agent(1_000, 1_500, 1, voiced_ms=[[1_000, 1_100], [1_292, 1_400]])])
    assert voices_of(apart)[1] == [(1_000, 1_100), (1_292, 1_400)]


def test_nothing_measured_is_null() -> None:
    values = VoiceToVoice().values()
    assert values["ttfab_ms_p50"] is None
    assert values["consistency"] is None
