"""Calls at a simulated Vapi to an agent of ours, in virtual time: our answers, the tools and the model's peer."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.agent_file import Agent, load_agent
from agent.assembly import make_character, make_model
from agent.config import Config, load_config
from agent.tool_ports import tool_ports
from agent.vapi.assistant import assistant_of, model_at_vapi
from agent.vapi.brain import Brain as OurBrain
from agent.vapi.reports import Reports
from agent.vapi.webhook import VapiWebhook
from agent.workshop import Workshop
from fsm.state import CallState
from simulator.brain import AppointmentBrain
from simulator.brain.answers import Brain
from simulator.loop import WorldLoop
from simulator.peers.groq import GroqPeer
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.vapi import VapiCall
from simulator.peers.vapi_behaviour import VapiBehaviour
from simulator.peers.vapi_line import VapiAccount, VapiLine
from simulator.peers.vapi_turns import CallerTurn
from simulator.vapi_door import SimVapiDoor
from simulator.wires import SimNetwork
from simulator.world import World

ORIGIN = "https://agent.sim"
GROQ = "http://groq.sim"
SECRET = "shared-with-vapi"
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BOOKING = ("Tuesday morning, please.", "The first one.", "My name is Ann Lee.", "No, that's all. Goodbye.")


class VapiWorld:
    """One agent and one call to it."""

    def __init__(
        self,
        data: Path,
        turns: tuple[CallerTurn | str, ...] = BOOKING,
        behaviour: VapiBehaviour | None = None,
        *,
        agent: Agent | None = None,
        model: GroqBehaviour | None = None,
        assistant: dict[str, Any] | None = None,
        brain: Brain | None = None,
        **more: str,
    ) -> None:
        self.world = World(7)
        self.loop = WorldLoop(self.world)
        self.data = data
        self.config = load_config(
            {
                "OFFHOOK_DATA": str(data),
                "OFFHOOK_PUBLIC_URL": ORIGIN,
                "VAPI_SECRET": SECRET,
                "GROQ_BASE_URL": GROQ,
                "GROQ_API_KEY": "emulated",
                **more,
            }
        )
        self.agent = agent or load_agent("appointments")
        self.groq = GroqPeer(self.world, self.world.rng("groq"), AppointmentBrain(), model or GroqBehaviour())
        routes: dict[str, Any] = {GROQ: self.groq}
        self.network = SimNetwork(self.world, routes)
        self.workshop, self.webhook = self._open(self.config, self.network)
        self.door = SimVapiDoor(self.webhook, self.loop)
        account = VapiAccount(f"{ORIGIN}/vapi/webhook", SECRET, assistant)
        to_us = SimNetwork(self.world, {ORIGIN: self.door})
        line = VapiLine(
            self.world, self.world.rng("vapi"), to_us, account, behaviour or VapiBehaviour(), self.wall_clock
        )
        told = [CallerTurn(turn) if isinstance(turn, str) else turn for turn in turns]
        self.is_over = False
        self.call = VapiCall(line, told, caller="+15550001111", brain=brain or AppointmentBrain(), on_ended=self._end)

    def wall_clock(self) -> datetime:
        return MONDAY + timedelta(milliseconds=self.world.elapsed_ms)

    def run(self) -> VapiCall:
        """The call from the first ring to its report; afterwards nothing of it runs any more."""
        self.world.call_soon(self.call.place)
        self.world.run(lambda: self.is_over)
        self.loop.run_until_complete(self.workshop.close())
        assert not self.door.under_way
        return self.call

    def _open(self, config: Config, network: SimNetwork) -> tuple[Workshop, VapiWebhook]:
        who = make_character(self.agent)
        ports = tool_ports(config, self.agent, network, self.world.ids)
        workshop = Workshop(self.agent.toolset(), self.data, self.wall_clock, self.world.ids, ports=ports)
        model = make_model(config, self.agent, network, self.world)
        brain = OurBrain(model, lambda: workshop.tools, who.prompt, who.profile, who.phrases, self.wall_clock)
        state = CallState(profile=who.profile, phrases=who.phrases)
        reports = Reports(self.data / "traces", self.agent.name, state, hides_words=False)
        webhook = VapiWebhook(
            config, self.agent, workshop, brain, reports,
            origin=lambda: ORIGIN, now=self.wall_clock, is_closing=lambda: False,
        )  # fmt: skip
        return workshop, webhook

    def _end(self) -> None:
        self.is_over = True


def how(behaviour: VapiBehaviour) -> str:
    """What is unusual about it."""
    usual, told = asdict(VapiBehaviour()), asdict(behaviour)
    return ", ".join(f"{key}={value}" for key, value in told.items() if value != usual[key]) or "as usual"


def assistant_at_vapi(agent: Agent) -> dict[str, Any]:
    """The agent as an assistant whose model is Vapi's own: it asks us for tools only."""
    config = load_config({"VAPI_SECRET": SECRET})
    model = model_at_vapi(agent, "openai", "gpt-4.1", "UTC")
    return assistant_of(agent, config, agent.toolset(), ORIGIN, SECRET, model)
