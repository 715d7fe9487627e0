"""The web server: webhooks, media streams, health, and a drain on SIGTERM.

It only carries: `agent.webhook` decides what is answered and who may come in, `agent.switchboard` which call a stream
belongs to. Both work without sockets.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from agent.clock import Clock, Ids, RandomIds
from agent.config import Config
from agent.config_report import check_can_serve
from agent.errors import SettingsError
from agent.net_served import is_handshake, serve_websocket
from agent.server_drain import Drain
from agent.server_vapi import VapiDoor
from agent.switchboard import Switchboard
from agent.telephony import Telephony, TelephonyError
from agent.twilio import CallPort, Phone, Started
from agent.twilio_security import SignatureCheck, StreamTokens, token_secret
from agent.twiml import SpokenTexts
from agent.vapi.webhook import VapiWebhook
from agent.web_request import WebRequest, WebResponse
from agent.webhook import MEDIA_PATH, VoiceWebhook, admit_by

log = logging.getLogger(__name__)

MESSAGE_LIMIT_BYTES = 256 * 1024
"""Largest message of a stream; a larger one closes it with 1009. Twilio's are below 500 bytes."""

BODY_LIMIT_BYTES = 64 * 1024
"""Largest body of a webhook's request; Twilio's are below 3 KB."""

BODY_WAIT_S = 10.0
"""Longest wait for a body; Twilio itself gives up after about 15."""

SHUTDOWN_S = 2.0
"""How long requests under way may take once everything is closed."""


