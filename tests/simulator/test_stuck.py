"""Nothing is scheduled any more and somebody still waits: the run says who, for what, and where."""

import asyncio
from pathlib import Path

import pytest

from simulator.loop import WorldLoop
from simulator.rehearsal import Rehearsal
from simulator.script import Say
from simulator.wires import LinkModel, Route, SimNetwork
from simulator.world import Stuck, World
from tests.simulator.echo import EchoPeer
from tests.simulator.scene import Diary
from tests.simulator.test_link import Sizes


def test_a_peer_that_hangs_in_mid_answer_is_named_with_what_waits_for_it() -> None:
    world = World(1)
    peer = EchoPeer()
    network = SimNetwork(world, {"http://echo.sim": Route(peer, LinkModel())})
    call = world.waiting("call 1", "the caller to hang up")
    network.open_websocket("ws://echo.sim/v1?key=1", {}, Diary(world), open_timeout_ms=500)
    network.request("POST", "http://echo.sim/stream?key=1", {}, b"", Sizes(), timeout_ms=100)
    world.run_for(20)
    peer.answers[0].start(200, {})
    with pytest.raises(Stuck) as stuck:
        world.run_until_idle()
    is_open = "is open, for messages or a close"
    assert str(stuck.value).splitlines()[1:] == [
        "  call 1 waits for the caller to hang up",
        f"  to echo.sim: a websocket /v1: the client's end {is_open} and the server's end {is_open}",
        "  to echo.sim: POST /stream waits for the rest of its answer",
    ]
    call.done()
    world.run_until_idle()


def test_a_tool_that_awaits_what_nobody_sets_is_named_with_its_line() -> None:
    world = World(1)
    loop = WorldLoop(world)

    async def look_up() -> object:
        return await asyncio.get_running_loop().create_future()

    async def book() -> object:
        return await look_up()

    task = loop.create_task(book(), name="tool book")
    with pytest.raises(Stuck) as stuck:
        world.run_until_idle()
    (line,) = [line for line in str(stuck.value).splitlines() if "tool book" in line]
    assert line.startswith("  tool book waits for test_a_tool_that_awaits_what_nobody_sets_is_named_with_its_line.")
    assert "book to return, which waits at test_stuck.py:" in line
    assert line.endswith("look_up, for a future that nobody has set")
    task.cancel()
    world.run_until_idle()


def test_a_call_whose_timers_are_all_gone_is_named_with_its_mode_and_its_connections(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path)
    rehearsal.prepare()
    rehearsal.call([Say("Hello?")])

    def lose_all_timers() -> None:
        for _, _, entry in tuple(rehearsal.world._heap):
            entry.cancel()

    rehearsal.at(3_000, lose_all_timers)
    with pytest.raises(Stuck) as stuck:
        rehearsal.finish()
    told = str(stuck.value)
    assert "nothing is scheduled and the end was not reached, at " in told
    assert "caller-0 waits for its end: the agent is " in told
    assert ", the caller has not finished the script" in told
    assert "to deepgram.sim: a websocket /v1/listen: the client's end is open" in told
    assert "to agent.sim: a websocket /" in told
    for call in rehearsal.answered.values():
        call.on_stream_ended("nothing comes any more")
