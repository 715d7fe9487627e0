"""What ElevenLabs says in the timelines of its clients, and what was said to it, in short."""

import base64
from typing import Any

from tests.agent.providers.fakes import FakeWire

MS_PER_CHAR = 60


def spoken(context: str, text: str, *, aligned: bool = True, **more: object) -> dict[str, Any]:
    """All of `text` as one piece of audio, at an ordinary pace."""
    starts = [place * MS_PER_CHAR for place in range(len(text))]
    alignment = {"chars": list(text), "charStartTimesMs": starts, "charDurationsMs": [MS_PER_CHAR] * len(text)}
    sound = base64.b64encode(b"\x80" * (len(text) * MS_PER_CHAR * 8)).decode()
    return {**_named(context), "audio": sound, "alignment": alignment if aligned else None, **more}


def end(context: str) -> dict[str, Any]:
    return {**_named(context), "audio": None, "isFinal": True}


def audio_of(text: str) -> int:
    return len(text) * MS_PER_CHAR * 8


def _named(context: str) -> dict[str, str]:
    return {"contextId": context} if context else {}


def orders(wire: FakeWire) -> list[str]:
    """What was sent: `u1:init`, `u1:text`, `u1:flush`, `u1:close`, `u1:alive`.

    On a single stream without the `u1:`, and `end` at its end.
    """
    short = []
    for fields in wire.said:
        context = f"{fields['context_id']}:" if "context_id" in fields else ""
        short.append(f"{context}{_order(fields, is_single=not context)}")
    return short


def _order(fields: dict[str, Any], *, is_single: bool) -> str:
    if "voice_settings" in fields:
        return "init"
    if "text" not in fields:
        return "close" if "close_context" in fields else "flush"
    words: str = fields["text"].strip()
    return words or ("end" if is_single and not fields["text"] else "alive")
