"""How each server passes a request on: the scope or the environ for the app, created by the server's own code.

The result is ``None`` if the server rejects the request itself.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes
from wsgiref.simple_server import WSGIRequestHandler

import h11
from django.core.servers.basehttp import WSGIRequestHandler as DjangoHandler
from hypercorn.config import Config as HypercornConfig
from hypercorn.protocol.events import Request as HypercornRequest
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState
from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport
from uvicorn.config import Config as UvicornConfig
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from werkzeug.serving import WSGIRequestHandler as WerkzeugHandler

__all__ = ["ASGI_SERVERS", "WSGI_SERVERS", "Fields", "Read"]

# These packages have no types.
daphne: Any = import_module("daphne.http_protocol")
gunicorn: Any = SimpleNamespace(
    Config=import_module("gunicorn.config").Config,
    Parser=import_module("gunicorn.http").RequestParser,
    create=import_module("gunicorn.http.wsgi").create,
    ParseException=import_module("gunicorn.http.errors").ParseException,
    ConfigurationProblem=import_module("gunicorn.http.errors").ConfigurationProblem,
)
waitress: Any = SimpleNamespace(
    Adjustments=import_module("waitress.adjustments").Adjustments,
    Parser=import_module("waitress.parser").HTTPRequestParser,
    Task=import_module("waitress.task").WSGITask,
)

Fields: TypeAlias = Sequence[tuple[str, str]]
Read: TypeAlias = Callable[[bytes], dict[str, Any] | None]

CLIENT, SERVER = ("127.0.0.1", 50000), ("127.0.0.1", 8000)
WSGI = {
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": io.StringIO(),
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def request_bytes(method: str, target: bytes, fields: Fields = ()) -> bytes:
    """Return the bytes of a request."""
    lines = [b"%s %s HTTP/1.1" % (method.encode(), target), b"Host: app.example"]
    return b"\r\n".join([*lines, *(f"{name}: {value}".encode("latin-1") for name, value in fields), b"", b""])


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__({"peername": CLIENT, "sockname": SERVER})

    def write(self, data: object) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool:
        return False


class _Task:
    def add_done_callback(self, callback: object) -> None: ...


class _Loop:
    """An event loop that runs nothing, but records whether an app would have been called."""

    called = False

    def create_task(self, coroutine: Any, **_: Any) -> Any:
        coroutine.close()
        self.called = True
        return _Task()

    def call_later(self, *_: object) -> None: ...


async def _no_app(scope: Any, receive: Any, send: Any) -> None: ...


def uvicorn(protocol_class: Any, root_path: str = "") -> Read:
    """Parse requests like uvicorn."""
    config = UvicornConfig(_no_app, root_path=root_path, ws="none", log_config=None, access_log=False)
    config.load()

    def read(request: bytes) -> dict[str, Any] | None:
        loop = _Loop()
        protocol = protocol_class(config, ServerState(), {}, _loop=loop)
        protocol.logger = logging.getLogger("quiet")
        protocol.connection_made(_Transport())
        protocol.data_received(request)
        return protocol.scope if loop.called else None

    return read


def hypercorn(root_path: str = "") -> Read:
    """Parse requests like Hypercorn."""
    config = HypercornConfig()
    config.root_path = root_path

    def read(request: bytes) -> dict[str, Any] | None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=config.h11_max_incomplete_size)
        connection.receive_data(request)
        scopes: list[dict[str, Any]] = []

        async def spawn(app: Any, config: Any, scope: Any, send: Any) -> Any:
            scopes.append(scope)

        nothing: Any = None
        tasks: Any = SimpleNamespace(spawn_app=spawn)
        stream = HTTPStream(nothing, config, nothing, tasks, False, CLIENT, SERVER, nothing, 1)
        try:
            event: Any = connection.next_event()
            _finish(
                stream.handle(
                    HypercornRequest(
                        stream_id=1,
                        headers=list(event.headers),
                        http_version=event.http_version.decode(),
                        method=event.method.decode("ascii").upper(),
                        raw_path=event.target,
                        state=ConnectionState({}),
                    )
                )
            )
        except (h11.RemoteProtocolError, UnicodeDecodeError):
            return None
        return scopes[0]

    return read


def _finish(coroutine: Any) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


def daphne_server(root_path: str = "") -> Read:
    """Parse requests like Daphne, which allows any client to set ``root_path``."""
    scopes: list[dict[str, Any]] = []
    server = SimpleNamespace(
        root_path=root_path,
        proxy_forwarded_address_header=None,
        create_application=lambda _request, scope: scopes.append(scope),
        protocol_connected=id,
        protocol_disconnected=id,
        server_name="",
    )
    factory = daphne.HTTPFactory(server)
    transport: Any = StringTransport

    def read(request: bytes) -> dict[str, Any] | None:
        scopes.clear()
        protocol = factory.buildProtocol(None)
        protocol._channel.timeOut = None
        protocol.makeConnection(transport(IPv4Address("TCP", *SERVER), IPv4Address("TCP", *CLIENT)))
        protocol.dataReceived(request)
        return scopes[0] if scopes else None

    return read


def gunicorn_server() -> Read:
    """Parse requests like gunicorn, from a trusted address, as loopback is by default."""
    config = gunicorn.Config()

    def read(request: bytes) -> dict[str, Any] | None:
        try:
            parsed = next(gunicorn.Parser(config, [request], CLIENT))
            environ: dict[str, Any] = gunicorn.create(parsed, None, CLIENT, SERVER, config)[1]
        except (gunicorn.ParseException, gunicorn.ConfigurationProblem):
            return None
        return environ

    return read


def waitress_server() -> Read:
    """Parse requests like waitress."""
    adjustments = waitress.Adjustments()
    server = SimpleNamespace(adj=adjustments, effective_port=SERVER[1], server_name=SERVER[0])
    channel = SimpleNamespace(server=server, addr=CLIENT, check_client_disconnected=None)

    def read(request: bytes) -> dict[str, Any] | None:
        parser = waitress.Parser(adjustments)
        # The standard library rejects some targets, and then the server closes the connection.
        with suppress(ValueError):
            parser.received(request)
        if parser.error or not parser.completed:
            return None
        environ: dict[str, Any] = waitress.Task(channel, parser).get_environment()
        return environ

    return read


class _Socket:
    """A connection with a request."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._request)

    def sendall(self, data: bytes) -> None: ...
    def settimeout(self, seconds: float) -> None: ...
    def shutdown(self, how: int) -> None: ...


