"""Bugs behind the machine: tools, providers, records, the house."""

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from agent import trace
from agent.call import Call
from agent.call_line import TelephoneLine
from agent.clauses import Clauses
from agent.errands import Errands
from agent.handover import Lendings
from agent.interlude import Interlude
from agent.ledger import TurnLedger
from agent.mouth import Mouth
from agent.providers import chat, chat_request, deepgram
from agent.providers.deepgram_audio import UnsettledAudio
from agent.providers.deepgram_ears import DeepgramEars
from agent.providers.elevenlabs_voice import ElevenLabsVoice
from agent.scrubbing import Screen
from agent.switchboard import Switchboard
from fsm import answering, tool_rounds, yielding
from fsm.effects import RunTool
from fsm.events import Event, ToolReturned
from fsm.transcript import STILL_RUNNING, Message
from tests.mutants.mutant import all_of, mutant, reducer_for, swapped
from tools.intents import Intents
from tools.runner import Runner

Plan = AbstractContextManager[object]


# --- tools


@mutant("a tool is run again when its answer is slow to be told", "booking", "tool_twice")
def tool_retried_twice() -> Plan:
    inline, attempt = Runner._attempt_inline, Runner._attempt

    def twice_inline(runner: Runner, *asked: Any) -> Any:  # noqa: ANN401 - a tool's ending
        inline(runner, *asked)
        return inline(runner, *asked)

    async def twice(runner: Runner, *asked: Any) -> Any:  # noqa: ANN401 - same
        await attempt(runner, *asked)
        return await attempt(runner, *asked)

    return all_of(swapped(Runner, "_attempt_inline", twice_inline), swapped(Runner, "_attempt", twice))


@mutant("what was done already is not remembered", "tool_twice", "booking")
def effects_not_remembered() -> Plan:
    return swapped(Intents, "known", lambda _intents, _intent: None)


@mutant("the answer of a tool is told twice", "booking", "tool_slow")
def result_told_twice() -> Plan:
    feed = Call.feed

    def feed_twice(call: Call, event: Event) -> None:
        feed(call, event)
        if isinstance(event, ToolReturned):
            feed(call, event)

    return swapped(Call, "feed", feed_twice)


@mutant("the tool of a reply that is disputed runs at once", "tool_in_dispute")
def tool_of_a_dead_reply_runs() -> Plan:
    return reducer_for(yielding.hold_tools, tool_rounds.run_tools)


@mutant("an interruption stops the tools that run", "tool_still_runs", "tool_cancelled_by_barge_in")
def tool_cancelled_by_barge_in() -> Plan:
    running: list[asyncio.Task[None]] = []
    run = Errands._run

    async def noted(errands: Errands, order: RunTool) -> None:
        task = asyncio.current_task()
        assert task is not None, "tools run in tasks"
        running.append(task)
        await run(errands, order)

    cancel = Mouth.cancel

    def cancel_all(mouth: Mouth) -> None:
        for task in running:
            task.cancel()
        cancel(mouth)

    return all_of(swapped(Errands, "_run", noted), swapped(Mouth, "cancel", cancel_all))


@mutant("a tool that ran is told to the model without its answer", "booking")
def placeholder_not_replaced() -> Plan:
    return swapped(tool_rounds, "with_result", lambda transcript, _call_id, _result: transcript)


@mutant("the request forgets tools that have not returned", "tool_still_runs")
def unanswered_calls_in_requests() -> Plan:
    encode = chat_request.encode_request

    def encode_without(settings: Any, messages: Any, tools: Any) -> bytes:  # noqa: ANN401 - passed on
        kept: list[Message] = [message for message in messages if message.content != STILL_RUNNING]
        return encode(settings, kept, tools)

    return swapped(chat, "encode_request", encode_without)


# --- providers


@mutant("the transcriber is never asked to settle its words", "finals_on_request")
def finalize_forgotten() -> Plan:
    return swapped(DeepgramEars, "finalize", lambda _ears: None)


@mutant("nothing keeps the transcriber's line alive while the phone is mute", "phone_falls_mute")
def keep_alive_forgotten() -> Plan:
    return swapped(deepgram, "KEEP_ALIVE_TICKS", 1_000)


