"""Who else a call is connected with: `<Dial>` rings somebody, tells them what the application says, and bridges.

A person takes the call, declines it, is busy or never picks up (`TwilioBehaviour.people`). What is asked about their
leg carries its own CallSid and the caller's as ParentCallSid (protocols/twilio.md, sections 1 and 6).
"""

from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urljoin

from agent.clock import Timer
from fsm.units import NS_PER_MS
from simulator.peers import twilio_twiml as twiml
from simulator.peers.fetch import HttpAnswer
from simulator.peers.twilio_records import CallRecord, fresh_sid
from simulator.peers.twilio_requests import Carrier, Requests

BUSY_MS = 1_000
OverListener = Callable[[twiml.Dial, Sequence[tuple[str, str]]], None]


class OtherLeg:
    """The other line of one call. The truth is in `told`, what people heard, and `bridged`, who took the call."""

    def __init__(self, carrier: Carrier, requests: Requests, record: CallRecord, on_over: OverListener) -> None:
        self.told: list[str] = []
        self.bridged: list[str] = []
        self._carrier = carrier
        self._behaviour = carrier.behaviour
        self._requests = requests
        self._record = record
        self._on_over = on_over
        self._wait: Timer | None = None
        self._sid = ""

    def dial(self, verb: twiml.Dial) -> None:
        """Let it ring."""
        self._sid = fresh_sid("CA", self._carrier.rng)
        ways = dict(self._behaviour.people)
        match ways.get(verb.to, "take"):
            case "busy":
                self._after(BUSY_MS, partial(self._over, verb, "busy"))
            case "never":
                self._after(verb.timeout_s * 1_000, partial(self._over, verb, "no-answer"))
            case way:
                self._after(self._behaviour.pick_up_s * 1_000, partial(self._picked_up, verb, takes=way == "take"))

    def drop(self) -> None:
        """The call is over, or does something else."""
        if self._wait is not None:
            self._wait.cancel()

    def _picked_up(self, verb: twiml.Dial, *, takes: bool) -> None:
        if verb.url:
            self._ask(verb.url, (), partial(self._on_document, verb, takes, verb.url))
        else:
            self._bridge(verb)

    def _on_document(self, verb: twiml.Dial, takes: bool, url: str, answer: HttpAnswer) -> None:
        """What the person is told; with nothing more to tell, the lines are bridged."""
        verbs = twiml.parse(answer.body) if answer.is_success and answer.body.strip() else []
        if not verbs:
            self._bridge(verb)
            return
        match verbs[0]:
            case twiml.Gather(prompt, action, _):
                self.told.append(prompt)
                then = partial(self._pressed, verb, urljoin(url, action), takes=takes)
                self._after(len(prompt) * self._behaviour.say_ms_per_character, then)
            case _:
                self._over(verb, "completed")

    def _pressed(self, verb: twiml.Dial, url: str, *, takes: bool) -> None:
        key = "1" if takes else "2"
        self._ask(url, (("Digits", key),), partial(self._on_document, verb, takes, url))

    def _bridge(self, verb: twiml.Dial) -> None:
        self.bridged.append(verb.to)
        over = partial(self._over, verb, "completed", is_bridged=True)
        self._after(self._behaviour.dial_s * 1_000, over)

    def _over(self, verb: twiml.Dial, status: str, *, is_bridged: bool = False) -> None:
        told = [("DialCallSid", self._sid), ("DialCallStatus", status), ("DialBridged", str(is_bridged).lower())]
        if is_bridged:
            told.append(("DialCallDuration", str(self._behaviour.dial_s)))
        self._on_over(verb, told)

    def _ask(self, url: str, more: Sequence[tuple[str, str]], on_answer: Callable[[HttpAnswer], None]) -> None:
        own = {"CallSid": self._sid, "Direction": "outbound-dial", "ParentCallSid": self._record.sid}
        parameters = dict(self._record.parameters()) | own
        self._requests.ask(url, "POST", [*parameters.items(), *more], on_answer)

    def _after(self, duration_ms: int, then: Callable[[], None]) -> None:
        clock = self._carrier.clock
        self._wait = clock.call_at(clock.now() + duration_ms * NS_PER_MS, then)
