"""What a simulated person knows of the conversation while it goes on."""

import re
from dataclasses import dataclass, field

from fsm.units import NS_PER_MS
from simulator.ears import HeardWord

STILL_SPEAKING_MS = 300
"""An agent that paused for less than this is still speaking."""

SETTLED_NS = 1_500 * NS_PER_MS
"""After so much silence nothing hangs on its going on: longer than what ends an utterance for any of its listeners."""

SETTLED_SAMPLES = 4_000
"""After so much of a sound everybody knows that somebody talks: half a second, longer than any onset takes."""


@dataclass(slots=True)
class AgentUtterance:
    """A stretch of agent's sound without a long pause, as the person heard it; instants in ns."""

    started_at: int
    ended_at: int
    words: list[HeardWord] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words of it that arrived."""
        return " ".join(word.text for word in self.words)


@dataclass(slots=True)
class Scene:
    """What the person knows; instants in ns."""

    now: int = 0
    started_at: int = 0  # of the call
    armed_at: int = 0  # when the present step came up
    turn_ended_at: int = 0  # the person's last sound that was a contribution
    utterances: list[AgentUtterance] = field(default_factory=list)
    heard: list[HeardWord] = field(default_factory=list)

    @property
    def is_agent_speaking(self) -> bool:
        """Whether the agent makes sound now, or paused only for a moment."""
        return bool(self.utterances) and self.now - self.utterances[-1].ended_at < STILL_SPEAKING_MS * NS_PER_MS


def plain_words(text: str) -> list[str]:
    """The words of `text` in lower case, without punctuation."""
    return re.findall(r"[\w']+", text.lower())
