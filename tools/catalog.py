"""The tools that come with offhook, for agents to choose from by name."""

from tools.appointments.tools import (
    book_appointment,
    cancel_appointment,
    find_free_slots,
    find_my_appointments,
    move_appointment,
)
from tools.call_control import (
    change_profile,
    collect_digits,
    collect_secret_digits,
    hang_up,
    send_digits,
    switch_language,
    take_payment,
    transfer_call,
    wait_for_caller,
)
from tools.messages import take_message
from tools.registry import Registry

APPOINTMENTS = (find_free_slots, book_appointment, find_my_appointments, move_appointment, cancel_appointment)
CALL_CONTROL = (
    hang_up,
    collect_digits,
    collect_secret_digits,
    send_digits,
    wait_for_caller,
    change_profile,
    switch_language,
    transfer_call,
    take_payment,
    take_message,
)

CATALOG = Registry([*APPOINTMENTS, *CALL_CONTROL])
"""All of them; an agent takes its own by `CATALOG.toolset(names)`."""
