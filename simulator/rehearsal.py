"""One agent, its providers and its callers in one world: everything that `offhook serve` runs, in virtual time.

The very desk, switchboard, webhook, codecs and tools of the server; only clock and wires are the simulation's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.agent_file import Agent, load_agent
from agent.assembly import make_providers
from agent.call import Call
from agent.config import Config, load_config
from agent.desk import Desk
from agent.handover import make_handover
from agent.ports import Wire, WireListener
from agent.recorder import make_recorder
from agent.services import ToolRunner
from agent.switchboard import Switchboard
from agent.tool_ports import tool_ports
from agent.trace import Observer
from agent.twilio import Phone, Started
from agent.twilio_security import SignatureCheck, StreamTokens, token_secret
from agent.web_request import WebRequest
from agent.webhook import VoiceWebhook, admit_by
from fsm.units import FRAME_MS
from simulator.account import ACCOUNT_SID, AUTH_TOKEN, PAY_CONNECTOR
from simulator.brain import AppointmentBrain
from simulator.brain.answers import Brain
from simulator.caller import Caller
from simulator.databases import SlowDatabases
from simulator.guard import Guard
from simulator.loop import WorldLoop
from simulator.mcp_hosts import McpToolBehaviour, RehearsedServers
from simulator.outgoing import Outgoing, record_of
from simulator.peers.base import Peer, Refusal, Request
from simulator.peers.deepgram import DeepgramPeer
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs import ElevenLabsPeer
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq import GroqPeer
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_idle import IDLE_BEAT_MS, skipping_idle
from simulator.peers.twilio_player import Handset, Tap
from simulator.peers.twilio_records import TwilioAccount
from simulator.peers.webhook_behaviour import WebhookBehaviour
from simulator.script import Script
from simulator.simulated_call import SimulatedCall
from simulator.telephony import SimulatedTelephony
from simulator.turn_model import SimulatedTurnModel, TurnModelBehaviour
from simulator.webhook_hosts import origins_of, secrets_of, webhook_peer
from simulator.wires import Link, LinkModel, Route, SimAcceptor, SimNetwork
from simulator.witness import Witness
from simulator.world import Waiter, World, WorldIds
from tools.cache import AnswerCache

AGENT_ORIGIN = "https://agent.sim"
DEEPGRAM, GROQ, ELEVENLABS = "http://deepgram.sim", "http://groq.sim", "http://elevenlabs.sim"
CLOSE_MS = 4_000
"""For the closing handshakes of connections that no call owns, on whatever network."""

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LIMIT_NS = 2 * 3_600 * 1_000_000_000
"""No simulated call takes longer; one that does is a mistake of ours."""

SETTINGS: Mapping[str, str] = {
    "DEEPGRAM_BASE_URL": DEEPGRAM,
    "GROQ_BASE_URL": GROQ,
    "ELEVENLABS_BASE_URL": ELEVENLABS,
    "DEEPGRAM_API_KEY": "simulated",
    "GROQ_API_KEY": "simulated",
    "ELEVENLABS_API_KEY": "simulated",
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWILIO_PAY_CONNECTOR": PAY_CONNECTOR,
    "OFFHOOK_PUBLIC_URL": AGENT_ORIGIN,
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays how; `profile`, `phrases` and `settings` go over the agent's own; `skips_idle`: see `twilio_idle`."""

    seed: int = 0
    deepgram: DeepgramBehaviour = field(default_factory=DeepgramBehaviour)
    groq: GroqBehaviour = field(default_factory=GroqBehaviour)
    elevenlabs: ElevenLabsBehaviour = field(default_factory=ElevenLabsBehaviour)
    turn_model: TurnModelBehaviour = field(default_factory=TurnModelBehaviour)
    brain: Brain = field(default_factory=AppointmentBrain)
    agent: str = "appointments"
    profile: Mapping[str, int] = field(default_factory=dict)
    phrases: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[str, ...] = ()  # of the catalog, besides the agent's own
    settings: Mapping[str, str] = field(default_factory=dict)
    now: datetime = MONDAY
    database_ms: int = 0
    skips_idle: bool = False
    webhooks: Mapping[str, WebhookBehaviour] = field(default_factory=dict)
    mcp: Mapping[str, Mapping[str, McpToolBehaviour]] = field(default_factory=dict)
    links: Mapping[str, LinkModel] = field(default_factory=dict)
    """The network to each origin (`DEEPGRAM`, `GROQ`, `ELEVENLABS`, `AGENT_ORIGIN`); others are near and quiet."""


