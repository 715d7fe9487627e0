"""What changes nothing: pairs of mode and event without a row in the chart, and why nothing follows from them."""

from fsm.events import EVENTS
from fsm.state import Mode

CONNECTING, LISTENING, THINKING, SPEAKING, BARGE_IN, ENDED = Mode

_UNOPENED = "the stream has not started: nobody can be heard yet"
_OVER = "the call is over"
_STALE = "stale: belongs to a reply that is over"
_OURS = "we have the floor: whether the caller takes it is decided by sound and words"
_IMPOSSIBLE = "cannot happen: one stream starts once"

IGNORED: dict[tuple[Mode, str], str] = {
    **{
        (CONNECTING, event.__name__): _UNOPENED
        for event in EVENTS
        if event.__name__ not in {"CallStarted", "Tick", "HangUpRequested", "CallEnded"}
    },
    **{(mode, "CallStarted"): _IMPOSSIBLE for mode in (LISTENING, THINKING, SPEAKING, BARGE_IN)},
    (LISTENING, "NothingHeard"): "nobody waits for the end of that sound, and without words it is no turn",
    (LISTENING, "CallerOccupied"): "the caller has the floor: whatever the tool wants, they are talking with us",
    (THINKING, "TurnLikelyEnded"): "the turn is over already: words that were not known yet say so themselves",
    (THINKING, "EndOfTurnScored"): "the turn is over already",
    **{
        (mode, event): _OURS
        for mode in (SPEAKING, BARGE_IN)
        for event in ("TurnLikelyEnded", "TurnResumed", "EndOfTurnScored")
    },
    **{
        (LISTENING, event): _STALE
        for event in (
            "ReplyAudioStarted",
            "PassageReached",
            "PlayoutHeld",
            "PlayoutDucked",
            "PlayoutDrained",
            "PlayoutFinished",
            "ToolsRequested",
            "ReplyFailed",
        )
    },
    (THINKING, "PlayoutHeld"): "withheld before it began: nothing more was heard than is known",
    (THINKING, "PlayoutDucked"): _STALE,
    (THINKING, "PassageReached"): "nothing sounds: nobody can interrupt it",
    (THINKING, "PlayoutDrained"): "it was already dry",
    (SPEAKING, "NothingHeard"): "nothing of ours is silent or quieter for that sound",
    (SPEAKING, "PlayoutDucked"): "what had been heard matters only while the floor is in dispute",
    (SPEAKING, "ReplyAudioStarted"): "the next part of what is being said",
    **{
        (BARGE_IN, event): "in dispute: what comes of the reply is told once it goes on"
        for event in ("ReplyAudioStarted", "PlayoutDrained", "PlayoutFinished")
    },
    **{(ENDED, event.__name__): _OVER for event in EVENTS},
}
"""Pairs without a row, and why nothing follows from them."""
