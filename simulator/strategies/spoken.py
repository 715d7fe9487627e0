"""One reply in words instead of samples: each word sounds for `WORD_NS`."""

from dataclasses import dataclass, field

from fsm.effects import Fill, PlayMusic
from fsm.units import ms_to_ns

WORD_NS = ms_to_ns(300)
"""How long each word sounds."""


@dataclass(slots=True)
class Spoken:
    """One reply as far as it came. `said` is what the voice was given, `voiced` how many words of it have audio."""

    number: int
    said: list[str] = field(default_factory=list)
    round_from: int = 0
    """Where in `said` the present round of the model begins."""
    voiced: int = 0
    sounded_ns: int = 0
    """How much of its audio the caller heard."""
    is_asking: bool = False
    """The model is at it."""
    awaits_tools: bool = False
    is_closed: bool = False
    """No more text comes."""
    is_mute: bool = False
    """Its voice failed: no more audio comes."""
    is_part_open: bool = False
    owes_started: bool = False
    """That a part of it began to sound is still to be told."""
    is_over: bool = False
    is_withdrawn: bool = False

    @property
    def owed(self) -> int:
        """Words whose audio is still to come."""
        return 0 if self.is_mute else len(self.said) - self.voiced

    @property
    def has_all_audio(self) -> bool:
        """Whether the voice is through."""
        return self.is_closed and not self.owed and not self.is_mute

    @property
    def left_ns(self) -> int:
        """How much of its audio was not heard yet."""
        return self.voiced * WORD_NS - self.sounded_ns

    @property
    def heard(self) -> str:
        """The words of which the greater part was heard."""
        return " ".join(self.said[: (self.sounded_ns + WORD_NS // 2) // WORD_NS])

    @property
    def sounded_words(self) -> int:
        """Words of which the caller heard anything at all."""
        return -(-self.sounded_ns // WORD_NS)


def wait_filled_ns(order: Fill | PlayMusic) -> int:
    """How long what fills a wait sounds, if nothing else does."""
    return len(order.text.split()) * WORD_NS if isinstance(order, Fill) else ms_to_ns(order.duration_ms)
