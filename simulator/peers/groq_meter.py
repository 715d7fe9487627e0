"""What the emulated Groq counts: rate limits that run down and come back, and cached prompt prefixes."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

import orjson

from fsm.units import NS_PER_S
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.groq_refusals import GroqProblem, rate_limited, too_large

BYTES_PER_TOKEN = 4
"""A usual average for English text and JSON."""

MINUTE_NS = 60 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S

CACHE_EXPIRY_NS = 7_200 * NS_PER_S
"""Cached prefixes are dropped after two hours unused (protocol page, "Prompt caching")."""

CACHE_LIMIT_BLOCKS = 16_384
"""Bound of the prefix cache; the blocks longest unused go first."""


class Window:
    """A budget that is whole again when its time is over; the time begins with the first use."""

    def __init__(self, length_ns: int) -> None:
        self._length_ns = length_ns
        self._used = 0
        self._ends_at: int | None = None

    def used(self, now: int) -> int:
        """What was spent in the present window."""
        if self._ends_at is not None and now >= self._ends_at:
            self._used, self._ends_at = 0, None
        return self._used

    def spend(self, amount: int, now: int) -> None:
        """Spend `amount`, opening the window when it is closed."""
        self._used = self.used(now) + amount
        if self._ends_at is None:
            self._ends_at = now + self._length_ns

    def reset_ns(self, now: int) -> int:
        """Time until the budget is whole."""
        return 0 if self.used(now) == 0 or self._ends_at is None else self._ends_at - now


class Limits:
    """Requests a day and tokens a minute of one account."""

    def __init__(self) -> None:
        self._requests = Window(DAY_NS)
        self._tokens = Window(MINUTE_NS)

    def admit(
        self, body: Mapping[str, object], prompt_tokens: int, behaviour: GroqBehaviour, now: int
    ) -> GroqProblem | None:
        """Count a request, or say why it is over a limit; declared `max_completion_tokens` count too."""
        model = str(body["model"])
        declared = body.get("max_completion_tokens") or body.get("max_tokens") or 0
        requested = prompt_tokens + (declared if isinstance(declared, int) else 0)
        if requested > behaviour.tokens_per_minute:
            return too_large(model, behaviour.tokens_per_minute, requested)
        if self._requests.used(now) >= behaviour.requests_per_day:
            wait_ns = self._requests.reset_ns(now)
            return _over(model, "RPD", behaviour.requests_per_day, wait_ns, behaviour)
        if self._tokens.used(now) + requested > behaviour.tokens_per_minute:
            wait_ns = self._tokens.reset_ns(now)
            return _over(model, "TPM", behaviour.tokens_per_minute, wait_ns, behaviour)
        self._requests.spend(1, now)
        return None

    def spend_tokens(self, tokens: int, now: int) -> None:
        """Count the tokens of an admitted request; cached ones are not among them."""
        self._tokens.spend(tokens, now)

    def headers(self, behaviour: GroqBehaviour, now: int) -> dict[str, str]:
        """The six `x-ratelimit` headers: requests are the day's, tokens the minute's."""
        requests_left = max(0, behaviour.requests_per_day - self._requests.used(now))
        tokens_left = max(0, behaviour.tokens_per_minute - self._tokens.used(now))
        return {
            "x-ratelimit-limit-requests": str(behaviour.requests_per_day),
            "x-ratelimit-limit-tokens": str(behaviour.tokens_per_minute),
            "x-ratelimit-remaining-requests": str(requests_left),
            "x-ratelimit-remaining-tokens": str(tokens_left),
            "x-ratelimit-reset-requests": spell_duration(self._requests.reset_ns(now)),
            "x-ratelimit-reset-tokens": spell_duration(self._tokens.reset_ns(now)),
        }


class PrefixCache:
    """Prompts seen, as chained blocks: the common beginning of two prompts is cached, whatever follows."""

    def __init__(self) -> None:
        self._used_at: OrderedDict[bytes, int] = OrderedDict()

    def cached_tokens(self, prompt: bytes, block_tokens: int, now: int) -> int:
        """Tokens at the beginning of `prompt` that were seen within two hours; remembers this prompt."""
        block_bytes = block_tokens * BYTES_PER_TOKEN
        chain = hashlib.blake2b(digest_size=16)
        cached_blocks, is_known = 0, True
        for start in range(0, len(prompt) - block_bytes + 1, block_bytes):
            chain.update(prompt[start : start + block_bytes])
            key = chain.digest()
            is_known = is_known and now - self._used_at.get(key, -CACHE_EXPIRY_NS - 1) <= CACHE_EXPIRY_NS
            cached_blocks += is_known
            self._used_at[key] = now
            self._used_at.move_to_end(key)
        while len(self._used_at) > CACHE_LIMIT_BLOCKS:
            self._used_at.popitem(last=False)
        return cached_blocks * block_tokens


def prompt_bytes(body: Mapping[str, object]) -> bytes:
    """The prompt as the model reads it: model, then tools, then messages."""
    return orjson.dumps([body.get("model"), body.get("tools"), body.get("messages")])


def count_prompt_tokens(body: Mapping[str, object]) -> int:
    """About as many tokens as the prompt has."""
    return len(prompt_bytes(body)) // BYTES_PER_TOKEN


def spell_duration(duration_ns: int) -> str:
    """A duration in the headers' form, such as "7.66s", "2m59.56s", "1h0m2s"."""
    centis = (duration_ns + 5_000_000) // 10_000_000
    minutes, centis = divmod(centis, 6_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{centis / 100:.2f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _over(model: str, dimension: str, limit: int, wait_ns: int, behaviour: GroqBehaviour) -> GroqProblem:
    wait_s = wait_ns / NS_PER_S
    retry_after_s = None if behaviour.retry_after_s is None else float(-(-wait_ns // NS_PER_S))
    return rate_limited(model, dimension, limit, wait_s, retry_after_s)
