"""Random behaviours of everything around an agent: providers, phones, networks. Healthy ones first."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hypothesis import strategies as st

from simulator.delays import LogNormal
from simulator.link_model import LinkModel
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour, VoiceFault
from simulator.peers.groq_behaviour import GroqBehaviour, GroqRefusal, GroqStreamFault
from simulator.peers.twilio_behaviour import TwilioBehaviour

Behaviour = TypeVar("Behaviour")
Table = Mapping[str, Any]


def _one_of(make: Callable[..., Behaviour], *tables: st.SearchStrategy[Table]) -> st.SearchStrategy[Behaviour]:
    """Nothing special at all, or one of these tables of settings."""
    return st.one_of(st.builds(make), *(table.map(lambda chosen: make(**chosen)) for table in tables))


def _set(**settings: Any) -> st.SearchStrategy[Table]:  # noqa: ANN401 - values, or strategies of values
    chosen = {name: each if isinstance(each, st.SearchStrategy) else st.just(each) for name, each in settings.items()}
    return st.fixed_dictionaries(chosen)


def delays(typical_ms: int) -> st.SearchStrategy[int | LogNormal]:
    """A delay about as long as `typical_ms`: always the same, or drawn anew each time."""
    spreads = st.builds(lambda p50, times: LogNormal(p50, p50 * times), st.integers(1, typical_ms), st.integers(2, 4))
    return st.one_of(st.just(typical_ms), st.integers(1, 4 * typical_ms), spreads)


def deepgram_behaviours() -> st.SearchStrategy[DeepgramBehaviour]:
    """A transcriber: healthy, slow, wavering, breaking, or gone."""
    return _one_of(
        DeepgramBehaviour,
        _set(processing_ms=delays(80), final_delay_ms=delays(120)),
        _set(late_finals_ms=st.integers(1, 1_500)),
        _set(jitter_ms=st.integers(1, 400), revise_interims=True),
        _set(finals_missing=True, ignore_finalize=True),
        _set(never_speech_final=True),
        _set(empty_finalize=True),
        _set(late_interim_after_finalize=True),
        _set(format_numbers=True),
        _set(drop_after_ms=st.integers(100, 15_000), drop_code=st.sampled_from([1011, None])),
        _set(refuse_status=st.sampled_from([429, 500, 401]), refuse_times=st.integers(1, 6)),
    )


def groq_behaviours() -> st.SearchStrategy[GroqBehaviour]:
    """A language model: healthy, slow, in other shapes, failing, or gone."""
    return _one_of(
        GroqBehaviour,
        _set(first_token_ms=delays(90), tokens_per_s=st.sampled_from([500.0, 80.0, 20.0])),
        _set(stall_after_tokens=st.integers(0, 60), stall_ms=st.integers(100, 4_000)),
        _set(split_tool_calls=True, split_bytes=True),
        _set(role_content_null=True, crlf=True, comments=True),
        _set(refuse=st.sampled_from(GroqRefusal), fail_first_n=st.sampled_from([1, 2, None])),
        _set(
            refuse=GroqRefusal.RATE_LIMITED_TOKENS, retry_after_s=st.sampled_from([0.5, 1.0, 4.0, 30.0]), fail_first_n=1
        ),
        _set(
            stream_fault=st.sampled_from(GroqStreamFault),
            fault_after_tokens=st.integers(0, 60),
            fail_first_n=st.sampled_from([1, 2, None]),
        ),
        _set(starve=True, fail_first_n=st.sampled_from([1, 2])),
    )


def elevenlabs_behaviours() -> st.SearchStrategy[ElevenLabsBehaviour]:
    """A voice: healthy, slow, uneven, in other shapes, failing, or gone."""
    return _one_of(
        ElevenLabsBehaviour,
        _set(first_byte_ms=delays(150), pace=st.sampled_from([8.0, 2.0, 0.9])),
        _set(first_byte_jitter_ms=st.integers(1, 600), frame_max_ms=st.integers(100, 1_000)),
        _set(stall_after_ms=st.integers(0, 2_000), stall_ms=st.integers(100, 4_000)),
        _set(null_alignment_share=st.sampled_from([0.2, 0.5])),
        _set(leading_blank=True, flush_done=True, final_is_false=True),
        _set(names_contexts=True, normalise_numbers=True),
        _set(
            fault=st.sampled_from(VoiceFault),
            fault_after_ms=st.integers(0, 3_000),
            fail_first_n=st.sampled_from([1, 3, None]),
        ),
        _set(refuse_status=st.sampled_from([429, 503]), fail_first_n=st.sampled_from([1, 2, None])),
    )


def phones() -> st.SearchStrategy[TwilioBehaviour]:
    """A phone: next door, far away, on a bad network, forgetful."""
    return _one_of(
        TwilioBehaviour,
        _set(one_way_ms=st.integers(1, 150)),
        _set(one_way_ms=st.integers(1, 100), jitter_ms=st.integers(1, 60)),
        _set(one_way_ms=20, stall_every_ms=st.integers(2_000, 10_000), stall_ms=st.integers(20, 600)),
        _set(one_way_ms=20, lost_mark_rate=st.sampled_from([0.3, 1.0])),
        _set(sends_stop=False),
        _set(drop_rate=st.sampled_from([0.01, 0.05])),
    )


def links() -> st.SearchStrategy[LinkModel]:
    """The network to a provider: near, far, uneven, or interrupted; always in order."""
    moment = st.integers(0, 30_000)
    return _one_of(
        LinkModel,
        _set(up_ms=st.integers(1, 120), down_ms=st.integers(1, 120), handshake_ms=st.integers(0, 200)),
        _set(jitter_ms=st.integers(1, 200), jitter_correlation=st.sampled_from([0.0, 0.9])),
        _set(chunk_bytes=st.integers(1, 40)),
        _set(cuts_ms=moment.map(lambda at: (at,))),
        _set(stalls_ms=st.builds(lambda at, ms: ((at, at + ms),), moment, st.integers(100, 4_000))),
        _set(down_windows_ms=st.builds(lambda at, ms: ((at, at + ms),), moment, st.integers(100, 6_000))),
    )
