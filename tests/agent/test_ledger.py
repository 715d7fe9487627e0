"""Where the time of an answer went: stages as timelines, in ms."""

from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import PARTS, Ledger, TurnLedger, ledger_of
from fsm.units import NS_PER_MS

Stage = tuple[int, str]

STAGES = [
    "caller_silent",
    "final_asked",
    "turn_ended",
    "asked",
    "first_token",
    "first_clause",
    "tools_requested",
    "tools_returned",
    "first_audio",
    "sent",
    "heard",
    "something new",
]


def told(*stages: Stage, turn: int = 1, reply: int = 2) -> list[dict[str, object]]:
    return [
        {"kind": "stage", "at_ns": at_ms * NS_PER_MS, "stage": stage, "turn": turn, "reply": reply}
        for at_ms, stage in stages
    ]


def only(*lines: dict[str, object]) -> TurnLedger:
    (turn,) = ledger_of(lines)
    return turn


def spent(turn: TurnLedger) -> dict[str, int]:
    """The parts that took any time."""
    return {name: ms for name, ms in turn.parts_ms().items() if ms}


PLAIN: list[Stage] = [
    (1_000, "caller_silent"),
    (1_400, "turn_ended"),
    (1_401, "asked"),
    (1_500, "first_token"),
    (1_540, "first_clause"),
    (1_700, "first_audio"),
    (1_702, "sent"),
    (1_777, "heard"),
]


def test_each_part_is_what_was_waited_for() -> None:
    turn = only(*told(*PLAIN))
    assert (turn.turn, turn.voice_to_voice_ms) == (1, 777)
    assert spent(turn) == {
        "endpointing_ms": 400,
        "own_ms": 1,
        "llm_ms": 99,
        "first_clause_ms": 40,
        "tts_ms": 160,
        "send_ms": 2,
        "phone_ms": 75,
    }


def test_waiting_for_the_transcriber_is_not_endpointing() -> None:
    turn = only(*told((1_000, "caller_silent"), (1_400, "final_asked"), (1_600, "turn_ended"), (1_700, "heard")))
    assert spent(turn) == {"endpointing_ms": 400, "stt_final_ms": 200, "own_ms": 100}


def test_a_tool_costs_its_own_part() -> None:
    stages = [
        (0, "caller_silent"),
        (400, "turn_ended"),
        (400, "asked"),
        (500, "tools_requested"),
        (800, "tools_returned"),
    ]
    more = [(801, "asked"), (900, "first_token"), (910, "first_clause"), (1_000, "first_audio"), (1_000, "heard")]
    assert spent(only(*told(*stages, *more))) == {
        "endpointing_ms": 400,
        "llm_ms": 199,
        "tools_ms": 300,
        "own_ms": 1,
        "first_clause_ms": 10,
        "tts_ms": 90,
    }


def test_what_goes_on_behind_a_clause_that_is_being_spoken_costs_nothing() -> None:
    stages = [(0, "caller_silent"), (400, "turn_ended"), (400, "asked"), (500, "first_token"), (510, "first_clause")]
    behind = [(520, "tools_requested"), (600, "tools_returned"), (601, "asked"), (650, "first_token")]
    assert spent(only(*told(*stages, *behind, (700, "first_audio"), (700, "sent"), (700, "heard")))) == {
        "endpointing_ms": 400,
        "llm_ms": 100,
        "first_clause_ms": 10,
        "tts_ms": 190,
    }


def test_a_voice_that_fails_is_charged_with_the_time_until_it_did() -> None:
    first = told((0, "caller_silent"), (400, "turn_ended"), (400, "asked"), (500, "first_token"), (510, "first_clause"))
    again = told(
        (4_510, "asked"), (4_600, "first_token"), (4_610, "first_clause"), (4_700, "sent"), (4_710, "heard"), reply=3
    )
    assert spent(only(*first, *again)) == {
        "endpointing_ms": 400,
        "llm_ms": 190,
        "first_clause_ms": 20,
        "tts_ms": 4_090,
        "phone_ms": 10,
    }


def test_a_turn_that_was_never_answered_audibly_is_no_turn() -> None:
    assert ledger_of(told(*PLAIN[:-1])) == []


def test_only_the_first_sound_of_a_turn_counts() -> None:
    assert only(*told(*PLAIN, (5_000, "sent"), (5_050, "heard"))).voice_to_voice_ms == 777


def test_a_greeting_answers_nobody() -> None:
    assert ledger_of(told((0, "sent"), (75, "heard"), turn=0, reply=1)) == []


def test_a_caller_who_goes_on_is_silent_again_later() -> None:
    early = told((0, "caller_silent"), (400, "turn_ended"), (400, "asked"))
    assert only(*early, *told(*PLAIN)).voice_to_voice_ms == 777


def test_stages_of_another_turn_do_not_count() -> None:
    stray = told((1_650, "heard"), turn=7)
    assert only(*told(*PLAIN[:5]), *stray, *told(*PLAIN[5:])).voice_to_voice_ms == 777


def test_lines_that_are_no_stages_are_passed_over() -> None:
    lines: list[dict[str, object]] = [{"kind": "note", "at_ns": 0}, *told(*PLAIN), {"kind": "event", "at_ns": 0}]
    assert only(*lines).voice_to_voice_ms == 777


@given(
    st.lists(st.tuples(st.integers(0, 20_000_000_000), st.sampled_from(STAGES), st.integers(1, 2), st.integers(1, 3)))
)
def test_the_parts_add_up_to_the_millisecond_whatever_comes(stages: list[tuple[int, str, int, int]]) -> None:
    ledger = Ledger()
    for at, stage, turn, reply in stages:
        ledger.note(at, stage, turn, reply)
    for told_turn in ledger.turns:
        parts = told_turn.parts_ms()
        assert set(parts) == {f"{name}_ms" for name in PARTS}
        assert all(ms >= 0 for ms in parts.values())
        assert sum(parts.values()) == told_turn.voice_to_voice_ms
