"""Servers on loopback for the apps under load, and a key server that counts its requests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.tokens import Bench

__all__ = ["HOST", "KeyServer", "Server", "serve"]

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0

_QUIET = ("--log-level", "warning")
_UVICORN = ("uvicorn", "--host", HOST, "--port", "{port}", *_QUIET, "--no-access-log", "{app}")
_GUNICORN = ("gunicorn", "--bind", f"{HOST}:{{port}}", *_QUIET, "--graceful-timeout", "1", "{app}")
COMMANDS = {
    "uvicorn": _UVICORN,
    "gunicorn": _GUNICORN,
    "gunicorn, uvicorn worker": (*_GUNICORN[:-1], "-k", "uvicorn_worker.UvicornWorker", "{app}"),
}


class KeyServer:
    """A key server on loopback that counts its requests.

    Attributes:
        count: the number of requests.
        url: the address of the keys.
        max_age: for how many seconds the keys are fresh, if the response says so.
        fails: whether the response is a 503.
    """

    def __init__(self, bench: Bench) -> None:
        """Start the key server of an issuer."""
        self.count = 0
        self.max_age: int | None = None
        self.fails = False
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Return the keys."""
                server.count += 1
                body = json.dumps(bench.issuer.jwks()).encode()
                self.send_response(503 if server.fails else 200)
                self.send_header("Content-Type", "application/json")
                if server.max_age is not None:
                    self.send_header("Cache-Control", f"max-age={server.max_age}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so in the base
                """Log nothing."""

        self._http = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.url = f"http://{HOST}:{self._http.server_port}/jwks.json"

    def stop(self) -> None:
        """Stop the key server."""
        self._http.shutdown()
        self._http.server_close()


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        port: the port that it listens on.
        pid: the ID of its process.
    """

    port: int
    pid: int

    def resident_megabytes(self) -> float:
        """Return the resident memory of the process (Linux only)."""
        lines = _proc(f"{self.pid}/status").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def cpu_seconds(self) -> float:
        """Return the processor time that the process and its workers have used (Linux only)."""
        workers = _proc(f"{self.pid}/task/{self.pid}/children").split()
        return sum(int(_proc(f"{pid}/schedstat").split()[0]) for pid in (self.pid, *workers)) / 1e9


def _proc(name: str) -> str:
    return Path("/proc", name).read_text(encoding="ascii")


@contextmanager
def serve(kind: str, app: str, bench: Bench, keys: KeyServer, path: str = "/me") -> Iterator[Server]:
    """Run an app under a server with one worker, with the issuer's settings in the environment."""
    port = _free_port()
    command = [sys.executable, "-m", *(part.format(port=port, app=app) for part in COMMANDS[kind])]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PRIVY_")}
    environ |= {"PRIVY_APP_ID": bench.issuer.app_id, "PRIVY_JWKS_URL": keys.url}
    with subprocess.Popen(command, env=environ) as process:
        try:
            _wait_until_up(process, port, path)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        # A server may listen before its worker has loaded the app, so wait for a response.
        try:
            connection = HTTPConnection(HOST, port, timeout=_START_SECONDS)
            connection.request("GET", path)
            connection.getresponse().close()
            connection.close()
        except (OSError, HTTPException):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")
