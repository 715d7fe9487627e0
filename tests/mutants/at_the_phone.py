"""Bugs in what leaves for the phone: clears, marks, pace, accounts."""

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from agent.fillers import NO_FILLER, Filler
from agent.heard_text import HeardText
from agent.line import Line
from agent.media_clock import MediaClock
from agent.mouth import Mouth
from agent.playout import Playout
from agent.reply_audio import ReplyAudio
from agent.sent_audio import SentAudio
from fsm.units import FRAME_SAMPLES
from tests.mutants.mutant import all_of, mutant, swapped

Plan = AbstractContextManager[object]


@mutant("clear is never sent", "no_clear", "booking")
def clear_forgotten() -> Plan:
    return swapped(Line, "clear", lambda _line: None)


@mutant("clear waits until everything else is cleaned up", "clear_after_cleanup", "no_clear")
def clear_after_cleanup() -> Plan:
    clear = Line.clear
    later = lambda line: asyncio.get_running_loop().call_later(0.4, clear, line)  # noqa: E731 - a bug in one line
    return swapped(Line, "clear", later)


@mutant("the voice is told to stop before the phone is", "drained_in_mid_answer", "no_clear")
def clean_up_before_clear() -> Plan:
    hold = Mouth.hold

    def clean_up_and_hold(mouth: Mouth, number: int) -> None:
        mouth._speech.voice.drop(number)
        hold(mouth, number)

    return swapped(Mouth, "hold", clean_up_and_hold)


@mutant("a mark counts as heard although a clear flushed it", "many_coughs", "cleared_is_not_heard")
def flushed_mark_counts() -> Plan:
    played = SentAudio.played

    def played_or_marked(sent: SentAudio, now: int) -> int:
        return max(played(sent, now), *sent._marks.values()) if sent._marks else played(sent, now)

    return swapped(SentAudio, "played", played_or_marked)


@mutant("what was sent counts as heard", "cleared_is_not_heard", "no_clear", "booking")
def sent_counts_as_heard() -> Plan:
    return swapped(SentAudio, "played", lambda sent, _now: sent.sent_samples)


@mutant("the words of the whole reply count as heard", "cleared_is_not_heard", "no_clear")
def transcript_keeps_unheard_words() -> Plan:
    return swapped(Playout, "heard_text", lambda playout, _now: playout._text.text)


@mutant("audio is sent as it comes, however much", "no_clear", "booking")
def pacing_without_lead() -> Plan:
    def piece_at(playout: Playout) -> int | None:
        return 0 if (playout._filler.unsent_samples or playout._audio.unsent) and not playout._is_held else None

    return swapped(Playout, "_piece_at", piece_at)


@mutant("the position at the phone is a frame too far after each pause", "lost_tail", "booking")
def ledger_off_by_a_frame() -> Plan:
    note_sent = SentAudio.note_sent

    def note_too_much(sent: SentAudio, samples: int, now: int) -> None:
        note_sent(sent, samples + FRAME_SAMPLES if now > sent.ends_at else samples, now)

    return swapped(SentAudio, "note_sent", note_too_much)


@mutant("what is less than a frame at a reply's end is never sent", "lost_tail", "booking")
def lost_tail() -> Plan:
    take = ReplyAudio.take

    def take_whole_frames(audio: ReplyAudio, samples: int, phone_at: int) -> bytes:
        piece = take(audio, samples, phone_at)
        return piece if len(piece) == samples else b""

    return swapped(ReplyAudio, "take", take_whole_frames)


@mutant("the last 75 ms of each piece of the voice's audio are left out", "lost_tail", "booking")
def pieces_cut_short() -> Plan:
    push = Playout.push

    def push_less(playout: Playout, audio: bytes, alignment: Any = None) -> None:  # noqa: ANN401 - passed on
        push(playout, audio[: max(1, len(audio) - 600)], alignment)

    return swapped(Playout, "push", push_less)


@mutant(
    "after a false alarm the reply goes on half a second further on", "cough_dead_air", "mhm_kills_reply", "booking"
)
def resumes_further_on() -> Plan:
    rewind = ReplyAudio.rewind

    def skip(audio: ReplyAudio, position: int) -> int:
        return rewind(audio, min(audio.pushed, position + 4_000))

    return swapped(ReplyAudio, "rewind", skip)


@mutant("after a false alarm the reply begins again", "cough_dead_air", "mhm_kills_reply", "booking")
def resumes_from_the_start() -> Plan:
    return swapped(HeardText, "word_start", lambda _text, _samples: 0)


@mutant("after a false alarm the reply does not go on", "cough_dead_air", "mhm_kills_reply", "booking")
def resume_forgotten() -> Plan:
    return swapped(Mouth, "resume", lambda _mouth, _number: None)


@mutant("a filler says all it has although the reply is there", "tool_slow", "slow_model")
def filler_overlaps_the_answer() -> Plan:
    send_piece = Playout._send_piece

    def send_by_turns(playout: Playout, now: int) -> None:
        filler = playout._filler
        if filler.unsent_samples and playout._audio.unsent and playout._line.sent_samples // FRAME_SAMPLES % 2:
            playout._filler = NO_FILLER
            send_piece(playout, now)
            playout._filler = filler
        else:
            send_piece(playout, now)

    return all_of(swapped(Filler, "give_way", lambda _filler: 0), swapped(Playout, "_send_piece", send_by_turns))


@mutant("the caller's sounds are placed where they arrived", "burst_at_the_end")
def media_clock_by_arrival() -> Plan:
    return swapped(MediaClock, "end_of", lambda _clock, _timestamp_ms, _samples, now: now)


@mutant("what a lost stream had not played is not said again", "reconnect_later")
def resend_forgotten() -> Plan:
    def resend(mouth: Mouth, _lost_at: int) -> None:
        mouth.playout._line.forget(mouth._clock.now())

    return swapped(Mouth, "resend", resend)


@mutant("marks are never asked for", "mark_lost", "booking")
def marks_forgotten() -> Plan:
    return swapped(Line, "send_mark", lambda _line, _name: None)