@mutant("after a reconnection the transcriber misses what was said meanwhile", "stt_drop_in_a_word")
def words_lost_at_reconnection() -> Plan:
    return swapped(UnsettledAudio, "rewind", lambda _audio: None)


@mutant("the transcriber's line stays open when the call is over", "booking")
def socket_leaked() -> Plan:
    def close(ears: DeepgramEars) -> None:
        ears._listener = None
        ears._tick.cancel()

    return swapped(DeepgramEars, "close", close)


@mutant("the voice's socket stays open when the call is over", "booking")
def voice_socket_leaked() -> Plan:
    def close(voice: ElevenLabsVoice) -> None:
        voice._is_closed = True

    return swapped(ElevenLabsVoice, "close", close)


@mutant("the last clause of an answer is not spoken if nothing follows it", "booking", "mhm_kills_reply")
def last_clause_forgotten() -> Plan:
    return swapped(Clauses, "flush", lambda _clauses: [])


@mutant("the ears stay what they were when the language is changed", "language_switched")
def ears_of_the_language_before() -> Plan:
    return swapped(DeepgramEars, "change_language", lambda _ears, _language: None)


@mutant("who waits hears no music", "music_while_a_tool_runs", "music_on_hold")
def music_forgotten() -> Plan:
    return swapped(Interlude, "play_music", lambda _interlude, _duration_ms: None)


@mutant("nobody says that it takes a moment", "tool_slow", "slow_model")
def filler_forgotten() -> Plan:
    return swapped(Interlude, "fill", lambda _interlude, _text: None)


@mutant("the same phrase is said again and again while a tool runs", "tool_slow", "tool_hangs")
def filler_repeated() -> Plan:
    return swapped(tool_rounds, "filler_of", lambda state: state.phrases.filler)


@mutant("who waits far too long for a tool is asked to say it again", "tool_hangs", "tool_in_progress_forever")
def overdue_tool_blamed_on_the_caller() -> Plan:
    return swapped(answering, "awaits_tools", lambda _state: False)


# --- records and house


@mutant("the trace keeps what was said although it is to be hidden", "hidden_words")
def redaction_off() -> Plan:
    return swapped(trace, "redacted", lambda plain: plain)


@mutant("a part of the latency is counted twice", "booking")
def latency_counted_twice() -> Plan:
    parts_ms = TurnLedger.parts_ms

    def twice(ledger: TurnLedger) -> dict[str, int]:
        return {name: 2 * ms if name == "llm_ms" else ms for name, ms in parts_ms(ledger).items()}

    return swapped(TurnLedger, "parts_ms", twice)


@mutant("the call is not told that its stream is over", "booking")
def end_not_told() -> Plan:
    def finish(switchboard: Switchboard, line: Any, _ending: Any) -> None:  # noqa: ANN401 - its own
        switchboard._lines.pop(line.call_sid, None)
        line.stop_grace()

    return swapped(Switchboard, "_finish", finish)


@mutant("a card number that was said stands in the trace", "card_number_said")
def card_number_written() -> Plan:
    return all_of(
        swapped(Screen, "take", lambda _screen, line: [line]),
        swapped(Screen, "close", lambda _screen: []),
    )


@mutant("keys for a tool alone reach the machine as well", "digits_for_a_tool")
def keys_seen_by_all() -> Plan:
    takes = TelephoneLine.takes

    def take_none(line: TelephoneLine, digit: str) -> bool:
        takes(line, digit)
        return False

    return swapped(TelephoneLine, "takes", take_none)


@mutant("a caller who asked for a moment is told that we are at it", "hold_on")
def hold_not_known() -> Plan:
    return swapped(tool_rounds, "occupation", lambda _state: None)


@mutant("a call in other hands is taken for over", "transfer_unanswered", "payment")
def lent_call_dropped() -> Plan:
    return swapped(Lendings, "of", lambda _lendings, _call_sid: None)


@mutant("a caller who comes back hears the last word again", "payment", "transfer_busy")
def last_word_again() -> Plan:
    return swapped(TelephoneLine, "is_away", property(lambda _line: False))


@mutant("a caller in other hands is listened to", "transfer_left", "payment", "transfer_unanswered")
def away_forgotten() -> Plan:
    return swapped(TelephoneLine, "_end", lambda _line, _wait: None)
