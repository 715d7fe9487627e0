"""What a fault is, and the stage it strikes on."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from random import Random

from fsm.events import ToolReturned
from fsm.units import NS_PER_MS
from simulator.faults.layers import Layers
from simulator.faults.microphone import Microphone
from simulator.faults.tool_trouble import ToolTrouble
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_stream import TwilioPhone
from simulator.rehearsal import Cast, Rehearsal
from simulator.simulated_call import SimulatedCall
from simulator.world import Scheduled, World


class Kind(StrEnum):
    """Where a fault lies."""

    PHONE = "phone"
    EARS = "ears"
    MODEL = "model"
    VOICE = "voice"
    NETWORK = "network"
    TOOLS = "tools"
    PROCESS = "process"
    CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Strength:
    """How bad it can be: in `unit`, from `low` to `high`; `default` where nothing is said."""

    unit: str
    low: float
    high: float
    default: float
    is_whole: bool = False
    """Whether it counts things."""

    def plain(self, strength: float) -> float:
        """A strength within the bounds, and short enough to be read."""
        digits = round(strength) if self.is_whole else float(f"{strength:.3g}")
        return min(self.high, max(self.low, digits))

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} {self.unit}, usually {self.default:g}"


@dataclass(frozen=True, slots=True)
class Scenery:
    """What a fault may change before the world exists: the cast, and the phone of the first caller."""

    cast: Cast
    phone: TwilioBehaviour


class Stage:
    """A running world as a fault finds it: the first caller's call is its target.

    `ears`, `model` and `voice` change how the peers behave, for good or for a while; `tools` troubles tools.
    """

    def __init__(self, rehearsal: Rehearsal, call: SimulatedCall, microphone: Microphone) -> None:
        self.rehearsal = rehearsal
        self.call = call
        self.microphone = microphone
        deepgram, groq, elevenlabs = rehearsal.deepgram, rehearsal.groq, rehearsal.elevenlabs
        self.ears: Layers[DeepgramBehaviour] = Layers(deepgram.behaviour, deepgram.adopt, self.after)
        self.model: Layers[GroqBehaviour] = Layers(groq.behaviour, partial(setattr, groq, "behaviour"), self.after)
        self.voice: Layers[ElevenLabsBehaviour] = Layers(
            elevenlabs.behaviour, partial(setattr, elevenlabs, "behaviour"), self.after
        )
        self.tools = ToolTrouble(self.world)
        self.rehearsal.around_tools = self.tools.around
        self._to_repeat: deque[float] = deque()
        self._timers: dict[int, Scheduled] = {}
        self._count = 0
        self._is_over = False

    @property
    def world(self) -> World:
        """The clock, and the random streams."""
        return self.rehearsal.world

    @property
    def phone(self) -> TwilioPhone | None:
        """The phone of the call, if its stream goes on."""
        phone = self.call.twilio.phone
        return phone if phone is not None and phone.is_streaming else None

    @property
    def is_over(self) -> bool:
        """Whether there is nobody left to notice anything."""
        return self._is_over or self.call.twilio.has_ended

    def rng(self, fault: str) -> Random:
        """The random stream of a fault."""
        return self.world.rng(f"faults/{fault}")

    def after(self, delay_ms: float, act: Callable[[], None]) -> None:
        """Do something so much later, unless everything is over by then."""
        self._count += 1
        self._timers[self._count] = self.world.call_at(
            self.world.now() + round(delay_ms * NS_PER_MS), partial(self._come, self._count, act)
        )

    def _come(self, number: int, act: Callable[[], None]) -> None:
        del self._timers[number]
        act()

    def leave(self) -> None:
        """Nothing more happens here."""
        self._is_over = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def repeat_next_tool(self, delay_ms: float) -> None:
        """Let the next answer of a tool come again, so much later."""
        self._to_repeat.append(delay_ms)

    def on_tool_returned(self, event: ToolReturned) -> None:
        """A tool answered."""
        if self._to_repeat:
            self.after(self._to_repeat.popleft(), partial(self._repeat, event))

    def _repeat(self, event: ToolReturned) -> None:
        call = self.rehearsal.answered.get(self.call.twilio.record.sid)
        if call is not None:
            call.feed(event)


Prepare = Callable[[Scenery, float], Scenery]
"""Changes what a world will be made of; with a strength."""

Strike = Callable[[Stage, float], None]
"""Does it, now; with a strength."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A named trouble. It acts before the world exists (`prepare`), at a moment of it (`strike`), or can do both.

    What only can be prepared has no moment; `repeats` says whether it may come again and again, at a rate.
    `field_bug` is the name of the failure in the field that it stands for, if it has another one.
    """

    name: str
    kind: Kind
    about: str
    strength: Strength
    prepare: Prepare | None = None
    strike: Strike | None = None
    repeats: bool = True
    field_bug: str = ""
    swarm: tuple[float, float] | None = field(default=None)
    """What a swarm draws the strength from, where its whole range would leave nothing of the call; None: all of it."""
    is_fatal: bool = False
    """Leaves nothing of the call, or does itself what checkers forbid: in a swarm it would only hide the others."""

    def __post_init__(self) -> None:
        assert self.prepare is not None or self.strike is not None, f"{self.name} does nothing"
        assert self.strength.low <= self.strength.default <= self.strength.high, self.name

    @property
    def has_moment(self) -> bool:
        """Whether it can strike in mid-call."""
        return self.strike is not None

    @property
    def may_repeat(self) -> bool:
        """Whether it can have a rate."""
        return self.has_moment and self.repeats
