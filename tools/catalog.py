"""The tools that come with offhook, for agents to choose from by name."""

from tools.appointments import book_appointment, find_free_slots
from tools.call_control import hang_up
from tools.registry import Registry

CATALOG = Registry([find_free_slots, book_appointment, hang_up])
"""All of them; an agent takes its own by `CATALOG.toolset(names)`."""
