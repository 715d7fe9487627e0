"""The desk that takes calls: everything they share, and a `Call` for every stream that may come in."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from agent.agent_file import Agent
from agent.assembly import Providers, make_character, schemas_of
from agent.call import Call
from agent.clock import Clock, Ids, RandomIds
from agent.config import Config
from agent.handover import Handover
from agent.own_voice import OwnVoice
from agent.pacer import Beat, Pacer
from agent.phrases import PhraseCache, PhraseRenderer
from agent.recorder import CallRecorder
from agent.services import Character, Services, ToolRunner, TurnScorer, VoiceDetector
from agent.tongues import Tongues, pronounce_in
from agent.trace import Observer, Trace, open_trace
from agent.turn_scores import TurnOwner
from agent.twilio import Phone, Started
from agent.workshop import Workshop
from fsm.units import FRAME_MS, ms_to_ns
from tools.ports import Cache
from tools.registry import Registry
from tools.tool import Tool

log = logging.getLogger(__name__)

RENDER_AGAIN_MS = 30_000
"""A voice that could not render the phrases is tried again with the first call after this long."""


def _on_beat_error(_beat: Beat, error: Exception) -> None:
    log.error("a mistake of ours while sending audio", exc_info=error)


class Desk:
    """Takes the calls of one agent in one process.

    `prepare` renders the fixed phrases that are not on disk yet, the greeting first; until that one is done,
    `not_ready` says so. Calls may come all the same: the voice then speaks the phrases as it does replies.
    `around_tools` may put something between a call and its tools, `tool_ports` is
    what these are offered, `cache` keeps their answers. Our voice leaves in pieces of `beat_ms`.
    """

    def __init__(  # noqa: PLR0913 - its surroundings, each by name
        self,
        config: Config,
        agent: Agent,
        clock: Clock,
        providers: Providers,
        *,
        wall_clock: Callable[[], datetime] = datetime.now,
        ids: Ids | None = None,
        observer: Observer | None = None,
        around_tools: Callable[[ToolRunner], ToolRunner] = lambda runner: runner,
        beat_ms: int = FRAME_MS,
        tool_ports: Mapping[type, Any] = MappingProxyType({}),
        cache: Cache | None = None,
    ) -> None:
        self.providers = providers
        self.handover: Handover | None = None
        """Hands calls over, where it is set."""
        self.recorder: CallRecorder | None = None
        """Keeps the wires of calls, where it is set."""
        self.after_call: Callable[[str], None] = lambda _call_id: None
        """Told the id of every call that is over and whose trace is whole."""
        self.traces = config.data / "traces"
        self.unrendered: tuple[str, ...] = ()
        """Phrases that could not be rendered: they are synthesised anew in each call."""
        self._hides_words = config.trace_words == "hidden"
        self._clock = clock
        self._is_preparing = self._has_other_tongues = False
        self._render_again_at = 0
        self._on_prepared: Callable[[], None] = lambda: None
        self._character = make_character(agent)
        self._own_tools = agent.toolset()
        self.workshop = Workshop(
            self._own_tools, config.data, wall_clock, ids or RandomIds(), ports=tool_ports, cache=cache
        )
        self._phrases = PhraseCache(config.data / "phrases", providers.voices.fingerprint)
        self._renderer = PhraseRenderer(clock, providers.voices, self._phrases)
        languages = {tag: said for tag, said in self._character.manners.languages.items() if tag in providers.voices_in}
        self._tongues = Tongues(clock, languages, providers.voices_in, config.data / "phrases")
        self._services = Services(
            clock=clock,
            wall_clock=wall_clock,
            pacer=Pacer(clock, _on_beat_error, period_ms=beat_ms),
            ears=providers.ears,
            model=providers.model,
            voices=providers.voices,
            phrasebook=self._phrases,
            new_runner=lambda call_id, caller, line: around_tools(self.workshop.runner(call_id, caller, line)),
            new_trace=self._open_trace,
            handover=lambda: self.handover,
            pronounce=pronounce_in(agent.language),
            tongues=self._tongues.all,
            observer=observer,
        )

    def offer_tools(self, remote: Iterable[Tool]) -> None:
        """Calls that start from now on have these tools besides the agent's own; its own go before one so named."""
        own = self._own_tools
        others = [tool for tool in remote if tool.name not in own]
        tools = self.workshop.tools = Registry([*own, *others])
        if self.recorder is not None:
            self.recorder.know_tools(others)
        self._character = replace(self._character, tools=schemas_of(tools))

    @property
    def character(self) -> Character:
        """Who answers now."""
        return self._character

    def hand_over_by(self, handover: Handover) -> None:
        """Calls may be handed over; what is paid meanwhile is written down."""
        self.handover = handover
        handover.lendings.on_paid = self.workshop.keep_receipt

    def listen_with(self, new_detector: Callable[[OwnVoice], VoiceDetector]) -> None:
        """Calls that start from now on tell voice edges with detectors made so."""
        self._services = replace(self._services, new_voice_detector=new_detector)

    def score_with(self, new_scores: Callable[[str, TurnOwner], TurnScorer]) -> None:
        """Calls that start from now on have their silences judged by what is made so of call id and call."""
        self._services = replace(self._services, new_turn_scores=new_scores)

    def prepare(self, on_prepared: Callable[[], None] = lambda: None) -> None:
        """Open what the first call will use and render what it will say; `on_prepared` comes when that is done."""
        self._on_prepared = on_prepared
        self._is_preparing = True
        self.providers.warm()
        self.workshop.warm()
        message = self._character.voicemail
        self._renderer.render((*self._character.phrases.all(), *([message] if message else ())), self._prepared)

    def not_ready(self) -> str:
        """Why calls should not be sent here yet; empty once the greeting can be said at once, or never will."""
        waits = self._is_preparing and self._phrases.get(self._character.phrases.greeting) is None
        return "the greeting is being rendered" if waits else ""

    def expect_call(self) -> None:
        """A call will come in about a second."""
        self.workshop.warm()
        if self.recorder is not None:
            self.recorder.expect_call()
        else:
            self.providers.warm()

    def start_call(self, started: Started, phone: Phone) -> Call:
        """A call for a stream that was let in."""
        self._render_again()
        return Call(phone, self._character, self._services_of(started.call_sid))

    def _services_of(self, call_sid: str) -> Services:
        tape = None if self.recorder is None else self.recorder.tape_of(call_sid)
        return self._services if tape is None else tape.services(self._services)

    def _render_again(self) -> None:
        """What could not be rendered at the start may be by now: the voice was down, or its key was mended."""
        now = self._clock.now()
        if self.unrendered and not self._is_preparing and now >= self._render_again_at:
            self._is_preparing = True
            self._on_prepared = lambda: None
            self._renderer.render(self.unrendered, self._prepared)

    def close(self) -> None:
        """Release what no call owns."""
        self._renderer.close()
        self._tongues.close()
        self.providers.close()
        if self.recorder is not None:
            self.recorder.close()

    def _prepared(self, missing: tuple[str, ...]) -> None:
        self._is_preparing = False
        self._render_again_at = self._clock.now() + ms_to_ns(RENDER_AGAIN_MS)
        self.unrendered = missing
        for fault in dict.fromkeys(str(self._renderer.faults[text]) for text in missing):
            log.warning("could not render %d phrases, each call synthesises them anew: %s", len(missing), fault)
        self._on_prepared()
        if not self._has_other_tongues:
            self._has_other_tongues = True
            self._tongues.render()

    def _open_trace(self, call_id: str, started_at: int) -> Trace:
        private = self.workshop.tools.private
        trace, _ = open_trace(self.traces, call_id, started_at, is_redacted=self._hides_words, private=private)
        trace.on_closed = lambda: self.after_call(call_id)
        return trace
