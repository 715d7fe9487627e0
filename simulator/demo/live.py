"""The demonstration call for real: the server on this loop, providers and caller on loopback sockets."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime

from agent.agent_file import load_agent
from agent.config import Config, load_config
from agent.house import House
from agent.net import LoopNetwork
from agent.providers.local import LocalSpeech
from agent.trace import Observer
from simulator.account import ACCOUNT_SID, AUTH_TOKEN
from simulator.brain.of_agent import brain_of
from simulator.caller import Caller
from simulator.demo.story import KEPT_WIRES, Options, Performance, demo_settings, story_of
from simulator.ears import Ear
from simulator.emulators import EmulatedProviders, Setup
from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_records import CallPlan, TwilioAccount
from simulator.peers.twilio_rest import TwilioRestPeer
from simulator.recording import StereoRecorder
from simulator.script import Script

LONGEST_CALL_S = 180.0
PREPARE_S = 30.0
SETTLE_S = 3.0
"""After the call, until everything it held must be released."""

Watch = Callable[[Caller], None]


async def perform_live(
    options: Options, observer: Observer | None = None, watch: Watch = lambda _caller: None
) -> Performance:
    """Let the call happen, in real time. Raises TimeoutError where it does not end."""
    story = story_of(options.agent)
    options = replace(options, now=options.now or story.now)
    async with EmulatedProviders(Setup(seed=options.seed, brain=brain_of(options.agent))) as emulated:
        config = load_config(demo_settings(emulated.env, options.data, options.agent) | KEPT_WIRES)
        api = emulated.peer(TwilioRestPeer)
        async with opened_house(config, options, observer) as house:
            return await place_call(house, options, story.script, phone=story.phone, watch=watch, on_placed=api.adopt)


@asynccontextmanager
async def opened_house(
    config: Config, options: Options, observer: Observer | None, local: LocalSpeech | None = None
) -> AsyncIterator[House]:
    """A server that is ready for its first call."""
    begun_at = datetime.now().astimezone()
    offset = options.now - begun_at if options.now is not None else None

    def wall_clock() -> datetime:
        now = datetime.now().astimezone()
        return now if offset is None else now + offset

    async with House(config, load_agent(config.agent), observer=observer, wall_clock=wall_clock, local=local) as house:
        async with asyncio.timeout(PREPARE_S):
            await house.prepared()
        yield house


async def place_call(  # noqa: PLR0913 - its surroundings, each by name
    house: House,
    options: Options,
    script: Script,
    *,
    ear: Ear | None = None,
    phone: TwilioBehaviour | None = None,
    watch: Watch = lambda _caller: None,
    on_placed: Callable[[TwilioCall], None] = lambda _call: None,
    patience_ms: int = 60_000,
) -> Performance:
    """One caller's call, from ring to the release of all it held; whoever must know of it learns by `on_placed`."""
    network = LoopNetwork()
    over = asyncio.Event()
    caller = Caller(house.clock, random.Random(f"{options.seed}/caller"), script, ear=ear, patience_ms=patience_ms)
    with StereoRecorder(options.record) as recorder:
        origin = house.server.origin
        call = TwilioCall(
            house.clock,
            random.Random(f"{options.seed}/twilio"),
            network,
            TwilioAccount(ACCOUNT_SID, AUTH_TOKEN),
            caller,
            CallPlan(url=f"{origin}/voice", status_callback=f"{origin}/status"),
            behaviour=replace(phone or TwilioBehaviour(), say_ms_per_character=0),
            tap=recorder,
            on_ended=over.set,
        )
        caller.attach(call)
        watch(caller)
        on_placed(call)
        started_at = house.clock.now()
        call.place()
        try:
            async with asyncio.timeout(LONGEST_CALL_S):
                await over.wait()
        except TimeoutError:
            call.hang_up()
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_S):
                    await over.wait()
    ended_at = house.clock.now()
    await network.close()
    return Performance(caller, call, started_at, ended_at, options.data, options.record, options.agent)
