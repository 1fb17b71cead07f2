"""A real key server on loopback, which counts its requests and can misbehave."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, Self, TypeAlias

from tests.support.patience import PATIENCE
from tests.support.signers import Signer

Behaviour: TypeAlias = Callable[[socket.socket], None]

# The delay between two bytes of a slow response: much shorter than any timeout, and long enough not to use the CPU.
_DRIP_SECONDS = 0.02


class KeyServer:
    """A server of the keys of ``signers`` at ``url``, which can misbehave as ``behave`` does."""

    def __init__(self, *signers: Signer, tls: ssl.SSLContext | None = None) -> None:
        """Create a server that publishes the keys of ``signers`` inside its ``with`` block."""
        self.requests: list[bytes] = []
        self.behave: Behaviour = reply(jwks(*signers))
        self.arrived = threading.Semaphore(0)
        self._tls = tls
        self._port = 0
        self._kept = ExitStack()
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        """Start to listen."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and all its threads."""
        self.stop()
        self._kept.close()

    @property
    def url(self) -> str:
        """Return the address of the key set."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/jwks.json"

    @property
    def count(self) -> int:
        """Return the number of requests."""
        return len(self.requests)

    def publish(self, *signers: Signer) -> None:
        """Publish the keys of ``signers`` from now on."""
        self.behave = reply(jwks(*signers))

    def start(self) -> None:
        """Listen again, on the same port as before if there was one."""
        self._stopped.clear()
        self._kept.close()
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=256)
        self._port = self._listener.getsockname()[1]
        self._spawn(self._listen, self._listener)

    def stop(self) -> None:
        """Refuse connections, and wait until the open ones have ended."""
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._threads.clear()
        self._keep_port()

    def _keep_port(self) -> None:
        """Refuse connections and keep the port reserved, until ``start`` or ``stop`` is called."""
        self._kept.close()
        kept = self._kept.enter_context(socket.socket())
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", self._port))

    def _spawn(self, target: Callable[[socket.socket], None], sock: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(sock,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self, listener: socket.socket) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._spawn(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with suppress(OSError), self._secured(connection) as secured:
            request = _read_head(secured)
            if request:
                self.requests.append(request)
                self.arrived.release()
                self.behave(secured)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        try:
            return self._tls.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise


def jwks(*signers: Signer) -> bytes:
    """Return a key set as JSON."""
    return json.dumps({"keys": [signer.jwk for signer in signers]}).encode()


def reply(body: bytes, status: int = 200, headers: Mapping[str, Any] | None = None) -> Behaviour:
    """Respond with ``body``."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(_head(status, {"Content-Length": len(body), **(headers or {})}) + body)

    return behave


def compressed(body: bytes) -> Behaviour:
    """Respond with ``body``, compressed with gzip."""
    return reply(gzip.compress(body), headers={"Content-Encoding": "gzip"})


def bomb(megabytes: int) -> Behaviour:
    """Respond with a large body that is small when compressed, without its uncompressed length."""
    packed = gzip.compress(b" " * megabytes * 2**20)

    def behave(connection: socket.socket) -> None:
        connection.sendall(_head(200, {"Content-Encoding": "gzip"}) + packed)

    return behave


def flood(size: int, gzipped: bytes = b"") -> Behaviour:
    """Send ``size`` bytes, after an optional compressed body, without ``Content-Length``."""
    head = _head(200, {"Content-Encoding": "gzip"} if gzipped else {})

    def behave(connection: socket.socket) -> None:
        connection.sendall(head + gzipped)
        for _ in range(size // 65536):
            connection.sendall(b" " * 65536)

    return behave


def hang_up(connection: socket.socket) -> None:
    """Close the connection without a response."""
    connection.shutdown(socket.SHUT_RDWR)


def reset_mid_body(connection: socket.socket) -> None:
    """Reset the connection in the middle of the body."""
    connection.sendall(_head(200, {"Content-Length": 1000}) + b'{"keys": [')
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silence(connection: socket.socket) -> None:
    """Send no response until the client closes the connection."""
    connection.recv(1)


def drip(start: bytes = b"") -> Behaviour:
    """Send ``start`` and then one byte at a time, until the client closes the connection."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(start or b"HTTP/1.1 200 OK\r\nX-Endless: ")
        connection.settimeout(_DRIP_SECONDS)
        while True:
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                connection.sendall(b"a")

    return behave


DRIP_BODY = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")


class Held:
    """A behaviour that makes requests wait until the test releases them."""

    def __init__(self, then: Behaviour) -> None:
        """Create it; after the release, requests are handled by ``then``."""
        self.then = then
        self._released = threading.Event()

    def release(self) -> None:
        """Release all waiting and future requests."""
        self._released.set()

    def __call__(self, connection: socket.socket) -> None:
        """Wait, then respond."""
        self._released.wait()
        self.then(connection)


def _head(status: int, headers: Mapping[str, Any]) -> bytes:
    fields = {"Content-Type": "application/json", "Connection": "close", **headers}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65536)
        # A TLS client begins with a handshake record.
        if not chunk or chunk.startswith(b"\x16"):
            return b""
        head += chunk
    return head
