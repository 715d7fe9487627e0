"""The tools that come with offhook, for agents to choose from by name."""

from tools.appointments.tools import (
    book_appointment,
    cancel_appointment,
    find_free_slots,
    find_my_appointments,
    move_appointment,
)
from tools.call_control import hang_up
from tools.registry import Registry

CATALOG = Registry(
    [find_free_slots, book_appointment, find_my_appointments, move_appointment, cancel_appointment, hang_up]
)
"""All of them; an agent takes its own by `CATALOG.toolset(names)`."""
