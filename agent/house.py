"""One process that answers calls: network, providers, desk and server, opened and closed in the right order."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self

from agent.after_calls import AfterCalls
from agent.agent_file import Agent
from agent.answer_cache import make_cache
from agent.assembly import Providers, make_ears, make_model, make_voices, make_voices_in, unheard_languages
from agent.call_summary import improver
from agent.clock import Clock, LoopClock, RandomIds
from agent.config import Config
from agent.desk import Desk
from agent.errors import Fault
from agent.handover import make_handover
from agent.mcp_servers import McpServers
from agent.net import LoopNetwork
from agent.ports import SpeechToText, TextToSpeech
from agent.providers.local import LocalSpeech
from agent.recorder import make_recorder
from agent.server import Server
from agent.silero_room import open_room
from agent.telephony import TwilioTelephony
from agent.tool_ports import tool_ports
from agent.trace import Observer
from agent.turn_room import open_turn_room
from agent.vapi.assembly import make_vapi
from agent.vapi.webhook import VapiWebhook

log = logging.getLogger(__name__)

LOCAL = "local"


class House:
    """Everything `offhook serve` runs; entered, it answers calls, left, it has released all it held.

    Raises SettingsError on entering where the settings do not allow it to open.
    """

    def __init__(
        self,
        config: Config,
        agent: Agent,
        *,
        observer: Observer | None = None,
        wall_clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        local: LocalSpeech | None = None,
    ) -> None:
        self.clock: Clock = LoopClock(asyncio.get_running_loop())
        self.config, self._agent = config, agent
        self.network = LoopNetwork()
        self._owns_local = local is None
        self.local = local if local is not None else self._open_local()
        self.model = make_model(config, agent, self.network, self.clock)
        providers = Providers(self._ears(agent), self.model, self._voices(agent), self._voices_in(agent))
        self.cache = make_cache(config, agent, RandomIds())
        ports = tool_ports(config, agent, self.network, RandomIds())
        self.desk = Desk(
            config,
            agent,
            self.clock,
            providers,
            wall_clock=wall_clock,
            observer=observer,
            tool_ports=ports,
            cache=self.cache,
        )
        self.mcp = McpServers(config, agent, lambda: self.desk.offer_tools(self.mcp.tools))
        self.ears_room = open_room(config)
        if self.ears_room is not None:
            self.desk.listen_with(self.ears_room.new_detector)
        self.turn_room = open_turn_room(config, self.clock)
        if self.turn_room is not None:
            self.desk.score_with(self.turn_room.new_scores)
        telephony = self._telephony()
        self.vapi = self._open_vapi(agent, wall_clock) if config.vapi_secret else None
        self.server = Server(
            config,
            self.clock,
            self.desk.start_call,
            telephony,
            texts=agent.spoken_texts,
            not_ready=self.desk.not_ready,
            vapi=self.vapi,
        )
        self.server.switchboard.on_expected = self.desk.expect_call
        self.after_calls = AfterCalls(config.data, improver(config))
        self.desk.after_call = self.after_calls.call_over
        self._hand_over = partial(self._open_handover, agent, telephony)
        recorder = make_recorder(config, agent, self.network, self.clock)
        if recorder is not None:
            self.desk.recorder = self.server.switchboard.recorder = recorder
        self._prepared = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            if self.local is not None and self._owns_local:
                await self.local.start()
            await asyncio.gather(self.cache.open(), self.mcp.open())
            await self.server.start()
            self._hand_over()
        except BaseException:
            await self._close()
            raise
        if unheard := unheard_languages(self.config, self._agent):
            ears = self.config.deepgram_model if self.config.stt != LOCAL else "the local recogniser"
            log.warning("%s hears one language: calls cannot change to %s", ears, ", ".join(unheard))
        self.desk.prepare(self._prepared.set)
        self._settling = asyncio.create_task(self.desk.workshop.settle())
        self.model.check_models(_report_model)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.vapi is not None:
            self.vapi.close()
        await self.server.stop()
        await self.after_calls.close()
        await self.desk.workshop.close()
        await self._close()

    async def prepared(self) -> None:
        """Wait until the first call would find everything ready."""
        await self._prepared.wait()

    async def _close(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self.desk.close()
        await self.mcp.close()
        await self.cache.close()
        if self.ears_room is not None:
            self.ears_room.close()
        if self.turn_room is not None:
            self.turn_room.close()
        if self.local is not None and self._owns_local:
            self.local.close()
            await self.local.wait_closed()
        await self.network.close()

    def _open_vapi(self, agent: Agent, wall_clock: Callable[[], datetime]) -> VapiWebhook:
        return make_vapi(
            self.config,
            agent,
            self.desk,
            self.model,
            wall_clock,
            origin=lambda: self.server.origin,
            is_closing=lambda: self.server.switchboard.is_draining,
        )

    def _open_local(self) -> LocalSpeech | None:
        ears, voice = self.config.stt == LOCAL, self.config.tts == LOCAL
        return LocalSpeech(self.clock, ears=ears, voice=voice) if ears or voice else None

    def _ears(self, agent: Agent) -> SpeechToText:
        if self.config.stt == LOCAL:
            assert self.local is not None, "the settings ask for local ears"
            return self.local.speech_to_text
        return make_ears(self.config, agent, self.network, self.clock)

    def _voices(self, agent: Agent) -> TextToSpeech:
        if self.config.tts == LOCAL:
            assert self.local is not None, "the settings ask for a local voice"
            return self.local.text_to_speech
        return make_voices(self.config, agent, self.network, self.clock)

    def _voices_in(self, agent: Agent) -> Mapping[str, TextToSpeech]:
        if self.config.tts == LOCAL:  # it has one voice, which speaks them all
            return dict.fromkeys(agent.languages, self._voices(agent))
        return make_voices_in(self.config, agent, self.network, self.clock)

    def _open_handover(self, agent: Agent, telephony: TwilioTelephony | None) -> None:
        """Twilio is told where to ask what comes next, which is known once the server listens."""
        if telephony is not None:
            lendings, origin = self.server.switchboard.lendings, self.server.origin
            self.desk.hand_over_by(make_handover(self.config, agent, lendings, telephony, origin))

    def _telephony(self) -> TwilioTelephony | None:
        config = self.config
        if not (config.twilio_account_sid and config.twilio_auth_token):
            return None
        return TwilioTelephony(
            config.twilio_account_sid,
            config.twilio_auth_token.reveal(),
            base_url=config.twilio_base_url,
            edge=config.twilio_edge,
            region=config.twilio_region,
        )


def _report_model(fault: Fault | None) -> None:
    if fault is not None:
        log.warning("the language model does not answer: %s", fault)
