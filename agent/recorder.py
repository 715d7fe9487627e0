"""Keeps the wires of calls: each recorded call has connections, timers and a pacer of its own, and all of it on record.

Calls that are not recorded share spare connections; a recorded one gets its own spares, opened when it is announced, so
that whatever reaches its code belongs to it and can be told again from its log alone.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agent.agent_file import Agent
from agent.assembly import Providers, make_providers
from agent.clock import Clock, Timer
from agent.config import Config
from agent.media_stream import MediaStream
from agent.pacer import Pacer
from agent.phrases import RenderedPhrase
from agent.ports import Network, Wire, WireListener
from agent.services import Services, ToolOutcome, ToolRunner
from agent.tape import Tape, TapedNetwork
from agent.taped_stream import TapedOwner, TapedPort, TapedStream
from agent.tongues import Phrasebook
from agent.twilio import CallPort
from agent.wire_log import SUFFIX, WireLog, told_bytes
from fsm.units import ms_to_ns
from tools.tool import Tool

log = logging.getLogger(__name__)

NewProviders = Callable[[Network, Clock], Providers]

KIT_MS = 15_000
"""How long what was opened for an announced call waits for it."""

KITS_LIMIT = 64
"""Announced calls that something is opened for at a time; further ones dial when they come."""

FLAGS = ("failed", "ends_call", "ends_round", "expects", "profile", "language")
"""What a tool's outcome tells besides its result."""

SETTINGS = (
    "deepgram_base_url",
    "deepgram_model",
    "groq_base_url",
    "groq_model",
    "elevenlabs_base_url",
    "elevenlabs_model",
    "elevenlabs_voice_id",
    "elevenlabs_endpoint",
)
"""What of the settings shapes the messages of a call; no key is among them."""


class CallTape(Protocol):
    """What a call that is not an ordinary one is made of."""

    def services(self, services: Services) -> Services:
        """What the call is given, in place of what all calls share."""
        ...


class CallRecorder(Protocol):
    """Somebody who makes calls that are not ordinary ones."""

    def expect_call(self) -> None:
        """A call will come in about a second: open what it needs."""

    def tape_of(self, call_sid: str) -> CallTape | None:
        """What a call that is being started is made of; None for an ordinary one."""
        ...

    def know_tools(self, tools: Iterable[Tool]) -> None:
        """Calls that start from now on have these tools, which the agent's file does not tell of."""

    def close(self) -> None:
        """Release what no call owns."""


class Recorder:
    """Makes a tape for every call, and writes it beside the call's trace."""

    def __init__(
        self,
        clock: Clock,
        network: Network,
        new_providers: NewProviders,
        config: Config,
        agent: Agent,
    ) -> None:
        self._clock = clock
        self._network = network
        self._new_providers = new_providers
        self._traces = config.data / "traces"
        self._made_from = {
            "settings": {name: getattr(config, name) for name in SETTINGS},
            "agent": agent.model_dump(mode="json"),
        }
        self._remote_tools: list[dict[str, Any]] = []
        self._kits: dict[_Kit, None] = {}
        self._taped: dict[str, _Kit] = {}
        self._unbound: dict[MediaStream, TapedStream] = {}

    def know_tools(self, tools: Iterable[Tool]) -> None:
        """Calls that start from now on have these tools, too: what a model is told of them is kept with each."""
        self._remote_tools = [
            {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "kind": str(tool.terms.kind),
                "private": sorted(tool.terms.private),
            }
            for tool in tools
        ]

    # --- what the house tells ----------------------------------------------------------------------------------------

    def expect_call(self) -> None:
        """A call will come in about a second: open what it needs."""
        if len(self._kits) < KITS_LIMIT:
            kit = self._new_kit()
            self._kits[kit] = None
            kit.timer = self._clock.call_at(self._clock.now() + ms_to_ns(KIT_MS), lambda: self._discard(kit))

    def tape_of(self, call_sid: str) -> CallTape | None:
        """The tape of a call that is being started."""
        return self._taped.get(call_sid)

    def close(self) -> None:
        """Release what no call owns, and end every log."""
        for kit in [*self._kits, *self._taped.values()]:
            kit.close()
        self._kits.clear()
        self._taped.clear()

    # --- what the switchboard tells ----------------------------------------------------------------------------------

    def open_stream(self, wire: Wire, listen: Callable[[Wire], MediaStream]) -> WireListener:
        """The listener for a websocket that was opened to us, around the one that `listen` makes."""
        taped = TapedStream(self._clock, wire)
        taped.stream = listen(taped)
        self._unbound[taped.stream] = taped
        return taped

    def joined(self, stream: MediaStream, call_sid: str) -> None:
        """A stream was let in, and starts its call or goes on with it."""
        taped = self._unbound.pop(stream)
        if call_sid not in self._taped:
            self._taped[call_sid] = self._claim(call_sid, taped)
        taped.join(self._taped[call_sid].tape)

    def started(self, call_sid: str, port: CallPort) -> CallPort:
        """A call was started: what its streams and the house tell it goes on record."""
        return TapedPort(port, self._taped[call_sid].tape)

    def left(self, stream: MediaStream) -> None:
        """A stream is over without having joined a call."""
        self._unbound.pop(stream, None)

    def ended(self, call_sid: str) -> None:
        """A call is over and released: so is its tape."""
        kit = self._taped.pop(call_sid, None)
        if kit is not None:
            kit.close()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _new_kit(self) -> "_Kit":
        tape = Tape(self._clock, WireLog())
        network = TapedNetwork(self._network, tape)
        kit = _Kit(tape, self._new_providers(network, tape))
        tape.happened(kit.providers.warm, {"in": "warm"})
        return kit

    def _claim(self, call_sid: str, taped: TapedStream) -> "_Kit":
        kit = next(iter(self._kits), None)
        if kit is None:
            kit = self._new_kit()
        else:
            del self._kits[kit]
            kit.stop_timer()
        began_at = max(kit.tape.now(), taped.last_at)
        header = {"call_id": call_sid, **self._made_from, "remote_tools": self._remote_tools}
        kit.tape.log.begin(self._traces / f"{call_sid}{SUFFIX}", header, began_at)
        return kit

    def _discard(self, kit: "_Kit") -> None:
        del self._kits[kit]
        kit.close()


