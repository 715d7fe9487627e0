"""What drafts did in one call, from its trace: how many served, and what the others cost."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """Replies prepared before a turn was over; `tokens` and `characters` of speech: what the dropped ones cost."""

    made: int = 0
    adopted: int = 0
    dropped: int = 0
    tokens: int = 0
    characters: int = 0

    def values(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


def drafts_of(lines: Iterable[Line]) -> DraftRecord:
    """The drafts of a trace."""
    lines = list(lines)
    orders = [name for line in lines if line["kind"] == "event" for name, _ in line["effects"]]
    notes = [(line["note"], line["data"]) for line in lines if line["kind"] == "note"]
    dropped = [data for note, data in notes if note == "draft_dropped"]
    return DraftRecord(
        made=orders.count("DraftReply"),
        adopted=sum(note == "draft_adopted" for note, _ in notes),
        dropped=len(dropped),
        tokens=sum(data["tokens"] for data in dropped),
        characters=sum(data["characters"] for data in dropped),
    )