class Rehearsal:
    """A server in a world of its own, answering simulated callers.

    `call` places a call, `finish` lets the world run until all are over, `close` tells what was not released then.
    `calls` are the calls as their callers know them, `answered` those of them, by id, that reached the agent,
    `answered_at` when (ns): their traces count from there.
    """

    def __init__(self, data: Path, cast: Cast | None = None, observer: Observer | None = None) -> None:
        self.cast = cast = cast or Cast()
        self.world = World(cast.seed)
        self.witness = Witness(self.world)
        self._loop = WorldLoop(self.world)
        self.world.surround(Guard(self.world).watch)
        self.deepgram = DeepgramPeer(self.world, self.world.rng("deepgram"), cast.deepgram)
        self.groq = GroqPeer(self.world, self.world.rng("groq"), cast.brain, cast.groq)
        self.elevenlabs = ElevenLabsPeer(self.world, self.world.rng("elevenlabs"), cast.elevenlabs)
        agent = _as_cast(load_agent(cast.agent), cast)
        self.webhooks = webhook_peer(self.world, agent, cast.webhooks)
        targets: dict[str, Peer | SimAcceptor] = {
            **dict.fromkeys(origins_of(agent), self.webhooks),
            DEEPGRAM: self.deepgram,
            GROQ: self.groq,
            ELEVENLABS: self.elevenlabs,
            AGENT_ORIGIN: SimAcceptor(accept=self._accept, handler=self._handle),
        }
        routes = {origin: Route(target, cast.links.get(origin, LinkModel())) for origin, target in targets.items()}
        self.network = SimNetwork(self.world, routes)
        config = load_config({**SETTINGS, **secrets_of(agent), **cast.settings, "OFFHOOK_DATA": str(data)})
        providers = self.witness.on_providers(make_providers(config, agent, self.network, self.world))
        self.around_tools: Callable[[ToolRunner], ToolRunner] = lambda runner: runner
        self.around_handset: Callable[[Caller], Handset] = lambda caller: caller
        self.on_placed: Callable[[SimulatedCall], None] = lambda _placed: None
        self.databases = SlowDatabases(cast.database_ms)
        self.desk = Desk(
            config,
            agent,
            self.world,
            providers,
            wall_clock=lambda: cast.now + timedelta(milliseconds=self.world.elapsed_ms),
            ids=WorldIds(self.world.rng("tools")),
            observer=observer,
            around_tools=lambda runner: self.around_tools(self.witness.on_tools(runner)),
            beat_ms=IDLE_BEAT_MS if cast.skips_idle else FRAME_MS,
            tool_ports=tool_ports(config, agent, self.network, WorldIds(self.world.rng("tool-ports")), self.databases),
            cache=AnswerCache(b"simulated", self.world.rng("cache")),
        )
        self.mcp = RehearsedServers(self.world, config, agent, cast.mcp, self.desk.offer_tools)
        self.calls: list[SimulatedCall] = []
        SimulatedTurnModel(self.world, cast.turn_model, lambda: self.calls).attend(self.desk)
        self._open_calls: dict[str, Waiter] = {}
        self.answered: dict[str, Call] = {}
        self.answered_at: dict[str, int] = {}
        self.switchboard, self.webhook = self._open_doors(config, agent)
        telephony = SimulatedTelephony(lambda: (call.twilio for call in self.calls))
        self.desk.hand_over_by(make_handover(config, agent, self.switchboard.lendings, telephony, AGENT_ORIGIN))

    def _start_call(self, started: Started, phone: Phone) -> Call:
        self.answered_at[started.call_sid] = self.world.now()
        self.answered[started.call_sid] = call = self.desk.start_call(started, phone)
        return call

    def _open_doors(self, config: Config, agent: Agent) -> tuple[Switchboard, VoiceWebhook]:
        auth_token = config.twilio_auth_token.reveal()
        tokens = StreamTokens(token_secret(auth_token, self.world.ids), self.world, self.world.ids)
        switchboard = Switchboard(self.world, self._start_call, max_calls=config.max_calls, admit=admit_by(tokens))
        switchboard.on_expected = self.desk.expect_call
        if (recorder := make_recorder(config, agent, self.network, self.world)) is not None:
            self.desk.recorder = switchboard.recorder = recorder
        webhook = VoiceWebhook(
            AGENT_ORIGIN,
            switchboard,
            SignatureCheck(auth_token, AGENT_ORIGIN),
            tokens,
            texts=agent.spoken_texts,
            not_ready=self.desk.not_ready,
        )
        return switchboard, webhook

    # --- running -----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Let the agent get ready for its first call."""
        prepared: list[bool] = []
        self.mcp.open(lambda: self.desk.prepare(lambda: prepared.append(True)))
        self.world.run(lambda: bool(prepared), limit_ns=LIMIT_NS)

    def call(
        self,
        script: Script,
        *,
        behaviour: TwilioBehaviour | None = None,
        tap: Tap | None = None,
        line_noise_level: int = 0,
        number: str = "+15550001111",
        patience_ms: int = 60_000,
        outgoing: Outgoing | None = None,
    ) -> SimulatedCall:
        """Place a call by somebody who follows `script`, or, with `outgoing`, one to them."""
        name = f"caller-{len(self.calls)}"
        rng = self.world.rng(name)
        caller = Caller(self.world, rng, script, line_noise_level=line_noise_level, patience_ms=patience_ms)
        account, rng = TwilioAccount(ACCOUNT_SID, AUTH_TOKEN), self.world.rng(f"{name}-twilio")
        record = record_of(account, rng, number, self.world.now(), AGENT_ORIGIN, outgoing)
        twilio = TwilioCall(
            self.world,
            rng,
            self.network,
            account,
            self.around_handset(caller),
            record.plan,
            record=record,
            behaviour=skipping_idle(behaviour) if self.cast.skips_idle else behaviour,
            tap=tap,
            on_ended=lambda: self._note_ended(placed),
        )
        placed = SimulatedCall(caller, twilio, self.world.now())
        caller.attach(twilio)
        self.calls.append(placed)
        self._open_calls[twilio.record.sid] = self.world.waiting(name, lambda: self._where(placed))
        self.on_placed(placed)
        twilio.place()
        return placed

    def finish(self, *, limit_ns: int = LIMIT_NS, release_ms: int = 2_000) -> None:
        """Run until every call is over, and `release_ms` longer. Raises `Stuck` or `Endless` if that never comes."""
        if self._open_calls:
            self.world.run_until_halted(limit_ns=limit_ns)
        self.world.run_for(release_ms)

    def close(self) -> list[str]:
        """Release what no call owns; what is still held then, in words: nothing, once all calls are released."""
        self.desk.close()
        self.mcp.close()
        self.network.leave()
        self.world.run_for(CLOSE_MS)
        held = {
            "calls": self.switchboard.active_calls,
            "connections": self.network.open_count,
            "timers": self.world.pending_count,
        }
        return [f"{count} {what}" for what, count in held.items() if count]

    def link(self, origin: str) -> Link:
        """The network to a provider, to be stalled, cut or taken down."""
        return self.network.link(origin)

    def at(self, at_ms: int, act: Callable[[], None]) -> None:
        """Do something so many ms from now."""
        self.world.call_at(self.world.now() + at_ms * 1_000_000, act)

    def _note_ended(self, placed: SimulatedCall) -> None:
        placed.ended_at = self.world.now()
        self._open_calls.pop(placed.twilio.record.sid).done()
        if not self._open_calls:
            self.world.halt()

    def _where(self, placed: SimulatedCall) -> str:
        """What a call that does not end is at, for a run that is stuck."""
        mode = call.state.mode if (call := self.answered.get(placed.twilio.record.sid)) else "not reached"
        has = "has" if placed.caller.has_finished else "has not"
        return f"its end: the agent is {mode}, the caller {has} finished the script"

    # --- the doors ---------------------------------------------------------------------------------------------

    def _accept(self, request: Request, wire: Wire) -> WireListener | Refusal:
        asked = WebRequest(request.method, request.target, request.headers, request.body)
        if (refused := self.webhook.upgrade_refusal(asked)) is not None:
            return Refusal(refused.status, refused.headers, refused.body)
        return self.switchboard.open_stream(self.witness.on_wire(wire))

    def _handle(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        answer = self.webhook.handle(WebRequest(request.method, request.target, request.headers, request.body))
        return answer.status, {"content-type": answer.content_type, **answer.headers}, answer.body


def trace_of(data: Path, call: SimulatedCall) -> Path:
    """Where the trace of a call lies."""
    return data / "traces" / f"{call.twilio.record.sid}.jsonl"


def rehearse(data: Path, script: Script, cast: Cast | None = None, **options: Any) -> tuple[Rehearsal, SimulatedCall]:  # noqa: ANN401 - those of `Rehearsal.call`
    """One call from ring to goodbye, on an agent that is ready."""
    rehearsal = Rehearsal(data, cast)
    rehearsal.prepare()
    call = rehearsal.call(script, **options)
    rehearsal.finish()
    return rehearsal, call


def _as_cast(agent: Agent, cast: Cast) -> Agent:
    over = {key: {**getattr(agent, key), **getattr(cast, key)} for key in ("profile", "phrases")}
    return agent.model_copy(update={**over, "tools": tuple(dict.fromkeys(agent.tools + cast.tools))})
