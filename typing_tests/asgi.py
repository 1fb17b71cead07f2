"""The ASGI middleware around any app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from privy_middleware import PrivyAuth, PrivyConfig, PrivyError, PrivyMiddleware, PrivyVerifier
from privy_middleware.asgi import ASGIApp, Message, Receive, Scope, Send
from privy_middleware.gate import Gate


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    auth: PrivyAuth = scope["state"]["privy_auth"]
    assert_type(await receive(), Message)
    await send({"type": "http.response.body", "body": auth.require().id.encode()})


def wrapped(config: PrivyConfig, settings: Mapping[str, Any]) -> None:
    assert_type(PrivyMiddleware(app), PrivyMiddleware)
    assert_type(PrivyMiddleware(app, config), PrivyMiddleware)
    PrivyMiddleware(app, settings)
    PrivyMiddleware(app, {"app_id": "app", "leeway": 5})
    PrivyMiddleware(app, PrivyVerifier(config))
    PrivyMiddleware(app, config, protect=["/api"], exempt=("/api/health",))
    PrivyMiddleware(app, close_expired=True, on_expired=tell)
    PrivyMiddleware(app, close_expired=True, on_expired=atell)
    around: ASGIApp = PrivyMiddleware(PrivyMiddleware(app))
    assert_type(PrivyMiddleware(around).app, ASGIApp)
    assert_type(PrivyMiddleware(around).gate, Gate)


def tell(scope: Scope) -> None:
    assert_type(scope["path"], Any)


async def atell(scope: Scope) -> None:
    tell(scope)


class Own(PrivyMiddleware):
    """A subclass that sends its own error responses."""

    async def refuse(self, error: PrivyError, scope: Scope, receive: Receive, send: Send, /) -> None:
        assert_type(error.body, bytes)
        await super().refuse(error, scope, receive, send)


def sync_app(scope: Scope, receive: Receive, send: Send) -> None:
    """A function that is not an ASGI app, because it cannot be awaited."""


def refused() -> None:
    """Mistakes that a type checker must report."""
    PrivyMiddleware(sync_app)  # type: ignore[arg-type]
    PrivyMiddleware(app, "app")  # type: ignore[arg-type]
    PrivyMiddleware(app, protected=["/api"])  # type: ignore[call-arg]
    PrivyMiddleware(app, None, ["/api"])  # type: ignore[call-arg]
