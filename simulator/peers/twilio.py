"""One phone call through a simulated Twilio: webhook, TwiML, media stream, callbacks (protocols/twilio.md).

Twilio is the client of the server under test. Everything goes through a `Network`, so the same call runs on in-memory
wires in virtual time and on real sockets. The REST API, where Twilio is the server, is in `twilio_rest`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

from agent.clock import Clock, Timer
from agent.ports import Network
from fsm.units import NS_PER_MS
from simulator.peers.twilio_behaviour import Answering, TwilioBehaviour
from simulator.peers.twilio_player import Handset, Tap
from simulator.peers.twilio_program import RETRIEVAL_FAILED, Fallback, Program
from simulator.peers.twilio_records import CallPlan, CallRecord, Status, TwilioAccount, calendar, fresh_sid
from simulator.peers.twilio_requests import Carrier, Requests
from simulator.peers.twilio_stream import TwilioPhone

ERRORS_KEPT = 100


@dataclass(frozen=True, slots=True)
class CallError:
    """An entry in Twilio's log about this call; code 0: a verb that only this simulation does not know."""

    code: int
    message: str
    at: int


class TwilioCall:
    """A call from the first ring to the last callback.

    `place()` begins it; `press`, `hang_up`, `drop_stream` and `reconnect` are what happens at the phone and on the way
    to it, `redirect` and `complete` what the REST API asks for. `on_ended` comes once, when the call is over and its
    callbacks were answered. The truth is in `record`, `phones` (one for each stream, in order), `said_by_twilio`,
    `dialled`, `told_to_others`, `connected_with`, `charged`, `enqueued` and `errors`; `was_hung_up`: by the person at
    the phone.
    """

    def __init__(  # noqa: PLR0913 - its surroundings, each by name
        self,
        clock: Clock,
        rng: Random,
        network: Network,
        account: TwilioAccount,
        handset: Handset,
        plan: CallPlan,
        *,
        from_number: str = "+15550001111",
        to_number: str = "+15550002222",
        record: CallRecord | None = None,
        behaviour: TwilioBehaviour | None = None,
        routes: Mapping[str, str] | None = None,
        tap: Tap | None = None,
        on_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.record = record or CallRecord(
            fresh_sid("CA", rng), account.account_sid, from_number, to_number, clock.now(), plan=plan
        )
        self.errors: list[CallError] = []
        self.was_hung_up = False
        self._clock = clock
        self._behaviour = behaviour = behaviour or TwilioBehaviour()
        carrier = Carrier(clock, rng, network, account, behaviour, routes or {})
        self._requests = Requests(carrier, partial(self.note, RETRIEVAL_FAILED))
        self._program = Program(carrier, self._requests, self.record, handset, tap, self)
        self._plan = plan
        self._on_ended = on_ended
        self._timers: list[Timer] = []
        self._callbacks = 0
        self.phones = self._program.phones
        self.said_by_twilio = self._program.said
        self.played_by_twilio = self._program.played
        self.dialled = self._program.dialled
        self.enqueued = self._program.enqueued
        self.charged = self._program.charged
        self.told_to_others = self._program.other_leg.told
        self.connected_with = self._program.other_leg.bridged

    # --- what happens at the phone ------------------------------------------------------------------------

    def place(self) -> None:
        """Let it ring."""
        limit_ms = self._behaviour.time_limit_ms
        if self._plan.time_limit_s is not None:
            limit_ms = min(limit_ms, self._plan.time_limit_s * 1_000)
        self._after(limit_ms, self.complete)
        if self.record.direction == "inbound":
            self.record.status = Status.RINGING
            self._begin()
            return
        self._tell("initiated")
        self.record.status = Status.RINGING
        self._tell("ringing")
        self._after(self._behaviour.ring_ms, self._on_rung)

    def press(self, digit: str) -> None:
        """Press a key: one of `0-9*#A-D`; heard only by a stream."""
        if self._program.connection is not None:
            self._program.connection.phone.press(digit)

    def hang_up(self) -> None:
        """The person at the phone hangs up."""
        self.was_hung_up = not self.record.is_final
        self.complete()

    def drop_stream(self) -> None:
        """The stream's connection is lost without a word; the call is still up and goes on behind its `<Connect>`."""
        if self._program.connection is not None:
            self._program.connection.phone.vanish()

    def reconnect(self) -> None:
        """The stream's connection is lost without a word, and the same stream opens anew: same call, new StreamSid."""
        lost = self._program.connection
        if lost is not None:
            self._program.connection = None
            lost.phone.vanish()
            self._program.connect(lost.verb)

    # --- what the REST API asks for -----------------------------------------------------------------------

    def redirect(self, *, url: str = "", method: str = "POST", twiml: str = "") -> None:
        """Drop the running TwiML, its stream included, and run another document."""
        if self.record.is_final:
            return
        self._program.drop()
        if url:
            self._program.ask(url, method)
        else:
            self._program.run_document(twiml.encode())

    def complete(self) -> None:
        """Hang up for both; before the answer, the call is canceled."""
        self.on_over(Status.CANCELED if self.record.started_at is None else Status.COMPLETED)

    # --- what is true -------------------------------------------------------------------------------------

    @property
    def phone(self) -> TwilioPhone | None:
        """The latest stream's phone."""
        return self.phones[-1] if self.phones else None

    @property
    def has_ended(self) -> bool:
        """Whether the call is over; its last callbacks may still be under way."""
        return self.record.is_final

    # --- from ring to answer ------------------------------------------------------------------------------

    def _on_rung(self) -> None:
        if self._behaviour.answering is not Answering.ANSWERED:
            self.on_over(Status(self._behaviour.answering.value))
            return
        self.on_answered()
        self._begin()

    def _begin(self) -> None:
        plan = self._plan
        if plan.url:
            fallback = Fallback(plan.fallback_url, plan.fallback_method) if plan.fallback_url else None
            self._program.ask(plan.url, plan.method, fallback=fallback)
        else:
            self._program.run_document(plan.twiml.encode())

    def on_answered(self) -> None:
        """Somebody talks at last: the caller's billing begins."""
        if self.record.started_at is not None:
            return
        self.record.started_at = self._clock.now()
        self.record.status = Status.IN_PROGRESS
        self._tell("answered")
        if self._plan.amd_callback and self._behaviour.answered_by:
            self._after(self._behaviour.amd_after_ms, self._on_machine_detected)

    def _on_machine_detected(self) -> None:
        self.record.answered_by = self._behaviour.answered_by
        parameters = [
            ("CallSid", self.record.sid),
            ("AccountSid", self.record.account_sid),
            ("AnsweredBy", self.record.answered_by),
            ("MachineDetectionDuration", str(self._behaviour.amd_after_ms)),
        ]
        self._requests.tell(self._plan.amd_callback, self._plan.amd_callback_method, parameters)

    # --- the end ------------------------------------------------------------------------------------------

    def on_over(self, status: Status) -> None:
        """The call ends with `status`, once."""
        if self.record.is_final:
            return
        self.record.status = status
        self.record.ended_at = self._clock.now()
        self._program.drop()
        for timer in self._timers:
            timer.cancel()
        self._tell("completed")
        self._requests.when_idle(self._on_ended)

    def _tell(self, event: str) -> None:
        """Tell the status callback, where one was set up and asked for this event (section 5.3)."""
        plan = self._plan
        if not plan.status_callback or event not in plan.status_callback_events:
            return
        parameters = dict(self.record.parameters())
        parameters["CallbackSource"] = "call-progress-events"
        parameters["SequenceNumber"] = str(self._callbacks)
        parameters["Timestamp"] = calendar(self._clock.now())
        if event == "initiated":
            parameters["CallStatus"] = event
        if event == "completed":
            parameters["CallDuration"] = str(self.record.duration_s or 0)
        self._callbacks += 1
        self._requests.tell(plan.status_callback, plan.status_callback_method, list(parameters.items()))

    # --- helpers ------------------------------------------------------------------------------------------

    def note(self, code: int, message: str) -> None:
        """Log an error or a warning."""
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append(CallError(code, message, self._clock.now()))

    def _after(self, duration_ms: int, then: Callable[[], None]) -> None:
        self._timers.append(self._clock.call_at(self._clock.now() + duration_ms * NS_PER_MS, then))
