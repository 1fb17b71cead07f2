"""A small HTTP server of read-only pages, which listens on loopback and accepts only loopback host names."""

from __future__ import annotations

import functools
import ipaddress
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, NamedTuple, Self

from privy_middleware.errors import ConfigurationError

__all__ = ["LoopbackServer", "Page", "loopback_address"]

_logger = logging.getLogger(__name__)
_LOOPBACK_V4 = ipaddress.IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = ipaddress.IPv6Address("::1")
_OWN_HOST = re.compile(r"(?:localhost|\[::1\]|127(?:\.[0-9]{1,3}){3})(?::[0-9]{1,5})?", re.IGNORECASE)


def loopback_address(host: str) -> str:
    """Return the loopback IP address of ``host``.

    ``localhost`` is not looked up (RFC 6761 §6.3), and no other names are accepted, because a name server can change
    its answer at any time.

    Raises:
        ConfigurationError: if ``host`` is not ``localhost``, ``::1`` or an address in 127.0.0.0/8.
    """
    with suppress(ValueError):
        address = ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
        if address == _LOOPBACK_V6 or address in _LOOPBACK_V4:
            return str(address)
    raise ConfigurationError("host", "only loopback is allowed here; use 127.0.0.1, ::1 or localhost")


class Page(NamedTuple):
    """A page: its content type, its ``Cache-Control`` and its text."""

    content_type: str
    cache_control: str
    text: str


_FORBIDDEN = Page("text/plain", "no-store", "Loopback hosts only\n")
_NOT_FOUND = Page("text/plain", "no-store", "Not found\n")


class LoopbackServer(ThreadingTCPServer):
    """Serve pages in a daemon thread, which ``stop`` ends; ``stop`` also works in a forked child, without the thread.

    It is not an ``HTTPServer``, which looks up its own name, and does not use ``serve_forever``, whose ``shutdown``
    waits for ever in a forked child.
    """

    # On Windows the option would let another program use the same port.
    allow_reuse_address: bool = os.name == "posix"
    request_queue_size = 128
    timeout: float | None = 0.05

    def __init__(self, address: tuple[str, int], pages: Callable[[str], Page | None], name: str) -> None:
        """Listen on ``address``; ``pages`` returns the page at a path, and ``name`` is the name of the thread."""
        self.address_family: int = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._workers: list[tuple[socket.socket, threading.Thread]] = []
        self._stopping = threading.Event()
        self._listener = threading.Thread(target=self._listen, name=name, daemon=True)
        super().__init__(address, functools.partial(_Handler, pages))

    @classmethod
    def bind(cls, address: tuple[str, int], pages: Callable[[str], Page | None], *, name: str) -> Self:
        """Return a server that listens on ``address``, and answers after ``start``.

        Raises:
            ConfigurationError: if the port cannot be used.
        """
        try:
            return cls(address, pages, name)
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

    def __init__(self, pages: Callable[[str], Page | None], *args: Any) -> None:
        self._pages = pages
        super().__init__(*args)

    def do_GET(self) -> None:
        if not self._names_loopback():
            self._answer(HTTPStatus.FORBIDDEN, _FORBIDDEN)
        elif page := self._pages(self.path.partition("?")[0]):
            self._answer(HTTPStatus.OK, page)
        else:
            self._answer(HTTPStatus.NOT_FOUND, _NOT_FOUND)

    def _names_loopback(self) -> bool:
        """Return whether ``Host`` is a loopback name: in DNS rebinding it is the name of the attacker's site."""
        hosts = self.headers.get_all("Host", [])
        return len(hosts) == 1 and _OWN_HOST.fullmatch(hosts[0].strip()) is not None

    def _answer(self, status: HTTPStatus, page: Page) -> None:
        body = page.text.encode()
        self.send_response(status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", page.cache_control)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any, **__: Any) -> None:
        """Log nothing, because the request line is text that the client chooses."""
