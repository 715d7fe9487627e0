"""What answers in place of a language model: a scripted brain that books appointments, canned replies, rules."""

from simulator.brain.answers import Brain, BrainAnswer, CannedBrain, RuleBrain
from simulator.brain.appointments import AppointmentBrain

__all__ = ["AppointmentBrain", "Brain", "BrainAnswer", "CannedBrain", "RuleBrain"]
