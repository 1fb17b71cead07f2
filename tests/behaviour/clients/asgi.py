"""A client of the plain ASGI example app, which calls it like a server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import unquote

import anyio

from example_apps.asgi_app import create_app
from privy_middleware import PrivyConfig
from privy_middleware.asgi import ASGIApp, Message
from tests.behaviour.client import Answer, Client, Headers, SocketAnswer

__all__ = ["ASGIClient", "exchange", "make_client", "scope_of"]


def scope_of(kind: str, target: str, headers: Headers = (), **more: Any) -> dict[str, Any]:
    """Return the scope that a server creates for a request line and headers."""
    path, _, query = target.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        **more,
    }


async def exchange(app: ASGIApp, scope: dict[str, Any], incoming: Iterable[Message]) -> list[Message]:
    """Call the app once with the given messages, and return the messages that it sends."""
    waiting, sent = iter(incoming), []

    async def receive() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def answer_of(start: Message, *bodies: Message) -> Answer:
    """Return the response from the messages of the app."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    return Answer(start["status"], headers, b"".join(body.get("body", b"") for body in bodies))


class ASGIClient(Client):
    """A client that calls an app like a server; without ``denial``, like a server without denial responses."""

    websockets: ClassVar[bool] = True

    def __init__(self, app: ASGIApp, *, denial: bool = True) -> None:
        """Create the client of an app."""
        self._app = app
        self._extensions: dict[str, Any] = {"websocket.http.response": {}} if denial else {}

    def _exchange(self, scope: dict[str, Any], incoming: list[Message]) -> list[Message]:
        return anyio.run(exchange, self._app, scope, incoming)

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Call the app with a scope of type ``http``."""
        scope = scope_of("http", path, headers, method=method)
        return answer_of(*self._exchange(scope, [{"type": "http.request", "body": body}]))

    def websocket(self, path: str, headers: Headers = ()) -> SocketAnswer:
        """Call the app with a scope of type ``websocket``: connect, send ``"ping"``, disconnect."""
        incoming: list[Message] = [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": "ping"},
            {"type": "websocket.disconnect", "code": 1000},
        ]
        scope = scope_of("websocket", path, headers, extensions=self._extensions)
        sent = self._exchange(scope, incoming)
        if sent[0]["type"] == "websocket.accept":
            return SocketAnswer(accepted=True, first=json.loads(sent[1]["text"]), echo=sent[2]["text"])
        if sent[0]["type"] == "websocket.close":
            return SocketAnswer(accepted=False, close_code=sent[0]["code"])
        return SocketAnswer(accepted=False, denial=answer_of(*sent))


def make_client(config: PrivyConfig, *, denial: bool = True) -> Client:
    """Return a client of the example app."""
    return ASGIClient(create_app(config), denial=denial)
