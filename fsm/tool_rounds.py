"""Reducers of tools and of the waiting for them: rounds of tools, results, phrases that fill the time."""

from fsm.answering import recite, retry_reply
from fsm.effects import ContinueReply, Fill, FinishReply, PlayMusic, RunTool
from fsm.events import Event, Occupation, ToolReturned, ToolsRequested
from fsm.expectations import Expected
from fsm.guards import awaits_tools, is_filler_due
from fsm.hearing import Change
from fsm.opening import next_filler_at, occupation
from fsm.state import CallState, Mode, PendingTool
from fsm.transcript import with_heard, with_result, with_tool_round
from fsm.units import ms_to_ns
from fsm.values import replace

FILLER_MS_PER_CHAR = 60
"""About how long a voice needs for a letter: after a filler the silence counts from its end."""


def run_tools(state: CallState, event: ToolsRequested, now: int) -> Change:
    """The model wants to know or do something; a farewell that failed before is none any more."""
    pending = tuple(PendingTool(state.reply, call.call_id, call.name) for call in event.calls)
    state = replace(
        state,
        ending=state.ending if state.is_last_word else "",
        transcript=with_tool_round(state.transcript, event.said, event.calls),
        pending_tools=(*state.pending_tools, *pending),
        rounds=state.rounds + 1,
        is_round_open=True,
    )
    state = state.set_deadlines(reply_at=now + ms_to_ns(state.profile.tool_timeout_ms))
    return state, tuple(RunTool(state.reply, call) for call in event.calls)


def refuse_tools(state: CallState, _event: ToolsRequested, _now: int) -> Change:
    """The model asks for tools again and again: what was said stands, the rest is a failure."""
    return replace(state, failure="too many tool rounds", can_retry=False), ()


def note_result(state: CallState, event: ToolReturned, _now: int) -> Change:
    """A tool ended; its result is kept, whoever has the floor."""
    pending = tuple(tool for tool in state.pending_tools if tool.call_id != event.call_id)
    is_live = event.reply == state.reply and state.mode is not Mode.LISTENING  # else the caller had more to say
    ends = event.ends_call and not event.failed and is_live
    no_more = event.ends_round and event.reply == state.reply
    return replace(
        state,
        transcript=with_result(state.transcript, event.call_id, event.result),
        pending_tools=pending,
        ending="the agent hung up" if ends else state.ending,
        rounds=state.profile.tool_rounds if no_more else state.rounds,
        told_to_expect=Expected.parse(event.expects) if event.expects and is_live else state.told_to_expect,
    ), ()


def continue_reply(state: CallState, event: ToolReturned, now: int) -> Change:
    """All tools of this round returned: the model goes on, or has said its last words."""
    state, _ = note_result(state, event, now)
    return go_on(state, now)


def answer_with_results(state: CallState, event: ToolReturned, now: int) -> Change:
    """All tools of this round returned, to a reply that lost its voice: it is begun anew, and knows what they found."""
    state, _ = note_result(state, event, now)
    return recite(state, now, state.phrases.goodbye) if state.ending else retry_reply(state, event, now)


def go_on(state: CallState, now: int) -> Change:
    """The next round of a reply whose tools all returned."""
    state = replace(state, is_round_open=False)
    if not state.ending:
        profile = state.profile
        state = state.set_deadlines(
            reply_at=now + ms_to_ns(profile.reply_timeout_ms),
            filler_at=state.deadlines.filler_at or now + ms_to_ns(profile.filler_ms),
        )
        return state, (ContinueReply(state.reply, state.turn),)
    if not any(message.role == "assistant" and message.content for message in state.transcript[state.reply_from :]):
        return recite(state, now, state.phrases.goodbye)
    is_heard = with_heard(state.transcript, state.reply_from, state.heard or "") == state.transcript
    filler_at = None if is_heard else state.deadlines.filler_at
    reply_at = now + ms_to_ns(state.profile.reply_timeout_ms)  # no tool is awaited any more, only the voice
    return state.set_deadlines(filler_at=filler_at, reply_at=reply_at), (FinishReply(state.reply),)


# --- while the caller waits ------------------------------------------------------------------------------------


def fill(state: CallState, _event: Event, now: int) -> Change:
    """Tell a waiting caller that we are at it."""
    text = filler_of(state)
    sounds_ms = FILLER_MS_PER_CHAR * len(text)
    state = replace(state, fillers=state.fillers + 1, is_music=False)
    filler_at = next_filler_at(state, now + ms_to_ns(sounds_ms))
    return state.set_deadlines(filler_at=filler_at), (Fill(state.reply, text),)


def is_music_due(state: CallState, event: Event, now: int) -> bool:
    """The caller waits, for a tool or as they asked to, and was told so: from here on they need not wait in silence."""
    occupied = occupation(state)
    is_told = state.fillers > 0 and awaits_tools(state) and occupied is None
    is_on_hold = occupied is not None and occupied.kind is Occupation.HOLD
    may_play = state.has_music and not state.is_music and (is_told or is_on_hold)
    return may_play and is_filler_due(state, event, now)


def play_music(state: CallState, _event: Event, now: int) -> Change:
    """Let them hear music, until it is time for a word again."""
    wait_ms = state.profile.hold_word_ms
    state = replace(state, is_music=True).set_deadlines(filler_at=now + ms_to_ns(wait_ms))
    return state, (PlayMusic(state.reply, wait_ms),)


def filler_of(state: CallState) -> str:
    """First what we are at, then that we still are: never the same twice in a row, nor right after words of ours."""
    if occupation(state) is not None:
        return state.phrases.holding
    if state.fillers % 2:
        return state.phrases.still_at_it
    tools = [tool.name for tool in state.pending_tools if tool.reply == state.reply]
    return next((state.phrases.tools[name] for name in tools if name in state.phrases.tools), state.phrases.filler)