def make_recorder(config: Config, agent: Agent, network: Network, clock: Clock) -> Recorder | None:
    """A recorder where the settings ask for one."""
    if config.trace_wires != "kept":
        return None

    def new_providers(network: Network, clock: Clock) -> Providers:
        return make_providers(config, agent, network, clock)

    return Recorder(clock, network, new_providers, config, agent)


@dataclass(slots=True, eq=False)
class _Kit:
    """One call's own tape and providers."""

    tape: Tape
    providers: Providers
    timer: Timer | None = None

    def services(self, services: Services) -> Services:
        """What the call is given: connections and timers of its own, tools and phrases on record."""
        tape, new_runner = self.tape, services.new_runner
        tongues = {
            tag: replace(
                tongue, voices=self.providers.voices_in[tag], phrasebook=_TapedPhrases(tongue.phrasebook, tape)
            )
            for tag, tongue in services.tongues.items()
        }
        return replace(
            services,
            clock=tape,
            pacer=Pacer(tape, lambda _beat, error: log.error("a mistake of ours while sending audio", exc_info=error)),
            ears=self.providers.ears,
            model=self.providers.model,
            voices=self.providers.voices,
            tongues=tongues,
            phrasebook=_TapedPhrases(services.phrasebook, tape),
            new_runner=lambda call_id, caller, line: _TapedRunner(new_runner(call_id, caller, line), tape),
            new_turn_scores=lambda call_id, owner: services.new_turn_scores(call_id, TapedOwner(owner, tape)),
        )

    def stop_timer(self) -> None:
        """It is needed: keep it."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def close(self) -> None:
        """Release the spares and end the log; what the call itself still does is no longer on record."""
        self.stop_timer()
        self.tape.log.close()
        self.providers.close()


class _TapedPhrases:
    """Rendered phrases; each is on record when it is asked for, and again when that has another answer."""

    def __init__(self, phrases: Phrasebook, tape: Tape) -> None:
        self._phrases = phrases
        self._tape = tape
        self._told: dict[str, RenderedPhrase | None] = {}

    def get(self, text: str) -> RenderedPhrase | None:
        phrase = self._phrases.get(text)
        if text not in self._told or self._told[text] is not phrase:
            self._told[text] = phrase
            self._tape.did({"out": "phrase", "text": text, "phrase": _told_phrase(phrase)})
        return phrase


def _told_phrase(phrase: RenderedPhrase | None) -> dict[str, Any] | None:
    if phrase is None:
        return None
    alignment = phrase.alignment
    return {
        **told_bytes(phrase.audio),
        "chars": alignment.chars if alignment else None,
        "starts_samples": list(alignment.starts_samples) if alignment else [],
    }


class _TapedRunner:
    """The tools of a call; their outcomes are on record."""

    def __init__(self, runner: ToolRunner, tape: Tape) -> None:
        self._runner = runner
        self._tape = tape

    async def run(self, name: str, arguments_json: str) -> ToolOutcome:
        outcome = await self._runner.run(name, arguments_json)
        line = {"in": "tool", "name": name, "arguments": arguments_json, "result": outcome.result}
        flags = {name: getattr(outcome, name) for name in FLAGS}
        self._tape.enter({**line, **flags})
        asyncio.get_running_loop().call_soon(self._tape.leave)  # whoever asked goes on in this very pass
        return outcome
