"""What Twilio runs for a call: TwiML documents, one after another, verb by verb (protocols/twilio.md, section 3)."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from urllib.parse import urljoin

from agent.clock import Timer
from fsm.units import NS_PER_MS
from simulator.peers import twilio_twiml as twiml
from simulator.peers.fetch import HttpAnswer
from simulator.peers.twilio_connect import Connection
from simulator.peers.twilio_other_leg import OtherLeg
from simulator.peers.twilio_pay import PayForm
from simulator.peers.twilio_player import Handset, Tap
from simulator.peers.twilio_records import CallRecord, Status
from simulator.peers.twilio_requests import Carrier, Requests
from simulator.peers.twilio_stream import StreamEnd, TwilioPhone

RETRIEVAL_FAILED = 11200
"""A URL was not answered with a document. This and the next code are from memory, unverified."""

CONTENT_TYPE_INVALID = 12300
NOT_SIMULATED = 0

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
"""What Twilio says when it has nothing else to say. From memory, unverified."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """Whom Twilio asks when a document cannot be run."""

    url: str
    method: str


class ProgramListener(Protocol):
    """What a running program brings about."""

    def on_answered(self) -> None:
        """The first verb runs that answers the call; comes before every document."""

    def on_over(self, status: Status) -> None:
        """There is nothing more to run: the call ends so."""

    def note(self, code: int, message: str) -> None:
        """Twilio logs an error or a warning; code 0: a verb that only this simulation does not know."""


class Program:
    """The documents of one call; at most one verb runs at a time.

    Remembers what it did: `phones` (one for each stream), `said`, `played`, `dialled`, `enqueued`, `charged`.
    """

    def __init__(
        self,
        carrier: Carrier,
        requests: Requests,
        record: CallRecord,
        handset: Handset,
        tap: Tap | None,
        listener: ProgramListener,
    ) -> None:
        self.phones: list[TwilioPhone] = []
        self.said: list[str] = []
        self.played: list[str] = []
        self.dialled: list[str] = []
        self.enqueued: list[twiml.Enqueue] = []
        self.connection: Connection | None = None
        self._carrier = carrier
        self._behaviour = carrier.behaviour
        self._requests = requests
        self._record = record
        self._handset = handset
        self._tap = tap
        self._listener = listener
        self.charged: list[str] = []
        self._form: PayForm | None = None
        self._card_keys = deque(carrier.behaviour.pay_keys)
        self.other_leg = OtherLeg(carrier, requests, record, self.on_dial_over)
        self._verbs: deque[twiml.Verb] = deque()
        self._document_url = ""
        self._wait: Timer | None = None

    # --- documents ----------------------------------------------------------------------------------------

    def ask(self, url: str, method: str, *more: tuple[str, str], fallback: Fallback | None = None) -> None:
        """Ask `url` for a document and run it; `more` are parameters beside the call's own."""
        self._document_url = url
        parameters = [*self._record.parameters(), *more]
        self._requests.ask(url, method, parameters, partial(self._on_answer, url, fallback))

    def run_document(self, document: bytes) -> None:
        """Run a document that came inline."""
        try:
            verbs = twiml.parse(document)
        except twiml.TwimlError as error:
            self._listener.note(error.code, str(error))
            verbs = [twiml.Say(APOLOGY)]
        self._run(verbs)

    def drop(self) -> None:
        """Stop whatever runs, a stream included."""
        self._requests.give_up_asking()
        self._verbs.clear()
        self.other_leg.drop()
        form, self._form = self._form, None
        if form is not None:
            form.drop()
        if self._wait is not None:
            self._wait.cancel()
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.phone.hang_up()

    def _on_answer(self, url: str, fallback: Fallback | None, answer: HttpAnswer) -> None:
        try:
            verbs = read_answer(answer)
        except twiml.TwimlError as error:
            self._listener.note(error.code, f"{url}: {error}")
            if fallback is None:
                self._run([twiml.Say(APOLOGY)])
            else:
                self.ask(fallback.url, fallback.method, ("ErrorCode", str(error.code)), ("ErrorUrl", url))
            return
        self._run(verbs)

    # --- verbs --------------------------------------------------------------------------------------------

    def _run(self, verbs: list[twiml.Verb]) -> None:
        self._verbs = deque(verbs)
        if verbs and not isinstance(verbs[0], twiml.Reject):
            self._listener.on_answered()
        self._next()

    def _next(self) -> None:
        if self._verbs:
            self._perform(self._verbs.popleft())
        else:
            self._listener.on_over(Status.COMPLETED)

    def _perform(self, verb: twiml.Verb) -> None:  # noqa: C901 - one case a verb, nothing nested
        match verb:
            case twiml.Say(text):
                self.said.append(text)
                self._pause(len(text) * self._behaviour.say_ms_per_character, self._next)
            case twiml.Play(url):
                self.played.append(url)
                self._pause(0, self._next)
            case twiml.Pause(seconds):
                self._pause(seconds * 1_000, self._next)
            case twiml.Hangup():
                self._listener.on_over(Status.COMPLETED)
            case twiml.Reject(reason):
                self._listener.on_over(Status.BUSY if reason == "busy" else Status.NO_ANSWER)
            case twiml.Redirect(url, method):
                self.ask(urljoin(self._document_url, url), method)
            case twiml.Dial():
                self.dialled.append(verb.to)
                self.other_leg.dial(verb)
            case twiml.Gather():
                self._listener.note(NOT_SIMULATED, "<Gather> is simulated on the other line only, and was skipped")
                self._pause(0, self._next)
            case twiml.Pay():
                self._pay(verb)
            case twiml.Enqueue():
                self.enqueued.append(verb)
                self._pause(self._behaviour.dial_s * 1_000, self._next)
            case twiml.Connect():
                self.connect(verb)
            case twiml.Unplayed(tag):
                self._listener.note(NOT_SIMULATED, f"<{tag}> is not simulated and was skipped")
                self._pause(0, self._next)

    def _pause(self, duration_ms: int, then: Callable[[], None]) -> None:
        self._wait = self._carrier.clock.call_at(self._carrier.clock.now() + duration_ms * NS_PER_MS, then)

    def on_dial_over(self, verb: twiml.Dial, told: Sequence[tuple[str, str]]) -> None:
        """Nobody is on the other line any more."""
        if not verb.action:
            self._next()
            return
        self.ask(urljoin(self._document_url, verb.action), verb.method, *told)

    def _pay(self, verb: twiml.Pay) -> None:
        charged = partial(self.charged.append, verb.amount)
        self._form = PayForm(self._carrier, self._requests, self._record, verb, charged, partial(self._on_paid, verb))
        self._form.begin(self._card_keys, self.said)

    def _on_paid(self, verb: twiml.Pay, told: Sequence[tuple[str, str]]) -> None:
        self._form = None
        self.ask(urljoin(self._document_url, verb.action), verb.method, *told)

    # --- the stream ---------------------------------------------------------------------------------------

    def connect(self, verb: twiml.Connect) -> None:
        """Open the stream of `verb`."""
        if verb.status_callback:
            verb = replace(verb, status_callback=urljoin(self._document_url, verb.status_callback))
        self.connection = Connection(
            self._carrier,
            self._requests,
            self._record,
            verb,
            self._handset,
            tap=self._tap,
            on_error=self._listener.note,
            on_done=self._on_stream_done,
        )
        self.phones.append(self.connection.phone)
        self.connection.open()

    def _on_stream_done(self, connection: Connection, _end: StreamEnd) -> None:
        if connection is not self.connection:
            return  # dropped, or replaced by a new stream
        self.connection = None
        if connection.verb.action:
            self.ask(urljoin(self._document_url, connection.verb.action), connection.verb.method)
        else:
            self._pause(0, self._next)


def read_answer(answer: HttpAnswer) -> list[twiml.Verb]:
    """The verbs of an HTTP answer. Raises `TwimlError` for what is no TwiML."""
    if not answer.is_success:
        raise twiml.TwimlError(RETRIEVAL_FAILED, f"expected TwiML with status 200, got {answer}")
    if not answer.body.strip():
        return []
    if not any(kind in answer.content_type for kind in ("xml", "html")):
        raise twiml.TwimlError(CONTENT_TYPE_INVALID, f"expected content type text/xml, got {answer.content_type!r}")
    return twiml.parse(answer.body)
