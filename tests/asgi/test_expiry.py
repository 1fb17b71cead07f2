"""An accepted WebSocket and an event stream end when the token expires."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from privy_middleware import PrivyConfig, PrivyMiddleware, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from tests.support.clock import Clock
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.anyio

# The clock does not move, so every token is valid when its request arrives, however late that is.
NOW = Clock()
SOON = NOW() + 0.25
ISSUER = DevelopmentIssuer(clock=NOW)
CONFIG = PrivyConfig(app_id=ISSUER.app_id, verification_key=ISSUER.public_key_pem, leeway=0)
VERIFIER = PrivyVerifier(CONFIG, clock=NOW)


def scope(kind: str, **claims: Any) -> dict[str, Any]:
    """Return the scope of a request with a user's token."""
    token = ISSUER.identity_token("ada", **claims).encode()
    return {"type": kind, "method": "GET", "path": "/", "headers": [(b"privy-id-token", token)]}


class Peer:
    """The server's side of a connection: it records what it got, and its client sends one message and then nothing."""

    def __init__(self, *hello: dict[str, Any]) -> None:
        self.sent: list[dict[str, Any]] = []
        self._hello = list(hello)

    async def receive(self) -> dict[str, Any]:
        """Return the client's messages, then wait forever."""
        if self._hello:
            return self._hello.pop(0)
        await anyio.sleep_forever()
        raise AssertionError

    async def send(self, message: Any) -> None:
        """Record the messages of the app."""
        self.sent.append(message)


async def serve(app: Callable[..., Awaitable[None]], kind: str, peer: Peer, **claims: Any) -> list[Any]:
    """Run a connection whose token expires soon, and return the scopes that the callback received."""
    told: list[Any] = []
    middleware = PrivyMiddleware(app, VERIFIER, close_expired=True, on_expired=told.append)
    with anyio.fail_after(PATIENCE):
        await middleware(scope(kind, **claims), peer.receive, peer.send)
    return told


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Accept the connection, and echo until the client closes it."""
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": message["text"]})
    await send({"type": "websocket.send", "text": "too late"})


async def test_socket_is_closed_when_the_token_expires() -> None:
    """The app receives a disconnect, the client a close with 1008, and later messages are dropped."""
    peer = Peer({"type": "websocket.receive", "text": "hello"})
    told = await serve(echo, "websocket", peer, exp=SOON)
    assert [message["type"] for message in peer.sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert peer.sent[-1]["code"] == 1008
    assert [each["type"] for each in told] == ["websocket"]


async def test_socket_that_only_sends_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that never receives anything is cancelled after a grace period."""
    monkeypatch.setattr("privy_middleware.asgi.expiry._PATIENCE", 0.1)

    async def push(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await anyio.sleep_forever()

    peer = Peer()
    assert len(await serve(push, "websocket", peer, exp=SOON)) == 1
    assert peer.sent[-1]["code"] == 1008


async def test_event_stream_ends_when_the_token_expires() -> None:
    """The response ends as if it were complete."""

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await anyio.sleep_forever()

    peer = Peer()
    assert len(await serve(stream, "http", peer, exp=SOON)) == 1
    assert [message.get("more_body") for message in peer.sent] == [None, True, False]


async def test_other_responses_are_left_alone() -> None:
    """A response that takes longer than the token is valid is still sent."""

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await anyio.sleep(0.5)
        await send({"type": "http.response.body", "body": b"done"})

    peer = Peer()
    assert await serve(slow, "http", peer, exp=SOON) == []
    assert peer.sent[-1]["body"] == b"done"


async def test_callback_may_be_a_coroutine_function() -> None:
    """An async callback is awaited after the close was sent."""
    told: list[str] = []

    async def tell(scope: Any) -> None:
        told.append(scope["type"])

    peer = Peer()
    middleware = PrivyMiddleware(echo, VERIFIER, close_expired=True, on_expired=tell)
    await middleware(scope("websocket", exp=SOON), peer.receive, peer.send)
    assert told == ["websocket"]
    silent = PrivyMiddleware(echo, VERIFIER, close_expired=True)
    await silent(scope("websocket", exp=SOON), peer.receive, peer.send)
    assert peer.sent[-1]["code"] == 1008


async def test_without_a_token_nothing_expires() -> None:
    """A connection without a user is never closed."""
    left = Peer({"type": "websocket.disconnect", "code": 1000})
    middleware = PrivyMiddleware(echo, VERIFIER, close_expired=True)
    await middleware({**scope("websocket"), "headers": []}, left.receive, left.send)
    assert [message["type"] for message in left.sent] == ["websocket.accept", "websocket.send"]


async def test_app_that_lingers_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that ignores the disconnect is cancelled, without a second close."""
    monkeypatch.setattr("privy_middleware.asgi.expiry._PATIENCE", 0.1)

    async def linger(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await receive()
        await anyio.sleep_forever()

    peer = Peer()
    assert len(await serve(linger, "websocket", peer, exp=SOON)) == 1
    assert [message["type"] for message in peer.sent] == ["websocket.accept", "websocket.close"]
