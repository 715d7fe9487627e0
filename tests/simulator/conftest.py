"""Fixtures for peers on sockets."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from simulator.hosts import Host
from tests.patience import PATIENCE_S
from tests.simulator.echo import EchoPeer

Scene = Callable[[EchoPeer, Host], Awaitable[None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def play(request: pytest.FixtureRequest) -> Callable[[Scene], EchoPeer]:
    """Run a scene against a hosted echo peer; afterwards nothing of the host may be left."""

    def run(scene: Scene) -> EchoPeer:
        peer = EchoPeer()

        async def whole() -> None:
            async with asyncio.timeout(2 * PATIENCE_S), Host(peer) as host:
                await scene(peer, host)
            assert host.open_count == 0
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(whole())
        return peer

    return run
