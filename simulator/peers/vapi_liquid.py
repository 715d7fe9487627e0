"""Variables in an assistant's texts, filled in as Vapi does when a call begins; of Liquid what our assistants use."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

NOW = re.compile(r'\{\{\s*"now"\s*\|\s*date:\s*"([^"]+)"(?:\s*,\s*"([^"]+)")?\s*\}\}')
VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def rendered(text: str, now: datetime, caller: str) -> str:
    """`text` with the time filled in, in the zone that it names or else in UTC, and the caller's number."""
    variables = {"customer.number": caller}
    text = NOW.sub(lambda found: now.astimezone(ZoneInfo(found[2] or "UTC")).strftime(found[1]), text)
    return VARIABLE.sub(lambda found: variables.get(found[1], ""), text)