def standard_library(handler_class: Any, make_environ: str) -> Read:
    """Parse requests like a server that uses ``http.server``."""
    base = {"SERVER_NAME": SERVER[0], "SERVER_PORT": str(SERVER[1]), "SCRIPT_NAME": "", **WSGI}
    server: Any = SimpleNamespace(
        base_environ=base, server_address=SERVER, ssl_context=None, multithread=False, multiprocess=False
    )

    def handle(self: Any) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if self.parse_request():
            # In newer Pythons a request in HTTP/0.9 has no headers, of which some servers cannot make an environ.
            with suppress(AttributeError):
                self.environ = getattr(self, make_environ)()

    def log_message(self: Any, *_: object) -> None: ...

    members = {"environ": None, "handle": handle, "log_message": log_message}
    handler: Any = type("Handler", (handler_class,), members)
    return lambda request: handler(_Socket(request), CLIENT, server).environ


_TARGET = re.compile(rb"(?P<address>[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?(?P<path>[^?#]*)(\?(?P<query>[^#]*))?(#.*)?")
_NO_TARGET = re.compile(rb"[\x00-\x20\x7f<>`]")


def granian(interface: str) -> Read:
    """Parse requests like Granian, whose own code is in Rust; it rejects some requests that this accepts."""

    def read(request: bytes) -> dict[str, Any] | None:
        line, *lines = request.removesuffix(b"\r\n\r\n").split(b"\r\n")
        words = line.split(b" ")
        target = _TARGET.fullmatch(words[1])
        if len(words) != 3 or target is None or _NO_TARGET.search(words[1]) or not _is_utf8(words[1]):
            return None
        path, query = target["path"], target["query"] or b""
        if not path.startswith(b"/"):
            path = b"/" if target["address"] else path if path == b"*" else b""
        fields = [(name.lower(), value) for name, _, value in (each.partition(b": ") for each in lines)]
        read_as = _granian_scope if interface == "asgi" else _granian_environ
        return read_as(words[0].decode(), path, query, fields)

    return read


def _is_utf8(text: bytes) -> bool:
    return "\ufffd" not in text.decode("utf-8", "replace")


def _granian_scope(method: str, path: bytes, query: bytes, fields: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    decoded = unquote_to_bytes(path).decode("utf-8", "replace")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "root_path": "",
        "path": decoded,
    }
    return {**scope, "raw_path": path, "query_string": query, "headers": fields, "client": CLIENT, "server": SERVER}


def _granian_environ(method: str, path: bytes, query: bytes, fields: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    http = {f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode("latin-1") for name, value in fields}
    decoded = unquote_to_bytes(path).decode("latin-1")
    own = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": decoded, "QUERY_STRING": query.decode("latin-1")}
    return {
        "SERVER_NAME": SERVER[0],
        "SERVER_PORT": str(SERVER[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        **WSGI,
        **own,
        **http,
    }


ASGI_SERVERS: dict[str, Read] = {
    "uvicorn, h11": uvicorn(H11Protocol),
    "uvicorn, httptools": uvicorn(HttpToolsProtocol),
    "uvicorn with a root path": uvicorn(H11Protocol, "/v1"),
    "hypercorn": hypercorn(),
    "hypercorn with a root path": hypercorn("/v1"),
    "daphne": daphne_server(),
    "granian": granian("asgi"),
}
WSGI_SERVERS: dict[str, Read] = {
    "gunicorn": gunicorn_server(),
    "waitress": waitress_server(),
    "wsgiref": standard_library(WSGIRequestHandler, "get_environ"),
    "runserver": standard_library(DjangoHandler, "get_environ"),
    "werkzeug": standard_library(WerkzeugHandler, "make_environ"),
    "granian by WSGI": granian("wsgi"),
}
