"""Endpoints for Privy's webhooks: an ASGI app and a WSGI app that stand at any address, and what they share."""

from __future__ import annotations

import inspect
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio

from privy_middleware.asgi.types import Receive, Scope, Send
from privy_middleware.callbacks import is_async, returned
from privy_middleware.errors import ConfigurationError, InvalidWebhook, WebhookMethod, WebhookTooLarge
from privy_middleware.loader.loader import UserLoader
from privy_middleware.webhooks.verifier import Headers, WebhookEvent, WebhookVerifier

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = [
    "DeletedUsers",
    "OnDeleted",
    "OnEvent",
    "WebhookASGIApp",
    "WebhookAnswer",
    "WebhookReceiver",
    "WebhookWSGIApp",
]

_logger = logging.getLogger("privy_middleware")

OnEvent: TypeAlias = Callable[[WebhookEvent], None] | Callable[[WebhookEvent], Awaitable[None]]
OnDeleted: TypeAlias = Callable[[str], None] | Callable[[str], Awaitable[None]]
_Call: TypeAlias = tuple[str, Callable[[Any], Any], WebhookEvent | str]

_ASYNC = "an async function, or one whose answer must be awaited, needs an async endpoint: give a plain function"


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """Hold the answer to a webhook."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = (("Cache-Control", "no-store"),)
    body: bytes = b""


class WebhookReceiver:
    """Verify webhooks, forget the users they are about, and tell the app.

    The loader forgets before the app is told. What the app's functions raise is not caught: the server answers 500,
    and Svix delivers the event again.
    """

    max_bytes = 1 << 20

    def __init__(
        self,
        secrets: str | Sequence[str],
        *,
        users: UserLoader | None = None,
        on_event: OnEvent | None = None,
        on_deleted: OnDeleted | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the endpoint's signing key or keys, and who wants to know; functions may be sync or async.

        ``on_event`` is called with every event, ``on_deleted`` with the id of each user who exists no longer.

        Raises:
            ConfigurationError: naming what is wrong and the mend.
        """
        self._verifier = WebhookVerifier(secrets, clock=clock)
        self._users = users
        functions = {"on_event": on_event, "on_deleted": on_deleted}
        for name, function in functions.items():
            if function is not None and not callable(function):
                raise ConfigurationError(name, "give a function, or leave it out")
        self._on_event = on_event
        self._on_deleted = on_deleted
        self._async_fields = [name for name, function in functions.items() if is_async(function)]
        self.is_async: bool = bool(self._async_fields)

    def require_sync(self) -> None:
        """Make sure that nothing has to be awaited.

        Raises:
            ConfigurationError: a function is async.
        """
        for name in self._async_fields:
            raise ConfigurationError(name, _ASYNC)

    def receive(self, method: str, headers: Headers, body: bytes | None) -> WebhookAnswer:
        """Take in one request, whose ``body`` is ``None`` if it is too long, and return the answer.

        Raises:
            ConfigurationError: a function is async, or returns something to await.
        """
        self.require_sync()
        calls = self._calls(method, headers, body)
        if isinstance(calls, WebhookAnswer):
            return calls
        for name, function, argument in calls:
            returned(function(argument), name, _ASYNC)
        return WebhookAnswer()

    async def areceive(self, method: str, headers: Headers, body: bytes | None) -> WebhookAnswer:
        """Take in one request without blocking the event loop, plain functions being called in a thread."""
        calls = self._calls(method, headers, body)
        if isinstance(calls, WebhookAnswer):
            return calls
        for name, function, argument in calls:
            if name in self._async_fields:
                await function(argument)
                continue
            answer = await anyio.to_thread.run_sync(function, argument)
            if inspect.isawaitable(answer):
                await answer
        return WebhookAnswer()

    def accepts(self, content_length: str | int | None) -> bool:
        """Tell whether a body of this length, as the request says it, is to be read at all."""
        text = "" if content_length is None else str(content_length)
        return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= self.max_bytes

    def _calls(self, method: str, headers: Headers, body: bytes | None) -> WebhookAnswer | list[_Call]:
        """Return whom to tell what, or the answer to what is not a webhook of Privy's."""
        try:
            if method != "POST":
                raise WebhookMethod
            if body is None:
                raise WebhookTooLarge
            event = self._verifier.verify(headers, body)
        except InvalidWebhook as error:
            _logger.info("webhook not accepted: %s", error)
            length = ("Content-Length", str(len(error.body)))
            return WebhookAnswer(error.status, (*error.headers, length), error.body)
        if self._users is not None:
            for user_id in event.user_ids:
                self._users.invalidate(user_id)
        calls: list[_Call] = []
        if self._on_deleted is not None:
            calls += [("on_deleted", self._on_deleted, user_id) for user_id in event.deleted_user_ids]
        if self._on_event is not None:
            calls.append(("on_event", self._on_event, event))
        return calls


class WebhookASGIApp(WebhookReceiver):
    """Serve webhooks as an ASGI app, at whatever address it is routed to."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the lifespan has nothing to do here.

        Raises:
            RuntimeError: the connection is no HTTP request.
        """
        if scope["type"] != "http":
            raise RuntimeError(f"webhooks come by HTTP, not by {scope['type']}")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope.get("headers") or ()]
        body = await self._body(receive) if scope["method"] == "POST" else b""
        answer = await self.areceive(scope["method"], headers, body)
        raw = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.body})

    async def _body(self, receive: Receive) -> bytes | None:
        body, more = bytearray(), True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.max_bytes:
                return None
        return bytes(body)


class WebhookWSGIApp(WebhookReceiver):
    """Serve webhooks as a WSGI app, at whatever address it is mounted."""

    def __init__(
        self,
        secrets: str | Sequence[str],
        *,
        users: UserLoader | None = None,
        on_event: Callable[[WebhookEvent], None] | None = None,
        on_deleted: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what a `WebhookReceiver` takes, but no async functions.

        Raises:
            ConfigurationError: naming what is wrong and the mend.
        """
        super().__init__(secrets, users=users, on_event=on_event, on_deleted=on_deleted, clock=clock)
        self.require_sync()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        length = environ.get("CONTENT_LENGTH") or None
        body = environ["wsgi.input"].read(int(length)) if length is not None and self.accepts(length) else None
        answer = self.receive(environ["REQUEST_METHOD"], _headers(environ), body)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers))
        return [answer.body]


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}


class DeletedUsers:
    """Remember deleted users for a day, beyond any token's life, and refuse their tokens until then.

    It is made for ``PrivyConfig(is_revoked=deleted)`` with ``on_deleted=deleted.add``, and lives in the memory of
    one process: several workers need a store that they share.
    """

    def __init__(
        self, *, size: int = 100_000, seconds: float = 86_400.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep ``size`` users at the most, each for ``seconds``.

        Raises:
            ConfigurationError: a number is not positive.
        """
        for name, value in (("size", size), ("seconds", seconds)):
            if not value > 0:
                raise ConfigurationError(name, "give a positive number")
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether a token's claims are those of a deleted user."""
        return self._clock() < self._until.get(claims.get("sub", ""), -math.inf)

    def add(self, user_id: str) -> None:
        """Remember a user, and forget whoever was deleted long ago or is one too many."""
        with self._lock:
            now = self._clock()
            self._until[user_id] = now + self._seconds
            self._until.move_to_end(user_id)
            while len(self._until) > self._size or next(iter(self._until.values())) <= now:
                self._until.popitem(last=False)
