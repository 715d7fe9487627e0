"""One phone call at a simulated Vapi: its messages, its tools, its custom model, its report (protocols/vapi.md).

Vapi is the client of the server under test, and has ears and a voice of its own: here the caller's words are text.
Everything goes through a `Network`, so the same call runs on in-memory wires in virtual time and on real sockets.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from agent.clock import Timer
from fsm.units import NS_PER_MS
from simulator.brain.answers import Brain
from simulator.peers.fetch import HttpAnswer
from simulator.peers.vapi_assistant import read_beginning
from simulator.peers.vapi_history import History
from simulator.peers.vapi_line import Delivery, VapiLine
from simulator.peers.vapi_liquid import rendered
from simulator.peers.vapi_messages import AskedTool, CallFacts, Json
from simulator.peers.vapi_news import News
from simulator.peers.vapi_schema import Assistant
from simulator.peers.vapi_speech import Speech
from simulator.peers.vapi_thinking import Thinker
from simulator.peers.vapi_tools import ToolEnd, ToolRound, words_at_failure
from simulator.peers.vapi_turns import END_CALL, TRANSFER_CALL, CallerTurn, Ended


class VapiCall:
    """A call from `assistant-request` to the last copy of its report.

    `place()` begins it. The truth is in `said` (roles and words, as they were heard), `deliveries`, `completions`,
    `tool_ends`, `problems` (what of the server's Vapi did not take), `ended_reason` and `forwarded_to`. `on_said` sees
    words as they are heard, `on_ended` comes once, when everything was answered.
    """

    def __init__(
        self,
        line: VapiLine,
        turns: Sequence[CallerTurn],
        *,
        caller: str = "+15550001111",
        called: str = "+15550002222",
        brain: Brain | None = None,
        on_said: Callable[[str, str], None] = lambda _role, _text: None,
        on_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.call_id = str(UUID(int=line.rng.getrandbits(128), version=4))
        self.tool_ends: list[ToolEnd] = []
        self.ended_reason = ""
        self.forwarded_to = ""
        self._line = line
        self._turns = list(turns)
        self._on_said = on_said
        self._on_ended = on_ended
        facts = CallFacts(self.call_id, caller, called, line.wall_clock(), line.behaviour.carrier_token)
        self._news = News(line, facts)
        self._history = History(line.clock)
        self._thinker = Thinker(line, self, brain)
        self._speech = Speech(line.clock, 0)
        self._turn = 0
        self._timers: list[Timer] = []
        self.completions = self._thinker.completions
        self.deliveries: list[Delivery] = self._news.deliveries.made
        self.problems = self._news.problems

    @property
    def said(self) -> list[tuple[str, str]]:
        """Who was heard to say what."""
        return self._history.said()

    @property
    def messages(self) -> list[Json]:
        """The history as a model is told of it."""
        return self._history.messages()

    def place(self) -> None:
        """Let it ring."""
        account = self._line.account
        if account.assistant is not None:
            self._begin({"assistant": account.assistant})
        else:
            self._news.ask(
                "assistant-request", self._on_assistant, timeout_ms=self._line.behaviour.assistant_timeout_ms
            )

    def hang_up(self) -> None:
        """The caller hangs up."""
        self._end(Ended.HUNG_UP)

    # --- the beginning -------------------------------------------------------------------------------------------

    def _on_assistant(self, answer: HttpAnswer) -> None:
        if answer.is_success:
            self._begin(answer.json())
        else:
            self._end(Ended.NOT_ASSIGNED)

    def _begin(self, told: Json) -> None:
        facts = self._news.facts
        fill = partial(rendered, now=facts.began_at, caller=facts.caller)
        beginning = read_beginning(told, self._line.account.assistants, fill)
        assistant = self._news.assistant = beginning.assistant
        if assistant is None:
            self._keep("assistant", beginning.spoken)
            if beginning.problem:
                self._news.problem(beginning.problem)
            self.forwarded_to = beginning.destination
            self._end(beginning.reason)
            return
        self._history.begin(assistant.model.messages)
        self._news.status = "in-progress"
        self._news.tell("status-update", status="in-progress")
        self._news.tell("assistant.started")
        self._new_speech()
        if assistant.first_message_mode == "assistant-speaks-first":
            self._speak(assistant.first_message)
        self._when_heard(self._next_turn)

    # --- the caller ----------------------------------------------------------------------------------------------

    def _next_turn(self) -> None:
        """The caller has heard it all: what they say next, or nothing more."""
        if self._turns:
            self._after(self._line.behaviour.pause_ms, self._caller_speaks)
        else:
            self._end(Ended.HUNG_UP)

    def _caller_speaks(self) -> None:
        turn = self._turns.pop(0)
        self._drop_timers()
        self._interrupt()
        news = self._news
        news.tell("speech-update", status="started", role="user", turn=self._turn)
        news.tell("speech-update", status="stopped", role="user", turn=self._turn)
        news.tell("transcript", role="user", transcriptType="final", transcript=turn.text)
        self._keep("user", turn.text)
        news.tell("conversation-update", messagesOpenAIFormatted=self.messages)
        if self._line.behaviour.strange_messages:
            news.tell("call.weather-changed", is_wanted=True, weather={"clouds": 8})
        self._turn += 1
        self._think()
        if self._turns and (after_ms := self._turns[0].after_ms) is not None:
            self._after(after_ms, self._caller_speaks)

    def _interrupt(self) -> None:
        """Whatever is thought or said stops; of what was said only what was heard is kept."""
        was_speaking, heard = not self._speech.is_over, self._speech.heard()
        if self._thinker.stop() or was_speaking:
            self._news.tell("user-interrupted", turnId=f"turn-{self._turn}")
        self._keep("assistant", heard)
        self._new_speech()

    # --- the assistant -------------------------------------------------------------------------------------------

    @property
    def _assistant(self) -> Assistant:
        assert self._news.assistant is not None, "nobody took the call"
        return self._news.assistant

    def _think(self) -> None:
        self._after(self._line.behaviour.hang_after_ms, self._hang)
        self._thinker.think(self._assistant, self._news.facts, self.messages)

    def _hang(self) -> None:
        if self._thinker.is_thinking:
            self._news.tell("hang")

    def on_text(self, text: str) -> None:
        """The model says something."""
        self._speech.add(text)

    def on_started_again(self) -> None:
        """What the model said is void."""
        self._new_speech()

    def on_completed(self, calls: tuple[AskedTool, ...]) -> None:
        """The model has said all, or wants tools."""
        self._speech.flush()
        native = next((each for each in calls if each.name in (END_CALL, TRANSFER_CALL)), None)
        if native is not None:
            self._when_heard(
                partial(self._end, Ended.BY_ASSISTANT) if native.name == END_CALL else partial(self._transfer, native)
            )
        elif calls:
            self._use(calls)
        else:
            self._when_heard(self._next_turn)

    def on_completion_failed(self, reason: str) -> None:
        """Without its model a call is over."""
        self._news.problem(f"chat completion: {reason}")
        self._end(Ended.MODEL_FAILED)

    # --- tools ---------------------------------------------------------------------------------------------------

    def _use(self, calls: Sequence[AskedTool]) -> None:
        self._keep("assistant", self._speech.text)
        self._new_speech(self._speech.over_at)
        self._history.asked(calls)
        tools = {tool.name: tool for tool in self._assistant.model.tools if tool.function is not None}
        say, ended = partial(self._speak_in, self._turn), partial(self._used, self._turn)
        round_ = ToolRound(self._line, self._news.deliveries, tools, calls, say, ended)
        round_.start(self._news.envelope, self._news.server)

    def _used(self, turn: int, ends: list[ToolEnd]) -> None:
        self.tool_ends += ends
        for each in ends:
            if each.problem:
                self._news.problem(f"tool {each.asked.name}: {each.problem}")
        self._history.answered(ends)
        if turn != self._turn or self.ended_reason:
            return  # the caller went on; the next answer knows
        words = words_at_failure(ends, self._assistant.model.tools)
        if words:
            self._speak(words)
            self._when_heard(self._next_turn)
        else:
            self._think()

    def _transfer(self, asked: AskedTool) -> None:
        wanted = json.loads(asked.arguments or "{}").get("destination")
        if wanted:
            self._forward(str(wanted))
        else:
            self._news.ask("transfer-destination-request", self._on_destination)

    def _on_destination(self, answer: HttpAnswer) -> None:
        told = answer.json()
        destination = told.get("destination")
        if isinstance(destination, dict):
            self._keep("assistant", (told.get("message") or {}).get("content") or "")
            self._forward(str(destination.get("number", "")))
        else:
            self._news.problem(f"transfer-destination-request: {told.get('error') or answer}")
            self._next_turn()

    def _forward(self, number: str) -> None:
        self.forwarded_to = number
        self._news.tell("status-update", status="forwarding")
        self._end(Ended.FORWARDED)

    # --- speech --------------------------------------------------------------------------------------------------

    def _speak(self, text: str) -> None:
        """Say a text that is not the model's."""
        self._speech.add(text)
        self._speech.flush()

    def _speak_in(self, turn: int, text: str) -> None:
        """Say it unless the caller went on."""
        if turn == self._turn:
            self._speak(text)

    def _new_speech(self, begins_at: int = 0) -> None:
        self._speech = Speech(self._line.clock, self._line.behaviour.say_ms_per_character, begins_at)

    def _when_heard(self, then: Callable[[], None]) -> None:
        """Call `then` once all was said, if the caller lets it be said."""
        turn = self._turn
        self._news.tell("speech-update", status="started", role="assistant", turn=turn)

        def heard() -> None:
            self._keep("assistant", self._speech.text)
            self._new_speech()
            self._news.tell("speech-update", status="stopped", role="assistant", turn=turn)
            then()

        self._after((self._speech.over_at - self._line.clock.now()) / NS_PER_MS, heard)

    def _keep(self, role: str, text: str) -> None:
        if text:
            self._history.add(role, text)
            self._on_said(role, text)

    # --- the end -------------------------------------------------------------------------------------------------

    def _end(self, reason: str) -> None:
        if not self.ended_reason:
            self.ended_reason = reason
            self._thinker.stop()
            self._drop_timers()
            self._news.tell_end(reason, self._history.contributions(), self._on_ended)

    def _after(self, duration_ms: float, then: Callable[[], None]) -> None:
        """Later, unless the caller speaks, or the call ends, before."""
        when = self._line.clock.now() + round(duration_ms * NS_PER_MS)
        self._timers.append(self._line.clock.call_at(when, then))

    def _drop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
