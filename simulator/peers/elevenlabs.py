"""ElevenLabs' text-to-speech as a peer: two kinds of websocket, and HTTP (protocol page "ElevenLabs")."""

import random
import re
from collections import Counter, deque
from collections.abc import Mapping

import orjson

from agent.clock import Clock
from simulator.peers.base import Answer, PeerExchange, PeerSocket, PeerWire, Refusal, Request
from simulator.peers.elevenlabs_behaviour import MODELS, AlignmentStyle, ElevenLabsBehaviour, VoiceFault
from simulator.peers.elevenlabs_http import HttpError, SpeechExchange, problem, read_order
from simulator.peers.elevenlabs_messages import FAULT_ERRORS, SocketError
from simulator.peers.elevenlabs_socket import VoiceSocket
from simulator.peers.elevenlabs_streams import AbsentSocket, MultiSocket, SingleSocket
from simulator.peers.elevenlabs_studio import Studio

__all__ = ["AlignmentStyle", "ElevenLabsBehaviour", "ElevenLabsPeer", "VoiceFault"]

_SPEECH = re.compile(r"/v1/text-to-speech/(?P<voice>[^/]+)(?P<kind>(?:/stream)?(?:/with-timestamps)?)")
_SOCKET = re.compile(r"/v1/text-to-speech/(?P<voice>[^/]+)/(?P<kind>stream-input|multi-stream-input)")

_KINDS = {"stream-input": "single", "multi-stream-input": "multi"}
_SOCKETS: Mapping[str, type[VoiceSocket]] = {"stream-input": SingleSocket, "multi-stream-input": MultiSocket}

KEY_HINT = "send it as header xi-api-key"


