"""An ASGI app and a WSGI app that receive webhooks, at whatever path the app gives them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from privy_middleware.asgi.types import Receive, Scope, Send
from privy_middleware.config import RequestSettings
from privy_middleware.loader.loader import UserLoader
from privy_middleware.settings.hints import known_keywords
from privy_middleware.webhooks.receiver import WebhookReceiver
from privy_middleware.webhooks.verifier import WebhookEvent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["WebhookASGIApp", "WebhookWSGIApp"]


class WebhookASGIApp(WebhookReceiver):
    """An ASGI app that receives webhooks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            RuntimeError: if the scope is not that of an HTTP request.
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
    """A WSGI app that receives webhooks."""

    @known_keywords('is not an argument; secrets comes first, as in "whsec_…"')
    def __init__(
        self,
        secrets: str | Sequence[str],
        *,
        users: UserLoader | None = None,
        on_event: Callable[[WebhookEvent], None] | None = None,
        on_deleted: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.time,
        config: RequestSettings | None = None,
    ) -> None:
        """Set the arguments of a ``WebhookReceiver``; the functions must not be async.

        Raises:
            ConfigurationError: if an argument is wrong, naming it and the fix.
        """
        super().__init__(secrets, users=users, on_event=on_event, on_deleted=on_deleted, clock=clock, config=config)
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
