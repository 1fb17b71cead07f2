"""Requests that are passed directly to an ASGI or WSGI app, without a server or a client.

Each request has its own scope or environ, and a new object for the header with the token, as a server makes them.
"""

from __future__ import annotations

import asyncio
import io
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from benchmarks.pairing import Timer, awaiting, calling

__all__ = ["Answer", "App", "Client", "asgi_client", "bearer", "cookie", "header", "http_scope", "wsgi_client"]

App = Callable[..., Any]
"""An ASGI or WSGI app."""

PATH = "/page"
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
    """Return the header with Privy's cookie and two others, or Privy's header if the token is too long for a cookie."""
    if len(token) > _LONGEST_COOKIE:
        return header(token)
    return {"cookie": _COOKIES.format(f"privy-id-token={token}; ")}


def header(token: str) -> dict[str, str]:
    """Return Privy's header, beside two cookies without a token."""
    return {"cookie": _COOKIES.format(""), "privy-id-token": token}


def bearer(token: str) -> dict[str, str]:
    """Return the header ``Authorization: Bearer …``, beside two cookies without a token."""
    return {"cookie": _COOKIES.format(""), "authorization": f"Bearer {token}"}


class Client(ABC):
    """Send an app the same requests again and again, in turn."""

    def __init__(self, app: App, requests: Sequence[Mapping[str, str]]) -> None:
        """Prepare the requests, given by the headers with which they differ."""
        self._app = app
        self._requests: Iterator[Mapping[str, str]] = itertools.cycle([dict(each) for each in requests])

    @property
    @abstractmethod
    def timer(self) -> Timer:
        """Return a timer for a number of requests."""

    @abstractmethod
    def answer(self) -> Answer:
        """Send the next request, and return the response."""


def _anew(value: str) -> str:
    return "".join((value[:1], value[1:]))


class _ASGIClient(Client):
    def __init__(self, app: App, requests: Sequence[Mapping[str, str]], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(app, requests)
        self._loop = loop
        self._scope = http_scope(PATH)
        self._fixed = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]

    @property
    def timer(self) -> Timer:
        return awaiting(self._loop, self._send(_ignore))

    def answer(self) -> Answer:
        messages: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        self._loop.run_until_complete(self._send(send)())
        return Answer(messages[0]["status"], b"".join(each.get("body", b"") for each in messages))

    def _send(self, send: App) -> App:
        app, scope, fixed, requests = self._app, self._scope, self._fixed, self._requests

        def request() -> Any:
            fields = [(name.encode(), value.encode()) for name, value in next(requests).items()]
            return app({**scope, "headers": [*fixed, *fields], "state": {}}, _receive, send)

        return request


class _WSGIClient(Client):
    def __init__(self, app: App, requests: Sequence[Mapping[str, str]]) -> None:
        super().__init__(app, [{_variable(name): value for name, value in each.items()} for each in requests])
        self._environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": PATH,
            "QUERY_STRING": "",
            "SERVER_NAME": "app.example",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            **{_variable(name): value for name, value in _HEADERS.items()},
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
        return calling(lambda: self._request(_start))

    def answer(self) -> Answer:
        statuses: list[str] = []
        body = self._request(lambda status, *_: statuses.append(status))
        return Answer(int(statuses[0].split()[0]), b"".join(body))

    def _request(self, start_response: App) -> list[bytes]:
        fields = {name: _anew(value) for name, value in next(self._requests).items()}
        result = self._app({**self._environ, **fields}, start_response)
        body = list(result)
        getattr(result, "close", int)()
        return body


def _variable(name: str) -> str:
    return f"HTTP_{name.upper().replace('-', '_')}"


def _start(*_: object) -> None:
    pass


async def _ignore(_message: dict[str, Any]) -> None:
    pass


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def asgi_client(app: App, requests: Sequence[Mapping[str, str]], loop: asyncio.AbstractEventLoop) -> Client:
    """Return a client for an ASGI app."""
    return _ASGIClient(app, requests, loop)


def wsgi_client(app: App, requests: Sequence[Mapping[str, str]]) -> Client:
    """Return a client for a WSGI app."""
    return _WSGIClient(app, requests)


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
