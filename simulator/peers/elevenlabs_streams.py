"""The text-to-speech sockets of the emulated ElevenLabs (protocol page, sections 2 and 3)."""

from collections.abc import Mapping

from simulator.peers.elevenlabs_behaviour import VoiceFault
from simulator.peers.elevenlabs_context import Context
from simulator.peers.elevenlabs_messages import SocketError
from simulator.peers.elevenlabs_socket import VoiceSocket


class SingleSocket(VoiceSocket):
    """`stream-input`: one stream, ended by an empty text; then the final message and close 1000."""

    def _take(self, message: Mapping[str, object]) -> None:
        text = message.get("text")
        if text is None:
            raise SocketError("invalid_input_message", "'text': field required")
        assert isinstance(text, str)
        context = self._contexts.get(None)
        if context is None:
            if text != " ":
                self._studio.complain(f"the first text should be one blank, got {text[:20]!r}")
            context = self._open_context(None, message)
        else:
            self._check_settings(context, message)
        if context.is_closing:
            self._studio.complain("a message came after the empty text that ends the stream")
        elif text:
            self._add(context, text, message)
        else:
            context.close(flush=True)

    def _context_member(self, context: Context) -> dict[str, str | None]:  # noqa: ARG002 - there is only one
        return {}

    def on_final(self, context: Context) -> None:
        """The only stream is over, and so is the socket."""
        super().on_final(context)
        if self._fault is not VoiceFault.NO_FINAL:
            self._close(1000)


class MultiSocket(VoiceSocket):
    """`multi-stream-input`: up to five contexts, each with its own text and its own end."""

    _is_closing = False

    def _take(self, message: Mapping[str, object]) -> None:
        for name in ("contextId", "closeContext", "closeSocket"):
            if name in message:
                self._studio.complain(f"the client sent {name!r}, which is ignored: the names have underscores")
        if message.get("close_socket") is True:
            self._close_socket()
            return
        context_id = message.get("context_id")
        assert context_id is None or isinstance(context_id, str)
        context = self._contexts.get(context_id)
        if message.get("close_context") is True:
            self._close_context(context, context_id)
        elif context is not None and context.is_closing:
            self._studio.complain(f"text for context {context_id!r} came after close_context")
        else:
            self._speak(context, context_id, message)

    def _speak(self, context: Context | None, context_id: str | None, message: Mapping[str, object]) -> None:
        text = message.get("text")
        if context is None:
            if text is None:
                self._studio.complain(f"a flush for context {context_id!r}, which does not exist")
                return
            context = self._new_context(context_id, message)
        else:
            self._check_settings(context, message)
        self._add(context, text if isinstance(text, str) else "", message)

    def _new_context(self, context_id: str | None, message: Mapping[str, object]) -> Context:
        """Open a context; one too many ends the whole socket."""
        limit = self._studio.behaviour.max_contexts
        if sum(not context.is_closing for context in self._contexts.values()) >= limit:
            raise SocketError(
                "max_active_conversations",
                f"Maximum number of active contexts ({limit}) reached for this connection. Close a context first.",
            )
        return self._open_context(context_id, message)

    def _close_context(self, context: Context | None, context_id: str | None) -> None:
        if context is None or context.is_closing:
            self._studio.complain(f"close_context for context {context_id!r}, which is not open")
            return
        context.close(flush=self._studio.behaviour.close_context_flushes)

    def _close_socket(self) -> None:
        """Contexts finish what was flushed, then the socket closes."""
        self._is_closing = True
        for context in list(self._contexts.values()):
            if not context.is_closing:
                context.close(flush=self._studio.behaviour.close_context_flushes)
        self._close_when_done()

    def _context_member(self, context: Context) -> dict[str, str | None]:
        return {self._studio.behaviour.context_key: context.id} if self._studio.behaviour.names_contexts else {}

    def on_final(self, context: Context) -> None:
        """One context is over."""
        super().on_final(context)
        self._close_when_done()

    def on_inactive(self, context: Context) -> None:
        """The context is closed; the others go on."""
        self._studio.counts["contexts_timed_out"] += 1
        context.close(flush=False)

    def _close_when_done(self) -> None:
        if self._is_closing and not self._contexts:
            self._close(1000)


class AbsentSocket(VoiceSocket):
    """An endpoint that a server grants although it does not have it: it understands no message."""

    def _take(self, message: Mapping[str, object]) -> None:  # noqa: ARG002 - whatever it is
        raise SocketError("unknown_endpoint", "This endpoint is not available on this server.")
