"""A day in a table, or as one JSON object."""

import orjson
from rich.console import Console
from rich.table import Table

from simulator.day.counting import Count

EXIT_WRONG_COUNT = 1


def tell_day(count: Count, console: Console, *, as_json: bool) -> int:
    """Tell it; the exit code: 1 where an effect is there twice or is lost, or a shift broke."""
    told = {
        "calls": count.calls,
        "seconds_a_call": round(count.talk_ms / 1_000 / max(1, count.calls), 1),
        "faults": count.faults,
        "agreed": count.agreed,
        "intents": count.intents,
        "effects": count.effects,
        "refused": count.refused,
        "not_served": count.not_served,
        "duplicates": count.duplicates,
        "lost": count.lost,
        "broken": count.broken,
    }
    if as_json:
        print(orjson.dumps(told).decode())  # noqa: T201 - the command's answer
    else:
        table = Table(*told, header_style="dim", box=None)
        table.add_row(*map(str, told.values()))
        console.print(table)
    return EXIT_WRONG_COUNT if count.duplicates or count.lost or count.broken else 0
