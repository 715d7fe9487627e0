"""Orders to a simulated Twilio beside the streams of its calls."""

from collections.abc import Callable, Iterable

from simulator.peers.twilio import TwilioCall


class SimulatedTelephony:
    """Twilio's REST API as far as calls of a rehearsal need it; over sockets, `TwilioRestPeer` plays it."""

    def __init__(self, calls: Callable[[], Iterable[TwilioCall]]) -> None:
        self._calls = calls

    async def redirect(self, call_sid: str, document: str) -> bool:
        """Run another document; False: the call is over."""
        twilio = next(call for call in self._calls() if call.record.sid == call_sid)
        is_up = not twilio.record.is_final
        twilio.redirect(twiml=document)
        return is_up
