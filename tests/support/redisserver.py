"""Redis for tests: the real server if it is installed, and always a minimal one with GET, SET and TTL."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from tests.support.patience import PATIENCE
from tests.support.ports import free_port

REAL = shutil.which("redis-server")


class _Connection(StreamRequestHandler):
    """A client's connection to the minimal Redis (RESP2)."""

    server: Any

    def handle(self) -> None:
        """Respond to commands until the client closes the connection."""
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            self.wfile.write(self._answer(words))

    def _word(self) -> bytes:
        length = int(self.rfile.readline()[1:])
        return self.rfile.read(length + 2)[:-2]

    def _answer(self, words: list[bytes]) -> bytes:
        command = words[0].upper()
        if command == b"SET":
            self.server.kept[words[1]] = words[2]
            self.server.seconds[words[1]] = words[words.index(b"EX") + 1] if b"EX" in words else b"-1"
            return b"+OK\r\n"
        if command == b"TTL":
            return b":%s\r\n" % self.server.seconds[words[1]]
        if command == b"GET":
            value = self.server.kept.get(words[1])
            return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
        return b"-ERR unknown command\r\n"


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def tiny() -> Iterator[str]:
    """Run the minimal Redis and yield its address."""
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.kept, server.seconds = {}, {}  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0?protocol=2"
        server.shutdown()


class RedisServer:
    """The installed redis-server on a free loopback port, without persistence; it can be stopped and frozen."""

    def __init__(self) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, without any data."""
        assert REAL is not None
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]
        command = [REAL, "--port", str(self._port), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _wait(self._process, self._port)

    def stop(self) -> None:
        """Stop it, which loses its data."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(PATIENCE)

    def freeze(self) -> None:
        """Hold all connections without an answer."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def controlled() -> Iterator[RedisServer]:
    """Run the installed redis-server, which a test may stop and start."""
    server = RedisServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def real() -> Iterator[str]:
    """Run the installed redis-server and yield its address."""
    with controlled() as server:
        yield server.url


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
    raise AssertionError("redis-server did not start")


KINDS = {"tiny": tiny, **({"real": real} if REAL else {})}


def summary() -> str:
    """Return a line that says whether the real Redis was used."""
    return f"redis: tested against {REAL}" if REAL else "redis: redis-server is ABSENT, tested with a minimal server"
