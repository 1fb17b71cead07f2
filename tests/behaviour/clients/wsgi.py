"""Plain WSGI, with raw environs and the validator of the standard library."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from wsgiref.validate import validator

from example_apps.wsgi_app import create_app
from privy_middleware import PrivyConfig
from tests.behaviour.client import Answer, Client, Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_BARE = {"CONTENT_TYPE", "CONTENT_LENGTH"}


def joined(headers: Headers) -> dict[str, str]:
    """Return the header fields, with repeated ones (and cookies) joined by commas, as WSGI servers do.

    Names that differ only in case, or in hyphens and underscores, are the same name in the environ.
    """
    fields: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        fields.setdefault(name.lower().replace("_", "-"), (name, []))[1].append(value)
    return {name: ",".join(values) for name, values in fields.values()}


def environ_of(method: str, path: str, headers: Headers = (), body: bytes = b"") -> WSGIEnvironment:
    """Return the environ that a server creates for a request (PEP 3333)."""
    path, _, query = path.partition("?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in joined(headers).items():
        key = name.upper().replace("-", "_")
        environ[key if key in _BARE else f"HTTP_{key}"] = value
    return environ


def call(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Call an app with checks that both sides follow PEP 3333, read the response and close it."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        assert not started or exc_info is not None
        started.append((status, headers))
        return io.BytesIO().write

    parts: Any = validator(app)(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        parts.close()
    status, headers = started[-1]
    answered = tuple((name.lower(), value) for name, value in headers)
    return Answer(int(status.split()[0]), answered, body)


class WSGI(Client):
    """A client that calls the example app like a server."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request, with repeated headers joined as WSGI servers do."""
        return call(self._app, environ_of(method, path, headers, body))


def make_client(config: PrivyConfig) -> Client:
    """Return a client of the example app."""
    return WSGI(create_app(config))
