"""What every call promises its caller, whatever happens: invariants over the chart and a model of the shell."""

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis.stateful import invariant

from fsm.effects import ContinueReply, DraftReply, Effect, EndCall, PlayMusic, RunTool, StartReply
from fsm.events import Occupation
from fsm.opening import RECITAL_MS, occupation
from fsm.profile import Phrases, Profile
from fsm.sentences import is_thinking
from fsm.state import CallState, Mode
from fsm.tool_rounds import FILLER_MS_PER_CHAR
from fsm.transcript import is_valid
from fsm.units import ns_to_ms
from fsm.words import ask_the_same, tokens
from simulator.strategies.shell_model import ShellModel
from simulator.strategies.spoken import Spoken

SILENT_MODES = (Mode.CONNECTING, Mode.LISTENING)
"""Where the caller has the floor."""

LATE_TIMER_MS = 50
"""By how much a timer may be late."""

LATEST_END_MS = 60_000
"""After its longest time a call ends within this: a goodbye takes no longer."""


def promise(function: Callable[[Any], None]) -> Callable[[Any], None]:
    """Something that holds at every moment of every call; its name says what a caller would notice otherwise."""
    function.__dict__["is_promise"] = True
    return function


class Promises:
    """Notes what the machine ordered and what became of it, and holds it against what a caller expects."""

    profile: ClassVar[Profile] = Profile()
    phrases: ClassVar[Phrases] = Phrases()
    now: int
    state: CallState
    shell: ShellModel

    def watch(self) -> None:
        """Begin to take notes."""
        self._broken_requests: list[str] = []
        self._tools_of_nobody: list[str] = []
        self._rude_ends: list[str] = []
        self._rude_music: list[str] = []
        self._kept_words: list[str] = []
        self._bad_drafts: list[str] = []
        self._drafts_of_a_turn = 0
        self._quiet_from = self.now

    def note_order(self, before: CallState, order: Effect) -> None:
        """Take note of an order, before it is performed."""
        current = self.shell.current
        self._note_draft(before, order)
        if isinstance(order, PlayMusic) and (self.shell.is_sounding or self.shell.is_held or before.is_talking):
            self._rude_music.append(f"in {before.mode}, while {'we' if self.shell.is_sounding else 'they'} sound")
        match order:
            case StartReply() | ContinueReply():
                if not is_valid(self.state.transcript):
                    self._broken_requests.append(f"{order}: {self.state.transcript}")
            case RunTool(reply, call):
                if current is None or current.number != reply:
                    self._tools_of_nobody.append(f"{call.name} for reply {reply}")
            case EndCall(reason, failed):
                is_heard = current is not None and bool(current.said) and current.heard == " ".join(current.said)
                is_alone = before.mode is Mode.CONNECTING or before.is_meeting or _is_away(before)
                if not failed and not is_alone and not is_heard:
                    self._rude_ends.append(f"{reason}, in {before.mode}")

    def _note_draft(self, before: CallState, order: Effect) -> None:
        match order:
            case DraftReply():
                self._drafts_of_a_turn = self._drafts_of_a_turn + 1 if before.drafts else 1
                if self._drafts_of_a_turn > self.profile.drafts:
                    self._bad_drafts.append(f"draft {self._drafts_of_a_turn} of one turn")
            case StartReply(_, _, True):
                if not ask_the_same(tokens(self.state.asked.told), tokens(self.shell.drafted_for)):
                    self._bad_drafts.append(f"{self.shell.drafted_for!r} for {self.state.asked.text!r}")

    def note_decision(self, before: CallState) -> None:
        """Take note of what was decided."""
        state = self.state
        is_new_request = before.turn != state.turn or before.asked != state.asked
        if before.mode is not Mode.THINKING or is_new_request:
            self._quiet_from = self.now
        if state.mode is Mode.LISTENING and not state.is_meeting:
            told = [text for text in state.utterance.settled if not is_thinking(text)]
            self._kept_words += [text for text in told if text not in self._kept_words]
            if state.utterance.overheard != before.utterance.overheard:
                self._kept_words = [text for text in self._kept_words if text not in before.utterance.settled]
        if state.ending or state.mode is Mode.ENDED:
            self._kept_words = []
        self.note_silence()

    def note_silence(self) -> None:
        """Take note of whether somebody waits for us in silence."""
        is_ours = self.state.mode is Mode.THINKING and occupation(self.state) is None
        is_waited_for = is_ours and not self.state.is_talking and not self.shell.is_held
        if not is_waited_for:
            self._quiet_from = self.now

    @invariant()
    def every_promise_is_kept(self) -> None:
        """One invariant, so that a failing story stays readable; the error names the promise that was broken."""
        for name, function in self.promises().items():
            try:
                function(self)
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from error

    @classmethod
    def promises(cls) -> dict[str, Callable[[Any], None]]:
        """All promises by name, those of subclasses too."""
        named = {name: getattr(cls, name) for name in dir(cls)}
        return {name: function for name, function in named.items() if hasattr(function, "is_promise")}

    # --- promises ----------------------------------------------------------------------------------------------

    @promise
    def the_caller_is_never_left_without_an_answer_for_ever(self) -> None:
        assert self.state.mode is Mode.ENDED or self.state.deadlines.earliest() is not None, (
            f"nothing is ever due in {self.state.mode}"
        )

    @promise
    def the_caller_never_waits_in_long_silence(self) -> None:
        if self.state.mode is not Mode.THINKING or occupation(self.state) is not None:
            return
        quiet_ms = ns_to_ms(self.now - max(self._quiet_from, self.shell.last_sound_at))
        longest = max(self.phrases.filler, self.phrases.still_at_it, *self.phrases.tools.values(), key=len)
        until_filler_ms = self.profile.filler_ms + FILLER_MS_PER_CHAR * len(longest)
        longest_ms = max(until_filler_ms, RECITAL_MS) + RECITAL_MS + LATE_TIMER_MS
        assert quiet_ms <= longest_ms, f"silent for {quiet_ms} ms, where {longest_ms} are the most"

    @promise
    def one_voice_at_a_time(self) -> None:
        assert not (self.state.mode in SILENT_MODES and self.shell.is_sounding), (
            f"reply {self.state.reply} sounds in {self.state.mode}"
        )

    @promise
    def the_agent_never_speaks_over_a_withdrawn_reply(self) -> None:
        assert self.shell.refused == [], self.shell.refused

    @promise
    def no_tool_of_a_withdrawn_reply_runs(self) -> None:
        assert self._tools_of_nobody == [], self._tools_of_nobody

    @promise
    def a_draft_answers_the_words_it_was_made_for(self) -> None:
        assert self._bad_drafts == [], self._bad_drafts

    @promise
    def nothing_of_a_dropped_draft_is_ever_heard(self) -> None:
        heard = {reply.number for reply in self.shell.replies} & set(self.shell.dropped_drafts)
        assert not heard, f"replies {sorted(heard)} were dropped as drafts"

    @promise
    def each_tool_runs_once(self) -> None:
        assert len(self.shell.ran) == len(set(self.shell.ran)), self.shell.ran

    @promise
    def the_model_is_never_sent_a_broken_transcript(self) -> None:
        assert self._broken_requests == [], self._broken_requests

    @promise
    def no_word_of_the_callers_is_lost(self) -> None:
        told = [message.content for message in self.state.transcript if message.role == "user"]
        known = " ".join([*told, *self.state.asked.settled, *self.state.utterance.settled])
        lost = [text for text in self._kept_words if text not in known]
        assert not lost, f"{lost} was listened to and is gone: {known!r}"

    @promise
    def what_the_agent_believes_was_heard_is_a_prefix_of_what_it_said(self) -> None:
        messages = [
            message for message in self.state.transcript[: self.state.reply_from] if message.role == "assistant"
        ]
        index, offset = -1, 0
        for words in (message.content.split() for message in messages):
            if index < 0 or self.shell.replies[index].said[offset : offset + len(words)] != words:
                index, offset = _next_that_says(words, self.shell.replies, index + 1), 0
            offset += len(words)
            assert index < len(self.shell.replies), f"{' '.join(words)!r} was never said"
            sounded = self.shell.replies[index].sounded_words
            assert offset <= sounded, f"{' '.join(words)!r} is {offset} words into a reply of which {sounded} sounded"

    @promise
    def a_goodbye_is_said_before_hanging_up(self) -> None:
        assert self._rude_ends == [], self._rude_ends

    @promise
    def music_plays_over_nobody(self) -> None:
        assert self._rude_music == [], self._rude_music

    @promise
    def the_call_ends_once(self) -> None:
        assert len(self.shell.ended_by) <= 1, self.shell.ended_by


def _is_away(state: CallState) -> bool:
    """Whether there is no stream on which the caller could be told anything."""
    return state.occupied is not None and state.occupied.kind is Occupation.AWAY


def _next_that_says(words: list[str], replies: list[Spoken], index: int) -> int:
    """Which reply from `index` on says these words: the first that sounded so far, else the first; or past all."""
    found = [at for at in range(index, len(replies)) if replies[at].said[: len(words)] == words]
    sounded = [at for at in found if replies[at].sounded_words >= len(words)]
    return next(iter(sounded or found), len(replies))


def settled_by_ms(profile: Profile) -> int:
    """When (ms) every call is over at the latest, if nobody says or does anything any more."""
    return profile.max_call_ms + LATEST_END_MS
