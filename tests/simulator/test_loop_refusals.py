"""What the world's loop does not give, and how it says so."""

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest

from simulator.loop import NotInSimulation, WorldLoop
from simulator.world import World


@pytest.fixture
def world() -> World:
    return World("loop")


@pytest.fixture
def loop(world: World) -> WorldLoop:
    return WorldLoop(world)


def open_file() -> object:
    return asyncio.get_running_loop().run_in_executor(None, open, "/dev/null")


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (open_file, r"asked for threads at test_loop_refusals\.py:\d+, in open_file: a simulation has none"),
        (lambda: asyncio.to_thread(print), "asked for threads"),
        (lambda: asyncio.open_connection("127.0.0.1", 1), r"asked for sockets at test_loop_refusals\.py:\d+, in "),
        (lambda: asyncio.create_subprocess_exec("true"), "asked for processes"),
        (lambda: asyncio.get_running_loop().getaddrinfo("localhost", 1), "asked for name look-ups"),
        (lambda: asyncio.get_running_loop().add_reader(0, print), "asked for file descriptors"),
        (lambda: asyncio.get_running_loop().sock_recv(socket.socket.__new__(socket.socket), 1), "asked for sockets"),
    ],
)
def test_what_only_a_machine_has_is_refused_by_name(loop: WorldLoop, ask: Callable[[], object], what: str) -> None:
    async def tool() -> None:
        asked = ask()
        if asyncio.iscoroutine(asked):
            await asked

    with pytest.raises(NotInSimulation, match=what) as refused:
        loop.run_until_complete(loop.create_task(tool(), name="the tool"))
    assert str(refused.value).startswith(
        "task 'the tool' (test_what_only_a_machine_has_is_refused_by_name.<locals>.tool)"
    )


def test_another_thread_is_refused(loop: WorldLoop) -> None:
    refused: list[BaseException] = []

    def intrude() -> None:
        try:
            loop.call_soon_threadsafe(print)
        except NotInSimulation as error:
            refused.append(error)

    thread = threading.Thread(target=intrude)
    thread.start()
    thread.join()
    assert "a callback asked for other threads" in str(refused[0])


def test_a_world_does_not_run_inside_another_loop(world: World, loop: WorldLoop) -> None:
    async def story() -> None:
        world.run_until_idle()

    with pytest.raises(RuntimeError, match="cannot run inside a coroutine"):
        asyncio.run(story())
