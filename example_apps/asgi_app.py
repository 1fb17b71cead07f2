"""The example routes in plain ASGI, without a framework: ``uvicorn example_apps.asgi_app:app``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from example_apps.settings import load_config
from privy_middleware import PrivyAuth, PrivyConfig, PrivyMiddleware, PrivyUser, condition
from privy_middleware.asgi import ASGIApp, Receive, Scope, Send

__all__ = ["app", "create_app"]

WALLET_OWNER = condition(wallet="ethereum")
ADMIN = condition(metadata={"role": "admin"})


def id_of(user: PrivyUser | None) -> str | None:
    """Return the ID of the user, or ``None``."""
    return None if user is None else user.id


def wallet(auth: PrivyAuth) -> Any:
    """Return the address of the first Ethereum wallet."""
    wallets = auth.require(WALLET_OWNER).wallets
    return {"address": next(each.address for each in wallets if each.chain_type == "ethereum")}


ROUTES: dict[tuple[str, str], Callable[[PrivyAuth], Any]] = {
    ("GET", "/"): lambda auth: {"user_id": id_of(auth.user), "error": auth.error},
    ("GET", "/me"): lambda auth: auth.require().to_dict(),
    ("GET", "/optional"): lambda auth: {"user_id": id_of(auth.optional())},
    ("GET", "/session"): lambda auth: auth.require_access().to_dict(),
    ("GET", "/wallet"): wallet,
    ("GET", "/admin"): lambda auth: {"user_id": auth.require(ADMIN).id},
    ("POST", "/profile"): lambda auth: {"user_id": auth.require().id},
}


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Handle a request or a WebSocket; the middleware sends the error response for errors of ``require``."""
    auth: PrivyAuth = scope["state"]["privy_auth"]
    if scope["type"] == "websocket":
        await echo(auth.require().id, receive, send)
        return
    page = ROUTES.get((scope["method"], scope["path"]))
    body = b'{"message": "Not found"}' if page is None else json.dumps(page(auth)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 404 if page is None else 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(user_id: str, receive: Receive, send: Send) -> None:
    """Send the user's ID, then echo."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps({"user_id": user_id})})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Handle connections and the lifespan, which allows the middleware to fetch the keys at startup."""
    if scope["type"] != "lifespan":
        await answer(scope, receive, send)
        return
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


def create_app(config: PrivyConfig | None = None) -> ASGIApp:
    """Return the app with the given settings, or those from the environment."""
    return PrivyMiddleware(serve, config or load_config())


app = create_app()
