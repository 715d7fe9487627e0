"""The demonstration call in virtual time."""

from datetime import datetime

from agent.trace import Observer
from simulator.brain.of_agent import brain_of
from simulator.demo.story import KEPT_WIRES, Options, Performance, story_of
from simulator.recording import StereoRecorder
from simulator.rehearsal import Cast, Rehearsal


def perform_fast(options: Options, observer: Observer | None = None) -> Performance:
    """Let the call happen. Raises `Stuck` or `Endless` where it does not come to its end."""
    story = story_of(options.agent)
    cast = Cast(
        seed=options.seed,
        brain=brain_of(options.agent),
        agent=options.agent,
        now=options.now or story.now or datetime.now().astimezone(),
        settings=KEPT_WIRES,
    )
    rehearsal = Rehearsal(options.data, cast, observer)
    rehearsal.prepare()
    with StereoRecorder(options.record) as recorder:
        call = rehearsal.call(story.script, behaviour=story.phone, tap=recorder)
        rehearsal.finish()
    rehearsal.close()
    assert call.ended_at is not None, "finish waits for the end"
    return Performance(
        call.caller, call.twilio, call.started_at, call.ended_at, options.data, options.record, options.agent
    )
