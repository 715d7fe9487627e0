"""Calls and their streams: room, replacement, loss and resumption, and the way out."""

import logging

import pytest

from agent.next_document import Next
from agent.switchboard import MAX_PENDING
from tests.agent import stream_fakes as twilio_says
from tests.agent.switchboard_house import House


def test_two_calls_do_not_know_each_other() -> None:
    house = House()
    first, _ = house.ring("CA1")
    second, wire = house.ring("CA2")
    first.on_message(twilio_says.media())
    first.on_message(twilio_says.stop())
    second.on_message(twilio_says.digit("7"))
    assert house.calls.made[0].kinds == ["media", "ended"]
    assert house.calls.made[1].kinds == ["digit"]
    assert wire.is_open
    assert house.board.active_calls == 1


def test_a_webhook_keeps_a_place_and_a_full_house_turns_away() -> None:
    house = House(max_calls=2)
    house.ring("CA1")
    assert house.board.reserve("CA2")
    assert house.board.reserve("CA2")
    assert not house.board.reserve("CA3")
    house.ring("CA2")
    assert house.board.active_calls == 2
    assert not house.board.reserve("CA3")


def test_a_place_that_is_not_taken_is_free_again() -> None:
    house = House(max_calls=1)
    assert house.board.reserve("CA1")
    house.clock.advance(5_000)
    assert house.board.reserve("CA2")
    house.board.end_reported("CA2")
    assert house.board.reserve("CA3")


def test_a_stream_above_the_limit_is_closed_and_told_busy() -> None:
    house = House(max_calls=1)
    house.ring("CA1")
    _, wire = house.ring("CA2")
    assert wire.closed_with == (1013, "too many calls")
    assert house.board.next_for("CA2") is Next.BUSY
    assert len(house.calls.made) == 1


def test_a_refused_token_disturbs_nobody() -> None:
    house = House()
    _, good = house.ring("CA1")
    _, bad = house.ring("CA1", "MZ2", token="stolen")
    assert bad.closed_with == (1008, "bad token")
    assert good.is_open
    assert house.calls.last.notes == []


def test_the_same_call_on_a_new_stream_goes_on_there() -> None:
    house = House()
    old, old_wire = house.ring("CA1", "MZ1")
    new, new_wire = house.ring("CA1", "MZ2")
    assert old_wire.closed_with == (1000, "replaced")
    old.on_message(twilio_says.digit("1"))
    old.on_close(1000, "")
    new.on_message(twilio_says.digit("2"))
    call = house.calls.last
    assert call.notes == [("replaced", "MZ2"), ("digit", "2")]
    call.phone.clear()
    assert len(new_wire.sent) == 1
    new.on_message(twilio_says.stop())
    assert call.endings == ["stopped"]
    assert len(house.calls.made) == 1


def test_a_lost_stream_is_waited_for_and_the_call_resumes() -> None:
    house = House()
    old, _ = house.ring("CA1", "MZ1")
    old.on_close(1006, "")
    assert house.board.next_for("CA1") is Next.RESUME
    house.clock.advance(1_000)
    assert house.calls.last.notes == []
    house.ring("CA1", "MZ2")
    house.clock.advance(10_000)
    assert house.calls.last.notes == [("replaced", "MZ2")]


def test_a_lost_stream_that_does_not_come_back_ends_the_call_within_two_seconds() -> None:
    house = House()
    old, _ = house.ring("CA1")
    old.on_close(1006, "")
    house.clock.advance(2_000)
    assert house.calls.last.endings == ["lost_1006"]
    assert house.board.active_calls == 0
    assert house.board.next_for("CA1") is Next.APOLOGY
    assert house.clock.pending_count == 0


def test_twilio_may_notice_a_loss_before_us() -> None:
    house = House()
    _, old_wire = house.ring("CA1", "MZ1")
    assert house.board.next_for("CA1") is Next.RESUME
    house.ring("CA1", "MZ2")
    assert not old_wire.is_open
    assert house.calls.last.notes == [("replaced", "MZ2")]


