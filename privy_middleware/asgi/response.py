"""The messages of a response: the app's, or our own."""

from __future__ import annotations

import asyncio

from privy_middleware.asgi.state import RequestState
from privy_middleware.asgi.types import Message, Scope, Send
from privy_middleware.errors import Answer
from privy_middleware.http.cache_headers import CacheHeaders, has_content
from privy_middleware.reporting import Reporter

__all__ = ["Response", "close_message", "decode_value", "encode_name", "send_answer"]

_DENIAL = "websocket.http.response"
_STARTS = frozenset({"http.response.start", f"{_DENIAL}.start"})
_HANDSHAKES = frozenset({"websocket.accept", "websocket.close"})


def encode_name(text: str) -> bytes:
    """Return the name of a header field as ASGI has it."""
    return text.encode("latin-1")


def decode_value(value: bytes) -> str:
    """Return the text of a header field."""
    return value.decode("latin-1")


class Response:
    """Send the messages of one response, and add what caches must know.

    Attributes:
        begun: whether the response has begun, so that no other can be given.
        accepted: whether a WebSocket has been accepted, which can only be closed from then on.
    """

    __slots__ = ("_cache_headers", "_delivery", "_presented", "_reporter", "_send", "_state", "accepted", "begun")

    def __init__(self, send: Send, cache_headers: CacheHeaders[bytes], state: RequestState, *, presented: bool) -> None:
        """Create the response to a request that ``presented`` a token, or did not."""
        self._send = send
        self._cache_headers = cache_headers
        self._presented = presented
        self._state = state
        self._reporter: Reporter = state.lookup.gate.reporter
        self._delivery: asyncio.Task[None] | None = None
        self.begun: bool = False
        self.accepted: bool = False

    # asgiref and others check whether this is a coroutine function.
    async def send(self, message: Message) -> None:
        """Pass a message of the app on, with the caching headers on the first of a response."""
        if not self.begun or self.accepted:
            message = self._begin(message)
        await self._send(message)
        if self._reporter.waiting:
            # They run beside the rest of the response, and do not delay it.
            self._delivery = self._reporter.start() or self._delivery

    async def deliver(self) -> None:
        """Await the app's async hooks for a moment, if there are events for them, after the response."""
        await self._reporter.deliver(self._delivery)

    @property
    def owes_events(self) -> bool:
        """Return whether there is something to ``deliver``."""
        return self._delivery is not None or bool(self._reporter.waiting)

    def _begin(self, message: Message) -> Message:
        kind = message["type"]
        if kind in _STARTS:
            return self._start(message)
        if kind in _HANDSHAKES:
            self.begun = True
            self.accepted = kind == "websocket.accept"
            self._state.pass_on()
            self._state.lookup.report()
        return message

    def _start(self, message: Message) -> Message:
        status = message["status"]
        if status < 200:
            # An interim response, which another one follows (RFC 9110 §15.2).
            return message
        self.begun = True
        self._state.pass_on()
        self._state.lookup.report()
        if not self._state.looked and not has_content(status):
            return message
        # An iterable that may be good for a single reading, which this is.
        headers = self._cache_headers.add(message.get("headers") or (), presented=self._presented)
        return {**message, "headers": headers}


def close_message(answer: Answer) -> Message:
    """Return the message that closes a WebSocket in place of an answer."""
    return {"type": "websocket.close", "code": answer.close_code, "reason": answer.close_reason}


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Send an answer; a handshake of a WebSocket is closed where the server cannot send a response to it."""
    prefix = ""
    if scope["type"] == "websocket":
        if _DENIAL not in (scope.get("extensions") or ()):
            await send(close_message(answer))
            return
        prefix = "websocket."
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers_with_length]
    await send({"type": f"{prefix}http.response.start", "status": answer.status, "headers": headers})
    await send({"type": f"{prefix}http.response.body", "body": answer.body})
