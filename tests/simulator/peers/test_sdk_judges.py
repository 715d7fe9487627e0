"""The providers' own SDKs against our peers on real loopback sockets: if they understand them, others will.

ElevenLabs' websocket client is not among the judges: the SDK forces the scheme to `wss` and serves a single context,
synchronously, so it cannot reach a plain loopback server. Its HTTP side can, and shares audio and alignment with the
sockets; the sockets themselves are judged by `websockets`, whose frames are not ours either.
"""

import asyncio
import base64
import json
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any

import groq
import httpx
import pytest
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from agent.clock import LoopClock
from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.hosts import Host
from simulator.peers.base import Answer, PeerExchange, Request
from simulator.peers.elevenlabs import ElevenLabsBehaviour, ElevenLabsPeer, VoiceFault
from simulator.peers.groq import GroqBehaviour, GroqPeer, GroqRefusal, GroqStreamFault
from tests.patience import PATIENCE_S, run_patiently
from tests.simulator.peers.elevenlabs_client import VOICE, words_in
from tests.simulator.peers.groq_client import MODEL, WEATHER

TEXT = "I can offer you ten, or half past eleven."


class WatchedPeer(GroqPeer):
    """Tells when a client went away."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - the peer's own
        super().__init__(*args)
        self.gone = asyncio.Event()

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        watched = super().exchange(request, answer)
        return WatchedExchange(watched, self.gone)


class WatchedExchange:
    def __init__(self, exchange: PeerExchange, gone: asyncio.Event) -> None:
        self._exchange = exchange
        self._gone = gone

    def on_disconnect(self) -> None:
        self._exchange.on_disconnect()
        self._gone.set()


def judge_groq(
    scene: Callable[[groq.AsyncGroq, WatchedPeer], Awaitable[None]],
    *replies: str | BrainAnswer,
    **settings: object,
) -> None:
    """Let the Groq SDK talk to a peer without delays."""

    async def play() -> None:
        behaviour = GroqBehaviour(first_token_ms=0, tokens_per_s=math.inf, **settings)  # type: ignore[arg-type]  # any field
        clock = LoopClock(asyncio.get_running_loop())
        peer = WatchedPeer(clock, random.Random(1), CannedBrain(replies or ("Hello there.",)), behaviour)
        async with (
            Host(peer) as host,
            groq.AsyncGroq(api_key="k", base_url=host.url, max_retries=0, http_client=httpx.AsyncClient()) as client,
        ):
            await asyncio.wait_for(scene(client, peer), PATIENCE_S)

    run_patiently(play())


def judge_elevenlabs(scene: Callable[[AsyncElevenLabs, ElevenLabsPeer], Awaitable[None]], **settings: object) -> None:
    """Let the ElevenLabs SDK talk to a peer without delays."""

    async def play() -> None:
        behaviour = ElevenLabsBehaviour(first_byte_ms=0, pace=math.inf, **settings)  # type: ignore[arg-type]  # any field
        peer = ElevenLabsPeer(LoopClock(asyncio.get_running_loop()), random.Random(1), behaviour)
        async with Host(peer) as host, httpx.AsyncClient() as http:
            client = AsyncElevenLabs(api_key="k", base_url=host.url, httpx_client=http)
            await asyncio.wait_for(scene(client, peer), PATIENCE_S)

    run_patiently(play())


# --- groq -------------------------------------------------------------------------------------------------

ASKED: Any = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]}
ASKED_WITH_TOOL: Any = {**ASKED, "tools": [WEATHER]}


@pytest.mark.parametrize("trouble", [{}, {"split_bytes": True, "crlf": True, "comments": True}])
def test_groq_streams_text_with_reasoning_and_usage(trouble: dict[str, object]) -> None:
    async def scene(client: groq.AsyncGroq, peer: WatchedPeer) -> None:
        stream = await client.chat.completions.create(**ASKED, stream=True)
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Grüße, hello there."
        assert any(chunk.choices[0].delta.reasoning for chunk in chunks)
        finish = chunks[-1]
        assert finish.choices[0].finish_reason == "stop"
        assert finish.x_groq is not None
        assert finish.x_groq.usage is not None
        assert finish.x_groq.usage.total_tokens > 0

    judge_groq(scene, "Grüße, hello there.", **trouble)


@pytest.mark.parametrize("split", [False, True])
def test_groq_streams_tool_calls(split: bool) -> None:
    call = BrainAnswer("", (("get_weather", '{"city":"Paris"}'),))

    async def scene(client: groq.AsyncGroq, peer: WatchedPeer) -> None:
        stream = await client.chat.completions.create(**ASKED_WITH_TOOL, stream=True)
        parts = [part async for chunk in stream for part in chunk.choices[0].delta.tool_calls or []]
        assert parts[0].id
        assert parts[0].function is not None
        assert parts[0].function.name == "get_weather"
        assert "".join((part.function.arguments or "") if part.function else "" for part in parts) == '{"city":"Paris"}'

    judge_groq(scene, call, split_tool_calls=split)


def test_groq_answers_whole_and_lists_models() -> None:
    async def scene(client: groq.AsyncGroq, peer: WatchedPeer) -> None:
        whole = await client.chat.completions.create(**ASKED_WITH_TOOL)
        assert whole.choices[0].message.content == "Look."
        assert whole.choices[0].message.tool_calls is not None
        assert whole.choices[0].message.tool_calls[0].function.name == "get_weather"
        assert whole.usage is not None
        assert MODEL in [model.id for model in (await client.models.list()).data]
        assert (await client.models.retrieve(MODEL)).owned_by == "OpenAI"

    judge_groq(scene, BrainAnswer("Look.", (("get_weather", "{}"),)))


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (GroqRefusal.RATE_LIMITED_TOKENS, groq.RateLimitError),
        (GroqRefusal.BAD_KEY, groq.AuthenticationError),
        (GroqRefusal.EDGE_FORBIDDEN, groq.PermissionDeniedError),
        (GroqRefusal.UNKNOWN_MODEL, groq.NotFoundError),
        (GroqRefusal.TOOL_USE_FAILED, groq.BadRequestError),
        (GroqRefusal.TOO_LARGE, groq.APIStatusError),
        (GroqRefusal.FLEX_FULL, groq.APIStatusError),
        (GroqRefusal.OVER_CAPACITY, groq.InternalServerError),
        (GroqRefusal.BAD_GATEWAY, groq.InternalServerError),
    ],
)
def test_groq_refusals_become_the_sdks_exceptions(refusal: GroqRefusal, error: type[groq.APIStatusError]) -> None:
    async def scene(client: groq.AsyncGroq, peer: WatchedPeer) -> None:
        with pytest.raises(error) as caught:
            await client.chat.completions.create(**ASKED, stream=True)
        if refusal is GroqRefusal.RATE_LIMITED_TOKENS:
            assert caught.value.response.headers["retry-after"] == "2"
        if refusal is GroqRefusal.TOOL_USE_FAILED:
            assert isinstance(caught.value.body, dict)
            assert caught.value.body["error"]["failed_generation"]

    judge_groq(scene, refuse=refusal)


def test_groq_is_asked_again_after_a_429_as_the_sdk_does_by_itself() -> None:
    async def scene(client: groq.AsyncGroq, peer: WatchedPeer) -> None:
        whole = await client.with_options(max_retries=2).chat.completions.create(**ASKED)
        assert whole.choices[0].message.content == "Hello there."
        assert peer.counts["completions"] == 2

    judge_groq(scene, refuse=GroqRefusal.RATE_LIMITED_TOKENS, retry_after_s=0.01, fail_first_n=1)


@pytest.mark.parametrize("fault", [GroqStreamFault.ERROR_EVENT, GroqStreamFault.ERROR_DATA, GroqStreamFault.RESET])
def test_groq_errors_within_a_stream_are_raised(fault: GroqStreamFault) -> None:
    async def scene(client: groq.AsyncGroq, peer: WatchedPeer) -> None:
        stream = await client.chat.completions.create(**ASKED, stream=True)
        with pytest.raises((groq.APIError, httpx.TransportError)):
            async for _ in stream:
                pass

    judge_groq(scene, stream_fault=fault, hold_open_ms=0)


def test_groq_notices_a_client_that_closes_the_stream() -> None:
    async def scene(client: groq.AsyncGroq, peer: WatchedPeer) -> None:
        stream = await client.chat.completions.create(**ASKED, stream=True)
        assert peer.open_count == 1
        await stream.close()
        await peer.gone.wait()
        assert peer.open_count == 0

    judge_groq(scene, stream_fault=GroqStreamFault.HANG)


# --- elevenlabs -------------------------------------------------------------------------------------------


def test_elevenlabs_converts_and_streams() -> None:
    async def scene(client: AsyncElevenLabs, peer: ElevenLabsPeer) -> None:
        for speak in (client.text_to_speech.convert, client.text_to_speech.stream):
            pieces = [piece async for piece in speak(VOICE, text=TEXT, output_format="ulaw_8000")]
            assert words_in(b"".join(pieces)) == TEXT

    judge_elevenlabs(scene)


def test_elevenlabs_timestamps() -> None:
    async def scene(client: AsyncElevenLabs, peer: ElevenLabsPeer) -> None:
        whole = await client.text_to_speech.convert_with_timestamps(VOICE, text=TEXT, output_format="ulaw_8000")
        assert whole.alignment is not None
        assert "".join(whole.alignment.characters) == TEXT
        stream = client.text_to_speech.stream_with_timestamps(VOICE, text=TEXT, output_format="ulaw_8000")
        chunks = [chunk async for chunk in stream]
        assert words_in(b"".join(base64.b64decode(chunk.audio_base_64) for chunk in chunks)) == TEXT
        chars = [char for chunk in chunks if chunk.alignment for char in chunk.alignment.characters]
        assert "".join(chars) == TEXT

    judge_elevenlabs(scene, frame_max_ms=300)


def test_elevenlabs_lists_voices_and_models() -> None:
    async def scene(client: AsyncElevenLabs, peer: ElevenLabsPeer) -> None:
        assert VOICE in [voice.voice_id for voice in (await client.voices.get_all()).voices]
        assert VOICE in [voice.voice_id for voice in (await client.voices.search()).voices]
        assert (await client.voices.get(VOICE)).name == "Sarah"
        assert "eleven_flash_v2_5" in [model.model_id for model in await client.models.list()]

    judge_elevenlabs(scene)


@pytest.mark.parametrize(("settings", "status"), [({"api_key": "other"}, 401), ({"refuse_status": 503}, 503)])
def test_elevenlabs_refusals_become_the_sdks_exceptions(settings: dict[str, object], status: int) -> None:
    async def scene(client: AsyncElevenLabs, peer: ElevenLabsPeer) -> None:
        with pytest.raises(ApiError) as caught:
            async for _ in client.text_to_speech.stream(
                VOICE, text=TEXT, output_format="ulaw_8000", request_options={"max_retries": 0}
            ):
                pass
        assert caught.value.status_code == status
        assert caught.value.body["detail"]["message"]

    judge_elevenlabs(scene, **settings)


def test_elevenlabs_socket_with_a_plain_websocket_client() -> None:
    async def play() -> None:
        behaviour = ElevenLabsBehaviour(first_byte_ms=0, pace=math.inf)
        peer = ElevenLabsPeer(LoopClock(asyncio.get_running_loop()), random.Random(1), behaviour)
        async with Host(peer) as host:
            origin = "ws" + host.url.removeprefix("http")
            url = f"{origin}/v1/text-to-speech/{VOICE}/multi-stream-input?output_format=ulaw_8000"
            async with connect(url, additional_headers={"xi-api-key": "k"}) as socket:
                await socket.send(json.dumps({"text": TEXT + " ", "context_id": "a", "flush": True}))
                await socket.send(json.dumps({"context_id": "a", "close_context": True}))
                audio = b""
                while not (message := json.loads(await socket.recv()))["isFinal"]:
                    audio += base64.b64decode(message["audio"])
                assert words_in(audio) == TEXT
            peer.behaviour = ElevenLabsBehaviour(fault=VoiceFault.QUOTA, fault_after_ms=0, first_byte_ms=0)
            async with connect(url, additional_headers={"xi-api-key": "k"}) as socket:
                await socket.send(json.dumps({"text": TEXT + " ", "context_id": "a", "flush": True}))
                assert json.loads(await socket.recv())["error"] == "quota_exceeded"
                with pytest.raises(ConnectionClosed) as caught:
                    await socket.recv()
                assert caught.value.rcvd is not None
                assert caught.value.rcvd.code == 1008

    run_patiently(asyncio.wait_for(play(), PATIENCE_S))
