"""Puts together what serves Vapi: the desk's tools and character, and the model."""

from collections.abc import Callable
from datetime import datetime

from agent.agent_file import Agent
from agent.config import Config
from agent.desk import Desk
from agent.ports import LanguageModel
from agent.vapi.brain import Brain
from agent.vapi.reports import Reports
from agent.vapi.webhook import VapiWebhook
from fsm.state import CallState


def make_vapi(
    config: Config,
    agent: Agent,
    desk: Desk,
    model: LanguageModel,
    now: Callable[[], datetime],
    *,
    origin: Callable[[], str],
    is_closing: Callable[[], bool],
) -> VapiWebhook:
    """What answers Vapi; `origin` tells where it reaches us, once we listen."""
    who = desk.character
    brain = Brain(model, lambda: desk.workshop.tools, who.prompt, who.profile, who.phrases, now)
    state = CallState(profile=who.profile, phrases=who.phrases)
    reports = Reports(
        desk.traces,
        agent.name,
        state,
        hides_words=config.trace_words == "hidden",
        after_call=lambda call_id: desk.after_call(call_id),  # noqa: PLW0108 - it is set later
    )
    return VapiWebhook(config, agent, desk.workshop, brain, reports, origin=origin, now=now, is_closing=is_closing)
