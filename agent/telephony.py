"""Orders to Twilio itself, by REST: hang up a call, place a call (protocol page "twilio", section 5).

The official package does it, in a thread, imported at first use: it costs 0.2 s, and no call waits for it.
"""

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import Any, Protocol

from agent.errors import Fault, FaultKind, SettingsError, Whose

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
"""For one request, connecting and answering each."""

ALREADY_ENDED = frozenset({21220, 20404})
"""Twilio's codes for a call that is over (section 5.2)."""


class TelephonyError(Exception):
    """Twilio did not do as it was told; `fault` says whose fault it was."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class CallOrder:
    """A call to be placed: ring `to` (E.164), and ask `url` what to do once it answers.

    `answered_by_callback`: Twilio listens as well, for money, and tells there who picked up (section 5.4): a person at
    once, a machine when its greeting is over.
    """

    to: str
    from_: str
    url: str
    status_callback: str = ""
    answered_by_callback: str = ""


class Telephony(Protocol):
    """What can be done to telephone calls beside their streams."""

    async def hang_up(self, call_sid: str) -> bool:
        """End a call; False: it was over already. Raises TelephonyError."""
        ...

    async def place_call(self, order: CallOrder) -> str:
        """Ring a number; the call's id. Raises TelephonyError."""
        ...


class TwilioTelephony:
    """`Telephony` by Twilio's REST API. With a `base_url` (other regions, tests) edge and region do not count."""

    def __init__(
        self, account_sid: str, auth_token: str, *, base_url: str = "", edge: str = "", region: str = ""
    ) -> None:
        if not (account_sid and auth_token):
            raise SettingsError(
                "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are both needed to place or end calls by REST"
            )
        if region and not edge and not base_url:
            raise SettingsError(
                f"TWILIO_REGION is {region!r} but TWILIO_EDGE is not set: Twilio needs both, for example ie1 and dublin"
            )
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._base_url = base_url.rstrip("/")
        self._edge = edge
        self._region = region
        self._lock = threading.Lock()
        self._client: Any = None

    async def hang_up(self, call_sid: str) -> bool:
        """End a call; False: it was over already. Raises TelephonyError."""
        return await asyncio.to_thread(self._update, call_sid, status="completed")

    async def redirect(self, call_sid: str, document: str) -> bool:
        """Run another TwiML document in a call; False: it was over already. Raises TelephonyError."""
        return await asyncio.to_thread(self._update, call_sid, twiml=document)

    async def place_call(self, order: CallOrder) -> str:
        """Ring a number; the call's id. Raises TelephonyError."""
        return await asyncio.to_thread(self._place_call, order)

    def _update(self, call_sid: str, **changes: str) -> bool:
        try:
            self._connect().calls(call_sid).update(**changes)
        except Exception as error:
            if getattr(error, "code", None) in ALREADY_ENDED:
                return False
            raise TelephonyError(_fault(error)) from error
        return True

    def _place_call(self, order: CallOrder) -> str:
        extra = {"status_callback": order.status_callback} if order.status_callback else {}
        if order.answered_by_callback:
            extra |= {
                "machine_detection": "DetectMessageEnd",
                "async_amd": "true",
                "async_amd_status_callback": order.answered_by_callback,
            }
        try:
            call = self._connect().calls.create(to=order.to, from_=order.from_, url=order.url, method="POST", **extra)
        except Exception as error:
            raise TelephonyError(_fault(error)) from error
        return str(call.sid)

    def _connect(self) -> Any:  # noqa: ANN401 - the package ships no types
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def _make_client(self) -> Any:  # noqa: ANN401 - same
        from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # noqa: PLC0415 - slow
        from twilio.rest import Client  # type: ignore[import-untyped]  # noqa: PLC0415 - same

        client = Client(
            self._account_sid,
            self._auth_token,
            http_client=TwilioHttpClient(timeout=TIMEOUT_S),
            environment={},  # settings are read in one place, agent.config
            edge=None if self._base_url else self._edge or None,
            region=None if self._base_url else self._region or None,
        )
        if self._base_url:
            client.api.base_url = self._base_url
        return client


def _fault(error: Exception) -> Fault:
    """Whose fault an error of the package, or of `requests` below it, is."""
    status = getattr(error, "status", None)
    if isinstance(status, int):
        kind, whose = _kind_of_status(status)
        detail = f"HTTP {status}, code {getattr(error, 'code', None)}: {getattr(error, 'msg', '')}"
        return Fault(whose, "twilio", kind, detail[:300])
    is_timeout = "timeout" in type(error).__name__.lower()
    kind = FaultKind.TIMEOUT if is_timeout else FaultKind.UNREACHABLE
    return Fault(Whose.PROVIDER, "twilio", kind, f"the REST API gave no answer ({type(error).__name__})")


def _kind_of_status(status: int) -> tuple[FaultKind, Whose]:
    if status in {401, 403}:
        return FaultKind.REFUSED_KEY, Whose.SETTINGS
    if status == 429:
        return FaultKind.RATE_LIMITED, Whose.PROVIDER
    if status >= 500:
        return FaultKind.OVERLOADED, Whose.PROVIDER
    return FaultKind.BAD_REQUEST, Whose.OURS
