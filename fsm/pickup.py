"""Who picked up a call that we placed: evidence in, a judgement and an instant out.

People say a short hello and wait. Machines talk on, say that they are machines, beep. Each piece of evidence counts as
soon as it is there, so a person is greeted about half a second after their hello; whatever was judged wrongly heals
with the next piece: a beep, or words that only machines say.

Lengths: telephone networks take 2.4 s of speech for a machine, by default, and want 1.2 s of silence after it (protocol
page "twilio", section 5.4). Words tell sooner.
"""

from fsm.answerer import Answerer, answerer_by, takes_no_message
from fsm.state import CallState
from fsm.units import ms_to_ns, ns_to_ms
from fsm.values import replace

LENGTH = "a long greeting"
"""The evidence that may turn out wrong: a receptionist's greeting is long, too."""

NO_HELLO_MS = 1_000
"""Somebody who picked up and says nothing for so long waits for us."""

LONGEST_HELLO_MS = 1_800
"""What sounds longer is no hello."""

HELLO_PAUSE_MS = 450
"""Silence after words that are a hello: they wait."""

PAUSE_MS = 700
"""Silence after a short sound whose words say nothing, or have not come: machines take breath within less."""

LONG_PAUSE_MS = 1_500
"""The same after a long one without a machine's words: a receptionist's greeting. Machines have beeped by then."""

GREETING_MS = 2_400
"""Who sounds for so long is a machine, unless their words are a person's."""

NO_BEEP_MS = 2_500
"""A machine that is silent for so long listens; not every beep is loud enough to be one."""

LONGEST_GREETING_MS = 45_000
"""After so long nothing is waited for any more."""

MOST_MESSAGES = 3
"""So often a message is begun: machines beep at the end of it, too."""

PICKUP_TURNS = 2
"""Within so many turns whoever answered may still turn out to be a machine."""


def judged(state: CallState, now: int) -> CallState:
    """The state with who answered, by all that is known at instant `now` (ns), and what tells so."""
    who, evidence = _judge(state, now)
    return replace(state, answerer=who, answerer_by=evidence)


def _judge(state: CallState, now: int) -> tuple[Answerer, str]:
    if state.has_beeped:
        return Answerer.MACHINE, "a beep"
    by_words = answerer_by(state.utterance.words)
    if by_words in (Answerer.MACHINE, Answerer.SCREENER):
        return by_words, "words"
    if state.reported is Answerer.MACHINE:
        return Answerer.MACHINE, "the telephone network"
    if not state.is_talking and quiet_ms(state, now) >= pause_ms(state):
        return Answerer.HUMAN, "a hello" if state.greeting_ms else "silence"
    if not _is_like_a_person(state) and sounded_ms(state, now) >= GREETING_MS:
        return Answerer.MACHINE, LENGTH
    return Answerer.UNKNOWN, ""


def _is_like_a_person(state: CallState) -> bool:
    return Answerer.HUMAN in (state.reported, answerer_by(state.utterance.words))


def pause_ms(state: CallState) -> int:
    """The silence after which a person waits for us."""
    if not state.greeting_ms:
        return LONGEST_GREETING_MS if state.was_screened else NO_HELLO_MS
    if _is_like_a_person(state):
        return HELLO_PAUSE_MS
    return PAUSE_MS if state.greeting_ms <= LONGEST_HELLO_MS else LONG_PAUSE_MS


def sounded_ms(state: CallState, now: int) -> int:
    """How long they have sounded since they picked up, pauses not counted."""
    present_ns = now - state.onset_at if state.is_talking and state.onset_at is not None else 0
    return state.greeting_ms + ns_to_ms(max(0, present_ns))


def quiet_ms(state: CallState, now: int) -> int:
    """How long they have been silent, from their last sound or from when they picked up."""
    since = max(state.last_voiced_at or 0, state.picked_up_at)
    return 0 if state.is_talking else ns_to_ms(max(0, now - since))


def is_certain_machine(state: CallState) -> bool:
    """Whether it is a machine by more than the length of its greeting."""
    return state.answerer is Answerer.MACHINE and state.answerer_by != LENGTH


def is_overdue(state: CallState, now: int) -> bool:
    """Whether nothing is waited for any more."""
    return now - state.picked_up_at >= ms_to_ns(LONGEST_GREETING_MS)


def is_person_waiting(state: CallState, now: int) -> bool:
    """Whether it is our turn to say hello, to a person or to a machine that asks for one."""
    if state.answerer is Answerer.SCREENER:
        return not (state.was_screened or state.is_talking) and quiet_ms(state, now) >= PAUSE_MS
    return state.answerer is Answerer.HUMAN


def is_machine_listening(state: CallState, now: int) -> bool:
    """Whether a machine takes messages now, as far as that will ever be known."""
    if state.answerer is not Answerer.MACHINE:
        return False
    is_silent = is_certain_machine(state) and quiet_ms(state, now) >= NO_BEEP_MS
    return state.has_beeped or is_silent or is_overdue(state, now)


def is_in_vain(state: CallState, now: int) -> bool:
    """Whether nobody is there whom anything could be told: no person, and no machine that takes a message of ours."""
    if state.answerer is not Answerer.MACHINE:
        return is_overdue(state, now)
    if not (is_certain_machine(state) or is_overdue(state, now)):
        return False
    return not state.voicemail or state.messages >= MOST_MESSAGES or takes_no_message(state.utterance.words)


def meet_at(state: CallState, now: int) -> int:
    """The instant at which something follows from what is known now if nothing else happens."""
    if is_in_vain(state, now) or is_person_waiting(state, now) or is_machine_listening(state, now):
        return now
    due = state.picked_up_at + ms_to_ns(LONGEST_GREETING_MS)
    if not state.is_talking:
        due = min(due, now + ms_to_ns(_silence_ms(state) - quiet_ms(state, now)))
    elif state.answerer is Answerer.UNKNOWN:
        grows_at = now + ms_to_ns(GREETING_MS - sounded_ms(state, now))
        due = min(due, grows_at) if grows_at > now else due
    return max(now, due)


def _silence_ms(state: CallState) -> int:
    """The silence from which something follows."""
    if is_certain_machine(state):
        return NO_BEEP_MS
    if state.answerer is Answerer.SCREENER:
        return LONGEST_GREETING_MS if state.was_screened else PAUSE_MS
    return pause_ms(state)


def may_be_machine(state: CallState) -> bool:
    """Whether a beep or a machine's words may still change who answered; on calls that we placed only."""
    if state.answerer is Answerer.MACHINE:
        return state.messages < MOST_MESSAGES
    return state.answerer is not Answerer.CALLER and state.turn <= PICKUP_TURNS