class ElevenLabsPeer:
    """The emulated ElevenLabs.

    `counts`: sockets, contexts, generations, frames, messages, errors, faults, cancelled, open_sockets, open_requests.
    `complaints`: what clients did that a strict reading of the protocol forbids. `behaviour` may be replaced.
    """

    name = "elevenlabs"

    def __init__(self, clock: Clock, rng: random.Random, behaviour: ElevenLabsBehaviour | None = None) -> None:
        self._studio = Studio(clock, rng, behaviour or ElevenLabsBehaviour())
        self._served = 0
        self._sockets: dict[VoiceSocket, None] = {}
        self._refusals: deque[int] = deque()

    @property
    def behaviour(self) -> ElevenLabsBehaviour:
        """The present settings."""
        return self._studio.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: ElevenLabsBehaviour) -> None:
        self._studio.behaviour = behaviour

    @property
    def counts(self) -> Counter[str]:
        """What was served."""
        return self._studio.counts

    @property
    def complaints(self) -> list[str]:
        """Strictness reports, oldest first."""
        return self._studio.complaints

    @property
    def generating(self) -> int:
        """Generations under way now, over sockets and HTTP."""
        return self._studio.generating

    # --- what befalls it ---

    def refuse_next(self, status: int, times: int) -> None:
        """Refuse what comes next so often."""
        self._refusals.extend([status] * times)

    def spoil(self, fault: VoiceFault | None, after_ms: int = 0) -> None:
        """Let a fault strike every open socket after so much more audio; none: what was to strike does not."""
        for socket in self._open_sockets():
            socket.spoil(fault, after_ms)

    def stall(self, duration_ms: int) -> None:
        """Let no audio come for so long."""
        for socket in self._open_sockets():
            socket.stall(duration_ms)

    def babble(self, audio: bytes) -> None:
        """Send audio of a context that nobody opened, on every socket."""
        for socket in self._open_sockets():
            socket.babble(audio)

    def _open_sockets(self) -> tuple[VoiceSocket, ...]:
        self._sockets = {socket: None for socket in self._sockets if socket.is_open}
        return tuple(self._sockets)

    # --- what it serves ---

    def upgrade(self, request: Request) -> Refusal | None:
        """Grant a known socket with a good key, or one whose key may still come in the first message."""
        try:
            self._check_offered(request)
            self._check_injected()
            key = _key_of(request)
            if key is not None and not self._accepts(key) and self.behaviour.refuse_key_at == "upgrade":
                raise _bad_key(self.behaviour.refuse_key_status)
        except HttpError as refused:
            self.counts["refused"] += 1
            return Refusal(refused.status, {**self._headers(), "content-type": "application/json"}, refused.body)
        return None

    def connect(self, request: Request, wire: PeerWire) -> PeerSocket:
        """Serve a granted socket."""
        self.counts["sockets"] += 1
        found = _SOCKET.fullmatch(request.path)
        assert found is not None, "the upgrade was granted for this path"
        kind = _SOCKETS[found["kind"]] if self._offers(found["kind"]) else AbsentSocket
        key = _key_of(request)
        is_bad_key = key is not None and not self._accepts(key)
        socket: VoiceSocket = kind(
            request,
            wire,
            self._studio,
            is_authorised=key is not None,
            accepts=self._accepts,
            is_faulty=self._is_faulty(self.counts["sockets"] + self.counts["speeches"]),
        )
        self._sockets = dict.fromkeys((*self._open_sockets(), socket))
        socket.begin()
        if is_bad_key:
            socket.fail(SocketError("invalid_api_key", "Invalid API key."))
        elif self._is_unknown_voice(found["voice"]):
            socket.fail(SocketError("voice_id_does_not_exist", f"A voice with id {found['voice']} does not exist."))
        return socket

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        """Serve text-to-speech, the voices and the models."""
        self.counts["requests"] += 1
        try:
            key = _key_of(request)
            if key is None or not self._accepts(key):
                raise _bad_key(self.behaviour.refuse_key_status)
            speech = _SPEECH.fullmatch(request.path)
            if request.method == "POST" and speech is not None:
                return self._speak(request, speech["voice"], answer)
            if request.method != "GET":
                raise _not_found(request)
            listed = self._listed(request)
        except HttpError as refused:
            self.counts["refused"] += 1
            self._answer_json(answer, refused.status, refused.body)
        else:
            self._answer_json(answer, 200, orjson.dumps(listed))
        return _Done()

    def _speak(self, request: Request, voice: str, answer: Answer) -> PeerExchange:
        self.counts["speeches"] += 1
        self._check_injected()
        if self._is_unknown_voice(voice):
            raise problem(404, "voice_not_found", f"A voice with the voice_id {voice} was not found.")
        order = read_order(request)
        is_faulty = self._is_faulty(self.counts["sockets"] + self.counts["speeches"])
        if is_faulty and self.behaviour.fault is VoiceFault.QUOTA:
            raise problem(401, "quota_exceeded", str(FAULT_ERRORS[VoiceFault.QUOTA]))
        exchange = SpeechExchange(order, answer, self._studio, self._headers(), is_faulty=is_faulty)
        exchange.begin()
        return exchange

    def _listed(self, request: Request) -> object:
        voices = [_voice(voice_id, name) for voice_id, name in self.behaviour.voices]
        path = request.path.rstrip("/")
        if path == "/v1/voices":
            return {"voices": voices}
        if path == "/v2/voices":
            return {"voices": voices, "has_more": False, "total_count": len(voices), "next_page_token": None}
        if path == "/v1/models":
            return [_model(model) for model in MODELS]
        for voice in voices:
            if path == f"/v1/voices/{voice['voice_id']}":
                return voice
        raise _not_found(request)

    def _check_offered(self, request: Request) -> None:
        found = _SOCKET.fullmatch(request.path)
        if found is None:
            raise _not_found(request)
        if self.behaviour.refuse_endpoint_at == "upgrade" and not self._offers(found["kind"]):
            raise HttpError(self.behaviour.refuse_endpoint_status, f"Not offered: {request.path}")

    def _check_injected(self) -> None:
        """Raise the refusal that the behaviour asks for; it counts as an attempt of `fail_first_n`."""
        self._served += 1
        if self._refusals:
            status: int | None = self._refusals.popleft()
        else:
            status = self.behaviour.refuse_status if self._is_faulty(self._served) else None
        if status is None:
            return
        if status == 429:
            raise problem(429, "rate_limit_exceeded", "Too many requests. Please try again later.", "rate_limit_error")
        raise problem(status, "system_busy", "The service is not available. Please try again later.", "server_error")

    def _is_faulty(self, attempt: int) -> bool:
        first_n = self.behaviour.fail_first_n
        return first_n is None or attempt <= first_n

    def _offers(self, kind: str) -> bool:
        return _KINDS[kind] in self.behaviour.offers

    def _is_unknown_voice(self, voice: str) -> bool:
        return self.behaviour.strict_voices and all(voice != voice_id for voice_id, _ in self.behaviour.voices)

    def _accepts(self, key: str) -> bool:
        return bool(key) and self.behaviour.api_key in (None, key)

    def _headers(self) -> dict[str, str]:
        """What the service tells with every answer (seen August 2026)."""
        limit = self.behaviour.max_concurrent
        trace = f"{self._studio.rng.getrandbits(128):032x}"
        return {
            "request-id": trace[:20],
            "history-item-id": trace[12:],
            "x-trace-id": trace,
            "x-region": "us-central1",
            "current-concurrent-requests": str(self._studio.generating),
            "workspace-concurrent-requests": str(self._studio.generating),
            "maximum-concurrent-requests": str(limit if limit is not None else 100),
        }

    def _answer_json(self, answer: Answer, status: int, body: bytes) -> None:
        answer.start(status, {**self._headers(), "content-type": "application/json"})
        answer.write(body)
        answer.end()


class _Done:
    """An exchange that was answered at once."""

    def on_disconnect(self) -> None:
        """Nothing is under way."""


def _key_of(request: Request) -> str | None:
    """The key of header or query; `None` when there is none at all."""
    key = request.headers.get("xi-api-key")
    if key is not None:
        return key.strip()
    bearer = request.headers.get("authorization") or next(iter(request.query.get("authorization", [])), None)
    return None if bearer is None else bearer.removeprefix("Bearer ").strip()


def _bad_key(status: int) -> HttpError:
    message = f"Invalid API key: {KEY_HINT}."
    return problem(status, "invalid_api_key", message, "authentication_error")


def _not_found(request: Request) -> HttpError:
    return HttpError(404, f"Not Found: {request.method} {request.path}")


def _voice(voice_id: str, name: str) -> dict[str, object]:
    return {"voice_id": voice_id, "name": name, "category": "premade", "labels": {}, "available_for_tiers": []}


def _model(model: str) -> dict[str, object]:
    return {
        "model_id": model,
        "name": model.replace("_", " ").title(),
        "can_do_text_to_speech": True,
        "can_do_voice_conversion": False,
        "can_use_style": True,
        "can_use_speaker_boost": True,
        "languages": [{"language_id": "en", "name": "English"}],
        "maximum_text_length_per_request": 40_000 if "v2_5" in model else 10_000,
    }