def test_a_stream_that_is_lost_again_and_again_is_given_up() -> None:
    house = House()
    answers = []
    for stream in range(5):
        if house.board.next_for("CA1") is Next.RESUME or stream == 0:
            house.ring("CA1", f"MZ{stream}")
        answers.append(house.board.next_for("CA1"))
    assert answers == [Next.RESUME, Next.RESUME, Next.RESUME, Next.APOLOGY, Next.APOLOGY]
    assert house.calls.last.endings == ["lost_too_often"]
    assert len(house.calls.made) == 1


def test_what_comes_after_depends_on_how_it_ended() -> None:
    house = House(max_calls=9)
    for call, failed in (("CA1", False), ("CA2", True)):
        stream, _ = house.ring(call)
        house.calls.last.phone.hang_up(failed=failed)
        stream.on_close(1000, "")
    assert not house.board.is_settled
    assert house.board.next_for("CA1") is Next.GOODBYE
    assert house.board.next_for("CA2") is Next.APOLOGY
    assert house.board.next_for("CA1") is Next.GOODBYE
    assert house.board.next_for("CA-never-seen") is Next.APOLOGY
    assert house.board.is_settled


def test_twilio_may_ask_what_comes_after_before_we_see_the_close() -> None:
    house = House()
    stream, _ = house.ring("CA1")
    house.calls.last.phone.hang_up()
    assert house.board.next_for("CA1") is Next.GOODBYE
    stream.on_close(1000, "")
    assert house.board.is_settled


def test_a_call_reported_over_ends_even_if_its_stream_hangs_on() -> None:
    house = House()
    _, wire = house.ring("CA1")
    house.board.end_reported("CA1")
    house.board.end_reported("CA1")
    assert wire.is_open
    house.clock.advance(1_500)
    assert house.calls.last.endings == ["completed"]
    assert wire.closed_with == (1001, "completed")
    assert house.clock.pending_count == 0


def test_a_dead_stream_is_reported_so_that_the_call_can_be_ended_elsewhere() -> None:
    house = House()
    house.ring("CA1")
    house.clock.advance(40_000)
    assert house.calls.last.endings == ["idle"]
    assert house.abandoned == ["CA1"]


def test_draining_takes_no_new_call_but_the_one_that_was_ringing() -> None:
    house = House(max_calls=9)
    house.ring("CA1")
    house.board.reserve("CA2")
    house.board.is_draining = True
    assert not house.board.reserve("CA3")
    assert house.board.reserve("CA1")
    _, late = house.ring("CA3")
    assert late.closed_with == (1013, "draining")
    house.ring("CA2")
    assert house.board.active_calls == 2
    house.board.end_politely("draining")
    assert [call.notes for call in house.calls.made] == [[("goodbye", "draining")]] * 2


def test_cutting_ends_calls_and_streams_that_were_none_yet() -> None:
    house = House()
    _, first = house.ring("CA1")
    _, pending = house.open()
    house.board.cut_all("stopped")
    assert first.closed_with == (1001, "stopped")
    assert pending.closed_with == (1001, "stopped")
    assert house.calls.last.endings == ["stopped"]
    assert house.clock.pending_count == 0


def test_streams_that_never_start_are_bounded() -> None:
    house = House()
    opened = [house.open() for _ in range(MAX_PENDING)]
    room_when_full = house.board.has_room_to_listen
    opened[0][0].on_close(1006, "")
    assert (room_when_full, house.board.has_room_to_listen) == (False, True)
    house.clock.advance(5_000)
    assert not any(wire.is_open for _, wire in opened[1:])


@pytest.mark.parametrize("where", ["start", "replaced", "ended", "goodbye"])
def test_a_mistake_of_ours_stays_within_its_call(where: str, caplog: pytest.LogCaptureFixture) -> None:
    house = House(max_calls=9)
    _, healthy = house.ring("CA0")
    house.calls.fails_on = where
    with caplog.at_level(logging.ERROR):
        stream, wire = house.ring("CA1")
        if where == "replaced":
            _, wire = house.ring("CA1", "MZ2")
        if where == "goodbye":
            house.board.end_politely("draining")
        stream.on_message(twilio_says.stop())
    assert len(caplog.records) == 1
    assert not wire.is_open
    assert healthy.is_open
    assert house.board.active_calls == 1
