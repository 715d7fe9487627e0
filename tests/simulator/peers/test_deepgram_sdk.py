"""The outside judge: Deepgram's own client against the emulated service, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from agent.clock import LoopClock
from simulator.hosts import Host
from simulator.peers.deepgram import DeepgramBehaviour, DeepgramPeer
from simulator.speech import silence, speak
from tests.patience import PATIENCE_S, run_patiently
from tests.simulator.peers.deepgram_line import PHONE, seeded, wav

pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")  # the client uses retired names of it

AUDIO = speak("Hello there, judge.").audio + silence(1_500)


@asynccontextmanager
async def judge(key: str) -> AsyncIterator[tuple[DeepgramPeer, Any]]:
    """The peer on a socket, and Deepgram's client pointed at it."""
    from deepgram import AsyncDeepgramClient  # noqa: PLC0415  # slow to import, and only these tests need it
    from deepgram.environment import DeepgramClientEnvironment  # noqa: PLC0415  # same

    peer = DeepgramPeer(LoopClock(asyncio.get_running_loop()), seeded(1), DeepgramBehaviour(api_key="secret"))
    async with asyncio.timeout(PATIENCE_S), Host(peer) as host, httpx.AsyncClient() as http:
        sockets = host.url.replace("http", "ws", 1)
        environment = DeepgramClientEnvironment(base=host.url, production=sockets, agent=sockets, agent_rest=host.url)
        yield peer, AsyncDeepgramClient(api_key=key, environment=environment, httpx_client=http)


def listening(client: Any) -> Any:  # noqa: ANN401  # the client's types cost their import
    query = {name: value for name, value in PHONE.items() if name != "no_delay"}
    more = {"additional_query_parameters": {"no_delay": "true"}}
    return client.listen.v1.connect(**query, request_options=more)


async def transcribe_live() -> None:
    async with judge("secret") as (peer, client):
        async with listening(client) as connection:
            for at in range(0, len(AUDIO), 160):
                await connection.send_media(AUDIO[at : at + 160])
            await connection.send_keep_alive()
            await connection.send_finalize()
            await connection.send_close_stream()
            received = [message async for message in connection]
        kinds = [type(message).__name__ for message in received]
        assert kinds[0] == "ListenV1SpeechStarted"
        assert kinds[-2:] == ["ListenV1Results", "ListenV1Metadata"]
        assert "ListenV1UtteranceEnd" in kinds
        settled = [message for message in received if message.type == "Results" and message.speech_final]
        assert [result.channel.alternatives[0].transcript for result in settled] == ["Hello there, judge."]
        assert [word.punctuated_word for word in settled[0].channel.alternatives[0].words][2] == "judge."
        assert settled[0].metadata.model_info.arch == "nova-3"
        assert received[-2].from_finalize
        assert (peer.counts.keepalives, peer.counts.audio_bytes) == (1, len(AUDIO))


async def transcribe_a_recording() -> None:
    async with judge("secret") as (peer, client):
        body = wav(AUDIO, tag=7, bits=8)
        told = await client.listen.v1.media.transcribe_file(request=body, model="nova-3", smart_format=True)
        (alternative,) = told.results.channels[0].alternatives
        assert alternative.transcript == "Hello there, judge."
        assert told.metadata.duration == pytest.approx(len(AUDIO) / 8_000)
        assert (await client.auth.v1.tokens.grant()).expires_in == 30
        assert peer.counts.recordings == 1


async def come_with_a_wrong_key() -> None:
    async with judge("wrong") as (peer, client):
        with pytest.raises(Exception, match="status_code: 401") as refused:
            async with listening(client):
                pytest.fail("a wrong key was accepted")
        assert type(refused.value).__name__ == "ApiError"
        assert (peer.counts.refused, peer.counts.opened) == (1, 0)


def test_deepgrams_own_client_follows_a_live_transcription() -> None:
    run_patiently(transcribe_live())


def test_deepgrams_own_client_reads_a_recordings_transcript() -> None:
    run_patiently(transcribe_a_recording())


def test_deepgrams_own_client_sees_a_wrong_key_refused() -> None:
    run_patiently(come_with_a_wrong_key())
