"""End a connection with its token: an accepted WebSocket, or a stream of server-sent events."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

import anyio

from privy_middleware.asgi.types import ASGIApp, Message, Receive, Scope, Send
from privy_middleware.errors import ConfigurationError, TokenExpired

__all__ = ["Expiry", "OnExpired", "check_on_expired"]

OnExpired: TypeAlias = Callable[[Scope], Awaitable[None] | None]

# The seconds that an app has to notice that its socket was closed, before its task is cancelled.
_PATIENCE = 5.0


def check_on_expired(on_expired: OnExpired | None, *, close_expired: bool) -> None:
    """Require ``on_expired`` to be a function, and connections to end with their token.

    Raises:
        ConfigurationError: if it is not a function, or would never be called.
    """
    if on_expired is not None and not callable(on_expired):
        raise ConfigurationError("on_expired", "give a function or a coroutine function, or leave it out")
    if on_expired is not None and not close_expired:
        raise ConfigurationError("on_expired", "set close_expired=True too: nothing expires without it")


class Expiry:
    """Close one connection after ``seconds``, if it is a WebSocket or an event stream.

    The app of a WebSocket receives ``websocket.disconnect``, as if the client had closed, and is cancelled if it goes
    on; the app of an event stream is cancelled at once, and the response ends as if it were complete. Any other
    response is left alone.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        seconds: float,
        on_expired: OnExpired | None,
    ) -> None:
        """Create it for a connection whose token is valid for ``seconds``; then ``on_expired`` is called."""
        self._scope = scope
        self._receive = receive
        self._send = send
        self._seconds = max(0.0, seconds)
        self._on_expired = on_expired
        self._ends = math.inf
        self._expired = False
        self._timer = anyio.CancelScope()

    async def run(self, app: ASGIApp) -> None:
        """Run the app for the connection, until the token expires at the latest."""
        with self._timer:
            await app(self._scope, self.receive, self.send)
        if self._timer.cancelled_caught:
            await self._expire()

    async def receive(self) -> Message:
        """Return the client's next message, or a disconnect once the connection has ended."""
        with anyio.CancelScope(deadline=self._ends):
            return await self._receive()
        await self._expire()
        return {"type": "websocket.disconnect", "code": TokenExpired.close_code, "reason": TokenExpired.message}

    async def send(self, message: Message) -> None:
        """Pass a message of the app on, unless the connection has ended."""
        if self._expired:
            return
        if message["type"] == "websocket.accept":
            self._ends = anyio.current_time() + self._seconds
            self._timer.deadline = self._ends + _PATIENCE
        elif message["type"] == "http.response.start":
            # ASGI allows an iterable that can be read once: the server gets the list that was read.
            headers = [(name, value) for name, value in message.get("headers") or ()]
            message = {**message, "headers": headers}
            if _is_event_stream(headers):
                self._timer.deadline = anyio.current_time() + self._seconds
        await self._send(message)

    async def _expire(self) -> None:
        if self._expired:
            return
        self._expired = True
        if self._scope["type"] == "websocket":
            reason = TokenExpired.message
            await self._send({"type": "websocket.close", "code": TokenExpired.close_code, "reason": reason})
        else:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        told = None if self._on_expired is None else self._on_expired(self._scope)
        if inspect.isawaitable(told):
            await told


def _is_event_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    types = (value for name, value in headers if name.lower() == b"content-type")
    return any(value.partition(b";")[0].strip().lower() == b"text/event-stream" for value in types)
