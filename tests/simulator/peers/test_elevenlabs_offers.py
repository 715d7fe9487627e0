"""The emulated ElevenLabs as other servers of its protocol are: one endpoint only, no names, no final message."""

import pytest

from simulator.peers.base import Request
from tests.simulator.peers.elevenlabs_client import BEGIN, VOICE, Studio, begin, close, say

TARGETS = {
    "single": f"/v1/text-to-speech/{VOICE}/stream-input",
    "multi": f"/v1/text-to-speech/{VOICE}/multi-stream-input",
}
HELLO = {"text": "Hello there. ", "flush": True}


def statuses(studio: Studio) -> dict[str, int | None]:
    """What the upgrades are answered with; `None` where they are granted."""
    refusals = {
        kind: studio.peer.upgrade(Request("GET", target, {"xi-api-key": "k"})) for kind, target in TARGETS.items()
    }
    return {kind: refusal.status if refusal is not None else None for kind, refusal in refusals.items()}


def test_only_what_is_offered_is_granted() -> None:
    assert statuses(Studio()) == {"single": None, "multi": None}
    assert statuses(Studio(offers=("single",))) == {"single": None, "multi": 404}
    assert statuses(Studio(offers=("multi",), refuse_endpoint_status=501)) == {"single": 501, "multi": None}


@pytest.mark.parametrize(("kind", "other"), [("multi-stream-input", "single"), ("stream-input", "multi")])
def test_or_all_is_granted_and_the_first_message_is_not_understood(kind: str, other: str) -> None:
    studio = Studio(offers=(other,), refuse_endpoint_at="frame")
    line = studio.open(kind)
    assert line.received() == []
    line.say(BEGIN)
    assert line.error == "unknown_endpoint"
    assert line.wire.closed is not None
    assert line.wire.closed[0] == 1008
    assert studio.peer.counts["open_sockets"] == 0
    assert studio.clock.pending_count == 0


def test_a_stream_may_end_by_its_close_alone() -> None:
    line = Studio(sends_final=False).open("stream-input").say(BEGIN, HELLO, {"text": ""}, wait_ms=9_000)
    assert line.words() == "Hello there."
    assert not any(message.get("isFinal") for message in line.received())
    assert line.wire.closed == (1000, "")


def test_contexts_may_go_unnamed() -> None:
    line = (
        Studio(names_contexts=False)
        .open()
        .say(begin("a"), say("a", "Hello there. ", flush=True), close("a"), wait_ms=9_000)
    )
    assert line.words() == "Hello there."
    assert line.received()[-1] == {"audio": None, "isFinal": True}
    assert not any("contextId" in message for message in line.received())
