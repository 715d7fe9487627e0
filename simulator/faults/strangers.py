"""People who are not Twilio: they dial our stream, or send requests, and mean no good."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from agent.ports import Network, Wire

TIMEOUT_MS = 2_000
STAYS = 2
"""Of three strangers one stays on the line without a word."""


class Intruder:
    """Somebody who dials the media stream."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._wire: Wire | None = None

    def dial(self, network: Network, origin: str) -> None:
        """Try to get in."""
        headers = {"x-twilio-signature": "Zm9yZ2Vk"} if self._index % 2 else {}
        self._wire = network.open_websocket(f"{origin}/media", headers, self, open_timeout_ms=TIMEOUT_MS)

    def on_open(self) -> None:
        """Nobody should have let us in: say what a stream would, or rubbish."""
        if self._wire is None or self._index % 3 == STAYS:
            return
        self._wire.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        sid = f"{self._index:032x}"
        start = {"accountSid": f"AC{sid}", "callSid": f"CA{sid}", "streamSid": f"MZ{sid}", "customParameters": {}}
        self._wire.send(json.dumps({"event": "start", "start": start, "streamSid": f"MZ{sid}"}))

    def on_message(self, message: str | bytes) -> None:
        """Whatever is said to a stranger."""

    def on_close(self, code: int, reason: str) -> None:  # noqa: ARG002 - the port's signature
        """Out."""
        self._wire = None


class _Deaf:
    """Somebody who sends a request and does not care for the answer."""

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Nothing."""

    def on_data(self, data: bytes) -> None:
        """Nothing."""

    def on_end(self) -> None:
        """Nothing."""

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        """Nothing."""


def forged_request(index: int, network: Network, origin: str, call_sid: str) -> None:
    """A request that Twilio did not sign: that the call is over, that another one comes, or nonsense."""
    path = ("/status", "/voice", "/next")[index % 3]
    form = {"CallSid": call_sid, "CallStatus": "completed"} if index % 3 == 0 else {"CallSid": f"CA{index:032x}"}
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "Zm9yZ2Vk"}
    network.request("POST", f"{origin}{path}", headers, urlencode(form).encode(), _Deaf(), timeout_ms=TIMEOUT_MS)