class Server:
    """Serves calls on one address. `start_call` makes a call of an admitted stream; `telephony` ends stray ones.

    `not_ready` says in a few words why calls should not be sent here yet (providers still connect); empty: they may.
    Raises SettingsError where the settings would let strangers in, or would lock Twilio out.
    """

    def __init__(  # noqa: PLR0913 - its surroundings, each by name
        self,
        config: Config,
        clock: Clock,
        start_call: Callable[[Started, Phone], CallPort],
        telephony: Telephony | None = None,
        *,
        texts: SpokenTexts | None = None,
        not_ready: Callable[[], str] = str,
        ids: Ids | None = None,
        vapi: VapiWebhook | None = None,
    ) -> None:
        check_can_serve(config)
        self._config = config
        self._telephony = telephony
        self._texts = texts
        self._not_ready = not_ready
        ids = ids or RandomIds()
        self._auth_token = config.twilio_auth_token.reveal() or ids.fresh("")  # without one: nobody is Twilio
        self._tokens = None if config.is_open else StreamTokens(token_secret(self._auth_token, ids), clock, ids)
        self.vapi = VapiDoor(vapi, config.max_calls)
        self.switchboard = Switchboard(
            clock,
            start_call,
            max_calls=config.max_calls,
            admit=admit_by(self._tokens) if self._tokens is not None else None,
        )
        self._webhook: VoiceWebhook | None = None
        self._runner: web.AppRunner | None = None
        self._drain = Drain(self.switchboard, self.vapi, config.drain_s)
        self.switchboard.on_abandoned = self._on_abandoned
        self._chores: set[asyncio.Task[None]] = set()
        self.port = config.port

    @property
    def active_calls(self) -> int:
        """Calls in progress."""
        return self.switchboard.active_calls

    @property
    def is_drained(self) -> bool:
        """Whether a drain has come to its end."""
        return self._drain.is_over.is_set()

    @property
    def origin(self) -> str:
        """Where Twilio reaches us: the public URL, or else this machine's address."""
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return self._config.public_url or f"http://{host}:{self.port}"

    # --- running ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `port` is known afterwards. Raises SettingsError where the address cannot be had."""
        assert self._runner is None, "a server starts once"
        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_route("GET", MEDIA_PATH, self._serve_stream)
        app.router.add_route("*", "/vapi{path:(/.*)?}", self.vapi.serve)
        app.router.add_route("*", "/{path:.*}", self._serve_request)
        self._runner = web.AppRunner(app, access_log=None, logger=_http_log(), shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._config.host, self._config.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise SettingsError(
                f"cannot listen on OFFHOOK_HOST {self._config.host}, OFFHOOK_PORT {self._config.port}: "
                f"{error.strerror}; is another server running there?"
            ) from error
        self.port = int(self._runner.addresses[0][1])
        self._webhook = self._make_webhook()

    async def stop(self) -> None:
        """End what still runs, at once, and release the address."""
        self.switchboard.is_draining = True
        self.switchboard.cut_all("stopped")
        if self._runner is not None:
            await self._runner.cleanup()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def drain(self) -> None:
        """Take no new calls; let the running ones finish, then have them say goodbye, then cut them: each bounded."""
        await self._drain.run()

    def hurry(self) -> None:
        """Draining, wait for running calls no longer: have them say goodbye."""
        self._drain.hurry()

    def on_signal(self) -> None:
        """SIGTERM or SIGINT: the first one drains, the second one hurries, the third one cuts."""
        if not self.switchboard.is_draining:
            self.switchboard.is_draining = True  # at once: two signals may come before the drain's first step
            self._do(self.drain())
        elif not self._drain.is_hurried:
            self.hurry()
        else:
            self._drain.cut()

    async def until_drained(self) -> None:
        """Serve until SIGTERM or SIGINT has drained the server."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.on_signal)
        try:
            await self._drain.is_over.wait()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def run(self) -> None:
        """Start, serve until drained, and stop."""
        await self.start()
        try:
            await self.until_drained()
        finally:
            await self.stop()

    # --- requests --------------------------------------------------------------------------------------------

    async def _serve_request(self, request: web.Request) -> web.Response:
        assert self._webhook is not None, "requests come after start"
        try:
            async with asyncio.timeout(BODY_WAIT_S):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            log.warning("refused %s %.100r: more than %d bytes", request.method, request.path, BODY_LIMIT_BYTES)
            return web.json_response({"error": f"a body has at most {BODY_LIMIT_BYTES} bytes here"}, status=413)
        except TimeoutError:
            log.warning("refused %s %.100r: its body did not come", request.method, request.path)
            return web.json_response({"error": "the body did not come in time"}, status=408)
        except ConnectionError:
            log.warning("%s %.100r: the client left before its body came", request.method, request.path)
            return web.json_response({"error": "the body did not come"}, status=400)
        try:
            return _response(self._webhook.handle(_request(request, body)))
        except Exception:
            log.exception("a mistake of ours while answering %s %.100r", request.method, request.path)
            return web.json_response({"error": "a mistake of ours, see the log"}, status=500)

    async def _serve_stream(self, request: web.Request) -> web.StreamResponse:
        assert self._webhook is not None, "requests come after start"
        refused = self._webhook.upgrade_refusal(_request(request, b""))
        if refused is not None:
            return _response(refused)
        if not is_handshake(request):
            return web.json_response(
                {"error": f"{MEDIA_PATH} is a websocket"}, status=426, headers={"Upgrade": "websocket"}
            )
        return await serve_websocket(request, self.switchboard.open_stream, limit_bytes=MESSAGE_LIMIT_BYTES)

    # --- inside ----------------------------------------------------------------------------------------------

    def _make_webhook(self) -> VoiceWebhook:
        config = self._config
        signatures = None
        if not config.is_open:
            signatures = SignatureCheck(self._auth_token, self.origin, config.twilio_shared_key_secret.reveal())
        return VoiceWebhook(
            self.origin, self.switchboard, signatures, self._tokens, texts=self._texts, not_ready=self._not_ready
        )

    def _on_abandoned(self, call_sid: str) -> None:
        if self._telephony is not None:
            self._do(self._hang_up(self._telephony, call_sid))

    async def _hang_up(self, telephony: Telephony, call_sid: str) -> None:
        try:
            was_up = await telephony.hang_up(call_sid)
        except TelephonyError as error:
            log.warning("call %s: its stream is dead, and ending it by REST failed: %s", call_sid, error)
        else:
            log.info("call %s: its stream is dead; %s", call_sid, "ended by REST" if was_up else "it had ended")

    def _do(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._on_chore_done)

    def _on_chore_done(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a mistake of ours in the background", exc_info=task.exception())


def _http_log() -> logging.Logger:
    """Where aiohttp tells its troubles: those that a stranger makes are one line, not a traceback."""
    http_log = logging.getLogger(f"{__name__}.http")
    http_log.addFilter(_briefly)
    return http_log


def _briefly(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        record.msg, record.args = "refused what is no request: %s", (type(error).__name__,)
    return True


def _request(request: web.Request, body: bytes) -> WebRequest:
    """The request as a value; `raw_path` is what was signed, with its percent signs as they came."""
    return WebRequest(request.method, request.raw_path, {k.lower(): v for k, v in request.headers.items()}, body)


def _response(answer: WebResponse) -> web.Response:
    headers = {"Content-Type": answer.content_type} if answer.body else {}
    return web.Response(status=answer.status, body=answer.body, headers={**headers, **answer.headers})
