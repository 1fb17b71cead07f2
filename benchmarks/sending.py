"""Requests that are passed directly to an ASGI or WSGI app, without a server or a client.

Each request has its own scope or environ, and a new object for the header with the token, as a server makes them.
"""

from __future__ import annotations

import asyncio
import io
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from benchmarks.pairing import Timer, awaiting, calling

__all__ = [
    "ASGIClient",
    "Answer",
    "App",
    "Client",
    "Fields",
    "LOOKING",
    "PATH",
    "WSGIClient",
    "bearer",
    "cookie",
    "http_scope",
]

App = Callable[..., Any]
"""An ASGI or WSGI app."""

PATH = "/page"
"""The route of all apps, which returns the user's ID."""
LOOKING = "/accounts"
"""The route of our apps that also uses the user's accounts."""

_COOKIES = "theme=dark; {}_ga=GA1.1.1234567890.1234567890"
_HEADERS = {
    "host": "app.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept": "application/json",
    "accept-language": "en-GB,en;q=0.7",
    "accept-encoding": "gzip, deflate, br, zstd",
    "sec-fetch-site": "same-origin",
    "connection": "keep-alive",
}
_TOKEN_FIELDS = ("cookie", "privy-id-token", "authorization")
_VARIABLES = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in (*_HEADERS, *_TOKEN_FIELDS)}
# Browsers drop longer cookies.
_LONGEST_COOKIE = 4_096


@dataclass(frozen=True)
class Answer:
    """A response.

    Attributes:
        status: the status.
        body: the body.
    """

    status: int
    body: bytes


def cookie(token: str) -> dict[str, str]:
    """Return Privy's cookie beside two others, or Privy's header if the token is too long for a cookie."""
    if len(token) > _LONGEST_COOKIE:
        return {"cookie": _COOKIES.format(""), "privy-id-token": token}
    return {"cookie": _COOKIES.format(f"privy-id-token={token}; ")}


def bearer(token: str) -> dict[str, str]:
    """Return the header ``Authorization: Bearer …``, beside two cookies without a token."""
    return {"cookie": _COOKIES.format(""), "authorization": f"Bearer {token}"}


Fields = Callable[[str], dict[str, str]]
"""Returns the headers of a request with a token."""


class Client(ABC):
    """Send an app a request with each of some tokens, again and again."""

    def __init__(self, app: App, fields: Fields, tokens: Sequence[str], path: str) -> None:
        """Prepare the requests, with headers that contain a token as ``fields`` returns them."""
        self._app = app
        self._fields = fields
        self._tokens: Iterator[str] = itertools.cycle(tokens)
        self._path = path

    @property
    @abstractmethod
    def timer(self) -> Timer:
        """Return a timer for a number of requests."""

    @abstractmethod
    def answer(self) -> Answer:
        """Send the next request, and return the response."""


class ASGIClient(Client):
    """A client for ASGI apps."""

    def __init__(
        self,
        app: App,
        fields: Fields,
        tokens: Sequence[str],
        path: str,
        loop: asyncio.AbstractEventLoop,
        *,
        method: str = "GET",
    ) -> None:
        """Prepare the requests for an event loop."""
        super().__init__(app, fields, tokens, path)
        self._loop = loop
        self._scope = {**http_scope(path), "method": method}
        self._fixed = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]

    @property
    def timer(self) -> Timer:
        """Return a timer for a number of requests."""
        return awaiting(self._loop, self._send(_ignore))

    def answer(self) -> Answer:
        """Send the next request, and return the response."""
        messages: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        self._loop.run_until_complete(self._send(send)())
        return Answer(messages[0]["status"], b"".join(each.get("body", b"") for each in messages))

    def _send(self, send: App) -> App:
        app, scope, fixed, fields, tokens = self._app, self._scope, self._fixed, self._fields, self._tokens

        def request() -> Any:
            encoded = [(name.encode(), value.encode()) for name, value in fields(next(tokens)).items()]
            return app({**scope, "headers": [*fixed, *encoded], "state": {}}, _receive, send)

        return request


class WSGIClient(Client):
    """A client for WSGI apps."""

    def __init__(self, app: App, fields: Fields, tokens: Sequence[str], path: str) -> None:
        """Prepare the requests."""
        super().__init__(app, fields, tokens, path)
        self._environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "app.example",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            **{_VARIABLES[name]: value for name, value in _HEADERS.items()},
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    @property
    def timer(self) -> Timer:
        """Return a timer for a number of requests."""
        return calling(lambda: self._request(_start))

    def answer(self) -> Answer:
        """Send the next request, and return the response."""
        statuses: list[str] = []
        body = self._request(lambda status, *_: statuses.append(status))
        return Answer(int(statuses[0].split()[0]), b"".join(body))

    def _request(self, start_response: App) -> list[bytes]:
        token = next(self._tokens)
        # A server makes a new string for each header.
        fields = {_VARIABLES[name]: value for name, value in self._fields("".join((token[:1], token[1:]))).items()}
        result = self._app({**self._environ, **fields}, start_response)
        body = list(result)
        getattr(result, "close", int)()
        return body


def _start(*_: object) -> None:
    pass


async def _ignore(_message: dict[str, Any]) -> None:
    pass


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def http_scope(path: str) -> dict[str, Any]:
    """Return the ASGI scope of a request without headers."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 443),
        "state": {},
    }
