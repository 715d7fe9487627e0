"""The best tunings for every price of a cut-off: the curve of what patience costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from fsm.profile import LONGER_THAN, Profile
from simulator.tuner.judging import Judge, Measured


@dataclass(frozen=True, slots=True)
class Swept:
    """A value of a profile that is tuned: what is tried, and what it decides, in a few words."""

    name: str
    values: tuple[int, ...]
    what: str


SWEPT = (
    Swept("wait_ms", (200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 1_000), "silence that ends a turn"),
    Swept(
        "unfinished_wait_ms", (500, 700, 900, 1_100, 1_300, 1_500, 1_800, 2_200), 'the same after "and", "um", a comma'
    ),
    Swept("quick_wait_ms", (100, 150, 200, 250, 300, 400, 500), "the same after what is certainly whole"),
    Swept("patient_wait_ms", (800, 1_000, 1_250, 1_500, 2_000, 2_500), "the same while digits or an address lack"),
    Swept("adapt_ms", (0, 150, 300, 500, 800), "the most that a caller's own pauses add"),
    Swept("draft_ms", (0, 60, 120, 200, 300, 400, 600), "silence after which an answer is drafted"),
)

CANNOT_TELL = (
    ("drafts", "it bounds a cost: how many answers are begun for nothing is told (wasted)"),
    ("final_grace_ms", "it decides which words are answered, not when: what was misheard stands in no trace"),
    ("hush_ms, duck_db", "how long a silence or softness annoys is not on record"),
    ("confirm_ms, sustained_ms, late_words_ms", "they decide interruptions: `offhook bench turns` measures those"),
    ("stuck_ms, idle_ms, noise_idle_ms", "they matter where something is wrong, which is rare in any set of calls"),
)
"""What is left as it is, and why the data do not tell."""

PRICES_MS = (250, 500, 1_000, 2_000, 3_000, 4_500, 6_500, 10_000, 15_000, 25_000, 50_000)
"""How much longer all callers may wait for one who is not cut off: by each of them another tuning is best."""

ROUNDS = 3
"""Of one value after the other; a second one mostly changes nothing any more."""


def set_value(profile: Profile, name: str, value: int) -> Profile:
    """The profile with a value changed, and with it those that would contradict it."""
    values = {**asdict(profile), name: value}
    moved = {name}
    for longer, shorter in LONGER_THAN:
        if shorter in moved and values[longer] < values[shorter]:
            values[longer] = values[shorter]
            moved.add(longer)
    for longer, shorter in reversed(LONGER_THAN):
        values[shorter] = min(values[shorter], values[longer])
    return Profile(**values)


def sweep(base: Profile, judge: Judge, on_step: Callable[[], None] = lambda: None) -> dict[Profile, Measured]:
    """All tunings that were tried over `base`, from where cut-offs cost next to nothing to where they cost most."""
    tried = {base: judge.judge([base])[0]}
    profile = base
    for price_ms in PRICES_MS:
        profile = _best(profile, judge, price_ms, tried)
        on_step()
    return tried


def _best(profile: Profile, judge: Judge, price_ms: int, known: dict[Profile, Measured]) -> Profile:
    """The tuning that costs least, one value after the other until nothing gets better."""
    for _ in range(ROUNDS):
        before = profile
        for swept in SWEPT:
            tried = [profile, *(set_value(profile, swept.name, value) for value in swept.values)]
            known |= zip(tried, judge.judge(tried), strict=True)
            costs = [_cost(known[one], price_ms) for one in tried]
            profile = tried[costs.index(min(costs))]
        if profile == before:
            break
    return profile


def _cost(measured: Measured, price_ms: int) -> float:
    if measured.cost_ms is None or measured.cut_off_rate is None:
        return float("inf")
    return measured.cost_ms + price_ms * measured.cut_off_rate


def frontier(known: Mapping[Profile, Measured]) -> list[Profile]:
    """Those that no other beats in both cut-offs and cost, from the quickest to the most patient."""
    rated = [
        (measured.cost_ms, measured.cut_offs, profile)
        for profile, measured in known.items()
        if measured.cost_ms is not None
    ]
    found: list[Profile] = []
    fewest: float = float("inf")
    for _, cut_offs, profile in sorted(rated, key=lambda one: one[:2]):
        if cut_offs < fewest:
            found.append(profile)
            fewest = cut_offs
    return found


def thinned(profiles: Sequence[Profile], count: int) -> list[Profile]:
    """So many of them at most, evenly, the first and the last among them."""
    if len(profiles) <= count:
        return list(profiles)
    return [profiles[round(index * (len(profiles) - 1) / (count - 1))] for index in range(count)]
