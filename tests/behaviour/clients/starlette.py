"""A client of the Starlette example app, or any other, with Starlette's test client."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar

import httpx2
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from example_apps.starlette_app import create_app
from privy_middleware import PrivyConfig
from tests.behaviour.client import Answer, Client, Headers, SocketAnswer, unambiguous

__all__ = ["StarletteClient", "make_client"]


class StarletteClient(Client):
    """A client that uses Starlette's test client; without ``denial``, like a server without denial responses."""

    websockets: ClassVar[bool] = True

    def __init__(self, app: ASGIApp, *, denial: bool = True) -> None:
        """Start the app."""
        self._stack = ExitStack()
        client = TestClient(
            app if denial else without_denial(app),
            raise_server_exceptions=False,
            follow_redirects=False,
            client=("127.0.0.1", 50000),
        )
        client.headers.clear()
        self._client = self._stack.enter_context(client)

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request and return the response."""
        response = self._client.request(method, unambiguous(path), headers=_raw(headers), content=body)
        # Each test says itself which cookies it sends.
        self._client.cookies.clear()
        return Answer(response.status_code, tuple(response.headers.multi_items()), response.content)

    def websocket(self, path: str, headers: Headers = ()) -> SocketAnswer:
        """Open a WebSocket, read the first message, echo ``"ping"``, and close it."""
        try:
            with self._client.websocket_connect(path, headers=_raw(headers)) as socket:
                first = socket.receive_json()
                socket.send_text("ping")
                return SocketAnswer(accepted=True, first=first, echo=socket.receive_text())
        except WebSocketDenialResponse as denied:
            items = tuple(denied.headers.multi_items())
            return SocketAnswer(accepted=False, denial=Answer(denied.status_code, items, denied.content))
        except WebSocketDisconnect as closed:
            return SocketAnswer(accepted=False, close_code=closed.code)

    def close(self) -> None:
        """Stop the app."""
        self._stack.close()


def without_denial(app: ASGIApp) -> ASGIApp:
    """Return the app on a server without the extension ``websocket.http.response``."""

    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": None}, receive, send)

    return plain


def _raw(headers: Headers) -> httpx2.Headers:
    return httpx2.Headers([(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])


def make_client(config: PrivyConfig, *, denial: bool = True) -> Client:
    """Return a client of the example app."""
    return StarletteClient(create_app(config), denial=denial)
