"""A small HTTP server that listens on loopback; it answers one request for each connection."""

from __future__ import annotations

import functools
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Self, TypeAlias

from privy_middleware.development.web import Refused, WebRequest, WebResponse, text_response
from privy_middleware.errors import ConfigurationError

__all__ = ["LoopbackServer"]

_Answer: TypeAlias = Callable[[WebRequest], WebResponse]

_logger = logging.getLogger(__name__)
_MAX_BYTES = 1 << 17
# Nothing on a page comes from elsewhere, and no script or style stands in the page itself.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
# Without a referrer, browsers would send ``Origin: null`` with forms (Fetch, "append a request Origin header").
_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)


class LoopbackServer(ThreadingTCPServer):
    """Answer requests in a daemon thread, which ``stop`` ends.

    ``stop`` also works in a forked child, without the thread.

    It is not an ``HTTPServer``, which looks up its own name, and does not use ``serve_forever``, whose ``shutdown``
    waits for ever in a forked child.
    """

    # On Windows the option would let another program use the same port.
    allow_reuse_address: bool = os.name == "posix"
    request_queue_size = 128
    timeout: float | None = 0.05

    def __init__(self, address: tuple[str, int], answer: _Answer, name: str) -> None:
        """Listen on ``address``; ``answer`` returns the responses, and ``name`` is the name of the thread."""
        self.address_family: int = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._workers: list[tuple[socket.socket, threading.Thread]] = []
        self._stopping = threading.Event()
        self._listener = threading.Thread(target=self._listen, name=name, daemon=True)
        super().__init__(address, functools.partial(_Handler, answer))

    @classmethod
    def bind(cls, address: tuple[str, int], answer: _Answer, *, name: str) -> Self:
        """Return a server that listens on ``address``, and answers after ``start``.

        Raises:
            ConfigurationError: if the port cannot be used.
        """
        try:
            return cls(address, answer, name)
        except (OSError, OverflowError):
            raise ConfigurationError("port", f"{address[1]} cannot be used; try another, or 0 for a free one") from None

    @property
    def url(self) -> str:
        """Return the URL of the server, without a path."""
        host, port = str(self.server_address[0]), self.server_address[1]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Start the thread that answers requests."""
        self._listener.start()

    def stop(self) -> None:
        """Close all connections, free the port and end all threads."""
        self._stopping.set()
        self._listener.join()
        self.server_close()

    def server_close(self) -> None:
        """Close the socket, and then the connections that are still open.

        In a forked child no worker thread is alive, so the parent's connections are not closed.
        """
        super().server_close()
        for connection, worker in self._workers:
            if worker.is_alive():
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                worker.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection in its own thread."""
        worker = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._workers = [known for known in self._workers if known[1].is_alive()]
        self._workers.append((request, worker))
        worker.start()

    def handle_error(self, *_: Any, **__: Any) -> None:
        """Log the type of an error that ended a connection, instead of printing a traceback as socketserver does."""
        _logger.debug("A connection ended with an error: %s.", type(sys.exception()).__name__)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    """Answer one request and close the connection."""

    server_version = "privy-middleware"
    sys_version = ""
    timeout = 10.0

    def __init__(self, answer: _Answer, *args: Any) -> None:
        self._respond_to = answer
        super().__init__(*args)

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        try:
            response = self._respond()
        except Refused as refused:
            response = text_response(f"{refused.message}\n", refused.status)
        except Exception as error:
            # The message of the error may contain a part of a token.
            _logger.error("The development issuer could not answer a request: %s.", type(error).__name__)
            response = text_response(
                "The development issuer has failed; see its log.\n", HTTPStatus.INTERNAL_SERVER_ERROR
            )
        self._send(response)

    def _respond(self) -> WebResponse:
        body = self._body() if self.command == "POST" else b""
        fields = tuple(self.headers.items())
        return self._respond_to(WebRequest(self.command, self.path, fields, self.client_address[0], body))

    def _body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or not lengths[0].isdecimal() or self.headers.get("Transfer-Encoding"):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "Send the length of the body.")
        length = int(lengths[0]) if len(lengths[0]) < 20 else sys.maxsize
        if length > _MAX_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {_MAX_BYTES} bytes are accepted.")
        body = self.rfile.read(length)
        if len(body) != length:
            raise Refused(HTTPStatus.BAD_REQUEST, "The body is shorter than its length.")
        return body

    def _send(self, response: WebResponse) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Cache-Control", response.cache_control)
        for name, value in (*_HEADERS, *response.headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def send_error(self, code: int, *_: Any, **__: Any) -> None:
        """Answer a request that is not HTTP or has another method, without a word of the request."""
        self._send(text_response(f"{HTTPStatus(code).phrase}\n", HTTPStatus(code)))

    def log_message(self, *_: Any, **__: Any) -> None:
        """Log nothing, because the request line is text that the client chooses."""
