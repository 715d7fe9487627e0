"""The scripted brain of an agent: by the rules in its folder, or else the one that books appointments."""

from agent.agent_file import agent_path
from simulator.brain.answers import Brain
from simulator.brain.appointments import AppointmentBrain
from simulator.brain.rules import FILE, load_rules
from simulator.brain.table import TableBrain


def brain_of(agent: str) -> Brain:
    """What answers for an agent in place of a language model. Raises SettingsError, RulesError."""
    rules = agent_path(agent).parent / FILE
    return TableBrain(load_rules(rules)) if rules.is_file() else AppointmentBrain()
